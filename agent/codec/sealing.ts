// The door for threads that seal: all that writes packs, trees and roots, without the checks of what others wrote, which take as long to load as
// all the rest.

export { chunkIdsOf } from './chunk-ids.ts';
export { cutPoint, hole, isHole } from './chunker.ts';
export { namingKey } from './drive-keys.ts';
export { describePack } from './erasure.ts';
export { encodeIndexSegment } from './index-segment.ts';
export { deriveKey, sha256Hex } from './keys.ts';
export { decodePackEntries, encodePackEntries, type PackEntry, PackWriter } from './pack.ts';
export { sealSmall } from './secrets.ts';
export { encodeRootPointer, encodeSnapshotRoot } from './snapshot-root.ts';
export { rowLimits } from './tree-row-reader.ts';
export { TreeBytes, whyUnwritable } from './tree-rows.ts';

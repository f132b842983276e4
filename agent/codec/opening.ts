// The door for threads that read snapshots back: packs, roots, index and tree, with checks by hand, as a person waits while they start.

export { chunkIdsOf, packVersions } from './chunk-ids.ts';
export { keysIn, everyKey, keyOfEpoch, namingKey } from './drive-keys.ts';
export { concatBytes } from './envelope.ts';
export { decodeIndexSegment, packsOfSegment } from './index-segment.ts';
export { sha256Hex } from './keys.ts';
export { directoryRange, OpenPack, packHeaderBytes, readPackHeader } from './pack.ts';
export { openSmall } from './secrets.ts';
export { decodeRootPointer, decodeSnapshotRoot, rootBytesMax } from './snapshot-root-reader.ts';
export { decodeTree } from './tree.ts';

// Roots of snapshots and the pointers to them, read back and checked.

import { unixMs } from '../../datasets/words.ts';
import { chunkId, driveId, packId } from '../units.ts';
import { decodeDescriptor, descriptorBytesMax } from './descriptor.ts';
import { accept, type Decoded, decodeEnvelope, type Format } from './envelope.ts';
import type { ChunkLocator } from './pack.ts';
import {
  anyCount,
  byteString,
  hexText,
  itemCheck,
  listOf,
  objectOf,
  timeMsMax,
  wholeNumber,
} from './plain-checks.ts';
import type { PackDescriptor } from './shard.ts';
import { pointerHead, rootHead, type RootPointer, type SnapshotRoot } from './snapshot-root.ts';

const time = wholeNumber(0, timeMsMax);
const shortLocator = objectOf(
  { c: hexText(64, chunkId), p: hexText(64, packId), b: anyCount, o: anyCount, l: anyCount },
  {},
);
const locators = listOf((item): ChunkLocator | undefined => {
  const found = shortLocator(item);
  if (found === undefined) return undefined;
  const { c, p, b, o, l } = found;
  return { chunk: c, pack: p, blob: b, offset: o, length: l };
}, 1_000_000);
const rootBody = objectOf(
  {
    drive: hexText(32, driveId),
    atMs: (item) => {
      const ms = time(item);
      return ms === undefined ? undefined : unixMs(ms);
    },
    keyEpoch: anyCount,
    tree: locators,
    index: listOf(locators, 100_000),
    packs: listOf(byteString(descriptorBytesMax), 1_000_000),
    fileCount: anyCount,
    byteCount: anyCount,
  },
  {},
);
/** Far beyond what an honest root takes. */
export const rootBytesMax = 256 * 1024 * 1024;
const rootFormat: Format<NonNullable<ReturnType<typeof rootBody>>> = {
  ...rootHead,
  bytesMax: rootBytesMax,
  schema: itemCheck(rootBody),
};

function decodeDescriptors(list: readonly Uint8Array[]): Decoded<readonly PackDescriptor[]> {
  const packs: PackDescriptor[] = [];
  for (const bytes of list) {
    const decoded = decodeDescriptor(bytes);
    if (!decoded.ok) return decoded;
    packs.push(decoded.value);
  }
  return accept(packs);
}

export function decodeSnapshotRoot(bytes: Uint8Array): Decoded<SnapshotRoot> {
  const decoded = decodeEnvelope(bytes, rootFormat);
  if (!decoded.ok) return decoded;
  const packs = decodeDescriptors(decoded.value.packs);
  return packs.ok ? accept({ ...decoded.value, packs: packs.value }) : packs;
}

const pointerBody = objectOf({ root: locators, packs: listOf(byteString(descriptorBytesMax), 64) }, {});
const pointerFormat: Format<NonNullable<ReturnType<typeof pointerBody>>> = {
  ...pointerHead,
  bytesMax: 65_536,
  schema: itemCheck(pointerBody),
};

export function decodeRootPointer(bytes: Uint8Array): Decoded<RootPointer> {
  const decoded = decodeEnvelope(bytes, pointerFormat);
  if (!decoded.ok) return decoded;
  const packs = decodeDescriptors(decoded.value.packs);
  return packs.ok ? accept({ root: decoded.value.root, packs: packs.value }) : packs;
}

// Roots of snapshots and the pointers to them, read back and checked.

import { z } from 'zod';
import { decodeDescriptor, descriptorBytesMax } from './descriptor.ts';
import { accept, type Decoded, decodeEnvelope, type Format } from './envelope.ts';
import type { ChunkLocator } from './pack.ts';
import * as s from './schemas.ts';
import type { PackDescriptor } from './shard.ts';
import { pointerHead, rootHead, type RootPointer, type SnapshotRoot } from './snapshot-root.ts';

const locator = z.strictObject({ c: s.chunk, p: s.pack, b: s.count, o: s.count, l: s.count });
const locators = z.array(locator).max(1_000_000);
const rootBody = z.strictObject({
  drive: s.drive,
  atMs: s.time,
  keyEpoch: s.count,
  tree: locators,
  index: z.array(locators).max(100_000),
  packs: z.array(s.bytes(descriptorBytesMax)).max(1_000_000),
  fileCount: s.count,
  byteCount: s.count,
});
/** Far beyond what an honest root takes. */
export const rootBytesMax = 256 * 1024 * 1024;
const rootFormat: Format<z.output<typeof rootBody>> = {
  ...rootHead,
  bytesMax: rootBytesMax,
  schema: rootBody,
};

const longLocator = ({ c, p, b, o, l }: z.output<typeof locator>): ChunkLocator => ({
  chunk: c,
  pack: p,
  blob: b,
  offset: o,
  length: l,
});

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
  if (!packs.ok) return packs;
  const { tree, index } = decoded.value;
  return accept({
    ...decoded.value,
    tree: tree.map(longLocator),
    index: index.map((segment) => segment.map(longLocator)),
    packs: packs.value,
  });
}

const pointerBody = z.strictObject({ root: locators, packs: z.array(s.bytes(descriptorBytesMax)).max(64) });
const pointerFormat: Format<z.output<typeof pointerBody>> = {
  ...pointerHead,
  bytesMax: 65_536,
  schema: pointerBody,
};

export function decodeRootPointer(bytes: Uint8Array): Decoded<RootPointer> {
  const decoded = decodeEnvelope(bytes, pointerFormat);
  if (!decoded.ok) return decoded;
  const packs = decodeDescriptors(decoded.value.packs);
  return packs.ok ? accept({ root: decoded.value.root.map(longLocator), packs: packs.value }) : packs;
}

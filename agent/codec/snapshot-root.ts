// Where a snapshot begins: the root says where tree and index lie, the pointer where the root does.

import { z } from 'zod';
import type { UnixMs } from '../../datasets/index.ts';
import type { DriveId } from '../units.ts';
import { decodeDescriptor, descriptorBytesMax, encodeDescriptor } from './descriptor.ts';
import { accept, type Decoded, decodeEnvelope, encodeEnvelope, type Format } from './envelope.ts';
import type { ChunkLocator } from './pack.ts';
import * as s from './schemas.ts';
import type { PackDescriptor } from './shard.ts';

export interface SnapshotRoot {
  readonly drive: DriveId;
  readonly atMs: UnixMs;
  readonly keyEpoch: number;
  /** Chunks of the tree's bytes, in order. */
  readonly tree: readonly ChunkLocator[];
  /** Index segments, oldest first; each is the bytes of its chunks, in order. */
  readonly index: readonly (readonly ChunkLocator[])[];
  /** Descriptors of the packs that hold tree and index. */
  readonly packs: readonly PackDescriptor[];
  readonly fileCount: number;
  readonly byteCount: number;
}

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
const rootFormat: Format<z.output<typeof rootBody>> = {
  magic: 'DRRT',
  version: 1,
  bytesMax: 256 * 1024 * 1024,
  schema: rootBody,
};

const shortLocator = ({ chunk, pack, blob, offset, length }: ChunkLocator): object => ({
  c: chunk,
  p: pack,
  b: blob,
  o: offset,
  l: length,
});
const longLocator = ({ c, p, b, o, l }: z.output<typeof locator>): ChunkLocator => ({
  chunk: c,
  pack: p,
  blob: b,
  offset: o,
  length: l,
});

export function encodeSnapshotRoot(root: SnapshotRoot): Uint8Array {
  return encodeEnvelope(rootFormat, {
    ...root,
    tree: root.tree.map(shortLocator),
    index: root.index.map((segment) => segment.map(shortLocator)),
    packs: root.packs.map(encodeDescriptor),
  });
}

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

/** What a drive head hides: where the root's bytes are. Sealed with purpose "root". */
export interface RootPointer {
  readonly root: readonly ChunkLocator[];
  /** Descriptors of the packs that hold the root. */
  readonly packs: readonly PackDescriptor[];
}

const pointerBody = z.strictObject({ root: locators, packs: z.array(s.bytes(descriptorBytesMax)).max(64) });
const pointerFormat: Format<z.output<typeof pointerBody>> = {
  magic: 'DRRP',
  version: 1,
  bytesMax: 65_536,
  schema: pointerBody,
};

export const encodeRootPointer = (pointer: RootPointer): Uint8Array =>
  encodeEnvelope(pointerFormat, {
    root: pointer.root.map(shortLocator),
    packs: pointer.packs.map(encodeDescriptor),
  });

export function decodeRootPointer(bytes: Uint8Array): Decoded<RootPointer> {
  const decoded = decodeEnvelope(bytes, pointerFormat);
  if (!decoded.ok) return decoded;
  const packs = decodeDescriptors(decoded.value.packs);
  return packs.ok ? accept({ root: decoded.value.root.map(longLocator), packs: packs.value }) : packs;
}

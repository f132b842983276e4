// Where a snapshot begins, as it is written: the root says where tree and index lie, the pointer where the root does.

import type { UnixMs } from '../../datasets/index.ts';
import type { DriveId } from '../units.ts';
import { encodeDescriptor } from './descriptor.ts';
import { encodeEnvelope } from './envelope.ts';
import type { ChunkLocator } from './pack.ts';
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

export const rootHead = { magic: 'DRRT', version: 1 } as const;
export const pointerHead = { magic: 'DRRP', version: 1 } as const;

const shortLocator = ({ chunk, pack, blob, offset, length }: ChunkLocator): object => ({
  c: chunk,
  p: pack,
  b: blob,
  o: offset,
  l: length,
});
export function encodeSnapshotRoot(root: SnapshotRoot): Uint8Array {
  return encodeEnvelope(rootHead, {
    ...root,
    tree: root.tree.map(shortLocator),
    index: root.index.map((segment) => segment.map(shortLocator)),
    packs: root.packs.map(encodeDescriptor),
  });
}

/** What a drive head hides: where the root's bytes are. Sealed with purpose "root". */
export interface RootPointer {
  readonly root: readonly ChunkLocator[];
  /** Descriptors of the packs that hold the root. */
  readonly packs: readonly PackDescriptor[];
}

export const encodeRootPointer = (pointer: RootPointer): Uint8Array =>
  encodeEnvelope(pointerHead, {
    root: pointer.root.map(shortLocator),
    packs: pointer.packs.map(encodeDescriptor),
  });

// A snapshot's tree, index and root as bytes. Paths are bytes, not text: file systems keep names that are not UTF-8.
// The tree is one entry after another, sorted by path, so that unchanged stretches become unchanged chunks.

import { z } from 'zod';
import { decode } from 'cborg';
import type { UnixMs } from '../../datasets/index.ts';
import { type ChunkId, chunkId, type DriveId } from '../units.ts';
import { decodeDescriptor, descriptorBytesMax, encodeDescriptor } from './descriptor.ts';
import {
  accept,
  concatBytes,
  type Decoded,
  decodeEnvelope,
  encodeEnvelope,
  type Format,
  reject,
  strict,
} from './envelope.ts';
import { hexOf } from './keys.ts';
import { type ChunkLocator, decodePackEntries, encodePackEntry, type PackEntry } from './pack.ts';
import type { PackDescriptor } from './shard.ts';
import * as s from './schemas.ts';
import { kinds } from './tree-rows.ts';

/** An extended attribute (xattr(7)); POSIX ACLs are `system.posix_acl_access` and `system.posix_acl_default`. */
export interface Attribute {
  /** One character a byte, without a zero, at most 255. */
  readonly name: string;
  /** At most 65,536 bytes. */
  readonly value: Uint8Array;
}

interface EntryBase {
  /**
   * Relative to the drive, '/' between names, empty for the drive's own folder; at most 4,096 bytes. Not checked here:
   * whoever writes it to a disk refuses names that leave the folder, and can go on with the others.
   */
  readonly path: Uint8Array;
  /** Permission bits, 0..0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since 1970, may be negative. */
  readonly mtimeNs: bigint;
  /** Absent when there are none. */
  readonly attributes?: readonly Attribute[];
}

export type TreeEntry =
  | (EntryBase & { readonly kind: 'folder' })
  | (EntryBase & {
      readonly kind: 'file';
      readonly byteCount: number;
      /** In the order of the file's bytes. */
      readonly chunks: readonly ChunkId[];
      /** The file changed each time it was read: its bytes may mix two moments. */
      readonly isUnstable: boolean;
      /** Had holes; where its bytes are zero, a restore need not write them. Absent when it had none. */
      readonly isSparse?: true;
    })
  | (EntryBase & { readonly kind: 'symlink'; readonly target: Uint8Array })
  /** Another name of a file that stands earlier in the tree. */
  | (EntryBase & { readonly kind: 'hardLink'; readonly target: Uint8Array });

const pathBytesMax = 4096;
const entryBytesMax = 64 * 1024 * 1024;
const nanosecond = 1_000_000_000n;

const path = s.bytes(pathBytesMax);
const attribute = z.tuple([
  s.bytes(255).refine((name) => name.length > 0 && !name.includes(0)),
  s.bytes(65_536),
]);
const row = z.strictObject({
  k: z.int().min(0).max(3),
  p: path,
  m: z.int().min(0).max(0o7777),
  u: s.count,
  g: s.count,
  s: z.int(),
  n: z.int().min(0).max(999_999_999),
  l: s.count.exactOptional(),
  c: s.bytes(entryBytesMax).exactOptional(),
  x: z.literal(1).exactOptional(),
  t: path.exactOptional(),
  a: z.array(attribute).min(1).max(1024).exactOptional(),
  h: z.literal(1).exactOptional(),
});

function chunksOf(bytes: Uint8Array): readonly ChunkId[] {
  return Array.from({ length: bytes.length / 32 }, (_, index) =>
    chunkId(hexOf(bytes.subarray(32 * index, 32 * (index + 1)))),
  );
}

function entryOf(value: z.output<typeof row>): TreeEntry | undefined {
  const mtimeNs = BigInt(value.s) * nanosecond + BigInt(value.n);
  const attributes = value.a?.map(([name, bytes]) => ({
    name: Buffer.from(name).toString('latin1'),
    value: bytes,
  }));
  const base = {
    path: value.p,
    mode: value.m,
    uid: value.u,
    gid: value.g,
    mtimeNs,
    ...(attributes === undefined ? {} : { attributes }),
  };
  const kind = kinds[value.k];
  switch (kind) {
    case 'folder':
      return { kind, ...base };
    case 'file':
      if (value.l === undefined || value.c === undefined || value.c.length % 32 !== 0) return undefined;
      return {
        kind,
        ...base,
        byteCount: value.l,
        chunks: chunksOf(value.c),
        isUnstable: value.x === 1,
        ...(value.h === 1 ? { isSparse: true } : {}),
      };
    case 'symlink':
    case 'hardLink':
      return value.t === undefined ? undefined : { kind, ...base, target: value.t };
    case undefined:
      break;
  }
  return undefined;
}

function decodeRow(bytes: Uint8Array): TreeEntry | undefined {
  try {
    const parsed = row.safeParse(decode(bytes, strict));
    return parsed.success ? entryOf(parsed.data) : undefined;
  } catch {
    return undefined;
  }
}

/** Whole entries at the start of `bytes`, and how many bytes they took: hand the rest in again with what follows. */
export function decodeTree(
  bytes: Uint8Array,
): Decoded<{ readonly entries: readonly TreeEntry[]; readonly usedBytes: number }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: TreeEntry[] = [];
  let at = 0;
  while (at + 4 <= bytes.length) {
    const length = view.getUint32(at);
    if (length > entryBytesMax) return reject('too-long', `a tree entry of ${length} bytes`);
    if (at + 4 + length > bytes.length) break;
    const entry = decodeRow(bytes.subarray(at + 4, at + 4 + length));
    if (entry === undefined) return reject('wrong-shape', `tree entry ${entries.length} is malformed`);
    entries.push(entry);
    at += 4 + length;
  }
  return accept({ entries, usedBytes: at });
}

/** Which chunks lie in a pack, and how the pack is placed. */
export interface IndexedPack {
  readonly descriptor: PackDescriptor;
  readonly entries: readonly PackEntry[];
}

const indexHead = Uint8Array.of(0x44, 0x52, 0x49, 0x58, 1);

/** One index segment: the packs that one snapshot added. */
export function encodeIndexSegment(packs: readonly IndexedPack[]): Uint8Array {
  const parts = packs.flatMap(({ descriptor, entries }) => {
    const described = encodeDescriptor(descriptor);
    const lengths = new Uint8Array(8);
    const view = new DataView(lengths.buffer);
    view.setUint32(0, described.length);
    view.setUint32(4, entries.length);
    return [lengths, described, ...entries.map(encodePackEntry)];
  });
  return concatBytes(indexHead, ...parts);
}

export function decodeIndexSegment(bytes: Uint8Array): Decoded<readonly IndexedPack[]> {
  const packs: IndexedPack[] = [];
  for (const decoded of packsOfSegment(bytes)) {
    if (!decoded.ok) return decoded;
    packs.push(decoded.value);
  }
  return accept(packs);
}

/** The same pack by pack, for segments too large to be objects all at once; a rejection is the last that comes. */
export function* packsOfSegment(bytes: Uint8Array): Generator<Decoded<IndexedPack>> {
  if (!indexHead.every((byte, index) => bytes[index] === byte)) {
    yield reject('wrong-magic', 'not an index segment');
    return;
  }
  let at = indexHead.length;
  while (at < bytes.length) {
    const decoded = packAt(bytes, at);
    if (!decoded.ok) {
      yield decoded;
      return;
    }
    const { end, ...pack } = decoded.value;
    yield accept(pack);
    at = end;
  }
}

function packAt(bytes: Uint8Array, at: number): Decoded<IndexedPack & { readonly end: number }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (at + 8 > bytes.length) return reject('truncated', 'an index segment ends early');
  const [described, count] = [view.getUint32(at), view.getUint32(at + 4)];
  const end = at + 8 + described + 44 * count;
  if (described > descriptorBytesMax || end > bytes.length)
    return reject('truncated', 'an index segment ends early');
  const descriptor = decodeDescriptor(bytes.subarray(at + 8, at + 8 + described));
  if (!descriptor.ok) return descriptor;
  const entries = decodePackEntries(bytes.subarray(at + 8 + described, end));
  return accept({ descriptor: descriptor.value, entries, end });
}

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

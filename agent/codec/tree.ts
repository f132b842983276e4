// A snapshot's tree as bytes. Paths are bytes, not text: file systems keep names that are not UTF-8.
// The tree is one entry after another, sorted by path, so that unchanged stretches become unchanged chunks.

import { decode } from 'cborg';
import { type ChunkId, chunkId } from '../units.ts';
import { accept, type Decoded, reject, strict } from './envelope.ts';
import { anyCount, byteString, listOf, objectOf, type PlainCheck, wholeNumber } from './plain-checks.ts';
import { rowLimits, type TreeRow, TreeRowReader } from './tree-row-reader.ts';
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
   * Relative to the drive, '/' between names, empty for the drive's own folder; at most `pathBytesMax`. Not checked here:
   * whoever writes it to a disk refuses names that leave the folder, and can go on with the others.
   */
  readonly path: Uint8Array;
  /** Permission bits, 0..0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since 1970, may be negative. Of seconds beyond ±(2^53 − 1) the nearest is written. */
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
  /** Another name of a file or symlink that stands earlier in the tree. */
  | (EntryBase & { readonly kind: 'hardLink'; readonly target: Uint8Array });

const { pathBytesMax, rowBytesMax, attributeCountMax, attributeNameBytesMax, attributeValueBytesMax } =
  rowLimits;
const nanosecond = 1_000_000_000n;

const pathBytes = byteString(pathBytesMax);
const nameBytes = byteString(attributeNameBytesMax);
const valueBytes = byteString(attributeValueBytesMax);
const one: PlainCheck<1> = (item) => (item === 1 ? 1 : undefined);
const attribute: PlainCheck<[Uint8Array, Uint8Array]> = (item) => {
  if (!Array.isArray(item) || item.length !== 2) return undefined;
  const [name, value] = [nameBytes(item[0]), valueBytes(item[1])];
  const isName = name !== undefined && name.length > 0 && !name.includes(0);
  return isName && value !== undefined ? [name, value] : undefined;
};
const attributeList = listOf(attribute, attributeCountMax);
const row: PlainCheck<TreeRow> = objectOf(
  {
    k: wholeNumber(0, 3),
    p: pathBytes,
    m: wholeNumber(0, 0o7777),
    u: anyCount,
    g: anyCount,
    s: wholeNumber(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    n: wholeNumber(0, 999_999_999),
  },
  {
    l: anyCount,
    c: byteString(rowBytesMax),
    x: one,
    t: pathBytes,
    a: (item) => {
      const found = attributeList(item);
      return found === undefined || found.length === 0 ? undefined : [...found];
    },
    h: one,
  },
);

/** One character a byte. */
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

function chunksOf(bytes: Uint8Array): readonly ChunkId[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 32 }, (_, index) =>
    chunkId(text.toString('hex', 32 * index, 32 * (index + 1))),
  );
}

function entryOf(value: TreeRow): TreeEntry | undefined {
  const mtimeNs = BigInt(value.s) * nanosecond + BigInt(value.n);
  const attributes = value.a?.map(([name, bytes]) => ({
    name: textOf(name),
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

/** Reads a row however its CBOR is written. */
function decodeRow(bytes: Uint8Array): TreeRow | undefined {
  try {
    return row(decode(bytes, strict));
  } catch {
    return undefined;
  }
}

/**
 * Whole entries at the start of `bytes`, and how many bytes they took: hand the rest in again with what follows. Only of
 * wanted paths, one character a byte, where it is said which; whether the others are well formed is not looked at.
 */
export function decodeTree(
  bytes: Uint8Array,
  isWanted?: (path: string) => boolean,
): Decoded<{ readonly entries: readonly TreeEntry[]; readonly usedBytes: number }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const rows = new TreeRowReader(bytes);
  const entries: TreeEntry[] = [];
  let [at, end] = [0, 0];
  for (let count = 0; at + 4 <= bytes.length; count++, at = end) {
    const length = view.getUint32(at);
    if (length > rowBytesMax) return reject('too-long', `a tree entry of ${length} bytes`);
    end = at + 4 + length;
    if (end > bytes.length) break;
    const path = isWanted === undefined ? undefined : rows.path(at + 4, end);
    if (path !== undefined && isWanted?.(path) === false) continue;
    const found = rows.row(at + 4, end) ?? decodeRow(bytes.subarray(at + 4, end));
    const entry = found === undefined ? undefined : entryOf(found);
    if (entry === undefined) return reject('wrong-shape', `tree entry ${count} is malformed`);
    if (path !== undefined || isWanted?.(textOf(entry.path)) !== false) entries.push(entry);
  }
  return accept({ entries, usedBytes: at });
}

// Entries of trees as CBOR (RFC 8949), byte for byte what the CBOR library writes, several times as fast: a folder has hundreds of thousands
// of entries, and each is written at every snapshot.

import type { ChunkId } from '../units.ts';
import type { Attribute, TreeEntry } from './tree.ts';
import { rowLimits } from './tree-row-reader.ts';

const nanosecond = 1_000_000_000n;
export const kinds = ['folder', 'file', 'symlink', 'hardLink'] as const;

/** Major types of CBOR (RFC 8949, section 3.1), as the high bits of an item's first byte. */
const [unsigned, negative, byteString, list, map] = [0x00, 0x20, 0x40, 0x80, 0xa0] as const;
/** Room for all heads, keys and numbers of one entry: thirteen items of at most 2 + 9 bytes. */
const rowBytesMin = 256;
const lengthBytes = 4;

/** Writes items of CBOR one after another, in memory that grows with them: hundreds of thousands of small arrays would take ten times as much. */
class RowWriter {
  #bytes: Buffer;
  #at = 0;
  #rowStart = 0;

  constructor(memoryBytes: number) {
    this.#bytes = Buffer.allocUnsafeSlow(memoryBytes);
  }

  /** Begins a row of at most so many bytes, behind its length as 32 bits. */
  begin(byteCountMax: number): void {
    const wanted = this.#at + lengthBytes + byteCountMax;
    if (wanted > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * wanted);
      larger.set(this.written);
      this.#bytes = larger;
    }
    this.#rowStart = this.#at;
    this.#at += lengthBytes;
  }

  end(): void {
    this.#bytes.writeUInt32BE(this.#at - this.#rowStart - lengthBytes, this.#rowStart);
  }

  /** All rows so far; valid until the next one begins. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** The shortest head that holds the number, as deterministic encoding wants it (section 4.2.1). */
  head(major: number, value: number): void {
    const bytes = this.#bytes;
    if (value < 24) bytes[this.#at++] = major | value;
    else if (value < 0x100) {
      bytes[this.#at++] = major | 24;
      bytes[this.#at++] = value;
    } else if (value < 0x1_0000) {
      bytes[this.#at] = major | 25;
      this.#at = bytes.writeUInt16BE(value, this.#at + 1);
    } else if (value < 0x1_0000_0000) {
      bytes[this.#at] = major | 26;
      this.#at = bytes.writeUInt32BE(value, this.#at + 1);
    } else {
      bytes[this.#at] = major | 27;
      this.#at = bytes.writeBigUInt64BE(BigInt(value), this.#at + 1);
    }
  }

  /** One letter as a text string. */
  key(letter: string): void {
    this.#bytes[this.#at++] = 0x61;
    this.#bytes[this.#at++] = letter.charCodeAt(0);
  }

  number(letter: string, value: number): void {
    this.key(letter);
    if (value < 0) this.head(negative, -1 - value);
    else this.head(unsigned, value);
  }

  bytes(letter: string, value: Uint8Array): void {
    this.key(letter);
    this.head(byteString, value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  attributes(letter: string, attributes: readonly Attribute[]): void {
    this.key(letter);
    this.head(list, attributes.length);
    for (const { name, value } of attributes) {
      this.head(list, 2);
      this.head(byteString, name.length);
      this.#at += this.#bytes.write(name, this.#at, 'latin1');
      this.head(byteString, value.length);
      this.#bytes.set(value, this.#at);
      this.#at += value.length;
    }
  }

  chunks(letter: string, chunks: readonly ChunkId[]): void {
    this.key(letter);
    this.head(byteString, 32 * chunks.length);
    for (const chunk of chunks) this.#at += this.#bytes.write(chunk, this.#at, 32, 'hex');
  }
}

/** Heads of a pair, of its name and of its value. */
const attributeHeadBytes = 16;

/** A 32-bit length, then the entry as CBOR, its keys in alphabetical order. */
export function encodeTreeEntry(entry: TreeEntry): Uint8Array {
  const tree = new TreeBytes();
  tree.add(entry);
  return new Uint8Array(tree.bytes);
}

/** A tree's entries one after another. */
export class TreeBytes {
  readonly #writer = new RowWriter(treeBytesMin);

  add(entry: TreeEntry): void {
    this.#writer.begin(rowBytesMin + variableBytes(entry));
    writeRow(this.#writer, entry);
    this.#writer.end();
  }

  /** Everything so far; valid until the next `add`. */
  get bytes(): Uint8Array {
    return this.#writer.written;
  }
}

const treeBytesMin = 4096;

/** Why an entry cannot stand in a tree: whoever reads one that is out of bounds refuses the whole tree. Undefined where it can. */
export function whyUnwritable(entry: TreeEntry): string | undefined {
  const { path, attributes = [] } = entry;
  if (path.length > rowLimits.pathBytesMax) return 'its path is too long';
  if (attributes.length > rowLimits.attributeCountMax) return 'it has too many extended attributes';
  return rowBytesMin + variableBytes(entry) > rowLimits.rowBytesMax ? 'it is too large' : undefined;
}

/** Seconds and nanoseconds, these never negative. */
function timeParts(ns: bigint): readonly [seconds: number, nanos: number] {
  const [seconds, nanos] = [Number(ns / nanosecond), Number(ns % nanosecond)];
  const [whole, rest] = nanos < 0 ? [seconds - 1, nanos + Number(nanosecond)] : [seconds, nanos];
  return [Math.max(-Number.MAX_SAFE_INTEGER, Math.min(whole, Number.MAX_SAFE_INTEGER)), rest];
}

function writeRow(writer: RowWriter, entry: TreeEntry): void {
  const [seconds, nanos] = timeParts(entry.mtimeNs);
  const target = entry.kind === 'symlink' || entry.kind === 'hardLink' ? entry.target : undefined;
  const file = entry.kind === 'file' ? entry : undefined;
  const { attributes } = entry;
  writer.head(map, keyCount(entry));
  if (attributes !== undefined && attributes.length > 0) writer.attributes('a', attributes);
  if (file !== undefined) writer.chunks('c', file.chunks);
  writer.number('g', entry.gid);
  if (file?.isSparse === true) writer.number('h', 1);
  writer.number('k', kinds.indexOf(entry.kind));
  if (file !== undefined) writer.number('l', file.byteCount);
  writer.number('m', entry.mode);
  writer.number('n', nanos);
  writer.bytes('p', entry.path);
  writer.number('s', seconds);
  if (target !== undefined) writer.bytes('t', target);
  writer.number('u', entry.uid);
  if (file?.isUnstable === true) writer.number('x', 1);
}

/** Keys that every entry has, and those of its kind. */
const keyCounts = { folder: 7, file: 9, symlink: 8, hardLink: 8 } as const;

function keyCount(entry: TreeEntry): number {
  let count: number = keyCounts[entry.kind];
  if ((entry.attributes?.length ?? 0) > 0) count++;
  if (entry.kind !== 'file') return count;
  if (entry.isSparse === true) count++;
  if (entry.isUnstable) count++;
  return count;
}

function variableBytes(entry: TreeEntry): number {
  const own = entry.kind === 'file' ? 32 * entry.chunks.length : 'target' in entry ? entry.target.length : 0;
  let length = entry.path.length + own;
  for (const { name, value } of entry.attributes ?? [])
    length += name.length + value.length + attributeHeadBytes;
  return length;
}

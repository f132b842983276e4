// Entries of trees as CBOR (RFC 8949), byte for byte what the CBOR library writes, several times as fast: a folder has hundreds of thousands
// of entries, and each is written at every snapshot.

import type { ChunkId } from '../units.ts';
import type { Attribute, TreeEntry } from './tree.ts';

const nanosecond = 1_000_000_000n;
export const kinds = ['folder', 'file', 'symlink', 'hardLink'] as const;

/** Major types of CBOR (RFC 8949, section 3.1), as the high bits of an item's first byte. */
const [unsigned, negative, byteString, list, map] = [0x00, 0x20, 0x40, 0x80, 0xa0] as const;
/** Room for all heads, keys and numbers of one entry: thirteen items of at most 2 + 9 bytes. */
const rowBytesMin = 256;

/** Writes items of CBOR into memory that is used again: a folder has hundreds of thousands of entries. */
class RowWriter {
  #bytes = Buffer.allocUnsafeSlow(4096);
  #at = 0;

  begin(byteCountMax: number): void {
    if (this.#bytes.length < byteCountMax) this.#bytes = Buffer.allocUnsafeSlow(2 * byteCountMax);
    this.#at = 4;
  }

  /** What was written, behind its length as 32 bits; valid until the next `begin`. */
  end(): Uint8Array {
    this.#bytes.writeUInt32BE(this.#at - 4, 0);
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

const writer = new RowWriter();
/** Heads of a pair, of its name and of its value. */
const attributeHeadBytes = 16;

/** A 32-bit length, then the entry as CBOR, its keys in alphabetical order. */
export const encodeTreeEntry = (entry: TreeEntry): Uint8Array => new Uint8Array(rowOf(entry));

const treeBytesMin = 65_536;

/** A tree's entries one after another, in memory that grows with them: hundreds of thousands of small arrays would take ten times as much. */
export class TreeBytes {
  #memory = Buffer.allocUnsafeSlow(treeBytesMin);
  #length = 0;

  add(entry: TreeEntry): void {
    const row = rowOf(entry);
    const wanted = this.#length + row.length;
    if (wanted > this.#memory.length) {
      const larger = Buffer.allocUnsafeSlow(2 * wanted);
      larger.set(this.bytes);
      this.#memory = larger;
    }
    this.#memory.set(row, this.#length);
    this.#length = wanted;
  }

  /** Everything so far; valid until the next `add`. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }
}

/** In the writer's memory: valid until the next entry. */
function rowOf(entry: TreeEntry): Uint8Array {
  const nanos = ((entry.mtimeNs % nanosecond) + nanosecond) % nanosecond;
  const target = entry.kind === 'symlink' || entry.kind === 'hardLink' ? entry.target : undefined;
  const file = entry.kind === 'file' ? entry : undefined;
  const attributes = entry.attributes ?? [];
  const optional = [attributes.length > 0, file, file, target, file?.isUnstable, file?.isSparse];
  writer.begin(rowBytesMin + variableBytes(entry));
  writer.head(map, 7 + optional.filter((one) => one !== undefined && one !== false).length);
  if (attributes.length > 0) writer.attributes('a', attributes);
  if (file !== undefined) writer.chunks('c', file.chunks);
  writer.number('g', entry.gid);
  if (file?.isSparse === true) writer.number('h', 1);
  writer.number('k', kinds.indexOf(entry.kind));
  if (file !== undefined) writer.number('l', file.byteCount);
  writer.number('m', entry.mode);
  writer.number('n', Number(nanos));
  writer.bytes('p', entry.path);
  writer.number('s', Number((entry.mtimeNs - nanos) / nanosecond));
  if (target !== undefined) writer.bytes('t', target);
  writer.number('u', entry.uid);
  if (file?.isUnstable === true) writer.number('x', 1);
  return writer.end();
}

function variableBytes(entry: TreeEntry): number {
  const own = entry.kind === 'file' ? 32 * entry.chunks.length : 'target' in entry ? entry.target.length : 0;
  const attributes = (entry.attributes ?? []).reduce(
    (sum, { name, value }) => sum + name.length + value.length + attributeHeadBytes,
    0,
  );
  return entry.path.length + own + attributes;
}

// Entries of trees read back from CBOR (RFC 8949), many times as fast as by a library that reads every CBOR there is. It knows only what
// `TreeBytes` writes: keys in order, everything in its shortest form. Of any other row it says nothing; that is for a careful decoder.

/** A tree's entry under its short keys; FORMATS.md "Tree" says what they mean. */
export interface TreeRow {
  k: number;
  p: Uint8Array;
  m: number;
  u: number;
  g: number;
  s: number;
  n: number;
  l?: number;
  c?: Uint8Array;
  x?: 1;
  t?: Uint8Array;
  a?: [Uint8Array, Uint8Array][];
  h?: 1;
}

/** Bounds of a row's values, in bytes but for `attributeCountMax`. */
export const rowLimits = {
  /** Longer than a system call takes: programs make folders below the one that they stand in, over and over. */
  pathBytesMax: 16_384,
  rowBytesMax: 128 * 1024 * 1024,
  /** As many as fit into the longest list of names that Linux has. */
  attributeCountMax: 16_384,
  attributeNameBytesMax: 255,
  attributeValueBytesMax: 65_536,
} as const;

/** Major types of CBOR (RFC 8949, section 3.1). */
const [unsigned, negative, byteString, textString, list, map] = [0, 1, 2, 3, 4, 5] as const;
const keyHead = (textString << 5) | 1;
const required = ['k', 'p', 'm', 'u', 'g', 's', 'n'] as const;
/** What no head can say: numbers and lengths are never below 0. */
const odd = -1;

export class TreeRowReader {
  readonly #bytes: Uint8Array;
  readonly #text: Buffer;
  #at = 0;
  #end = 0;

  constructor(bytes: Uint8Array) {
    // Never a Buffer: its slices would share memory.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** The row between two offsets, its bytes copied; undefined where it is not written as we write, or not in its limits. */
  row(start: number, end: number): TreeRow | undefined {
    const row: Partial<TreeRow> = {};
    for (let left = this.#begin(start, end), last = 0; left > 0; left--) {
      const letter = this.#key();
      if (letter <= last || !this.#readInto(row, String.fromCharCode(letter))) return undefined;
      last = letter;
    }
    const isWhole = this.#at === end && required.every((key) => row[key] !== undefined);
    return isWhole ? (row as TreeRow) : undefined;
  }

  /** Its path alone, one character a byte; undefined where that cannot be told. */
  path(start: number, end: number): string | undefined {
    for (let left = this.#begin(start, end); left > 0; left--) {
      const letter = this.#key();
      if (letter === odd) return undefined;
      if (letter === pathKey) {
        const length = this.#head(byteString);
        const isThere = length !== odd && this.#at + length <= end;
        return isThere ? this.#text.toString('latin1', this.#at, this.#at + length) : undefined;
      }
      if (!this.#skip()) return undefined;
    }
    return undefined;
  }

  /** How many keys the row has; 0 where it is no map of ours. */
  #begin(start: number, end: number): number {
    this.#at = start;
    this.#end = end;
    return Math.max(0, this.#head(map));
  }

  #key(): number {
    if (this.#at + 2 > this.#end || this.#bytes[this.#at] !== keyHead) return odd;
    this.#at += 2;
    return this.#bytes[this.#at - 1]!;
  }

  #readInto(row: Partial<TreeRow>, key: string): boolean {
    switch (key) {
      case 'k':
        return (row.k = this.#number(3)) !== odd;
      case 'm':
        return (row.m = this.#number(0o7777)) !== odd;
      case 'n':
        return (row.n = this.#number(999_999_999)) !== odd;
      case 'g':
      case 'l':
      case 'u':
        return (row[key] = this.#number(Number.MAX_SAFE_INTEGER)) !== odd;
      case 's':
        return (row.s = this.#seconds() ?? NaN) === row.s;
      case 'h':
      case 'x':
        row[key] = 1;
        return this.#number(1) === 1;
      case 'p':
      case 't':
        return (row[key] = this.#slice(rowLimits.pathBytesMax)!) !== undefined;
      case 'c':
        return (row.c = this.#slice(rowLimits.rowBytesMax)!) !== undefined;
      case 'a':
        return (row.a = this.#attributes()!) !== undefined;
      default:
        return false;
    }
  }

  #number(max: number): number {
    const value = this.#head(unsigned);
    return value <= max ? value : odd;
  }

  #seconds(): number | undefined {
    const isNegative = this.#bytes[this.#at]! >> 5 === negative;
    const value = this.#head(isNegative ? negative : unsigned);
    if (value === odd) return undefined;
    const seconds = isNegative ? -1 - value : value;
    return Number.isSafeInteger(seconds) ? seconds : undefined;
  }

  #slice(bytesMax: number): Uint8Array | undefined {
    const length = this.#head(byteString);
    if (length === odd || length > bytesMax || this.#at + length > this.#end) return undefined;
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  #attributes(): [Uint8Array, Uint8Array][] | undefined {
    const count = this.#head(list);
    if (count < 1 || count > rowLimits.attributeCountMax) return undefined;
    const attributes: [Uint8Array, Uint8Array][] = [];
    for (let left = count; left > 0; left--) {
      if (this.#head(list) !== 2) return undefined;
      const name = this.#slice(rowLimits.attributeNameBytesMax);
      const value = this.#slice(rowLimits.attributeValueBytesMax);
      if (name === undefined || name.length === 0 || name.includes(0) || value === undefined)
        return undefined;
      attributes.push([name, value]);
    }
    return attributes;
  }

  /** Goes over one value of ours; false where it is none. Lists of ours lie two deep: deeper ones would only use up the stack. */
  #skip(depth = 2): boolean {
    const major = this.#bytes[this.#at]! >> 5;
    const value = this.#head(major);
    if (value === odd) return false;
    if (major === byteString) this.#at += value;
    if (major === list && depth === 0) return false;
    if (major === list) for (let left = value; left > 0; left--) if (!this.#skip(depth - 1)) return false;
    return this.#at <= this.#end && (major <= byteString || major === list);
  }

  /** The number in an item's head, where the head is of that type and as short as can be (section 4.2.1). */
  #head(major: number): number {
    const bytes = this.#bytes;
    const first = this.#at < this.#end ? bytes[this.#at]! : 0xff;
    const size = first & 31;
    if (first >> 5 !== major || size > 27) return odd;
    this.#at++;
    if (size < 24) return size;
    const length = 1 << (size - 24);
    if (this.#at + length > this.#end) return odd;
    let value = 0;
    for (let left = length; left > 0; left--) value = value * 256 + bytes[this.#at++]!;
    const isShortest = value >= (size === 24 ? 24 : 256 ** (length / 2));
    return isShortest && Number.isSafeInteger(value) ? value : odd;
  }
}

const pathKey = 'p'.charCodeAt(0);

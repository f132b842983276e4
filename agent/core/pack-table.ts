// Packs by numbers of rows, with the descriptors of those that are described, in typed arrays. A machine knows hundreds of thousands of packs: as
// objects each took 0.9 kB, half of it for names and pointers. The shelf keeps what it knows of a pack under its row, the disk which shards it has.

import {
  bytesOfShardHashes,
  type PackDescriptor,
  shardBytesOf,
  type ShardHashes,
  shardHashesIn,
} from '../codec/index.ts';
import { SharedValues } from '../shared-values.ts';
import { packId, type PackId } from '../units.ts';

/** What many packs share. */
export type PackFacts = Pick<PackDescriptor, 'owner' | 'drive' | 'placementClass' | 'redundancy'>;

/** Bytes of an id, and of a hash. */
const hashBytes = 32;
const wordsPerId = hashBytes / 4;
/** Rows that are made at once. Their memory is never moved: who looks at a row goes on to see it. */
export const rowsPerPage = 256;
/** Of all places in the hash table no more are taken than this. */
const loadMax = 0.7;
const placesMin = 64;

interface Page {
  readonly ids: Uint32Array;
  /** How many keep the row; 0: it is free. */
  readonly uses: Uint8Array;
  readonly facts: (PackFacts | undefined)[];
  readonly packBytes: Float64Array;
  /** Where the hashes are, in the slab of their count. */
  readonly hashes: Uint32Array;
}

const newPage = (): Page => ({
  ids: new Uint32Array(rowsPerPage * wordsPerId),
  uses: new Uint8Array(rowsPerPage),
  facts: Array.from({ length: rowsPerPage }, () => undefined),
  packBytes: new Float64Array(rowsPerPage),
  hashes: new Uint32Array(rowsPerPage),
});

/** Hashes of packs with as many different shards. */
class Slab {
  readonly #entryBytes: number;
  readonly #pages: Uint8Array[] = [];
  readonly #free: number[] = [];
  #count = 0;

  constructor(hashCount: number) {
    this.#entryBytes = hashCount * hashBytes;
  }

  add(bytes: Uint8Array): number {
    const at = this.#free.pop() ?? this.#count++;
    if (at >= this.#pages.length * rowsPerPage)
      this.#pages.push(new Uint8Array(rowsPerPage * this.#entryBytes));
    this.#entry(at).set(bytes.subarray(0, this.#entryBytes));
    return at;
  }

  get(at: number): ShardHashes {
    return shardHashesIn(this.#entry(at));
  }

  delete(at: number): void {
    this.#free.push(at);
  }

  #entry(at: number): Uint8Array {
    const start = (at % rowsPerPage) * this.#entryBytes;
    return this.#pages[Math.floor(at / rowsPerPage)]!.subarray(start, start + this.#entryBytes);
  }
}

/** Of a small hexadecimal digit; negative for all others. */
const digitOf = (code: number): number => {
  if (code >= 97 && code <= 102) return code - 87;
  return code >= 48 && code <= 57 ? code - 48 : -1;
};

/** With k = 1 all shards are the pack itself. */
const hashCountOf = ({ redundancy: { k, n } }: PackFacts): number => (k === 1 ? 1 : n);

export class PackTable {
  readonly #pages: Page[] = [];
  readonly #slabs = new Map<number, Slab>();
  readonly #facts = new SharedValues<PackFacts>();
  readonly #free: number[] = [];
  #rowCount = 0;
  /** Row + 1 at the place of a pack's hash, or after it; 0 where there is none. */
  #places = new Int32Array(placesMin);
  #takenCount = 0;
  readonly #factors: Uint32Array;
  /** The id that was looked for last. */
  readonly #wanted = new Uint32Array(wordsPerId);

  /** `factors`: eight odd numbers that nobody else knows, else others may invent ids that all fall on one place. */
  constructor(
    factors: ArrayLike<number> = Array.from({ length: wordsPerId }, (_, at) => 0x9e3779b1 + 2 * at),
  ) {
    this.#factors = Uint32Array.from(factors, (factor) => factor | 1);
  }

  /** Rows are numbers below this; some of them are free. */
  get rowCount(): number {
    return this.#rowCount;
  }

  /** Undefined where no such pack is known. */
  rowOf(pack: PackId): number | undefined {
    const place = this.#placeOf(pack);
    const row = place === undefined ? 0 : this.#places[place]!;
    return row === 0 ? undefined : row - 1;
  }

  /** The pack's row, for one more who keeps it. Throws a RangeError for what is no pack's id. */
  keep(pack: PackId): number {
    const place = this.#placeOf(pack);
    if (place === undefined) throw new RangeError(`${pack} is no id of a pack`);
    const taken = this.#places[place]!;
    const row = taken === 0 ? this.#add(place) : taken - 1;
    this.#pageOf(row).uses[row % rowsPerPage]!++;
    return row;
  }

  /** One who kept the row needs it no more; it is free when nobody does. */
  release(row: number): void {
    const page = this.#pageOf(row);
    if (--page.uses[row % rowsPerPage]! > 0) return;
    this.#undescribe(row);
    this.#remove(row);
    this.#free.push(row);
  }

  packAt(row: number): PackId {
    const { ids } = this.#pageOf(row);
    const start = (row % rowsPerPage) * wordsPerId;
    let id = '';
    for (let word = start; word < start + wordsPerId; word++) id += ids[word]!.toString(16).padStart(8, '0');
    return packId(id);
  }

  /** What is known of a pack besides its hashes; undefined until it is described. */
  factsAt(row: number): PackFacts | undefined {
    return this.#pageOf(row).facts[row % rowsPerPage];
  }

  /** Length of each shard of a described pack in bytes. */
  shardBytesAt(row: number): number {
    const { facts, packBytes } = this.#pageOf(row);
    const at = row % rowsPerPage;
    return shardBytesOf(packBytes[at]!, facts[at]?.redundancy.k ?? 1);
  }

  /** Made anew for each who asks. */
  descriptorAt(row: number): PackDescriptor | undefined {
    const { facts, packBytes, hashes } = this.#pageOf(row);
    const at = row % rowsPerPage;
    const known = facts[at];
    if (known === undefined) return undefined;
    const { k, n } = known.redundancy;
    const found = this.#slabOf(known).get(hashes[at]!);
    return {
      pack: this.packAt(row),
      owner: known.owner,
      drive: known.drive,
      placementClass: known.placementClass,
      redundancy: known.redundancy,
      packBytes: packBytes[at]!,
      shardBytes: shardBytesOf(packBytes[at]!, k),
      shardHashes: k === 1 ? (found.repeat(n) as ShardHashes) : found,
    };
  }

  /** Notes the descriptor of the row's pack, unless it is known. */
  describe(row: number, descriptor: PackDescriptor): void {
    const page = this.#pageOf(row);
    const at = row % rowsPerPage;
    if (page.facts[at] !== undefined) return;
    const facts = this.#sharedFacts(descriptor);
    page.facts[at] = facts;
    page.packBytes[at] = descriptor.packBytes;
    page.hashes[at] = this.#slabOf(facts).add(bytesOfShardHashes(descriptor.shardHashes));
  }

  #undescribe(row: number): void {
    const page = this.#pageOf(row);
    const at = row % rowsPerPage;
    const facts = page.facts[at];
    if (facts === undefined) return;
    this.#slabOf(facts).delete(page.hashes[at]!);
    page.facts[at] = undefined;
  }

  #pageOf(row: number): Page {
    return this.#pages[Math.floor(row / rowsPerPage)]!;
  }

  #slabOf(facts: PackFacts): Slab {
    const count = hashCountOf(facts);
    const slab = this.#slabs.get(count) ?? new Slab(count);
    this.#slabs.set(count, slab);
    return slab;
  }

  #sharedFacts({ owner, drive, placementClass, redundancy: { k, n } }: PackDescriptor): PackFacts {
    const name = `${owner} ${drive} ${placementClass} ${k} ${n}`;
    return this.#facts.of(name, () => ({ owner, drive, placementClass, redundancy: { k, n } }));
  }

  /** Where the pack is, or would be; undefined for what is no id. The id is in `#wanted` then. */
  #placeOf(pack: PackId): number | undefined {
    if (pack.length !== 2 * hashBytes) return undefined;
    for (let word = 0; word < wordsPerId; word++) {
      let bits = 0;
      for (let at = 8 * word; at < 8 * word + 8; at++) {
        const digit = digitOf(pack.charCodeAt(at));
        if (digit < 0) return undefined;
        bits = (bits << 4) | digit;
      }
      this.#wanted[word] = bits;
    }
    return this.#findPlace(this.#wanted, 0);
  }

  #findPlace(ids: Uint32Array, start: number): number {
    const mask = this.#places.length - 1;
    let place = this.#hashOf(ids, start) & mask;
    for (; this.#places[place] !== 0; place = (place + 1) & mask)
      if (this.#isAt(this.#places[place]! - 1, ids, start)) return place;
    return place;
  }

  #hashOf(ids: Uint32Array, start: number): number {
    let hash = 0;
    for (let word = 0; word < wordsPerId; word++)
      hash = (hash + Math.imul(ids[start + word]! ^ (hash >>> 15), this.#factors[word]!)) | 0;
    return (hash ^ (hash >>> 16)) >>> 0;
  }

  #isAt(row: number, ids: Uint32Array, start: number): boolean {
    const there = this.#pageOf(row).ids;
    const from = (row % rowsPerPage) * wordsPerId;
    for (let word = 0; word < wordsPerId; word++) if (there[from + word] !== ids[start + word]) return false;
    return true;
  }

  #add(place: number): number {
    const row = this.#free.pop() ?? this.#rowCount++;
    if (row >= this.#pages.length * rowsPerPage) this.#pages.push(newPage());
    this.#pageOf(row).ids.set(this.#wanted, (row % rowsPerPage) * wordsPerId);
    this.#places[place] = row + 1;
    this.#takenCount++;
    if (this.#takenCount > loadMax * this.#places.length) this.#grow();
    return row;
  }

  #grow(): void {
    const before = this.#places;
    this.#places = new Int32Array(2 * before.length);
    for (const taken of before) if (taken !== 0) this.#places[this.#placeOfRow(taken - 1)] = taken;
  }

  #placeOfRow(row: number): number {
    return this.#findPlace(this.#pageOf(row).ids, (row % rowsPerPage) * wordsPerId);
  }

  /** Those behind it that would not be found any more move up (Knuth, TAOCP 6.4, algorithm R). */
  #remove(row: number): void {
    const mask = this.#places.length - 1;
    let gap = this.#placeOfRow(row);
    this.#takenCount--;
    for (let place = (gap + 1) & mask; this.#places[place] !== 0; place = (place + 1) & mask) {
      const other = this.#places[place]! - 1;
      const home = this.#hashOf(this.#pageOf(other).ids, (other % rowsPerPage) * wordsPerId) & mask;
      if (((place - home) & mask) < ((place - gap) & mask)) continue;
      this.#places[gap] = other + 1;
      gap = place;
    }
    this.#places[gap] = 0;
  }
}

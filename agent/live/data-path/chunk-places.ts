// Which pack each chunk of a drive lies in, as snapshots' indexes say: about 100 bytes a chunk instead of the hundreds that
// objects take. Filled segment by segment from the newest back: what a newer one said of a chunk stands.

import type { PackDescriptor } from '../../codec/index.ts';
import type { ChunkId, PackId } from '../../units.ts';

const idBytes = 32;
/** Emptiness is 0, so packs are counted from 1. */
const firstPack = 1;
const slotsMin = 1024;

export class ChunkPlaces {
  /** Packs by number. */
  readonly packs: PackDescriptor[] = [];
  readonly #numbers = new Map<PackId, number>();
  #ids = new Uint8Array(slotsMin * idBytes);
  #packOf = new Uint32Array(slotsMin);
  #lengthOf = new Uint32Array(slotsMin);
  #segmentOf = new Uint32Array(slotsMin);
  #marked = new Uint8Array(slotsMin);
  #segment = 0;
  #count = 0;

  get chunkCount(): number {
    return this.#count;
  }

  /** The number of a pack in `packs`. */
  numberOf(descriptor: PackDescriptor): number {
    const known = this.#numbers.get(descriptor.pack);
    if (known !== undefined) return known;
    this.#numbers.set(descriptor.pack, this.packs.length);
    return this.packs.push(descriptor) - 1;
  }

  /** What is added from now on is said by another segment. */
  beginSegment(): void {
    this.#segment++;
  }

  /** Says where a chunk lies. Of several packs in one segment the last one counts; what other segments said stands. */
  add(chunk: ChunkId, pack: number, length: number): void {
    if (2 * this.#count >= this.#packOf.length) this.#grow();
    const id = Buffer.from(chunk, 'hex');
    const slot = this.#slotOf(id);
    const isNew = this.#packOf[slot] === 0;
    if (!isNew && this.#segmentOf[slot] !== this.#segment) return;
    this.#ids.set(id, slot * idBytes);
    this.#packOf[slot] = pack + firstPack;
    this.#segmentOf[slot] = this.#segment;
    this.#lengthOf[slot] = length;
    if (isNew) this.#count++;
  }

  /** Where a chunk's row is, until the next `add`; undefined when nothing is known of it. */
  find(chunk: ChunkId): number | undefined {
    const slot = this.#slotOf(Buffer.from(chunk, 'hex'));
    return this.#packOf[slot] === 0 ? undefined : slot;
  }

  packAt(slot: number): number {
    return (this.#packOf[slot] ?? 0) - firstPack;
  }

  lengthAt(slot: number): number {
    return this.#lengthOf[slot] ?? 0;
  }

  /** Marks a chunk; false when it was marked already. */
  mark(slot: number): boolean {
    if (this.#marked[slot] === 1) return false;
    this.#marked[slot] = 1;
    return true;
  }

  isMarked(slot: number): boolean {
    return this.#marked[slot] === 1;
  }

  *markedSlots(): Generator<number> {
    for (const [slot, marked] of this.#marked.entries()) if (marked === 1) yield slot;
  }

  #slotOf(id: Uint8Array): number {
    const mask = this.#packOf.length - 1;
    // Ids are hashes: any four of their bytes are as good as another hash.
    let slot = (id[0]! | (id[1]! << 8) | (id[2]! << 16) | (id[3]! << 24)) & mask;
    while (this.#packOf[slot] !== 0 && !this.#isAt(slot, id)) slot = (slot + 1) & mask;
    return slot;
  }

  #isAt(slot: number, id: Uint8Array): boolean {
    const start = slot * idBytes;
    for (let index = 0; index < idBytes; index++) if (this.#ids[start + index] !== id[index]) return false;
    return true;
  }

  #grow(): void {
    const old = {
      ids: this.#ids,
      packOf: this.#packOf,
      segmentOf: this.#segmentOf,
      lengthOf: this.#lengthOf,
      marked: this.#marked,
    };
    const slots = 2 * old.packOf.length;
    this.#ids = new Uint8Array(slots * idBytes);
    this.#packOf = new Uint32Array(slots);
    this.#segmentOf = new Uint32Array(slots);
    this.#lengthOf = new Uint32Array(slots);
    this.#marked = new Uint8Array(slots);
    for (const [from, pack] of old.packOf.entries()) {
      if (pack === 0) continue;
      const id = old.ids.subarray(from * idBytes, (from + 1) * idBytes);
      const to = this.#slotOf(id);
      this.#ids.set(id, to * idBytes);
      this.#packOf[to] = pack;
      this.#segmentOf[to] = old.segmentOf[from] ?? 0;
      this.#lengthOf[to] = old.lengthOf[from] ?? 0;
      this.#marked[to] = old.marked[from] ?? 0;
    }
  }
}

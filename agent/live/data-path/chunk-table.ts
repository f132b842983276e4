// Which chunks are stored already, shared by all worker threads without copies: an open hash table of 32-byte ids in
// shared memory. Ids are whole, never shortened: a false "known" would lose data. A lost race stores a chunk twice.

import type { ChunkId } from '../../units.ts';

const idBytes = 32;
const stateEmpty = 0;
const stateWriting = 1;
const stateFull = 2;
/** Half full, a search takes two steps; one that takes so many is not worth the chunk that it may save. */
const probeCountMax = 64;

/** The shared memory of one table; give it to every thread that needs it. */
export interface SharedChunkTable {
  readonly states: SharedArrayBuffer;
  readonly ids: SharedArrayBuffer;
}

export class ChunkTable {
  readonly shared: SharedChunkTable;
  readonly #states: Int32Array;
  readonly #ids: Uint8Array;
  readonly #mask: number;

  constructor(shared: SharedChunkTable) {
    this.shared = shared;
    this.#states = new Int32Array(shared.states);
    this.#ids = new Uint8Array(shared.ids);
    this.#mask = this.#states.length - 1;
  }

  /** An empty table with room for `countMax` ids at half load. */
  static withRoomFor(countMax: number): ChunkTable {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(16, countMax * 2)));
    return new ChunkTable({
      states: new SharedArrayBuffer(slots * Int32Array.BYTES_PER_ELEMENT),
      ids: new SharedArrayBuffer(slots * idBytes),
    });
  }

  /** Adds an id; false when it is there already. A crowded table only forgets: the chunk is stored again. */
  add(chunk: ChunkId): boolean {
    const id = Buffer.from(chunk, 'hex');
    let slot = id.readUInt32LE(0) & this.#mask;
    for (let probe = 0; probe < probeCountMax; probe++) {
      const state = Atomics.compareExchange(this.#states, slot, stateEmpty, stateWriting);
      if (state === stateEmpty) {
        this.#ids.set(id, slot * idBytes);
        Atomics.store(this.#states, slot, stateFull);
        return true;
      }
      if (state === stateFull && this.#holds(slot, id)) return false;
      slot = (slot + 1) & this.#mask;
    }
    return true;
  }

  #holds(slot: number, id: Uint8Array): boolean {
    const start = slot * idBytes;
    for (let index = 0; index < idBytes; index++) if (this.#ids[start + index] !== id[index]) return false;
    return true;
  }
}

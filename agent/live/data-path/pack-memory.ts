// Memory in which a thread fills packs of files: made once and used again, and never more than a few packs of it, however many
// tasks take turns. Knows nothing of what is put there.

import { blobBytesTarget, chunkBytesMax, packBytesTarget } from '../../limits.ts';

/** A pack of files ends soon after its target: with the chunk and the bundle that fill it, and its directory. */
const bulkBytesExpected = packBytesTarget + chunkBytesMax + 2 * blobBytesTarget;

/** Packs of one thread that are filled or flushed at once: one more than two tasks fill, so that none waits for a disk that keeps up. */
const bulkPacksMax = 3;

/**
 * Memory of packs, for all tasks of a thread. Shared, so that it neither moves between threads nor counts for their collectors, which
 * would run for every few packs; and used again, as touching new pages costs as much as sealing what is put there.
 */
export class PackMemory {
  readonly #idle: Uint8Array[] = [];
  readonly #waiting: ((memory: Uint8Array) => void)[] = [];
  #madeCount = 0;

  /** Waits while all is in use: whoever holds some fills it, or drops it, without taking more. */
  take(): Promise<Uint8Array> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return Promise.resolve(idle);
    if (this.#madeCount === bulkPacksMax) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#madeCount++;
    return Promise.resolve(new Uint8Array(new SharedArrayBuffer(bulkBytesExpected)));
  }

  give(memory: Uint8Array): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(memory);
    else next(memory);
  }
}

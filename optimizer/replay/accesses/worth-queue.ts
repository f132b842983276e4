// Which of the files that a site keeps are worth least, asked at every read: a heap in which what was overtaken or has left stays until it
// comes up. It knows nothing of sites and decides on no file.

import { type FileId, Heap } from '../../../datasets/index.ts';

interface Entry {
  readonly file: FileId;
  readonly bytes: number;
  readonly worth: number;
  /** When it came in: of equals the first leaves first. */
  readonly order: number;
}

/** Below it a heap with more old entries than files is not worth clearing. */
const clearedEntriesMin = 64;

const leavesBefore = (a: Entry, b: Entry): boolean =>
  a.worth < b.worth || (a.worth === b.worth && a.order < b.order);

export class WorthQueue {
  readonly #entryOf = new Map<FileId, Entry>();
  #heap = new Heap(leavesBefore);
  #order = 0;

  /** A file comes in, or anew: behind all others of its worth. */
  put(file: FileId, { bytes, worth }: { readonly bytes: number; readonly worth: number }): void {
    const entry = { file, bytes, worth, order: this.#order++ };
    this.#entryOf.set(file, entry);
    this.#heap.push(entry);
    if (this.#heap.size < 2 * this.#entryOf.size + clearedEntriesMin) return;
    this.#heap = new Heap(leavesBefore);
    for (const kept of this.#entryOf.values()) this.#heap.push(kept);
  }

  remove(file: FileId): void {
    this.#entryOf.delete(file);
  }

  /**
   * Who has to go so that `need` bytes come free, none of `spared`: the least worth first, and the worth of the last of them. Undefined where
   * all do not suffice. Nobody leaves yet.
   */
  leastWorth(
    need: number,
    spared?: ReadonlyMap<FileId, unknown>,
  ): { readonly files: readonly FileId[]; readonly most: number } | undefined {
    const looked: Entry[] = [];
    const files: FileId[] = [];
    let [free, most] = [0, Number.NEGATIVE_INFINITY];
    while (free < need) {
      const entry = this.#pop();
      if (entry === undefined) break;
      looked.push(entry);
      if (spared?.has(entry.file) === true) continue;
      files.push(entry.file);
      free += entry.bytes;
      most = entry.worth;
    }
    for (const entry of looked) this.#heap.push(entry);
    return free < need ? undefined : { files, most };
  }

  /** The least of those that are still there, taken out. */
  #pop(): Entry | undefined {
    for (let top = this.#heap.pop(); top !== undefined; top = this.#heap.pop())
      if (this.#entryOf.get(top.file) === top) return top;
    return undefined;
  }
}

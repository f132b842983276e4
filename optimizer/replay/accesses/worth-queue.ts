// Which of the files that a site keeps are worth least, asked at every read: a heap in which what was overtaken or has left stays until it
// comes up. It knows nothing of sites and decides on no file.

import type { FileId } from '../../../datasets/index.ts';

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
  #heap: Entry[] = [];
  #order = 0;

  /** A file comes in, or anew: behind all others of its worth. */
  put(file: FileId, { bytes, worth }: { readonly bytes: number; readonly worth: number }): void {
    const entry = { file, bytes, worth, order: this.#order++ };
    this.#entryOf.set(file, entry);
    this.#push(entry);
    if (this.#heap.length < 2 * this.#entryOf.size + clearedEntriesMin) return;
    this.#heap = [];
    for (const kept of this.#entryOf.values()) this.#push(kept);
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
    for (const entry of looked) this.#push(entry);
    return free < need ? undefined : { files, most };
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    for (let up = (at - 1) >> 1; at > 0 && leavesBefore(entry, heap[up]!); up = (at - 1) >> 1) {
      heap[at] = heap[up]!;
      at = up;
    }
    heap[at] = entry;
  }

  /** The least of those that are still there, taken out. */
  #pop(): Entry | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined) return undefined;
      this.#sink(this.#heap.pop()!);
      if (this.#entryOf.get(top.file) === top) return top;
    }
  }

  /** Puts what was the last entry into the place of the first. */
  #sink(entry: Entry): void {
    const heap = this.#heap;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let next = 2 * at + 1;
      if (next >= heap.length) break;
      if (next + 1 < heap.length && leavesBefore(heap[next + 1]!, heap[next]!)) next++;
      if (!leavesBefore(heap[next]!, entry)) break;
      heap[at] = heap[next]!;
      at = next;
    }
    heap[at] = entry;
  }
}

// What happens next in the pretend world: events ordered by (time, sequence), so that the same seed gives the same run.
// It knows nothing of agents.

import assert from 'node:assert/strict';

export interface ScheduledEvent {
  cancel(): void;
}

interface Entry extends ScheduledEvent {
  readonly atMs: number;
  readonly sequence: number;
  run: (() => void) | undefined;
}

const isBefore = (a: Entry, b: Entry): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);

/** A binary heap of events. Time stands still while an event runs. */
export class EventQueue {
  readonly #heap: Entry[] = [];
  #sequence = 0;
  #nowMs: number;
  #eventCount = 0;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events run so far. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** Runs `run` at `atMs`, or at once after what is due when that is past. */
  schedule(atMs: number, run: () => void): ScheduledEvent {
    assert(Number.isFinite(atMs), 'an event has a finite time');
    const entry: Entry = {
      atMs: Math.max(atMs, this.#nowMs),
      sequence: this.#sequence++,
      run,
      cancel: () => {
        entry.run = undefined;
      },
    };
    this.#push(entry);
    return entry;
  }

  /** Runs all events up to and including `untilMs`; then it is `untilMs`. */
  runUntil(untilMs: number): void {
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= untilMs; first = this.#heap[0]) {
      this.#pop();
      this.#nowMs = first.atMs;
      const { run } = first;
      if (run === undefined) continue;
      this.#eventCount++;
      run();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent]!;
      if (!isBefore(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

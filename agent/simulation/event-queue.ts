// What happens next in the pretend world: events ordered by (time, sequence), so that the same seed gives the same run.
// It knows nothing of agents.

import assert from 'node:assert/strict';
import { Heap } from '../../datasets/index.ts';

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

/** Time stands still while an event runs. */
export class EventQueue {
  readonly #heap = new Heap(isBefore);
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
    this.#heap.push(entry);
    return entry;
  }

  /** Runs all events up to and including `untilMs`; then it is `untilMs`. */
  runUntil(untilMs: number): void {
    for (
      let first = this.#heap.first;
      first !== undefined && first.atMs <= untilMs;
      first = this.#heap.first
    ) {
      this.#heap.pop();
      this.#nowMs = first.atMs;
      const { run } = first;
      if (run === undefined) continue;
      this.#eventCount++;
      run();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }
}

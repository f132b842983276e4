// A clock that a test moves by hand; timers fire in order when their moment comes. A port, so no real time is waited for.

import type { Clock, Timer } from '../../../agent/index.ts';
import { unixMs, type UnixMs } from '../../../datasets/index.ts';

interface Waiting {
  readonly atMs: number;
  readonly fire: () => void;
}

export class HandClock implements Clock {
  #nowMs: number;
  readonly #waiting = new Set<Waiting>();

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  now(): UnixMs {
    return unixMs(this.#nowMs);
  }

  start(afterMs: number, fire: () => void): Timer {
    const waiting = { atMs: this.#nowMs + afterMs, fire };
    this.#waiting.add(waiting);
    return { cancel: () => void this.#waiting.delete(waiting) };
  }

  /** Moves on and fires what is due, each at its own moment. */
  pass(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    for (;;) {
      const next = [...this.#waiting]
        .filter(({ atMs }) => atMs <= endMs)
        .toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#waiting.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.fire();
    }
    this.#nowMs = endMs;
  }

  /** The machine sleeps: time passes, and timers fire late. */
  sleep(durationMs: number): void {
    this.#nowMs += durationMs;
    this.pass(0);
  }
}

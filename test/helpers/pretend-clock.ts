// A clock for tests of live parts: time goes on only when the test says so, or to whatever is waited for.

import type { Clock, Timer } from '../../agent/ports.ts';
import { type UnixMs, unixMs } from '../../datasets/index.ts';

interface Waiting {
  readonly atMs: number;
  readonly fire: () => void;
}

export class PretendClock implements Clock {
  readonly #mode: 'stands' | 'leaps';
  readonly #timers = new Set<Waiting>();
  #now: UnixMs;

  /** `leaps`: whoever waits has waited already when the next turn comes. */
  constructor(now: UnixMs, mode: 'stands' | 'leaps' = 'stands') {
    this.#now = now;
    this.#mode = mode;
  }

  now(): UnixMs {
    return this.#now;
  }

  start(afterMs: number, fire: () => void): Timer {
    const timer = { atMs: this.#now + afterMs, fire };
    this.#timers.add(timer);
    if (this.#mode === 'leaps') setImmediate(() => this.#leapTo(timer.atMs));
    return { cancel: () => void this.#timers.delete(timer) };
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    this.#leapTo(this.#now + ms);
  }

  #leapTo(atMs: number): void {
    this.#now = unixMs(Math.max(this.#now, atMs));
    for (const timer of this.#timers) if (timer.atMs <= this.#now && this.#timers.delete(timer)) timer.fire();
  }
}

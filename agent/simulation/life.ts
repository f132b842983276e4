// One stretch in which an agent's process runs: from a start to a stop, crash or the end. What is under way when it ends
// never comes back. While the machine sleeps, its timers wait.

import { createRandom, type UnixMs, unixMs } from '../../datasets/index.ts';
import type { Clock, Random, Timer } from '../ports.ts';
import type { EventQueue } from './event-queue.ts';

export class Life {
  readonly queue: EventQueue;
  #isOver = false;
  #sleeping: (() => void)[] | undefined;

  constructor(queue: EventQueue) {
    this.queue = queue;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get isAsleep(): boolean {
    return this.#sleeping !== undefined;
  }

  /** Runs `then` after `afterMs`; never when the life is over by then, and only after waking when it sleeps then. */
  after(afterMs: number, then: () => void): Timer {
    return this.queue.schedule(this.queue.nowMs + afterMs, () => this.#runAwake(then));
  }

  end(): void {
    this.#isOver = true;
    this.#sleeping = undefined;
  }

  sleep(): void {
    this.#sleeping ??= [];
  }

  wake(): void {
    const waiting = this.#sleeping ?? [];
    this.#sleeping = undefined;
    for (const then of waiting) this.#runAwake(then);
  }

  #runAwake(then: () => void): void {
    if (this.#isOver) return;
    if (this.#sleeping === undefined) then();
    else this.#sleeping.push(then);
  }
}

/** The clock of one life; `skewMs` says how wrong the machine's clock is now. It behaves as the live one when that is set back. */
export class SimulatedClock implements Clock {
  readonly #life: Life;
  readonly #skewMs: () => number;
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastSteadyMs = 0;

  constructor(life: Life, skewMs: number | (() => number) = 0) {
    this.#life = life;
    this.#skewMs = typeof skewMs === 'number' ? () => skewMs : skewMs;
  }

  now(): UnixMs {
    const steadyMs = this.#life.queue.nowMs;
    const wallMs = Math.floor(steadyMs) + this.#skewMs();
    // As agent/live/clock.ts: never back, but at half speed until the system's clock has caught up.
    this.#lastMs = Math.max(wallMs, this.#lastMs + (steadyMs - this.#lastSteadyMs) / 2);
    this.#lastSteadyMs = steadyMs;
    return unixMs(Math.floor(this.#lastMs));
  }

  start(afterMs: number, fire: () => void): Timer {
    let isCancelled = false;
    const timer = this.#life.after(Math.max(0, afterMs), () => {
      if (!isCancelled) fire();
    });
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }
}

/** Repeatable randomness; nothing secret comes of it. */
export class SimulatedRandom implements Random {
  readonly #random;

  constructor(seed: number | string) {
    this.#random = createRandom(seed);
  }

  fraction(): number {
    return this.#random.fraction();
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.#random.below(256));
  }
}

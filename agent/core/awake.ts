// For how long this machine has been on and awake: what was said while it was not may not have come yet.

import type { UnixMs } from '../../datasets/index.ts';
import { sleepMsMin } from '../limits.ts';

export class Awake {
  readonly #sleepMsMin: number;
  #sinceMs: number | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Between two looks at the clock: longer is a sleep. */
  constructor(asleepMsMin: number = sleepMsMin) {
    this.#sleepMsMin = asleepMsMin;
  }

  /** At each look at the clock. A long gap is a sleep; a clock that was set counts as one. */
  note(now: UnixMs): void {
    const hasSlept = now < this.#lastMs || now - this.#lastMs > this.#sleepMsMin;
    if (this.#sinceMs === undefined || hasSlept) this.#sinceMs = now;
    this.#lastMs = now;
  }

  /** Milliseconds; 0 before the first look. */
  forMs(now: UnixMs): number {
    return this.#sinceMs === undefined ? 0 : Math.max(0, now - this.#sinceMs);
  }
}

// A rest after something failed, longer each time that it fails again. It does not know what rests.

import type { UnixMs } from '../../datasets/index.ts';
import { NextTime } from './next-time.ts';

export class GrowingRest {
  readonly #msMin: number;
  readonly #msMax: number;
  /** How long the next one is. */
  #nextMs: number;
  readonly #end = new NextTime();

  constructor(msMin: number, msMax: number) {
    [this.#msMin, this.#msMax, this.#nextMs] = [msMin, msMax, msMin];
  }

  /** With a clock that was set back it is over: it would last for hours more. */
  isOn(now: UnixMs): boolean {
    return !this.#end.hasCome(now);
  }

  /** Whether one begins: what fails in the middle of one is no news. */
  begin(now: UnixMs): boolean {
    if (this.isOn(now)) return false;
    this.#end.waitFor(this.#nextMs, now);
    this.#nextMs = Math.min(this.#msMax, 2 * this.#nextMs);
    return true;
  }

  /** The next one is half as long. One that has begun goes on, here and below. */
  halve(): void {
    this.#nextMs = Math.max(this.#msMin, this.#nextMs / 2);
  }

  /** The next one is as short as the first. */
  shorten(): void {
    this.#nextMs = this.#msMin;
  }
}

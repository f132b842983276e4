// When what is done again and again is due next. With a clock that was set back it is due at once: it would wait for those hours more.

import type { UnixMs } from '../../datasets/index.ts';

export class NextTime {
  /** When the wait began. */
  #sinceMs = Number.NEGATIVE_INFINITY;
  #atMs = Number.NEGATIVE_INFINITY;

  /** The very first has. */
  hasCome(now: UnixMs): boolean {
    return now >= this.#atMs || now < this.#sinceMs;
  }

  waitFor(ms: number, now: UnixMs): void {
    this.#sinceMs = now;
    this.#atMs = now + ms;
  }

  /** Waits no longer than that from now on. */
  comeWithin(ms: number, now: UnixMs): void {
    this.#atMs = Math.min(this.#atMs, now + ms);
  }

  comeAtOnce(): void {
    this.#atMs = Number.NEGATIVE_INFINITY;
  }
}

/** The end of a wait that begins now. */
export function timeAfter(ms: number, now: UnixMs): NextTime {
  const end = new NextTime();
  end.waitFor(ms, now);
  return end;
}

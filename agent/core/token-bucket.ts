// How long so many bytes have to wait so that a rate is kept. Bytes that are let through early are a debt that the next ones wait for; told the
// time, it never looks at a clock.

import type { UnixMs } from '../../datasets/index.ts';

const secondMs = 1000;

export class TokenBucket {
  readonly #burstBytes: number;
  #tokens: number;
  #atMs: number | undefined;

  /** `burstBytes` may go at once after a rest. */
  constructor(burstBytes: number) {
    this.#burstBytes = burstBytes;
    this.#tokens = burstBytes;
  }

  /**
   * Milliseconds from `now` after which the bytes may go; whoever takes later waits for those before it too. In any span of time, at most
   * its length at the rate, and one burst, are let through. The rate, above 0 bytes a second, may be another each time.
   */
  take(
    byteCount: number,
    { now, bytesPerSecond }: { readonly now: UnixMs; readonly bytesPerSecond: number },
  ): number {
    const restMs = Math.max(0, now - (this.#atMs ?? now));
    this.#atMs = Math.max(now, this.#atMs ?? now);
    this.#tokens = Math.min(this.#burstBytes, this.#tokens + (restMs * bytesPerSecond) / secondMs);
    this.#tokens -= byteCount;
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens * secondMs) / bytesPerSecond);
  }
}

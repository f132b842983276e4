// What is still to be told by one channel, in order: retried with growing waits, given up after a day, never more than a few dozen. Knows no
// network; time and chance come from outside.

import { type UnixMs, unixMs } from '../../../datasets/index.ts';
import { alertAgeMsMax, alertRetryMsMax, alertRetryMsMin, queuedAlertsMax } from '../../limits.ts';
import type { Alert } from './alert.ts';

export interface QueuedAlert {
  readonly alert: Alert;
  readonly attemptCount: number;
  readonly nextMs: UnixMs;
}

export class AlertQueue {
  #queued: QueuedAlert[];
  /** Alerts given up since the last one that came through. */
  #lostCount: number;
  #failure: { readonly reason: string; readonly sinceMs: UnixMs } | undefined;

  constructor(queued: readonly QueuedAlert[] = [], lostCount = 0) {
    this.#queued = [...queued];
    this.#lostCount = lostCount;
  }

  get queued(): readonly QueuedAlert[] {
    return this.#queued;
  }

  get lostCount(): number {
    return this.#lostCount;
  }

  /** Why the last attempt failed, and since when none came through; undefined when the last one did. */
  get failure(): { readonly reason: string; readonly sinceMs: UnixMs } | undefined {
    return this.#failure;
  }

  push(alert: Alert, now: UnixMs): void {
    this.#queued.push({ alert, attemptCount: 0, nextMs: now });
    while (this.#queued.length > queuedAlertsMax) {
      this.#queued.shift();
      this.#lostCount++;
    }
  }

  /** The oldest one when its time has come; the others wait behind it, so that no end is told before its beginning. */
  due(now: UnixMs): Alert | undefined {
    while (this.#queued[0] !== undefined && now - this.#queued[0].alert.atMs > alertAgeMsMax) {
      this.#queued.shift();
      this.#lostCount++;
    }
    const first = this.#queued[0];
    return first !== undefined && first.nextMs <= now ? first.alert : undefined;
  }

  /** The receiver seems to be well again: what waits is due at once. */
  hurry(now: UnixMs): void {
    this.#queued = this.#queued.map((one) => ({ ...one, nextMs: unixMs(Math.min(one.nextMs, now)) }));
  }

  delivered(id: string): void {
    this.#queued = this.#queued.filter(({ alert }) => alert.id !== id);
    this.#lostCount = 0;
    this.#failure = undefined;
  }

  /** `fraction` in [0, 1) spreads the next attempts of many machines. */
  failed(
    id: string,
    why: { readonly reason: string; readonly now: UnixMs; readonly fraction: number },
  ): void {
    const { reason, now, fraction } = why;
    this.#failure = { reason, sinceMs: this.#failure?.sinceMs ?? now };
    this.#queued = this.#queued.map((one) => {
      if (one.alert.id !== id) return one;
      const waitMs = Math.min(alertRetryMsMax, alertRetryMsMin * 2 ** one.attemptCount);
      const nextMs = unixMs(Math.round(now + waitMs * (0.75 + 0.5 * fraction)));
      return { ...one, attemptCount: one.attemptCount + 1, nextMs };
    });
  }
}

// When an elected optimizer may make a whole plan: when the roster has been quiet for a moment, or restless for long; not too often; and not
// at once again when the last one failed. Whether there is a reason for one it does not know.

import { hourMs, type UnixMs } from '../../datasets/index.ts';
import { planRetryMs, planSettleMs, planSettleMsMax, plansPerHourMax } from '../limits.ts';

export class PlanTiming {
  #seenVersion = -1;
  #changedAtMs = 0;
  /** Since when there was no quiet moment. */
  #restlessSinceMs = 0;
  /** When this agent last computed plans, oldest first. */
  #computedAtMs: readonly UnixMs[] = [];
  #failedMs = Number.NEGATIVE_INFINITY;

  /** `version` counts the changes of who may hold shards. */
  look(version: number, now: UnixMs): void {
    if (version === this.#seenVersion) return;
    if (now - this.#changedAtMs >= planSettleMs) this.#restlessSinceMs = now;
    this.#seenVersion = version;
    this.#changedAtMs = now;
  }

  noteComputed(now: UnixMs): void {
    this.#computedAtMs = [...this.#computedAtMs, now].slice(-plansPerHourMax);
  }

  noteFailed(now: UnixMs): void {
    this.#failedMs = now;
  }

  /** Machines that come and go all day, each time within seconds, hold a plan up for so long and no longer. */
  isQuiet(now: UnixMs): boolean {
    const isSettled =
      now - this.#changedAtMs >= planSettleMs || now - this.#restlessSinceMs >= planSettleMsMax;
    return isSettled && now - this.#failedMs >= planRetryMs;
  }

  /** Every plan is read by everybody and moves something: machines that come and go all the time do not make one each time. */
  isHasty(now: UnixMs): boolean {
    const [first] = this.#computedAtMs;
    return first !== undefined && this.#computedAtMs.length >= plansPerHourMax && now - first < hourMs;
  }
}

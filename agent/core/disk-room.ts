// Whether the own disk is worth asking for room: once it said that it is full, nothing is fetched for a while, as each shard would come
// over the network only to be refused. The next try tells whether there is room again.

import type { UnixMs } from '../../datasets/index.ts';
import { fullDiskWaitMsMax, fullDiskWaitMsMin } from '../limits.ts';
import type { Effects } from './effects.ts';

export class DiskRoom {
  #fullSinceMs = Number.NEGATIVE_INFINITY;
  #fullUntilMs = Number.NEGATIVE_INFINITY;
  #waitMs = fullDiskWaitMsMin;

  /** A clock that was set back would have it wait for as long again. */
  isFullAt(now: UnixMs): boolean {
    return now >= this.#fullSinceMs && now < this.#fullUntilMs;
  }

  /** A shard did not fit. Several that were on their way at once count as one. */
  full(now: UnixMs): Effects {
    if (this.isFullAt(now)) return [];
    this.#fullSinceMs = now;
    this.#fullUntilMs = now + this.#waitMs;
    this.#waitMs = Math.min(fullDiskWaitMsMax, 2 * this.#waitMs);
    const text = "this machine has no space left for others' shards: give it more with a larger quota";
    return [{ kind: 'report', level: 'problem', text }];
  }

  /** A shard fitted. */
  stored(): void {
    this.#waitMs = fullDiskWaitMsMin;
  }
}

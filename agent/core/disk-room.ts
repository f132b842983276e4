// Whether the own disk is worth asking for room: once it said that it is full, nothing is fetched for a while, as each shard would come
// over the network only to be refused. The next try tells whether there is room again.

import type { UnixMs } from '../../datasets/index.ts';
import { fullDiskWaitMsMax, fullDiskWaitMsMin } from '../limits.ts';
import type { Effects } from './effects.ts';
import { GrowingRest } from './growing-rest.ts';

export class DiskRoom {
  readonly #rest = new GrowingRest(fullDiskWaitMsMin, fullDiskWaitMsMax);

  isFullAt(now: UnixMs): boolean {
    return this.#rest.isOn(now);
  }

  /** A shard did not fit. Several that were on their way at once count as one. */
  full(now: UnixMs): Effects {
    if (!this.#rest.begin(now)) return [];
    const text = "this machine has no space left for others' shards: give it more with a larger quota";
    return [{ kind: 'report', level: 'problem', text }];
  }

  /** A shard fitted. */
  stored(): void {
    this.#rest.shorten();
  }
}

// Who was asked for shards and let the time for them go by. Others are asked first for a while, longer each time: whoever says that it has shards and
// sends none, be it for a broken disk or to hold up others' repairs, takes the few places for pulls only now and then.

import type { UnixMs } from '../../datasets/index.ts';
import { silentSourceMsMax, silentSourceMsMin } from '../limits.ts';
import type { PeerId } from '../units.ts';

interface Rest {
  /** How long the next one is. */
  readonly waitMs: number;
  readonly sinceMs: number;
  readonly untilMs: number;
}

export class SilentSources {
  readonly #rests = new Map<PeerId, Rest>();

  /** Nothing came of what it was asked for. */
  note(peer: PeerId, now: UnixMs): void {
    if (this.isResting(peer, now)) return;
    const waitMs = this.#rests.get(peer)?.waitMs ?? silentSourceMsMin;
    this.#rests.set(peer, {
      waitMs: Math.min(silentSourceMsMax, 2 * waitMs),
      sinceMs: now,
      untilMs: now + waitMs,
    });
  }

  /** A shard came. The rest goes on: one that sends a shard of many holds up the others as before. */
  noteSent(peer: PeerId): void {
    const rest = this.#rests.get(peer);
    if (rest !== undefined)
      this.#rests.set(peer, { ...rest, waitMs: Math.max(silentSourceMsMin, rest.waitMs / 2) });
  }

  /** With a clock that was set back no rest lasts for hours more: it is over. */
  isResting(peer: PeerId, now: UnixMs): boolean {
    const rest = this.#rests.get(peer);
    return rest !== undefined && now >= rest.sinceMs && now < rest.untilMs;
  }
}

// Who was asked for shards and let the time for them go by. Others are asked first for a while, longer each time: whoever says that it has shards and
// sends none, be it for a broken disk or to hold up others' repairs, takes the few places for pulls only now and then.

import type { UnixMs } from '../../datasets/index.ts';
import { refusedSourceMs, silentSourceMsMax, silentSourceMsMin } from '../limits.ts';
import type { PeerId } from '../units.ts';
import { GrowingRest } from './growing-rest.ts';
import { type NextTime, timeAfter } from './next-time.ts';

export class SilentSources {
  readonly #rests = new Map<PeerId, GrowingRest>();
  readonly #refusedUntil = new Map<PeerId, NextTime>();

  /** Nothing came of what it was asked for. */
  note(peer: PeerId, now: UnixMs): void {
    const rest = this.#rests.get(peer) ?? new GrowingRest(silentSourceMsMin, silentSourceMsMax);
    this.#rests.set(peer, rest);
    rest.begin(now);
  }

  /** A shard came. The rest goes on: one that sends a shard of many holds up the others as before. */
  noteSent(peer: PeerId): void {
    this.#rests.get(peer)?.halve();
  }

  /** It sends nothing for now, and said so at once: nobody waited for it, and it may go on at any moment. */
  noteRefused(peer: PeerId, now: UnixMs): void {
    this.#refusedUntil.set(peer, timeAfter(refusedSourceMs, now));
  }

  isResting(peer: PeerId, now: UnixMs): boolean {
    return this.#rests.get(peer)?.isOn(now) === true || this.#refusedUntil.get(peer)?.hasCome(now) === false;
  }
}

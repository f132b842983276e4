// Slots that peers share: so many at once, of one peer fewer. A free one goes to whoever waits and has the fewest, so that who opens much takes
// only what nobody else wants. Who waits for too long, or with too many, is sent away.

import { shardSendsMax } from '../../limits.ts';
import type { PeerId } from '../../units.ts';
import { shardStreamsPerPeerMax } from '../limits.ts';

export interface FairSlotsLimits {
  readonly atOnceMax: number;
  readonly atOncePerPeerMax: number;
  readonly waitingMax: number;
  readonly waitingPerPeerMax: number;
  readonly waitMsMax: number;
}

/** Of shards that come in: nobody sends more at once, or waits longer for an answer. */
export const arrivalLimits = (limits: {
  readonly shardArrivalsMax: number;
  readonly transferSilenceMsMax: number;
}): FairSlotsLimits => ({
  atOnceMax: limits.shardArrivalsMax,
  atOncePerPeerMax: shardSendsMax,
  waitingMax: limits.shardArrivalsMax * shardStreamsPerPeerMax,
  waitingPerPeerMax: shardStreamsPerPeerMax,
  waitMsMax: limits.transferSilenceMsMax,
});

interface Waiting {
  readonly peer: PeerId;
  readonly end: (isTaken: boolean) => void;
}

export class FairSlots {
  readonly #limits: FairSlotsLimits;
  /** Oldest first. */
  #waiting: readonly Waiting[] = [];
  /** Of how many slots each has the use. */
  readonly #takenBy = new Map<PeerId, number>();
  #taken = 0;

  constructor(limits: FairSlotsLimits) {
    this.#limits = limits;
  }

  /** Runs `work` when the peer has a slot; undefined, without running it, where it gets none. */
  async run<Result>(peer: PeerId, work: () => Promise<Result>): Promise<Result | undefined> {
    const isTaken = this.#mayTake(peer) || (await this.#wait(peer));
    if (!isTaken) return undefined;
    try {
      return await work();
    } finally {
      this.#free(peer);
    }
  }

  /** Takes a slot where one is free: then none of those that wait may have it. */
  #mayTake(peer: PeerId): boolean {
    const { atOnceMax, atOncePerPeerMax } = this.#limits;
    const own = this.#takenBy.get(peer) ?? 0;
    if (this.#taken >= atOnceMax || own >= atOncePerPeerMax) return false;
    this.#taken++;
    this.#takenBy.set(peer, own + 1);
    return true;
  }

  #wait(peer: PeerId): Promise<boolean> {
    const { waitingMax, waitingPerPeerMax, waitMsMax } = this.#limits;
    const ownCount = this.#waiting.filter((one) => one.peer === peer).length;
    if (this.#waiting.length >= waitingMax || ownCount >= waitingPerPeerMax) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => end(false), waitMsMax).unref();
      const end = (isTaken: boolean): void => {
        clearTimeout(timer);
        this.#waiting = this.#waiting.filter((one) => one.end !== end);
        resolve(isTaken);
      };
      this.#waiting = [...this.#waiting, { peer, end }];
    });
  }

  #free(peer: PeerId): void {
    const left = (this.#takenBy.get(peer) ?? 0) - 1;
    this.#taken--;
    if (left > 0) this.#takenBy.set(peer, left);
    else this.#takenBy.delete(peer);
    const takenBy = (one: Waiting): number => this.#takenBy.get(one.peer) ?? 0;
    const next = this.#waiting.toSorted((a, b) => takenBy(a) - takenBy(b))[0];
    if (next !== undefined && this.#mayTake(next.peer)) next.end(true);
  }
}

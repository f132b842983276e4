// Whether somebody was asked a moment ago to compare logs: two that are asked at once both send all that is missing here.

import type { UnixMs } from '../../datasets/index.ts';
import { headsAfterAppendMs } from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { Membership } from './membership.ts';

export class Comparing {
  readonly #up: ReadonlySet<PeerId>;
  /** The last that was asked, and when. */
  #last: { readonly peer: PeerId; readonly atMs: UnixMs } | undefined;

  constructor({ up }: Pick<Membership, 'up'>) {
    this.#up = up;
  }

  asked(peer: PeerId, now: UnixMs): void {
    this.#last = { peer, atMs: now };
  }

  /** What was asked over an earlier connection may never have come. */
  connected(peer: PeerId): void {
    if (this.#last?.peer === peer) this.#last = undefined;
  }

  /** The last one was asked so lately that its answer may still come, and it is there. */
  isUnderWay(now: UnixMs): boolean {
    return (
      this.#last !== undefined && now - this.#last.atMs < headsAfterAppendMs && this.#up.has(this.#last.peer)
    );
  }

  /** The same of one peer: it knows what is missing here, and sends it without another word. */
  isWith(peer: PeerId, now: UnixMs): boolean {
    return this.#last?.peer === peer && this.isUnderWay(now);
  }
}

// Under which plan each connected machine last spoke, and whether enough of them follow a later one than has come here. Nothing is planned or
// followed by it: it keeps an admin from approving an old plan unawares.

import type { PeerId } from '../units.ts';
import { isFarAhead } from './followed-plans.ts';
import type { Membership } from './membership.ts';

export class SpokenPlans {
  readonly #membership: Membership;
  readonly #epochs = new Map<PeerId, number>();

  constructor(membership: Membership) {
    this.#membership = membership;
  }

  /** Epoch 0: it follows none. */
  hear(peer: PeerId, epoch = 0): void {
    this.#epochs.set(peer, epoch);
  }

  forget(peer: PeerId): void {
    this.#epochs.delete(peer);
  }

  /** Who says that it follows a later plan than the one of an epoch; nobody where too few say so to be believed. */
  followersAfter(own: number): readonly PeerId[] {
    const heard = [...this.#epochs].filter(([peer]) => !this.#membership.isRevoked(peer));
    const later = heard.filter(([, epoch]) => epoch > own && !isFarAhead({ epoch, of: own }));
    return later.length < this.#believedOf(heard.length) ? [] : later.map(([peer]) => peer);
  }

  /** Up to a third may be liars, and one alone may be one. Where nobody else is connected there is no other word to go by. */
  #believedOf(heardCount: number): number {
    return this.#membership.up.size < 2 ? 1 : Math.max(2, Math.floor(heardCount / 3) + 1);
  }
}

// Which shards of a pack can be had: here, or from machines that are up. In a large fleet most of those are not connected, and are called when
// something of theirs is wanted.

import { hours, type UnixMs } from '../../datasets/index.ts';
import type { PeerId } from '../units.ts';
import { countBits } from './index-set.ts';
import type { KnownPack } from './known-pack.ts';
import type { Membership } from './membership.ts';
import type { Shelf } from './shelf.ts';

/** A machine that restarts is back within this time. */
const restartMs = hours(1);

export class Reach {
  readonly #membership: Membership;
  readonly #shelf: Shelf;
  readonly #isNear = (peer: PeerId): boolean => !this.#membership.isAway(peer);

  constructor(membership: Membership, shelf: Shelf) {
    this.#membership = membership;
    this.#shelf = shelf;
  }

  /** Connected machines that said that they have a shard. */
  peersWith(known: KnownPack, index: number): readonly PeerId[] {
    return known.others.of(index).filter((peer) => this.#membership.up.has(peer));
  }

  /** Calls those who have a shard; whether one that is not connected may still answer. */
  callFor(known: KnownPack, index: number): boolean {
    let isExpected = false;
    for (const peer of known.others.of(index)) {
      this.#membership.call(peer);
      if (this.#membership.isExpected(peer)) isExpected = true;
    }
    return isExpected;
  }

  /**
   * A machine that sleeps has it: to move it later costs one shard, to rebuild it now k. Only a pack with shards to spare waits for
   * that; and for a restart every pack does.
   */
  mayWait(known: KnownPack, slot: number, now: UnixMs): boolean {
    const k = known.facts?.redundancy.k ?? 1;
    const waitMs = k > 1 && this.shardCount(known) > k ? Number.POSITIVE_INFINITY : restartMs;
    return known.others
      .of(slot)
      .some(
        (peer) =>
          this.#membership.presenceOf(peer, now) === 'silent' && this.#membership.awayMs(peer, now) < waitMs,
      );
  }

  /** Different shards of a pack that are here or with machines that are not away. */
  shardCount(known: KnownPack): number {
    return countBits(known.held.bits | known.others.bitsOf(this.#isNear));
  }

  /**
   * Packs held here of which exactly k shards are in reach, and those of which fewer are. Of others, own ones too (own-reach.ts), nobody tells this machine
   * who has what now: after a night it would take them for lost.
   */
  packsAtRisk(): { readonly thinCount: number; readonly outOfReachCount: number } {
    let [thinCount, outOfReachCount] = [0, 0];
    for (const known of this.#shelf.packs.values()) {
      const k = known.facts?.redundancy.k;
      if (k === undefined || known.held.size === 0 || this.#shelf.givenUpMs(known) !== undefined) continue;
      const spare = this.shardCount(known) - k;
      if (spare === 0) thinCount++;
      if (spare < 0) outOfReachCount++;
    }
    return { thinCount, outOfReachCount };
  }
}

// Whom this agent of a large fleet calls though no shard is under way: those that packs here concern, so that each says what it has,
// and, as the elected planner, those of which it has not heard for long. It opens nothing itself.

import type { UnixMs } from '../../datasets/index.ts';
import {
  callMs,
  partnersEveryMs,
  soundEveryMs,
  visitEveryMs,
  visitsAtOnce,
  visitsEveryMs,
} from '../mesh-limits.ts';
import type { PeerId } from '../units.ts';
import type { Membership } from './membership.ts';
import { NextTime } from './next-time.ts';

export class Visits {
  readonly #membership: Membership;
  readonly #hearers: () => ReadonlySet<PeerId>;
  #partners: readonly PeerId[] = [];
  /** Other packs are here than when they were last gone through. */
  #isStale = false;
  /** Since when the plan holds. */
  #planMs = 0;
  /** When each was last connected: then both said all. */
  readonly #metMs = new Map<PeerId, number>();
  #refreshedMs = 0;
  readonly #next = new NextTime();
  #nextPartner = 0;
  #soundedMs: UnixMs | undefined;
  #nextHolder = 0;

  /** `hearers`: the machines that should hear of what is here. */
  constructor(membership: Membership, hearers: () => ReadonlySet<PeerId>) {
    this.#membership = membership;
    this.#hearers = hearers;
  }

  /** Under a new plan everybody whom packs here concern is visited once. */
  planChanged(now: UnixMs): void {
    this.#planMs = now;
    this.#next.comeAtOnce();
    this.#isStale = true;
  }

  /** A shard came to stay. */
  packsChanged(): void {
    this.#isStale = true;
  }

  met(peer: PeerId, now: UnixMs): void {
    this.#metMs.set(peer, now);
  }

  /** Calls the next few partners whose turn it is. */
  visit(now: UnixMs): void {
    if (!this.#next.hasCome(now)) return;
    this.#next.waitFor(visitsEveryMs, now);
    this.#refresh(now);
    const { length } = this.#partners;
    let count = 0;
    for (let looked = 0; looked < length && count < visitsAtOnce; looked++) {
      this.#nextPartner = (this.#nextPartner + 1) % length;
      const peer = this.#partners[this.#nextPartner]!;
      if (!this.#isDue(peer, now)) continue;
      this.#membership.call(peer);
      count++;
    }
  }

  /** All packs are gone through: not more often than once a minute while shards come in. */
  #refresh(now: UnixMs): void {
    if (!this.#isStale || (now - this.#refreshedMs < partnersEveryMs && this.#planMs <= this.#refreshedMs))
      return;
    this.#isStale = false;
    this.#refreshedMs = now;
    this.#partners = [...this.#hearers()];
  }

  /** Both would call at the same time: the lower id does it at once, the higher one a little later. */
  #isDue(peer: PeerId, now: UnixMs): boolean {
    const { self, up } = this.#membership;
    // To those that are connected all is said anyway.
    if (up.has(peer)) this.#metMs.set(peer, now);
    const waitMs = self < peer ? 0 : callMs;
    const sinceMs = Math.max(this.#planMs, now - waitMs - visitEveryMs);
    return (this.#metMs.get(peer) ?? 0) < sinceMs && now - this.#planMs >= waitMs;
  }

  /** The elected planner calls holders that were silent for long, evenly over time. */
  sound(now: UnixMs): void {
    const sinceMs = this.#soundedMs;
    if (sinceMs !== undefined && now - sinceMs < visitsEveryMs) return;
    this.#soundedMs = now;
    const holders = this.#membership.holders(now);
    const share = Math.min(1, (sinceMs === undefined ? visitsEveryMs : now - sinceMs) / soundEveryMs);
    for (let looked = Math.ceil(holders.length * share); looked > 0; looked--) {
      this.#nextHolder = (this.#nextHolder + 1) % holders.length;
      const peer = holders[this.#nextHolder]!;
      const isSilent = now - (this.#membership.heardAt(peer) ?? 0) >= soundEveryMs;
      const isUnknown = !this.#membership.hasMet(peer) && this.#membership.isExpected(peer);
      if (isSilent || isUnknown) this.#membership.call(peer);
    }
  }

  /** Another one plans. */
  endSounding(): void {
    this.#soundedMs = undefined;
  }
}

// Who keeps which shard of an own pack, by signed receipts: the planned holder of each slot, or a machine that stands in for it. Never two
// shards on one machine, and never two machines of one domain where the plan has two: standing in is as safe as the plan, or it does not count.

import type { PlacementGroup } from '../../optimizer/index.ts';
import type { PeerId } from '../units.ts';
import type { KnownPack } from './known-pack.ts';
import type { Membership } from './membership.ts';
import { indexOfPlan } from './plan-index.ts';
import type { Shelf } from './shelf.ts';

export class Keepers {
  readonly #membership: Membership;
  readonly #shelf: Shelf;

  constructor(membership: Membership, shelf: Shelf) {
    this.#membership = membership;
    this.#shelf = shelf;
  }

  /** The keeper of each slot, undefined where there is none yet; empty where the plan has no group for the pack. */
  of(known: KnownPack): readonly (PeerId | undefined)[] {
    const members = this.#shelf.groupOf(known)?.members ?? [];
    const keepers = members.map((member, slot) =>
      this.#hasSigned(known, member, slot) ? member : undefined,
    );
    for (const [slot, keeper] of keepers.entries())
      if (keeper === undefined) keepers[slot] = this.#standInOf(known, slot, keepers);
    return keepers;
  }

  /** Whether a machine may stand in for a slot's planned holder, beside those who keep the other shards or shall do so. */
  mayStandIn(
    peer: PeerId,
    { members }: Pick<PlacementGroup, 'members'>,
    { slot, keepers }: { readonly slot: number; readonly keepers: readonly (PeerId | undefined)[] },
  ): boolean {
    const { plan } = this.#shelf;
    const isFree = peer !== this.#membership.self && !members.includes(peer) && !keepers.includes(peer);
    if (plan === undefined || !isFree || !indexOfPlan(plan).machines.has(peer)) return false;
    if (!this.#membership.hasRole(peer, 'holder') || this.#membership.isLeftOut(peer)) return false;
    const { domains } = plan;
    const domain = domains[peer];
    if (domain === undefined || domain === domains[members[slot]!]) return true;
    return [...members, ...keepers].every((other) => other === undefined || domains[other] !== domain);
  }

  /** Whether a machine is of the domain of a slot's planned holder. It can stand in for that domain alone; others can for any, so they come last. */
  isBeside(peer: PeerId, member: PeerId): boolean {
    const domain = this.#shelf.plan?.domains[peer];
    return domain !== undefined && domain === this.#shelf.plan?.domains[member];
  }

  // Of its own disk this agent knows without a receipt: one from before a crash would never come again.
  #hasSigned(known: KnownPack, member: PeerId, slot: number): boolean {
    if (member === this.#membership.self && known.held.has(slot)) return true;
    // Who signed and was put out since is cut off, and its shard with it; the plan may name it still.
    return known.signed.has(slot, member) && this.#membership.hasRole(member, 'holder');
  }

  #standInOf(known: KnownPack, slot: number, keepers: readonly (PeerId | undefined)[]): PeerId | undefined {
    const group = this.#shelf.groupOf(known);
    if (group === undefined) return undefined;
    const mayAll = known.signed.of(slot).filter((peer) => this.mayStandIn(peer, group, { slot, keepers }));
    return mayAll.find((peer) => this.isBeside(peer, group.members[slot]!)) ?? mayAll[0];
  }
}

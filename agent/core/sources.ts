// Where each shard of a pack may be had, best first: from whom the plan, or an earlier one, gives it or a copy of the pack, then from
// whoever said that it has it. Whom was asked in vain is not named again. It asks nobody: that is for restore.ts and ranges.ts.

import type { Plan } from '../../optimizer/index.ts';
import type { PackDescriptor } from '../codec/index.ts';
import type { PeerId } from '../units.ts';
import type { Election } from './election.ts';
import type { Membership } from './membership.ts';
import type { Nearness } from './nearness.ts';
import { groupUnder, type Shelf } from './shelf.ts';

export interface SourcesParts {
  readonly membership: Membership;
  readonly shelf: Shelf;
  readonly election: Election;
  readonly nearness: Nearness;
}

export class Sources {
  readonly #parts: SourcesParts;
  readonly #peers = new Map<number, PeerId[]>();
  readonly #tried = new Set<string>();

  /** `hasCopies`: whoever keeps a popular copy may be asked as well. */
  constructor(
    parts: SourcesParts,
    descriptor: PackDescriptor,
    { hasCopies }: { readonly hasCopies: boolean },
  ) {
    this.#parts = parts;
    const { election, shelf } = parts;
    const plans = election.plan === undefined ? [] : [election.plan, ...election.earlierPlans];
    for (const plan of plans)
      for (const [index, member] of (groupUnder(plan, descriptor)?.members ?? []).entries())
        this.#add(index, member);
    if (hasCopies) for (const plan of plans) this.#addCopies(plan, descriptor);
    for (const [index, peer] of shelf.get(descriptor.pack)?.others ?? []) this.#add(index, peer);
  }

  /** Everybody who may have any of it. */
  get peers(): ReadonlySet<PeerId> {
    return new Set([...this.#peers.values()].flat());
  }

  /** It just said so: worth trying once more. */
  said(index: number, peer: PeerId): void {
    this.#tried.delete(nameOf(index, peer));
    this.#add(index, peer);
  }

  tried(index: number, peer: PeerId): void {
    this.#tried.add(nameOf(index, peer));
  }

  /** Who may have a shard and was not asked yet. */
  untriedOf(index: number): readonly PeerId[] {
    return (this.#peers.get(index) ?? []).filter((peer) => !this.#tried.has(nameOf(index, peer)));
  }

  /** The nearest of them; in a large fleet one that is called and may still answer, too. */
  nearest(index: number): PeerId | undefined {
    const { membership, nearness } = this.#parts;
    const peers = this.untriedOf(index);
    return nearness.nearest(peers.filter((peer) => membership.up.has(peer) || membership.isExpected(peer)));
  }

  /** Shards that the nearest machines have come first, of equally near ones the slices of the pack itself. */
  nearestFirst(indexes: readonly number[]): readonly number[] {
    const sources = new Map(indexes.map((index) => [index, this.nearest(index)]));
    return indexes.toSorted((a, b) => {
      const [one, other] = [sources.get(a), sources.get(b)];
      if (one === undefined || other === undefined)
        return Number(one === undefined) - Number(other === undefined);
      return this.#parts.nearness.compare(one, other);
    });
  }

  /** A whole copy has any k shards: it may have each. */
  #addCopies({ popular }: Plan, { pack, redundancy }: PackDescriptor): void {
    for (const copy of popular?.copies ?? [])
      if (copy.pack === pack)
        for (let index = 0; index < redundancy.n; index++) this.#add(index, copy.machine);
  }

  #add(index: number, peer: PeerId): void {
    const peers = this.#peers.get(index);
    if (peers === undefined) this.#peers.set(index, [peer]);
    else if (!peers.includes(peer)) peers.push(peer);
  }
}

const nameOf = (index: number, peer: PeerId): string => `${index} ${peer}`;

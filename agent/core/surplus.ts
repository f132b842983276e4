// Shards that lie here where the plan does not want them: kept until every slot of their pack is known to be filled and the machine that has
// the shard now has shown it here. Copy, verify, then remove. Who has what is noted by placement.ts, proofs are asked for by audit-questions.ts.

import type { UnixMs } from '../../datasets/index.ts';
import type { PlacementGroup } from '../../optimizer/index.ts';
import type { PackId, PeerId } from '../units.ts';
import type { AuditQuestions } from './audit-questions.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { EventOf } from './events.ts';
import type { KnownPack } from './known-pack.ts';
import type { Membership } from './membership.ts';
import type { Shelf } from './shelf.ts';

export interface SurplusParts {
  readonly membership: Membership;
  readonly shelf: Shelf;
  readonly questions: AuditQuestions;
}

export class Surplus {
  readonly hears = ['message', 'tick'] as const;
  readonly #membership: Membership;
  readonly #shelf: Shelf;
  readonly #questions: AuditQuestions;
  /** Packs of which each machine is to show a shard. */
  readonly #toShow = new Map<PeerId, Set<PackId>>();

  constructor({ membership, shelf, questions }: SurplusParts) {
    this.#membership = membership;
    this.#shelf = shelf;
    this.#questions = questions;
  }

  handle(event: EventOf<Surplus['hears'][number]>): Effects {
    if (event.kind === 'tick') return [...this.#toShow.keys()].flatMap((peer) => this.#ask(peer, event.now));
    const { from, message, now } = event;
    if (message.kind !== 'auditAnswer') return [];
    const known = this.#shelf.get(message.pack);
    return [...(known === undefined ? [] : this.removeOf(known)), ...this.#ask(from, now)];
  }

  /** Whether any shard of the pack lies here that the plan wants elsewhere. */
  isOf(known: KnownPack): boolean {
    return this.#indexesOf(known).length > 0;
  }

  /** Shards held here that the plan wants elsewhere, counted anew. */
  count(): number {
    let count = 0;
    for (const known of this.#shelf.packs.values()) count += this.#indexesOf(known).length;
    return count;
  }

  /** The same of all packs. Whoever was to show what is not wanted of it any more is not waited for. */
  removeAll(): Effects {
    this.#toShow.clear();
    return [...this.#shelf.packs.values()].flatMap((known) => this.removeOf(known));
  }

  /** Removes what may go now; who has to show its shard before is asked soon. */
  removeOf(known: KnownPack): Effects {
    const group = this.#shelf.groupOf(known);
    const indexes = this.#indexesOf(known);
    if (group === undefined || indexes.length === 0 || !this.#isKept(known, group)) return [];
    const effects: CoreEffect[] = [];
    for (const index of indexes) {
      if (!known.shown.has(index)) {
        this.#wantShown(group.members[index]!, known.pack);
        continue;
      }
      this.#shelf.release(known.pack, index);
      effects.push({ kind: 'removeShard', shard: { place: 'held', pack: known.pack, index } });
    }
    return effects;
  }

  #indexesOf(known: KnownPack): readonly number[] {
    const group = known.held.size === 0 ? undefined : this.#shelf.groupOf(known);
    if (group === undefined) return [];
    return [...known.held].filter((index) => group.members[index] !== this.#membership.self);
  }

  #isKept(known: KnownPack, group: PlacementGroup): boolean {
    return this.#isFilled(known, group) && this.#areEnoughThere(known, group);
  }

  /** Every slot's machine has its shard: this one itself, the others by their word under this plan. */
  #isFilled(known: KnownPack, group: PlacementGroup): boolean {
    return group.members.every((member, index) =>
      member === this.#membership.self ? known.held.has(index) : known.confirmed.has(index),
    );
  }

  /** Whoever spoke and went away since may have burnt: of those that are there now one could be lost as well. */
  #areEnoughThere({ facts }: KnownPack, { members }: PlacementGroup): boolean {
    const { self } = this.#membership;
    const there = members.filter((member) => member === self || !this.#membership.isAway(member));
    return there.length >= Math.min(members.length, (facts?.redundancy.k ?? 1) + 1);
  }

  #wantShown(peer: PeerId, pack: PackId): void {
    const packs = this.#toShow.get(peer) ?? new Set();
    this.#toShow.set(peer, packs.add(pack));
  }

  /** One question after the other: each makes the machine read a whole shard. Whoever does not answer says anew what it has, or is asked when reminders come round. */
  #ask(peer: PeerId, now: UnixMs): Effects {
    const packs = this.#toShow.get(peer);
    if (packs === undefined || this.#questions.isOpenTo(peer)) return [];
    if (!this.#membership.up.has(peer)) {
      this.#membership.call(peer);
      return [];
    }
    for (const pack of packs) {
      packs.delete(pack);
      const effects = this.#askAbout(peer, this.#shelf.get(pack), now);
      if (effects.length > 0) return effects;
    }
    this.#toShow.delete(peer);
    return [];
  }

  /** Much may have changed while it waited. */
  #askAbout(peer: PeerId, known: KnownPack | undefined, now: UnixMs): Effects {
    const group = known === undefined ? undefined : this.#shelf.groupOf(known);
    if (known?.descriptor === undefined || group === undefined || !this.#isKept(known, group)) return [];
    const index = this.#indexesOf(known).find((one) => group.members[one] === peer && !known.shown.has(one));
    if (index === undefined) return [];
    return this.#questions.ask({ peer, descriptor: known.descriptor, index, occasion: 'removal' }, now);
  }
}

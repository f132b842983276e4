// Holders tell each other what they have, and what others say is noted. Fetching is the business of repair.ts, removing what the plan wants
// elsewhere of surplus.ts.

import type { UnixMs } from '../../datasets/index.ts';
import type { PlacementGroup } from '../../optimizer/index.ts';
import type { Receipt, WireMessage } from '../codec/index.ts';
import { inventoryEveryMs, inventoryPackCountMax } from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { EventOf } from './events.ts';
import type { KnownPack } from './known-pack.ts';
import type { Membership } from './membership.ts';
import { NextTime } from './next-time.ts';
import { Reminders } from './reminders.ts';
import { isForgotten, noteHas, noteLacks, type Shelf } from './shelf.ts';
import type { Surplus } from './surplus.ts';

type Inventory = Extract<WireMessage, { kind: 'inventory' }>;
type Held = Inventory['held'][number];
type HeldByGroup = Map<PlacementGroup, Held[]>;

export interface PlacementParts {
  readonly membership: Membership;
  readonly shelf: Shelf;
  readonly surplus: Surplus;
}

export class Placement {
  readonly hears = ['connected', 'message', 'receiptOpened', 'packStaged', 'tick'] as const;
  readonly #membership: Membership;
  readonly #shelf: Shelf;
  readonly #surplus: Surplus;
  readonly #nextInventory = new NextTime();
  #nextReminderMs = 0;
  /** Something here waits for the words of others: the outbox, or shards that belong elsewhere. */
  #mayWait = true;
  readonly #reminders = new Reminders();

  constructor({ membership, shelf, surplus }: PlacementParts) {
    this.#membership = membership;
    this.#shelf = shelf;
    this.#surplus = surplus;
  }

  handle(event: EventOf<Placement['hears'][number]>): Effects {
    switch (event.kind) {
      case 'connected':
        this.#forgetWordsOf(event.peer);
        return this.#announceTo(event.peer);
      case 'message':
        return event.message.kind === 'inventory' ? this.#inventory(event.from, event.message) : [];
      case 'receiptOpened':
        return this.#receipt(event.receipt);
      case 'packStaged':
        this.#waitForWords();
        return this.#announceStaged(this.#shelf.take(event.descriptor.pack));
      case 'tick':
        return this.#tick(event.now);
    }
  }

  /** What a machine has now it says itself, right after it has connected. Packs that nobody else spoke of are forgotten. */
  #forgetWordsOf(peer: PeerId): void {
    for (const known of this.#shelf.packs.values()) {
      noteLacks(known, peer);
      if (isForgotten(known)) this.#shelf.drop(known.pack);
    }
  }

  /** A new plan holds: tell every member of every group what is here. */
  planChanged(): Effects {
    this.#reminders.restart();
    this.#waitForWords();
    return [...this.#announceToAll(), ...this.#surplus.removeAll()];
  }

  /** Which indexes of a pack are here, the outbox counting as all. */
  static indexesHere(known: KnownPack): readonly number[] {
    if (!known.isInOutbox) return [...known.held];
    return Array.from({ length: known.facts?.redundancy.n ?? 0 }, (_, index) => index);
  }

  /** Tells the members of a pack's group, and all who are known to have some of it, what is here of it. */
  announcePack(known: KnownPack): Effects {
    if (this.#surplus.isOf(known)) this.#waitForWords();
    return this.#announcePackTo([...this.#hearersOf(known)], known);
  }

  /** In a large fleet the members of its group are called: when they are there they hear of it, and of all else. */
  #announceStaged(known: KnownPack): Effects {
    for (const peer of this.#shelf.groupOf(known)?.members ?? []) this.#membership.call(peer);
    return this.announcePack(known);
  }

  #announcePackTo(hearers: readonly PeerId[], known: KnownPack): Effects {
    const group = this.#shelf.groupOf(known);
    if (group === undefined) return [];
    const held = [{ pack: known.pack, indexes: Placement.indexesHere(known) }];
    return hearers
      .filter((peer) => this.#membership.up.has(peer))
      .map((to): CoreEffect => ({
        kind: 'send',
        to,
        message: { kind: 'inventory', group: group.id, scope: 'update', ...this.#under(), held },
      }));
  }

  /** All that is here of the groups in which the peer has a slot. */
  #announceTo(peer: PeerId): Effects {
    const byGroup: HeldByGroup = new Map();
    for (const known of this.#shelf.packs.values()) {
      const group = this.#shelf.groupOf(known);
      if (group === undefined || !(group.members.includes(peer) || known.others.hasPeer(peer))) continue;
      addHeld(byGroup, group, known);
    }
    return this.#inventories(peer, byGroup);
  }

  /** The same to everybody who is up, in one pass over the packs. */
  #announceToAll(): Effects {
    const byPeer = new Map<PeerId, HeldByGroup>();
    for (const peer of this.#membership.up) byPeer.set(peer, new Map());
    for (const known of this.#shelf.packs.values()) {
      const group = this.#shelf.groupOf(known);
      if (group === undefined || Placement.indexesHere(known).length === 0) continue;
      for (const peer of this.#hearersOf(known)) {
        const byGroup = byPeer.get(peer);
        if (byGroup !== undefined) addHeld(byGroup, group, known);
      }
    }
    return [...byPeer].flatMap(([peer, byGroup]) => this.#inventories(peer, byGroup));
  }

  /** Everybody who should hear of what is here. */
  hearers(): ReadonlySet<PeerId> {
    const hearers = new Set<PeerId>();
    for (const known of this.#shelf.packs.values())
      if (known.held.size > 0 || known.isInOutbox)
        for (const peer of this.#hearersOf(known)) hearers.add(peer);
    hearers.delete(this.#membership.self);
    return hearers;
  }

  /** The members of a pack's group, and all who are known to have some of it. */
  #hearersOf(known: KnownPack): ReadonlySet<PeerId> {
    const hearers = new Set<PeerId>(this.#shelf.groupOf(known)?.members);
    for (const [, peer] of known.others) hearers.add(peer);
    return hearers;
  }

  #inventories(peer: PeerId, byGroup: HeldByGroup): Effects {
    // Only members hear of everything: to others the list is not whole.
    return [...byGroup].flatMap(([group, held]) =>
      this.#pages(peer, held, { group: group.id, scope: group.members.includes(peer) ? 'all' : 'update' }),
    );
  }

  /** One frame, or several as updates where the list is too long for one. */
  #pages(to: PeerId, held: readonly Held[], about: Pick<Inventory, 'group' | 'scope'>): Effects {
    const message = { kind: 'inventory', ...about, ...this.#under() } as const;
    if (held.length <= inventoryPackCountMax) return [{ kind: 'send', to, message: { ...message, held } }];
    return Array.from({ length: Math.ceil(held.length / inventoryPackCountMax) }, (_, page): CoreEffect => {
      const part = held.slice(page * inventoryPackCountMax, (page + 1) * inventoryPackCountMax);
      return { kind: 'send', to, message: { ...message, scope: 'update', held: part } };
    });
  }

  #under(): Pick<Inventory, 'under'> {
    const { planName } = this.#shelf;
    return planName === undefined ? {} : { under: planName };
  }

  #inventory(from: PeerId, message: Inventory): Effects {
    const isUnderOurs = this.#isUnderOurPlan(message);
    const named = isUnderOurs ? this.#shelf.groupById(message.group) : undefined;
    if (named !== undefined && message.scope === 'all') this.#forgetOf(from, named);
    const answers = new Map<PlacementGroup, Held[]>();
    const effects: CoreEffect[] = [];
    for (const { pack, indexes } of message.held) {
      if (this.#shelf.get(pack) === undefined && !this.#concerns(named, isUnderOurs)) continue;
      if (named !== undefined && message.scope === 'all') this.#forgetPack(from, pack);
      const noted = this.#note(from, message, { pack, indexes });
      if (noted === undefined) continue;
      const { known, isNews } = noted;
      if (isUnderOurs) this.#confirm(known, from, indexes);
      const here = Placement.indexesHere(known);
      const group = this.#shelf.groupOf(known);
      if (group === undefined || here.length === 0) continue;
      // Only news is answered: two who both wait for a third would else answer each other for ever.
      const answer =
        isNews && this.#isWaitingFor(from, group, known)
          ? here
          : this.#reminded(from, known, isUnderOurs ? indexes : []);
      if (answer.length > 0) answers.set(group, [...(answers.get(group) ?? []), { pack, indexes: answer }]);
      if (known.facts?.owner === from) effects.push(...this.#receiptsFor(known, from));
      effects.push(...this.#surplus.removeOf(known));
    }
    for (const [group, held] of answers)
      effects.push(...this.#pages(from, held, { group: group.id, scope: 'update' }));
    return effects;
  }

  /**
   * Packs that this agent knows nothing of matter only where it has a slot. Whoever follows another plan means another
   * group by that name, and told us because it believes so.
   */
  #concerns(named: PlacementGroup | undefined, isUnderOurs: boolean): boolean {
    return !isUnderOurs || named?.members.includes(this.#membership.self) === true;
  }

  /** Whether the sender needs to hear of us: it has shards that it should not keep, or lacks its own. */
  #isWaitingFor(from: PeerId, group: PlacementGroup, known: KnownPack): boolean {
    const slot = group.members.indexOf(from);
    const indexes = known.others.indexesOf(from);
    return indexes.some((index) => index !== slot) || (slot >= 0 && !indexes.includes(slot));
  }

  /**
   * Who has shards that belong elsewhere says so again until every slot has confirmed: our slot is named once more, and only
   * that, so that no answer is answered.
   */
  #reminded(from: PeerId, known: KnownPack, indexes: readonly number[]): readonly number[] {
    const members = this.#shelf.groupOf(known)?.members ?? [];
    const slot = members.indexOf(this.#membership.self);
    const hasSurplus = indexes.some((index) => members[index] !== from);
    return hasSurplus && known.held.has(slot) ? [slot] : [];
  }

  /** The owner comes back and does not know that its shard is here: say so again, signed. */
  #receiptsFor(known: KnownPack, owner: PeerId): Effects {
    const slot = this.#shelf.groupOf(known)?.members.indexOf(this.#membership.self) ?? -1;
    if (!known.held.has(slot)) return [];
    return [{ kind: 'sendReceipt', to: owner, shard: { pack: known.pack, index: slot } }];
  }

  #note(
    from: PeerId,
    { group, under }: Inventory,
    { pack, indexes }: Held,
  ): { readonly known: KnownPack; readonly isNews: boolean } | undefined {
    const known = this.#shelf.hear(pack, from);
    if (known === undefined) return undefined;
    if (known.facts === undefined && under !== undefined) {
      known.heard = { group, ...under };
      known.group = undefined;
    }
    const news = indexes.filter((index) => noteHas(known, from, index));
    return { known, isNews: news.length > 0 };
  }

  #isUnderOurPlan({ under }: Inventory): boolean {
    return under !== undefined && this.#shelf.isOurPlan(under);
  }

  /**
   * Only a word given under this very plan frees others to remove what they have: under an older one the sender may have
   * removed the shard since, under a newer one it may have another slot. Nor does a whole pack in its owner's outbox: it goes as soon as
   * others have signed, perhaps counting the very shard that would be removed for it.
   */
  #confirm(known: KnownPack, from: PeerId, indexes: readonly number[]): void {
    const members = this.#shelf.groupOf(known)?.members ?? [];
    const slot = members.indexOf(from);
    const isOutbox = indexes.length === members.length && (known.facts?.owner ?? from) === from;
    if (indexes.includes(slot) && !isOutbox) known.confirmed.add(slot);
  }

  /** Of a pack that nothing but its group's name is known of here, what was said before is not found by its group. */
  #forgetPack(from: PeerId, pack: PackId): void {
    const known = this.#shelf.get(pack);
    if (known !== undefined) noteLacks(known, from);
  }

  #forgetOf(from: PeerId, group: PlacementGroup): void {
    for (const known of this.#shelf.packs.values()) {
      if (this.#shelf.groupOf(known) === group) noteLacks(known, from);
    }
  }

  #receipt(receipt: Receipt): Effects {
    const known = this.#shelf.get(receipt.pack);
    if (known === undefined) return [];
    noteHas(known, receipt.holder, receipt.index);
    return this.#surplus.removeOf(known);
  }

  #tick(now: UnixMs): Effects {
    if (!this.#nextInventory.hasCome(now)) return this.#remind(now);
    this.#nextInventory.waitFor(inventoryEveryMs, now);
    return this.planChanged();
  }

  /** Messages are lost, and words under another plan do not count: what waits is announced again. */
  #remind(now: UnixMs): Effects {
    if (!this.#mayWait || now < this.#nextReminderMs) return [];
    const waiting = [...this.#shelf.packs.values()].filter(
      (known) => known.isInOutbox || this.#surplus.isOf(known),
    );
    this.#mayWait = waiting.length > 0;
    const due = this.#reminders.due(
      waiting.map(({ pack }) => pack),
      now,
    );
    this.#nextReminderMs = this.#reminders.nextMs;
    return this.#remindersOf(waiting.filter(({ pack }) => due.has(pack)));
  }

  /** One word to each for all packs of a group: after a first backup thousands wait for the same few. */
  #remindersOf(waiting: readonly KnownPack[]): Effects {
    const byPeer = new Map<PeerId, HeldByGroup>();
    for (const known of waiting) {
      const group = this.#shelf.groupOf(known);
      for (const peer of this.#waitsFor(known)) {
        this.#membership.call(peer);
        if (group === undefined || !this.#membership.up.has(peer)) continue;
        const byGroup: HeldByGroup = byPeer.get(peer) ?? new Map();
        byPeer.set(peer, byGroup);
        addHeld(byGroup, group, known);
      }
    }
    return [...byPeer].flatMap(([peer, byGroup]) =>
      [...byGroup].flatMap(([group, held]) => this.#pages(peer, held, { group: group.id, scope: 'update' })),
    );
  }

  /** With patience: whoever is away for a night says all when it comes back. */
  #waitForWords(): void {
    this.#mayWait = true;
    this.#nextReminderMs = 0;
  }

  /** Whose word is still missing: its receipt (its inventory alone may have come), or that it has its shard under this plan. */
  #waitsFor(known: KnownPack): readonly PeerId[] {
    const members = this.#shelf.groupOf(known)?.members ?? [];
    return members.filter((member, slot) =>
      known.isInOutbox ? !known.signed.has(slot, member) : !known.confirmed.has(slot),
    );
  }
}

/** Adds what is here of a pack to what is told about its group. */
function addHeld(byGroup: HeldByGroup, group: PlacementGroup, known: KnownPack): void {
  const indexes = Placement.indexesHere(known);
  if (indexes.length === 0) return;
  const list = byGroup.get(group);
  if (list === undefined) byGroup.set(group, [{ pack: known.pack, indexes }]);
  else list.push({ pack: known.pack, indexes });
}

// What each agent owes right after an event: a receipt and a word for a shard that came to stay, how far it has the log of an author who sends
// a batch again, no belief in what a whole list does not name, no second question for a shard that came damaged.

import { logName, type ShardKey, type SignedBatch, type WireMessage } from '../codec/index.ts';
import type { CoreEffect, CoreEvent } from '../core/index.ts';
import type { PackId, PeerId } from '../units.ts';
import type { Checking } from './checking.ts';
import type { Machine } from './machine.ts';
import { nameOf, shortOf } from './naming.ts';

type Inventory = Extract<WireMessage, { kind: 'inventory' }>;

/** A receipt or a word that somebody who is there is to get. */
interface Owed extends ShardKey {
  readonly to: PeerId;
  readonly what: 'receipt' | 'word';
}

const owedName = ({ to, what, ...shard }: Owed): string => `${what} ${to} ${nameOf(shard)}`;

/** Lists are compared with what is believed where that is soon done. */
const comparedPacksMax = 300;

/** Newest batches of each log by which an agent knows one that comes again; it remembers more. */
const knownBatches = 8;

/** Of one life of an agent. */
export class OwedWitness {
  readonly #world: Checking;
  readonly #machine: Machine;
  /** Until the next look at the clock. */
  readonly #owed = new Map<string, Owed>();
  /** Authors who are to hear how far their log is here, until the next look at the clock. */
  readonly #asking = new Set<PeerId>();
  /** Hashes of the newest batches that were stored in this life. */
  readonly #stored = new Map<string, readonly string[]>();
  /** Shards that came damaged from somebody who has not spoken of them since. */
  readonly #damaged = new Map<PeerId, Set<string>>();

  constructor(world: Checking, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  /** After the core took it, and before what it ordered is done. */
  told(event: CoreEvent): void {
    switch (event.kind) {
      case 'shardArrived': {
        const { from, arrival, outcome } = event;
        const shard = { pack: arrival.descriptor.pack, index: arrival.index };
        if (outcome === 'damaged') this.#came(from, shard);
        if (outcome === 'stored' && arrival.place === 'held') this.#gains(shard);
        return;
      }
      case 'rebuilt':
        if (event.outcome === 'stored') this.#gains(event.shard);
        return;
      case 'batchStored':
        this.#stores(event.batch);
        return;
      case 'batchOpened':
        this.#opens(event.from, event.batch);
        return;
      case 'message':
        this.#message(event.from, event.message);
        return;
      case 'receiptOpened':
        this.#spoke(event.receipt.holder, event.receipt);
        return;
      case 'connected':
      case 'disconnected':
        this.#damaged.delete(event.peer);
        return;
      case 'tick':
        this.#settle();
        return;
      default:
    }
  }

  /** Before it is done. */
  ordered(effect: CoreEffect): void {
    if (effect.kind === 'sendReceipt')
      this.#owed.delete(owedName({ ...effect.shard, to: effect.to, what: 'receipt' }));
    if (effect.kind !== 'send') return;
    const { to, message } = effect;
    if (message.kind === 'inventory')
      for (const { pack, indexes } of message.held)
        for (const index of indexes) this.#owed.delete(owedName({ pack, index, to, what: 'word' }));
    if (message.kind === 'shardPull') this.#asks(to, message);
    if (message.kind === 'logStored') this.#asking.delete(to);
  }

  #stores({ author, stream, hash }: SignedBatch): void {
    const name = logName(author, stream);
    this.#stored.set(name, [...(this.#stored.get(name) ?? []), hash].slice(-knownBatches));
  }

  /** An author sends a batch again as it has not heard that it is stored: its snapshot may wait for that word. */
  #opens(from: PeerId, { author, stream, hash }: SignedBatch): void {
    const isKnown = this.#stored.get(logName(author, stream))?.includes(hash) === true;
    const membership = this.#machine.shell?.core.membership;
    if (from !== author || !isKnown || membership?.isRevoked(author) !== false) return;
    this.#world.count('said');
    this.#asking.add(author);
  }

  #gains(shard: ShardKey): void {
    const core = this.#machine.shell?.core;
    const known = core?.shelf.get(shard.pack);
    if (core === undefined || known?.descriptor === undefined || !known.held.has(shard.index)) return;
    const { self, up } = core.membership;
    const { owner } = known.descriptor;
    this.#world.count('said');
    if (owner !== self && up.has(owner)) this.#owe({ ...shard, to: owner, what: 'receipt' });
    for (const to of core.shelf.groupOf(known)?.members ?? [])
      if (up.has(to)) this.#owe({ ...shard, to, what: 'word' });
  }

  #owe(owed: Owed): void {
    this.#owed.set(owedName(owed), owed);
  }

  #settle(): void {
    const { core } = this.#machine.shell ?? {};
    for (const { to, what, ...shard } of this.#owed.values()) {
      const isStillDue =
        core?.membership.up.has(to) === true && core.shelf.get(shard.pack)?.held.has(shard.index) === true;
      if (isStillDue)
        this.#world.violate(
          'said',
          this.#machine,
          `owes ${core.membership.nameOf(to)} a ${what} for shard ${shard.index} of ${shortOf(shard)}, which came`,
        );
    }
    this.#owed.clear();
    for (const author of this.#asking)
      if (core?.membership.up.has(author) === true)
        this.#world.violate(
          'said',
          this.#machine,
          `does not tell ${core.membership.nameOf(author)} how much of its log is here, which sends a batch again`,
        );
    this.#asking.clear();
  }

  #came(from: PeerId, shard: ShardKey): void {
    const known = this.#damaged.get(from) ?? new Set();
    this.#damaged.set(from, known.add(nameOf(shard)));
  }

  #spoke(from: PeerId, shard: ShardKey): void {
    this.#damaged.get(from)?.delete(nameOf(shard));
  }

  #asks(to: PeerId, shard: ShardKey): void {
    const damaged = this.#damaged.get(to);
    const purpose = this.#machine.shell?.core.purposeOf(shard.pack, shard.index);
    // A restore asks whoever may have it, and a copy all of them again after an hour.
    if (damaged === undefined || purpose === 'restore' || purpose === 'copy') return;
    this.#world.count('traffic');
    if (damaged.has(nameOf(shard)))
      this.#world.violate(
        'traffic',
        this.#machine,
        `asks for shard ${shard.index} of ${shortOf(shard)} where it came damaged from, and nobody said that it is there`,
      );
  }

  #message(from: PeerId, message: WireMessage): void {
    if (message.kind === 'shardsHeld')
      for (const { descriptor, indexes } of message.held)
        for (const index of indexes) this.#spoke(from, { pack: descriptor.pack, index });
    if (message.kind === 'auditAnswer' && message.proof !== undefined) this.#spoke(from, message);
    if (message.kind === 'standIn') this.#damaged.delete(from);
    if (message.kind !== 'inventory') return;
    for (const { pack, indexes } of message.held)
      for (const index of indexes) this.#spoke(from, { pack, index });
    if (message.scope === 'all') this.#comparesWith(from, message);
  }

  /** What a list of all that somebody has of a group does not name it does not have. */
  #comparesWith(from: PeerId, { group, under, held }: Inventory): void {
    const shelf = this.#machine.shell?.core.shelf;
    const { plan } = shelf ?? {};
    const isUnderOurs = under !== undefined && under.epoch === plan?.epoch && under.author === plan.author;
    if (shelf === undefined || !isUnderOurs || shelf.packs.size > comparedPacksMax) return;
    this.#world.count('shelf');
    const named = new Map<PackId, readonly number[]>(held.map(({ pack, indexes }) => [pack, indexes]));
    for (const known of shelf.packs.values()) {
      if (shelf.groupOf(known)?.id !== group) continue;
      const believed = known.others.indexesOf(from);
      const index = believed.find((one) => named.get(known.pack)?.includes(one) !== true);
      if (index === undefined) continue;
      this.#world.violate(
        'shelf',
        this.#machine,
        `believes that a machine has shard ${index} of ${shortOf(known)}, which it has not named among all that it has`,
      );
      return;
    }
  }
}

// What each agent owes others and its person in words: answers to questions for proofs, reminders of what waits for a receipt, questions to all who
// are there before a pack counts as lost, and what its person said while the own log was not known to be whole.

import { hours, minutes } from '../../datasets/index.ts';
import type { AgentRecord, ShardKey } from '../codec/index.ts';
import type { CoreEffect, CoreEvent } from '../core/index.ts';
import { reminderMsMax, shardRetryMs } from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';
import type { Checking } from './checking.ts';
import { DrawnSeals } from './drawn-seals.ts';
import type { Machine } from './machine.ts';
import { shortOf } from './naming.ts';

/** Clocks are set by hours: what is late was so at as many looks at the clock. */
const lateTicks = 6;
/** What waits is looked through this often. */
const lookEveryMs = hours(1);
/** In so many hours everybody is asked, and has answered or not. */
const endlessLooks = 8;
/** Reminders are due at round hours, together. */
const remindedMsMax = reminderMsMax + hours(2);
/** Whoever is there for so long is asked before a restore gives up. */
const thereMs = minutes(1);

type Send = Extract<CoreEffect, { kind: 'send' }>;
type Message = Extract<CoreEvent, { kind: 'message' }>;
type ShardsHeld = Extract<Message['message'], { kind: 'shardsHeld' }>;

type Offer = ShardKey & { readonly from: PeerId };

const offerName = (index: number, from: PeerId): string => `${index} ${from}`;
const flowName = ({ pack, index, from }: Offer): string => `${pack} ${offerName(index, from)}`;

/** A question that was asked rightly and is to be answered. */
interface Open extends ShardKey {
  ticks: number;
}

/** A pack that is fetched for a restore. */
interface Fetch {
  readonly atMs: number;
  readonly asked: Set<PeerId>;
  /** Whose answer is waited for, and since when. */
  readonly unanswered: Map<PeerId, number>;
  /** What others have said that they have, and was not asked for since. */
  readonly offered: Map<string, Offer>;
  /** What those who rest have refused to send. */
  readonly refused: Set<string>;
  /** Shards that have come. */
  readonly here: Set<number>;
  /** Looks since anything of it flowed in. */
  looks: number;
}

/** Of one life of an agent; all times are of its own clock. */
export class WordWitness {
  readonly #world: Checking;
  readonly #machine: Machine;
  readonly #upSinceMs = new Map<PeerId, number>();
  /** When each was last connected. */
  readonly #metMs = new Map<PeerId, number>();
  readonly #seals = new DrawnSeals();
  readonly #questions = new Map<PeerId, Open>();
  readonly #fetches = new Map<PackId, Fetch>();
  /** Whose words came after the own disk was read. */
  readonly #heardFrom = new Set<PeerId>();
  #isReading = true;
  /** Shards that flow in, by pack, index and sender: over a slow line for hours, and nobody asks that one again. */
  readonly #flows = new Set<string>();
  /** When a peer last heard of a pack, and since when that pack has waited in the outbox. */
  readonly #saidMs = new Map<string, number>();
  #waiting: ReadonlyMap<PackId, number> = new Map();
  #late: ReadonlySet<string> = new Set();
  #nextLookMs = Number.NEGATIVE_INFINITY;
  /** What its person said and is not written; at how many ticks it could have been. */
  #unwritten: readonly AgentRecord[] = [];
  #sureTicks = 0;

  constructor(world: Checking, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  /** When a peer was last connected in this life. */
  metMs(peer: PeerId): number | undefined {
    return this.#metMs.get(peer);
  }

  /** Whether a peer was there, or any word of it came, since the own disk was read. */
  hasHeard(peer: PeerId): boolean {
    return this.#metMs.has(peer) || this.#heardFrom.has(peer);
  }

  /** Whether a restore or a proof still gathers shards of a pack. */
  isFetching(pack: PackId): boolean {
    return this.#fetches.has(pack);
  }

  /** After the core took it, and before what it ordered is done. */
  told(event: CoreEvent): void {
    this.#seals.told(event);
    // Who claims receipts asks for no shard, and may have ended to lie when it gives up.
    if (this.#machine.liar !== undefined) this.#fetches.clear();
    if (event.kind === 'connected' || event.kind === 'tick') this.#isReading = false;
    switch (event.kind) {
      case 'connected':
        this.#upSinceMs.set(event.peer, event.now);
        this.#metMs.set(event.peer, event.now);
        return;
      case 'disconnected':
        if (this.#upSinceMs.delete(event.peer)) this.#metMs.set(event.peer, event.now);
        this.#questions.delete(event.peer);
        for (const { asked, unanswered } of this.#fetches.values())
          if (unanswered.delete(event.peer)) asked.delete(event.peer);
        return;
      case 'message':
        this.#message(event);
        return;
      case 'packsWanted':
        if (this.#machine.liar !== undefined) return;
        for (const { pack } of event.packs)
          this.#fetches.set(pack, {
            atMs: event.now,
            asked: new Set(),
            unanswered: new Map(),
            offered: new Map(),
            refused: new Set(),
            // It may have been wanted already.
            here: this.#fetches.get(pack)?.here ?? new Set(),
            looks: 0,
          });
        return;
      case 'shardArrived': {
        const { from, arrival } = event;
        this.#flows.delete(flowName({ pack: arrival.descriptor.pack, index: arrival.index, from }));
        const fetch = this.#fetches.get(arrival.descriptor.pack);
        fetch?.offered.delete(offerName(arrival.index, from));
        if (event.outcome === 'stored') fetch?.here.add(arrival.index);
        return;
      }
      case 'recordsReady':
        this.#unwritten = [...this.#unwritten, ...event.records];
        return;
      case 'batchStored':
        if (!this.#isReading) this.#heardFrom.add(event.batch.author);
        if (event.batch.author === this.#machine.peer)
          this.#unwritten = this.#unwritten.filter((record) => !event.batch.records.includes(record));
        return;
      case 'tick':
        this.#tick(event.now);
        return;
      default:
    }
  }

  /** A shard was let in. */
  flows(shard: Offer): void {
    this.#flows.add(flowName(shard));
  }

  /** Before it is done. */
  ordered(effect: CoreEffect, now: number): void {
    this.#seals.ordered(effect);
    if (effect.kind === 'send') this.#sends(effect, now);
    if (effect.kind === 'packReady') this.#fetches.delete(effect.pack);
    if (effect.kind === 'packLost') this.#givesUp(effect.pack, now);
  }

  #message({ from, message }: Message): void {
    if (message.kind === 'shardsHeld') this.#says(from, message.held);
    if (message.kind === 'shardRefused')
      this.#fetches.get(message.pack)?.refused.add(offerName(message.index, from));
    if (message.kind !== 'auditOpen' || !this.#seals.isOpenedBy(from, message)) return;
    this.#seals.end(from, message);
    const { pack, index } = message;
    this.#questions.set(from, { pack, index, ticks: 0 });
  }

  #says(from: PeerId, held: ShardsHeld['held']): void {
    for (const { unanswered } of this.#fetches.values()) unanswered.delete(from);
    for (const { descriptor, indexes } of held)
      for (const index of indexes) {
        const offer = { pack: descriptor.pack, index, from };
        if (!this.#flows.has(flowName(offer)))
          this.#fetches.get(descriptor.pack)?.offered.set(offerName(index, from), offer);
      }
  }

  #sends({ to, message }: Send, now: number): void {
    switch (message.kind) {
      case 'auditAnswer':
        if (this.#questions.get(to)?.pack === message.pack) this.#questions.delete(to);
        return;
      case 'inventory':
        for (const { pack } of message.held) this.#saidMs.set(`${pack} ${to}`, now);
        return;
      case 'shardPull':
        this.#fetches.get(message.pack)?.asked.add(to);
        this.#fetches.get(message.pack)?.offered.delete(offerName(message.index, to));
        return;
      case 'shardsAsk':
        for (const pack of message.packs) {
          const fetch = this.#fetches.get(pack);
          // Who is asked again, by somebody who only counts, has answered the fetch.
          if (fetch?.asked.has(to) === false) fetch.unanswered.set(to, now);
          fetch?.asked.add(to);
        }
        return;
      default:
    }
  }

  /** A pack counts as lost when all who are there were asked, and had the time to answer. */
  #givesUp(pack: PackId, now: number): void {
    const fetch = this.#fetches.get(pack);
    this.#fetches.delete(pack);
    const membership = this.#machine.shell?.core.membership;
    if (fetch === undefined || membership === undefined) return;
    this.#world.count('restored');
    const unused = [...fetch.offered.values()].find(
      (one) =>
        !fetch.here.has(one.index) &&
        !fetch.refused.has(offerName(one.index, one.from)) &&
        this.#isUnused(one),
    );
    if (unused !== undefined) {
      const name = membership.nameOf(unused.from);
      const text = `gives up ${shortOf({ pack })}, of which ${name} says that it has shard ${unused.index}`;
      this.#world.violate('restored', this.#machine, text);
    }
    for (const [peer, sinceMs] of this.#upSinceMs) {
      if (!membership.isMember(peer, this.#machine.shell!.clock.now()) || !membership.up.has(peer)) continue;
      const askedMs = fetch.unanswered.get(peer);
      const isEarly = askedMs !== undefined && now >= askedMs && now - askedMs < shardRetryMs;
      const isUnasked = fetch.atMs - sinceMs >= thereMs && !fetch.asked.has(peer);
      if (!isEarly && !isUnasked) continue;
      const name = membership.nameOf(peer);
      const text = isEarly ? `before ${name} had the time to answer` : `and has not asked ${name}`;
      this.#world.violate('restored', this.#machine, `gives up ${shortOf({ pack })} ${text}`);
      return;
    }
  }

  /** It is there, and what it has does not lie here anyway. */
  #isUnused({ pack, index, from }: Offer): boolean {
    const { shell, platters } = this.#machine;
    const isHere = platters.slotsOf(pack).some((slot) => slot.index === index);
    return !isHere && shell?.core.membership.up.has(from) === true;
  }

  #tick(now: number): void {
    for (const [peer, question] of this.#questions) {
      if (++question.ticks < lateTicks) continue;
      this.#questions.delete(peer);
      // Whoever lied has let its core wait for what it never read.
      if (this.#machine.hasLied) continue;
      this.#world.violate('audits', this.#machine, `does not answer a question for ${shortOf(question)}`);
    }
    const isSure = this.#machine.shell?.core.ownLog.isSure === true;
    this.#sureTicks = isSure && this.#unwritten.length > 0 ? this.#sureTicks + 1 : 0;
    if (this.#sureTicks === lateTicks && this.#machine.shell?.mayPublish === true)
      this.#world.violate('said', this.#machine, 'has not written what its person said after the start');
    if (now >= this.#nextLookMs && now < this.#nextLookMs + 2 * lookEveryMs) this.#look(now);
    else if (now >= this.#nextLookMs || this.#nextLookMs - now > lookEveryMs)
      this.#nextLookMs = now + lookEveryMs;
  }

  /** Whoever wants a pack hears that it is here, or that it cannot be had. */
  #lookAtFetches(): void {
    const flowing = new Set([...this.#flows].map((name) => name.split(' ')[0]));
    for (const [pack, fetch] of this.#fetches) {
      this.#world.count('restored');
      fetch.looks = flowing.has(pack) ? 0 : fetch.looks + 1;
      if (fetch.looks < endlessLooks) continue;
      this.#fetches.delete(pack);
      const text = `waits for ${shortOf({ pack })} for hours, of which nothing flows in`;
      this.#world.violate('restored', this.#machine, text);
    }
  }

  /** What waits in the outbox is named again to whoever is there and has not signed. */
  #look(now: number): void {
    this.#nextLookMs = now + lookEveryMs;
    const { core } = this.#machine.shell ?? {};
    if (core === undefined) return;
    this.#lookAtFetches();
    const waiting = new Map<PackId, number>();
    const late = new Set<string>();
    for (const known of core.shelf.packs.values()) {
      const members = known.isInOutbox ? core.shelf.groupOf(known)?.members : undefined;
      if (members === undefined) continue;
      const sinceMs = this.#waiting.get(known.pack) ?? now;
      waiting.set(known.pack, sinceMs);
      for (const [slot, peer] of members.entries()) {
        const upMs = this.#upSinceMs.get(peer);
        if (upMs === undefined || !core.membership.up.has(peer) || known.signed.has(slot, peer)) continue;
        this.#world.count('said');
        const name = `${known.pack} ${peer}`;
        const saidMs = Math.max(this.#saidMs.get(name) ?? Number.NEGATIVE_INFINITY, sinceMs, upMs);
        if (now - saidMs < remindedMsMax) continue;
        late.add(name);
        if (!this.#late.has(name)) continue;
        const text = `has not reminded ${core.membership.nameOf(peer)} of ${shortOf(known)}`;
        this.#world.violate('said', this.#machine, text);
      }
    }
    this.#waiting = waiting;
    this.#late = late;
  }
}

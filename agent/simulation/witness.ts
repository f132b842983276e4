// What each agent was told, kept apart from what its core makes of it: words about logs, receipts, questions, plans, packs that were given
// up. An act is held against the words that it must rest on, so that a wrong one is seen also where luck makes it right.

import { unixMs } from '../../datasets/index.ts';
import type { Plan } from '../../optimizer/index.ts';
import { logName, type ShardKey } from '../codec/index.ts';
import type { CoreEffect, CoreEvent, StagedSnapshot } from '../core/index.ts';
import { proofsMax } from '../limits.ts';
import type { ShardLocation } from '../ports.ts';
import type { PeerId } from '../units.ts';
import { AuditWitness } from './audit-witness.ts';
import { ClockWitness } from './clock-witness.ts';
import { DrawingWitness } from './drawing-witness.ts';
import { GivenUpWitness } from './given-up-witness.ts';
import { HeadsWitness } from './heads-witness.ts';
import type { Ledger } from './ledger.ts';
import type { Machine, OfferedShard } from './machine.ts';
import { firstWithout, mayKeep } from './matching.ts';
import { isOf, nameOf, shortOf } from './naming.ts';
import { OwedWitness } from './owed-witness.ts';
import { PaceWitness } from './pace-witness.ts';
import { PlanWitness, type PlanWorld } from './plan-witness.ts';
import { RemovalWitness } from './removal-witness.ts';
import { RightsWitness } from './rights-witness.ts';
import { ScrubWitness } from './scrub-witness.ts';
import { ServingWitness } from './serving-witness.ts';
import type { Shell } from './shell.ts';
import { StandInWitness } from './stand-in-witness.ts';
import { TellingWitness } from './telling-witness.ts';
import { WakingWitness } from './waking-witness.ts';
import { WordWitness } from './word-witness.ts';

type Message = Extract<CoreEvent, { kind: 'message' }>;

/** What one life of an agent heard. */
interface Heard {
  /** Up to which batch others said that they have its facts. */
  readonly factsAt: Map<PeerId, number>;
  readonly receipts: Map<string, Set<PeerId>>;
  readonly audits: AuditWitness;
  readonly words: WordWitness;
  /** Those that only listen. */
  readonly others: readonly LifeWitness[];
  /** It came to the disk by the last event, and the core does not count it as here: it has to order it away. */
  gained: ShardKey | undefined;
  /** Of packs that it rebuilds: what was asked for, and what has come to scratch. */
  readonly parts: Map<string, ShardKey & { isHere: boolean }>;
  /** It has rebuilt their pack: by the next event they are gone, or on their way out. */
  used: readonly ShardKey[];
  /** Proofs that are being read. */
  proofCount: number;
  /** Shards that were asked for because the plan gives them, or what they are made from, to it. */
  readonly mending: Map<string, ShardKey>;
  /** Whom its last whole plan that did not fail was asked for; whether the last one is whole. */
  chosen: ReadonlySet<PeerId>;
  /** The plan that held when it was asked for. */
  chosenUnder: Plan | undefined;
  isPlanWhole: boolean;
  /** Its own clock at the last event. */
  nowMs: number;
}

interface LifeWitness {
  told(event: CoreEvent): void;
  /** A shard that came was not let in. */
  refused?(shard: ShardKey & { readonly from: PeerId }): void;
  /** `nowMs`: by the agent's own clock. */
  ordered(effect: CoreEffect, nowMs: number): void;
}

export interface WitnessedWorld extends PlanWorld {
  readonly ledger: Ledger;
  /** Whether agents know by now who comes back when. */
  readonly hasForecasts: boolean;
}

/** The shard, where the core does not count it as here. */
const unknownTo = ({ core }: Shell, shard: ShardKey): ShardKey | undefined =>
  core.shelf.get(shard.pack)?.held.has(shard.index) === true ? undefined : shard;

/** Those that need to know of no other. */
const aloneKinds = [
  PlanWitness,
  PaceWitness,
  RightsWitness,
  ServingWitness,
  ScrubWitness,
  OwedWitness,
  StandInWitness,
  TellingWitness,
  WakingWitness,
  DrawingWitness,
  ClockWitness,
  HeadsWitness,
];

export class Witness {
  readonly #world: WitnessedWorld;
  readonly #heard = new WeakMap<Shell, Heard>();
  readonly #givenUp: GivenUpWitness;

  constructor(world: WitnessedWorld) {
    this.#world = world;
    this.#givenUp = new GivenUpWitness(world);
  }

  /** After the core took an event, and before what it ordered is done. */
  told(machine: Machine, event: CoreEvent): void {
    const { shell } = machine;
    if (shell === undefined || machine.isRevoked) return;
    // A liar stops some day: what it heard before counts then.
    const heard = this.#heardBy(machine, shell);
    heard.nowMs = event.now;
    this.#watchGained(machine, heard);
    this.#watchUsed(machine, heard, event);
    for (const witness of [heard.words, ...heard.others]) witness.told(event);
    switch (event.kind) {
      case 'message':
        this.#message(machine, heard, event);
        return;
      case 'receiptOpened': {
        const { holder } = event.receipt;
        const name = nameOf(event.receipt);
        heard.receipts.set(name, (heard.receipts.get(name) ?? new Set()).add(holder));
        return;
      }
      case 'batchStored':
        this.#givenUp.stored(machine, event);
        return;
      case 'disconnected':
        heard.audits.disconnected(event.peer);
        this.#loses(machine, shell, event);
        return;
      case 'planFailed':
        if (heard.isPlanWhole) heard.chosen = new Set();
        return;
      case 'tick':
        heard.audits.ticked(event.now);
        return;
      case 'shardProved':
        heard.proofCount = Math.max(0, heard.proofCount - 1);
        return;
      case 'rebuilt':
        if (event.outcome === 'stored') heard.gained = unknownTo(shell, event.shard);
        heard.used = [...heard.parts.values()].filter(
          ({ pack, isHere }) => isHere && pack === event.shard.pack,
        );
        for (const part of heard.used) heard.parts.delete(nameOf(part));
        return;
      case 'shardArrived':
        if (event.outcome === 'stored') {
          const shard = { pack: event.arrival.descriptor.pack, index: event.arrival.index };
          // Parts of a rebuild or a restore go to scratch.
          const isHeld = machine.platters.slot('held', shard)?.isFlushed === true;
          heard.gained = isHeld ? unknownTo(shell, shard) : undefined;
          if (isHeld) this.#givenUp.takes(machine, shard, event.now);
          const part = heard.parts.get(nameOf(shard));
          if (part !== undefined) part.isHere = true;
        }
        return;
      default:
    }
  }

  /** Whoever was there a moment ago is away at most. */
  #loses(
    machine: Machine,
    { core: { membership } }: Shell,
    { peer, now }: Extract<CoreEvent, { kind: 'disconnected' }>,
  ): void {
    this.#world.count('plans');
    if (membership.isMember(peer, now) && membership.isGone(peer, now))
      this.#world.violate(
        'plans',
        machine,
        'takes another for gone in the moment in which its connection ends',
      );
  }

  /** A shard comes, and is let in or not. */
  offered(machine: Machine, { place, ...shard }: OfferedShard): void {
    const { shell } = machine;
    if (shell === undefined) return;
    const { words, others } = this.#heardBy(machine, shell);
    if (place !== undefined) return words.flows(shard);
    for (const witness of others) witness.refused?.(shard);
  }

  /** Before an order is done. */
  ordered(machine: Machine, effect: CoreEffect): void {
    const { shell } = machine;
    if (shell === undefined) return;
    const heard = this.#heardBy(machine, shell);
    if (effect.kind === 'send') heard.audits.ordered(effect, heard.nowMs);
    for (const witness of [heard.words, ...heard.others]) witness.ordered(effect, heard.nowMs);
    if (effect.kind === 'send' && effect.message.kind === 'shardPull')
      this.#pulls(machine, shell, { heard, shard: effect.message });
    // A liar reads nothing for a proof, or hours later, when it may have stopped to lie.
    if (effect.kind === 'proveShard' && !machine.hasLied) {
      this.#world.count('queues');
      if (++heard.proofCount > proofsMax)
        this.#world.violate('queues', machine, `reads ${heard.proofCount} shards for proofs at once`);
    }
    if (effect.kind === 'computePlan') {
      heard.isPlanWhole = effect.repair === undefined && effect.scope === undefined;
      this.#plans(machine, shell, { heard, chosen: effect.machines });
      if (heard.isPlanWhole) {
        heard.chosen = new Set(effect.machines);
        heard.chosenUnder = shell.core.election.plan;
      }
    }
    if (effect.kind === 'snapshotAcknowledged') this.#acknowledges(machine, heard, effect.staged);
    if (effect.kind === 'removeShard' && effect.shard.place === 'outbox')
      this.#empties(machine, heard, effect.shard);
    if (effect.kind === 'removeShard' && effect.shard.place === 'held')
      this.#givenUp.frees(machine, effect.shard, heard.nowMs);
  }

  /** A plan is asked for all holders that are there, and for none that is out or left out; whatever was so when the last one was made. */
  #plans(
    machine: Machine,
    { core: { membership } }: Shell,
    { heard, chosen }: { readonly heard: Heard; readonly chosen: readonly PeerId[] },
  ): void {
    const { count, violate, hasForecasts } = this.#world;
    const now = unixMs(heard.nowMs);
    const mayHold = (peer: PeerId): boolean =>
      membership.isMember(peer, now) && membership.hasRole(peer, 'holder') && !membership.isLeftOut(peer);
    count('plans');
    for (const peer of chosen)
      if (!mayHold(peer))
        violate('plans', machine, `plans with ${membership.nameOf(peer)}, which may hold nothing`);
    if (heard.isPlanWhole && !hasForecasts)
      for (const peer of chosen)
        if (membership.isGone(peer, now))
          violate('plans', machine, `plans with ${membership.nameOf(peer)}, which is gone for too long`);
    for (const peer of membership.machines)
      if (membership.isUp(peer) && mayHold(peer) && !chosen.includes(peer))
        violate('plans', machine, `plans without ${membership.nameOf(peer)}, which is there`);
  }

  /** Copies of popular packs wait while anything that the plan gives to this machine is under way. */
  #pulls(
    machine: Machine,
    { core }: Shell,
    { heard, shard }: { readonly heard: Heard; readonly shard: ShardKey },
  ): void {
    const purposeOf = ({ pack, index }: ShardKey): string | undefined => core.purposeOf(pack, index);
    const isForSlot = (one: ShardKey): boolean => purposeOf(one) === 'slot' || purposeOf(one) === 'part';
    for (const [name, one] of heard.mending) if (!isForSlot(one)) heard.mending.delete(name);
    if (isForSlot(shard)) heard.mending.set(nameOf(shard), { pack: shard.pack, index: shard.index });
    if (purposeOf(shard) === 'part')
      heard.parts.set(nameOf(shard), { pack: shard.pack, index: shard.index, isHere: false });
    if (purposeOf(shard) !== 'copy') return;
    this.#world.count('copies');
    if (heard.mending.size > 0)
      this.#world.violate('copies', machine, `fetches a copy of ${shortOf(shard)} before it has mended`);
  }

  #heardBy(machine: Machine, shell: Shell): Heard {
    const known = this.#heard.get(shell);
    if (known !== undefined) return known;
    const removals = new RemovalWitness(this.#world, machine);
    const alone = aloneKinds.map((Kind) => new Kind(this.#world, machine));
    const heard: Heard = {
      factsAt: new Map(),
      receipts: new Map(),
      audits: new AuditWitness(this.#world, machine, removals),
      words: new WordWitness(this.#world, machine),
      others: [...alone, removals],
      gained: undefined,
      parts: new Map(),
      used: [],
      proofCount: 0,
      mending: new Map(),
      chosen: new Set(),
      chosenUnder: undefined,
      isPlanWhole: false,
      nowMs: Number.NEGATIVE_INFINITY,
    };
    this.#heard.set(shell, heard);
    return heard;
  }

  /** Whom the last plan was for that this life asked for and that did not fail; nobody, where another machine has made one since. */
  lastChosen(shell: Shell): ReadonlySet<PeerId> {
    const heard = this.#heard.get(shell);
    const { plan } = shell.core.election;
    const isItsOwn = plan?.author === shell.core.membership.self || plan === heard?.chosenUnder;
    return heard === undefined || !isItsOwn ? new Set() : heard.chosen;
  }

  /** When a peer was last connected to it in this life, by its own clock. */
  lastMetMs(shell: Shell, peer: PeerId): number | undefined {
    return this.#heard.get(shell)?.words.metMs(peer);
  }

  /** Whether anything of a peer came to it in this life that was not read from its own disk. */
  hasHeard(shell: Shell, peer: PeerId): boolean {
    return this.#heard.get(shell)?.words.hasHeard(peer) === true;
  }

  /** When it last asked for a proof in this life, by its own clock. */
  lastAskedMs(shell: Shell): number | undefined {
    return this.#heard.get(shell)?.audits.lastAskedMs;
  }

  /** What came to the disk is known by the next event at the latest, or on its way out. */
  #watchGained(machine: Machine, heard: Heard): void {
    const { gained } = heard;
    heard.gained = undefined;
    const slot = gained === undefined ? undefined : machine.platters.slot('held', gained);
    if (gained === undefined || slot?.isFlushed !== true || slot.isLeaving === true) return;
    this.#world.violate(
      'shelf',
      machine,
      `took shard ${gained.index} of ${shortOf(gained)} and does not know of it`,
    );
  }

  /** What a shard was rebuilt from is not kept; what has come once more at this moment goes next. */
  #watchUsed(machine: Machine, heard: Heard, event: CoreEvent): void {
    const { used } = heard;
    heard.used = [];
    const left = used.find((part) => {
      if (event.kind === 'shardArrived' && isOf(part, event.arrival)) return false;
      // A proof of the same pack has a use for it too.
      if (heard.words.isFetching(part.pack)) return false;
      const slot = machine.platters.slot('scratch', part);
      return slot?.isFlushed === true && slot.isLeaving !== true;
    });
    if (left !== undefined)
      this.#world.violate(
        'shelf',
        machine,
        `keeps part ${left.index} of ${shortOf(left)}, which it has rebuilt`,
      );
  }

  #message(machine: Machine, heard: Heard, { from, message }: Message): void {
    if (message.kind === 'logStored' && message.stream === 'facts') {
      const next = machine.shelves.logs.get(logName(machine.peer, 'facts'))?.next ?? 0;
      if (message.next <= next) heard.factsAt.set(from, message.next);
    }
    heard.audits.told(from, message);
  }

  /** An acknowledgement rests on the words of as many others as may be lost, and one more. */
  #acknowledges(machine: Machine, heard: Heard, { snapshot }: StagedSnapshot): void {
    const { ledger, count, violate } = this.#world;
    const promised = ledger.promised.get(snapshot);
    if (promised === undefined || ledger.isToBeWiped(machine.peer)) return;
    const own = machine.shelves.logs.get(logName(machine.peer, 'facts'))?.batches ?? [];
    const head = own.find(({ records }) =>
      records.some((record) => record.kind === 'head' && record.snapshot === snapshot),
    );
    const core = machine.shell?.core;
    const said = [...heard.factsAt].filter(
      ([peer, next]) =>
        peer !== machine.peer &&
        head !== undefined &&
        next > head.sequence &&
        core?.membership.isRevoked(peer) === false,
    );
    const spare = promised.descriptors.map(({ redundancy: { k, n } }) => n - k);
    const planned = (core?.election.plan?.classes ?? []).map(({ redundancy: { k, n } }) => n - k);
    const wanted = 1 + Math.max(1, Math.min(Math.max(1, ...spare), Math.max(1, ...planned)));
    count('acknowledged');
    if (said.length < wanted)
      violate(
        'acknowledged',
        machine,
        `acknowledges a snapshot that ${said.length} others said they know, not ${wanted}`,
      );
  }

  /** The outbox lets a pack go when n machines have signed, each for a shard of its own: a slot's holder, or one that stands in for it. */
  #empties(machine: Machine, { receipts }: Heard, { pack }: ShardLocation): void {
    const { ledger, count, violate } = this.#world;
    const { shelf, membership } = machine.shell?.core ?? {};
    const known = shelf?.get(pack);
    if (known === undefined || shelf === undefined || ledger.isToBeWiped(machine.peer)) return;
    const isOut = (peer: PeerId): boolean => membership?.isRevoked(peer) === true;
    count('outbox');
    const members = shelf.groupOf(known)?.members ?? [];
    const domains = shelf.plan?.domains ?? {};
    const signers = members.map((member, index) => {
      const isHere = member === machine.peer && known.held.has(index);
      const signed = [...(receipts.get(nameOf({ pack, index })) ?? [])];
      // Who was put out since is cut off, and its shard with it.
      const others = signed.filter((peer) => !isOut(peer) && mayKeep(peer, { member, members, domains }));
      return isHere ? [member] : others.filter((peer) => peer !== machine.peer);
    });
    const index = firstWithout(signers);
    if (index === undefined) return;
    const text = `empties its outbox of ${shortOf({ pack })} with no receipt for shard ${index} of a machine that keeps no other`;
    violate('outbox', machine, text);
  }
}

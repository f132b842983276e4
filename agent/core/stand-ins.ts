// When a holder is away, another machine keeps its shard until it has it: whom the owner of a pack asks for that, and which of such wishes of others
// are taken on. What was taken lies where the plan does not want it, and goes the way of all such shards: handed to the planned holder when that is
// back, removed when every slot is known to be filled (placement.ts). Whether it counts is for keepers.ts; it sends no word about anybody's absence.

import type { UnixMs } from '../../datasets/index.ts';
import { type PlacementGroup, standInRanks } from '../../optimizer/index.ts';
import type { PackDescriptor, Receipt, ShardKey } from '../codec/index.ts';
import {
  pullsMax,
  refusedSourceMs,
  standInAfterMs,
  standInAsksMax,
  standInForSilentMs,
  standInLookMs,
  standInOvertakenMs,
  standInPatienceMs,
  standInPullsMax,
  standInRefusedMs,
  standInSilentMs,
  standInTaskMs,
  standInTasksMax,
} from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { EventOf } from './events.ts';
import type { Keepers } from './keepers.ts';
import type { KnownPack } from './known-pack.ts';
import type { Membership } from './membership.ts';
import { NextTime, timeAfter } from './next-time.ts';
import { indexOfPlan } from './plan-index.ts';
import type { Pulls } from './pulls.ts';
import { groupUnder, type Shelf } from './shelf.ts';

/** An own pack that waits in the outbox. */
interface Waiting {
  readonly sinceMs: UnixMs;
  /** By slot, who was asked to stand in, and when. */
  readonly asked: Map<number, { readonly peer: PeerId; readonly atMs: UnixMs }>;
}

/** A shard that this machine was asked to keep and that has not come yet. */
interface Task {
  readonly pack: PackId;
  readonly index: number;
  readonly from: PeerId;
  readonly untilMs: number;
  /** Its owner sends nothing before. */
  readonly next?: NextTime;
}

/** A slot, who keeps or shall keep the others, and how much each machine was asked for. */
interface Choice {
  readonly slot: number;
  readonly keepers: readonly (PeerId | undefined)[];
  readonly asking: ReadonlyMap<PeerId, number>;
}

/** Who is asked to keep the shard of which slot. */
interface Chosen {
  readonly slot: number;
  readonly peer: PeerId;
}

export interface StandInsParts {
  readonly membership: Membership;
  readonly shelf: Shelf;
  readonly pulls: Pulls;
  readonly keepers: Keepers;
  /** Whether nothing comes in here. */
  readonly isIdle: (now: UnixMs) => boolean;
}

/** Packs of the outbox that are looked at in one go; the rest is looked at the next time. */
const packsPerLook = 256;

const nameOf = (pack: PackId, index: number): string => `${pack} ${index}`;

export class StandIns {
  readonly hears = [
    'started',
    'packStaged',
    'message',
    'receiptOpened',
    'shardSent',
    'shardArrived',
    'tick',
  ] as const;
  readonly #parts: StandInsParts;
  readonly #waiting = new Map<PackId, Waiting>();
  /** When each machine last signed for any own pack. */
  readonly #signedMs = new Map<PeerId, UnixMs>();
  /** When the youngest own pack that each has signed for began to wait. */
  readonly #youngestMs = new Map<PeerId, UnixMs>();
  /** Machines that refused or did not answer, and until when nobody waits for them. */
  readonly #passedOver = new Map<PeerId, NextTime>();
  /** When this machine last refused to send: nobody can sign for what does not come. */
  #restedMs = 0;
  readonly #tasks = new Map<string, Task>();
  readonly #nextLook = new NextTime();

  constructor(parts: StandInsParts) {
    this.#parts = parts;
  }

  handle(event: EventOf<StandIns['hears'][number]>): Effects {
    switch (event.kind) {
      case 'started':
        for (const { place, descriptor } of event.stored)
          if (place === 'outbox') this.#wait(descriptor.pack, event.now);
        return [];
      case 'packStaged':
        this.#wait(event.descriptor.pack, event.now);
        return this.#look([event.descriptor.pack], event.now);
      case 'message':
        return this.#message(event);
      case 'receiptOpened':
        this.#signed(event.receipt, event.now);
        return [];
      case 'shardSent':
        if (event.outcome === 'resting') this.#restedMs = event.now;
        return [];
      case 'shardArrived':
        return this.#arrived(event);
      case 'tick':
        return [...this.#lookAtAll(event.now), ...this.#fetch(event.now)];
    }
  }

  /** Whether an owner's shard is to be kept here though the plan gives it to somebody else. */
  isTask(from: PeerId, pack: PackId, index: number): boolean {
    return this.#tasks.get(nameOf(pack, index))?.from === from;
  }

  #wait(pack: PackId, now: UnixMs): void {
    if (!this.#waiting.has(pack)) this.#waiting.set(pack, { sinceMs: now, asked: new Map() });
  }

  /** Words about packs that nobody waits for say nothing of who is at work. */
  #signed({ holder, pack }: Receipt, now: UnixMs): void {
    const sinceMs = this.#waiting.get(pack)?.sinceMs;
    if (sinceMs === undefined) return;
    this.#signedMs.set(holder, now);
    this.#passedOver.delete(holder);
    if (sinceMs > (this.#youngestMs.get(holder) ?? 0)) this.#youngestMs.set(holder, sinceMs);
  }

  #message({ from, message, now }: EventOf<'message'>): Effects {
    if (message.kind === 'standIn') return this.#asked(from, message, now);
    if (message.kind === 'shardRefused') {
      this.#postpone(from, message, now);
      if (!this.#waiting.has(message.pack)) return [];
      this.#passedOver.set(from, timeAfter(standInRefusedMs, now));
      return this.#look([message.pack], now);
    }
    // The owner does not have it any more: all is in order without this machine.
    if (message.kind === 'shardMissing' && this.isTask(from, message.pack, message.index))
      this.#tasks.delete(nameOf(message.pack, message.index));
    return [];
  }

  #lookAtAll(now: UnixMs): Effects {
    if (this.#waiting.size === 0 || !this.#nextLook.hasCome(now)) return [];
    this.#nextLook.waitFor(standInLookMs, now);
    for (const [peer, end] of this.#passedOver) if (end.hasCome(now)) this.#passedOver.delete(peer);
    const packs = [...this.#waiting.keys()].slice(0, packsPerLook);
    // Whoever was looked at comes last the next time.
    if (packs.length < this.#waiting.size)
      for (const pack of packs) {
        const waiting = this.#waiting.get(pack)!;
        this.#waiting.delete(pack);
        this.#waiting.set(pack, waiting);
      }
    return this.#look(packs, now);
  }

  #look(packs: readonly PackId[], now: UnixMs): Effects {
    const asking = this.#countAsked();
    const effects: CoreEffect[] = [];
    for (const pack of packs) {
      const known = this.#parts.shelf.get(pack);
      const waiting = this.#waiting.get(pack);
      if (waiting === undefined) continue;
      if (known?.isInOutbox === true) effects.push(...this.#seek({ known, waiting, asking, now }));
      else this.#waiting.delete(pack);
    }
    return effects;
  }

  /** How many shards each machine was asked for and has not signed for. */
  #countAsked(): Map<PeerId, number> {
    const asking = new Map<PeerId, number>();
    for (const { asked } of this.#waiting.values())
      for (const { peer } of asked.values()) asking.set(peer, (asking.get(peer) ?? 0) + 1);
    return asking;
  }

  /** Asks for each shard that nobody keeps and whose planned holder is not to be waited for. */
  #seek({
    known,
    waiting,
    asking,
    now,
  }: {
    readonly known: KnownPack;
    readonly waiting: Waiting;
    readonly asking: Map<PeerId, number>;
    readonly now: UnixMs;
  }): Effects {
    const group = this.#parts.shelf.groupOf(known);
    const { descriptor } = known;
    if (group === undefined || descriptor === undefined) return [];
    const kept = this.#parts.keepers.of(known);
    const effects: CoreEffect[] = [];
    for (const [slot, member] of group.members.entries()) {
      if (kept[slot] !== undefined || !this.#isLate(member, waiting.sinceMs, now)) {
        waiting.asked.delete(slot);
        continue;
      }
      if (this.#isComing(waiting, slot, now)) continue;
      waiting.asked.delete(slot);
      const keepers = [...kept, ...[...waiting.asked.values()].map(({ peer }) => peer)];
      const found =
        this.#choose(known, group, { slot, keepers, asking }) ??
        this.#freeing(known, group, { slot, keepers: kept, asking });
      if (found === undefined) continue;
      waiting.asked.set(found.slot, { peer: found.peer, atMs: now });
      asking.set(found.peer, (asking.get(found.peer) ?? 0) + 1);
      effects.push({
        kind: 'send',
        to: found.peer,
        message: { kind: 'standIn', descriptor, index: found.slot },
      });
    }
    return effects;
  }

  /** Nobody may: but one that stands in for another slot could, where a machine beside that slot's holder, which came later, takes its place there. */
  #freeing(known: KnownPack, group: PlacementGroup, at: Choice): Chosen | undefined {
    for (const [slot, keeper] of at.keepers.entries()) {
      if (keeper === undefined || slot === at.slot || keeper === group.members[slot]) continue;
      const keepers = at.keepers.with(slot, undefined);
      if (!this.#parts.keepers.mayStandIn(keeper, group, { slot: at.slot, keepers })) continue;
      const chosen = this.#choose(known, group, { ...at, slot, keepers: [...keepers, keeper] });
      if (chosen !== undefined && this.#parts.keepers.isBeside(chosen.peer, group.members[slot]!))
        return chosen;
    }
    return undefined;
  }

  /** Away for longer than a restart takes, or there and of no use. */
  #isLate(member: PeerId, sinceMs: UnixMs, now: UnixMs): boolean {
    const { membership } = this.#parts;
    // Its own disk has no room for its own shard.
    if (member === membership.self) return now - sinceMs >= standInForSilentMs;
    if (membership.isAway(member)) return membership.awayMs(member, now) >= standInAfterMs;
    if (this.#passedOver.has(member)) return true;
    const isOvertaken = (this.#youngestMs.get(member) ?? 0) > sinceMs;
    if (isOvertaken && now - sinceMs >= standInOvertakenMs) return true;
    return this.#silentMs(member, sinceMs, now) >= standInForSilentMs;
  }

  /** Whether a stand-in that was asked may still sign. One that does not is passed over. */
  #isComing({ asked }: Waiting, slot: number, now: UnixMs): boolean {
    const standIn = asked.get(slot);
    if (standIn === undefined || !this.#parts.membership.up.has(standIn.peer)) return false;
    if (this.#passedOver.has(standIn.peer)) return false;
    const isForgotten = now - standIn.atMs >= standInTaskMs;
    if (isForgotten && this.#restedMs > standIn.atMs) return false;
    if (!isForgotten && this.#silentMs(standIn.peer, standIn.atMs, now) < standInPatienceMs) return true;
    this.#passedOver.set(standIn.peer, timeAfter(standInSilentMs, now));
    return false;
  }

  /** Since when it could have signed for something, and has not: whoever signs one after the other is only slow. */
  #silentMs(peer: PeerId, sinceMs: UnixMs, now: UnixMs): number {
    return now - Math.max(sinceMs, this.#restedMs, this.#signedMs.get(peer) ?? 0);
  }

  /**
   * The first in the pack's order that may, is there and has not too much to do; of the absent one's domain, where there is one. In a large fleet
   * who is not connected is called.
   */
  #choose(known: KnownPack, group: PlacementGroup, at: Choice): Chosen | undefined {
    const { membership, shelf, keepers } = this.#parts;
    const member = group.members[at.slot]!;
    const rankOf = standInRanks(known.pack);
    let [found, highest] = [undefined as PeerId | undefined, -1];
    for (const [peer, hash] of indexOfPlan(shelf.plan!).machines) {
      if (membership.isAway(peer) || this.#passedOver.has(peer)) continue;
      if ((at.asking.get(peer) ?? 0) >= standInAsksMax || isNeededElsewhere(known, peer, at)) continue;
      const rank = rankOf(hash) + (keepers.isBeside(peer, member) ? 1 : 0);
      if (rank <= highest || !keepers.mayStandIn(peer, group, at)) continue;
      [found, highest] = [peer, rank];
    }
    if (found === undefined) return undefined;
    if (membership.up.has(found)) return { slot: at.slot, peer: found };
    membership.call(found);
    return undefined;
  }

  #asked(
    from: PeerId,
    { descriptor, index }: { readonly descriptor: PackDescriptor; readonly index: number },
    now: UnixMs,
  ): Effects {
    const { pack, owner, redundancy } = descriptor;
    // Only an owner may ask, and for what there is.
    if (owner !== from || index >= redundancy.n) return [];
    if (this.#parts.shelf.get(pack)?.held.has(index) === true)
      return [{ kind: 'sendReceipt', to: from, shard: { pack, index } }];
    if (this.isTask(from, pack, index)) return [];
    if (!this.#isFreeFor(descriptor, now))
      return [{ kind: 'send', to: from, message: { kind: 'shardRefused', pack, index } }];
    this.#tasks.set(nameOf(pack, index), { pack, index, from, untilMs: now + standInTaskMs });
    return this.#fetch(now);
  }

  /** Not while nothing comes in here, and not for two shards of a pack at once. Of one that is here already the owner knows: it counts each machine once. */
  #isFreeFor(descriptor: PackDescriptor, now: UnixMs): boolean {
    const { shelf, membership, isIdle } = this.#parts;
    const { pack, owner } = descriptor;
    if (shelf.plan === undefined || isIdle(now) || this.#tasks.size >= standInTasksMax) return false;
    if (shelf.isGivenUpBy(pack, owner) || shelf.wiped.has(descriptor.drive)) return false;
    for (const task of this.#tasks.values()) if (task.pack === pack) return false;
    const members = groupUnder(shelf.plan, descriptor)?.members ?? [];
    return members.length > 0 && !members.includes(membership.self);
  }

  /** The owner of a task has this machine wait. */
  #postpone(from: PeerId, { pack, index }: ShardKey, now: UnixMs): void {
    const name = nameOf(pack, index);
    const task = this.#tasks.get(name);
    if (task?.from === from) this.#tasks.set(name, { ...task, next: timeAfter(refusedSourceMs, now) });
  }

  /** Asks for shards to keep, as far as pulls are free; forgets what did not come in time. */
  #fetch(now: UnixMs): Effects {
    if (this.#tasks.size === 0) return [];
    const { pulls, membership } = this.#parts;
    const effects: CoreEffect[] = [];
    for (const [name, { pack, index, from, untilMs, next }] of this.#tasks) {
      if (untilMs <= now) this.#tasks.delete(name);
      else if (
        pulls.countFor('repair') < pullsMax + standInPullsMax &&
        membership.up.has(from) &&
        next?.hasCome(now) !== false &&
        !pulls.has(pack, index) &&
        !this.#parts.isIdle(now)
      )
        effects.push(pulls.start({ pack, index, from, place: 'held', sinceMs: now, purpose: 'slot' }));
    }
    return effects;
  }

  /** Repair has taken it, signed for it and told of it, as of any shard that comes to stay. What does not fit is refused, so that nobody waits. */
  #arrived({ from, arrival, outcome, now }: EventOf<'shardArrived'>): Effects {
    const { pack, owner } = arrival.descriptor;
    const { index } = arrival;
    const isTask = this.isTask(from, pack, index);
    if (isTask) this.#tasks.delete(nameOf(pack, index));
    const isRefused = outcome === 'full' ? owner === from : isTask && outcome !== 'stored';
    const refusal: CoreEffect = { kind: 'send', to: from, message: { kind: 'shardRefused', pack, index } };
    return [...(isRefused ? [refusal] : []), ...this.#fetch(now)];
  }
}

/** Whether a machine said that it has some other shard of the pack, which nobody else keeps. */
const isNeededElsewhere = (
  known: KnownPack,
  peer: PeerId,
  { slot, keepers }: { readonly slot: number; readonly keepers: readonly (PeerId | undefined)[] },
): boolean =>
  known.others.hasPeer(peer) &&
  known.others
    .indexesOf(peer)
    .some((index) => index !== slot && (keepers[index] === undefined || keepers[index] === peer));

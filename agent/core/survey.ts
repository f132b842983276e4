// Counts which shards of packs can be had at this moment, without moving any: asks those who should have them, then, for
// packs that are short, everybody who is up. One page at a time; who does not answer in time counts as having nothing.

import type { UnixMs } from '../../datasets/index.ts';
import type { PackDescriptor, WireMessage } from '../codec/index.ts';
import { shardRetryMs, surveyPackCountMax } from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { Election } from './election.ts';
import type { CoreEvent } from './events.ts';
import type { Membership } from './membership.ts';
import { Placement } from './placement.ts';
import { groupUnder, type Shelf } from './shelf.ts';

interface Wish {
  readonly survey: number;
  readonly packs: readonly PackDescriptor[];
}

/** The wish that is being asked about. */
interface Asked extends Wish {
  readonly found: ReadonlyMap<PackId, Set<number>>;
  readonly asked: Set<PeerId>;
  readonly waiting: Set<PeerId>;
  round: 'holders' | 'everybody';
  untilMs: number;
}

export interface SurveyParts {
  readonly membership: Membership;
  readonly shelf: Shelf;
  readonly election: Election;
}

export class Survey {
  readonly #parts: SurveyParts;
  readonly #waiting: Wish[] = [];
  #now: Asked | undefined;

  constructor(parts: SurveyParts) {
    this.#parts = parts;
  }

  handle(event: CoreEvent): Effects {
    switch (event.kind) {
      case 'packsSought':
        this.#waiting.push({ survey: event.survey, packs: event.packs.slice(0, surveyPackCountMax) });
        return this.#now === undefined ? this.#next(event.now) : [];
      case 'message':
        return event.message.kind === 'shardsHeld'
          ? this.#heard(event.from, event.message.held, event.now)
          : [];
      case 'disconnected':
        return this.#now?.waiting.delete(event.peer) === true ? this.#work(event.now) : [];
      case 'tick':
        return this.#now === undefined || event.now < this.#now.untilMs ? [] : this.#late(event.now);
      default:
        return [];
    }
  }

  #next(now: UnixMs): Effects {
    const wish = this.#waiting.shift();
    if (wish === undefined) return [];
    const found = new Map(wish.packs.map(({ pack }) => [pack, new Set(this.#here(pack))]));
    this.#now = {
      ...wish,
      found,
      asked: new Set(),
      waiting: new Set(),
      round: 'holders',
      untilMs: now + shardRetryMs,
    };
    const holders = new Map<PeerId, PackId[]>();
    for (const descriptor of wish.packs)
      for (const peer of this.#holdersOf(descriptor))
        holders.set(peer, [...(holders.get(peer) ?? []), descriptor.pack]);
    const effects = this.#ask(this.#now, holders);
    return [...effects, ...this.#work(now)];
  }

  #here(pack: PackId): readonly number[] {
    const known = this.#parts.shelf.get(pack);
    return known === undefined ? [] : Placement.indexesHere(known);
  }

  /** Machines that should have some of a pack, or said so. */
  #holdersOf(descriptor: PackDescriptor): ReadonlySet<PeerId> {
    const { election, shelf } = this.#parts;
    const plans = election.plan === undefined ? [] : [election.plan, ...election.earlierPlans];
    const members = plans.flatMap((plan) => groupUnder(plan, descriptor)?.members ?? []);
    const others = [...(shelf.get(descriptor.pack)?.others.values() ?? [])].flatMap((peers) => [...peers]);
    return new Set([...members, ...others]);
  }

  #ask(now: Asked, packsOf: ReadonlyMap<PeerId, readonly PackId[]>): Effects {
    const { up } = this.#parts.membership;
    const effects: CoreEffect[] = [];
    for (const [to, packs] of packsOf) {
      if (!up.has(to)) continue;
      now.asked.add(to);
      now.waiting.add(to);
      effects.push({ kind: 'send', to, message: { kind: 'shardsAsk', packs } });
    }
    return effects;
  }

  #heard(from: PeerId, held: Extract<WireMessage, { kind: 'shardsHeld' }>['held'], now: UnixMs): Effects {
    if (this.#now === undefined) return [];
    for (const { descriptor, indexes } of held)
      for (const index of indexes) this.#now.found.get(descriptor.pack)?.add(index);
    return this.#now.waiting.delete(from) ? this.#work(now) : [];
  }

  #late(now: UnixMs): Effects {
    this.#now?.waiting.clear();
    return this.#work(now);
  }

  #work(now: UnixMs): Effects {
    const asked = this.#now;
    if (asked === undefined || asked.waiting.size > 0) return [];
    if (asked.round === 'holders') {
      const effects = this.#askEverybody(asked, now);
      if (effects.length > 0) return effects;
    }
    this.#now = undefined;
    const found = asked.packs.map(({ pack }) => asked.found.get(pack)?.size ?? 0);
    return [{ kind: 'packsCounted', survey: asked.survey, found }, ...this.#next(now)];
  }

  /** A pack may lie where no plan says: on machines that have not caught up with the newest one. */
  #askEverybody(asked: Asked, now: UnixMs): Effects {
    asked.round = 'everybody';
    asked.untilMs = now + shardRetryMs;
    const short = asked.packs
      .filter(({ pack, redundancy }) => (asked.found.get(pack)?.size ?? 0) < redundancy.k)
      .map(({ pack }) => pack);
    if (short.length === 0) return [];
    const rest = [...this.#parts.membership.up].filter((peer) => !asked.asked.has(peer));
    return this.#ask(asked, new Map(rest.map((peer) => [peer, short])));
  }
}

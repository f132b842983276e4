// Counts which shards of packs can be had at this moment, without moving any: asks those who should have them, then, for
// packs that are short, everybody who is up. One page at a time; who does not answer in time counts as having nothing.

import type { UnixMs } from '../../datasets/index.ts';
import type { PackDescriptor, WireMessage } from '../codec/index.ts';
import { surveyPackCountMax } from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';
import { Asking } from './asking.ts';
import type { Effects } from './effects.ts';
import type { Election } from './election.ts';
import type { EventOf } from './events.ts';
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
  readonly holders: ReadonlySet<PeerId>;
  round: 'holders' | 'everybody';
  asking: Asking;
}

export interface SurveyParts {
  readonly membership: Membership;
  readonly shelf: Shelf;
  readonly election: Election;
}

export class Survey {
  readonly hears = ['packsSought', 'message', 'disconnected', 'connected', 'tick'] as const;
  readonly #parts: SurveyParts;
  readonly #waiting: Wish[] = [];
  #now: Asked | undefined;

  constructor(parts: SurveyParts) {
    this.#parts = parts;
  }

  handle(event: EventOf<Survey['hears'][number]>): Effects {
    switch (event.kind) {
      case 'packsSought':
        this.#waiting.push({ survey: event.survey, packs: event.packs.slice(0, surveyPackCountMax) });
        return this.#now === undefined ? this.#next(event.now) : [];
      case 'message':
        return event.message.kind === 'shardsHeld'
          ? this.#heard(event.from, event.message.held, event.now)
          : [];
      case 'disconnected':
        return this.#now?.asking.end(event.peer) === true ? this.#work(event.now) : [];
      case 'connected':
        return this.isWaitingFor(event.peer) ? this.#work(event.now) : [];
      case 'tick':
        return this.#work(event.now);
    }
  }

  isWaitingFor(peer: PeerId): boolean {
    return this.#now?.asking.isWaitingFor(peer) === true;
  }

  #next(now: UnixMs): Effects {
    const wish = this.#waiting.shift();
    if (wish === undefined) return [];
    const found = new Map(wish.packs.map(({ pack }) => [pack, new Set(this.#here(pack))]));
    const packsOf = new Map<PeerId, PackId[]>();
    for (const descriptor of wish.packs) {
      for (const peer of this.#holdersOf(descriptor)) {
        const packs = packsOf.get(peer);
        if (packs === undefined) packsOf.set(peer, [descriptor.pack]);
        else packs.push(descriptor.pack);
      }
    }
    const asking = new Asking(this.#parts.membership, packsOf, now);
    this.#now = { ...wish, found, holders: new Set(packsOf.keys()), round: 'holders', asking };
    return this.#work(now);
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
    const others = [...(shelf.get(descriptor.pack)?.others ?? [])].map(([, peer]) => peer);
    return new Set([...members, ...others]);
  }

  #heard(from: PeerId, held: Extract<WireMessage, { kind: 'shardsHeld' }>['held'], now: UnixMs): Effects {
    if (this.#now === undefined) return [];
    for (const { descriptor, indexes } of held)
      for (const index of indexes) this.#now.found.get(descriptor.pack)?.add(index);
    return this.#now.asking.end(from) ? this.#work(now) : [];
  }

  #work(now: UnixMs): Effects {
    const asked = this.#now;
    if (asked === undefined) return [];
    const effects = asked.asking.work(now);
    if (!asked.asking.isOver(now)) return effects;
    if (asked.round === 'holders') {
      this.#askEverybody(asked, now);
      return [...effects, ...this.#work(now)];
    }
    this.#now = undefined;
    const found = asked.packs.map(({ pack }) => asked.found.get(pack)?.size ?? 0);
    return [...effects, { kind: 'packsCounted', survey: asked.survey, found }, ...this.#next(now)];
  }

  /** A pack may lie where no plan says: on machines that have not caught up with the newest one. */
  #askEverybody(asked: Asked, now: UnixMs): void {
    const short = asked.packs
      .filter(({ pack, redundancy }) => (asked.found.get(pack)?.size ?? 0) < redundancy.k)
      .map(({ pack }) => pack);
    const { membership } = this.#parts;
    const rest = short.length === 0 ? [] : membership.others(now).filter((peer) => !asked.holders.has(peer));
    asked.round = 'everybody';
    asked.asking = new Asking(membership, new Map(rest.map((peer) => [peer, short])), now);
  }
}

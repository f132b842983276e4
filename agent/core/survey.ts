// Counts which shards of packs can be had at this moment, without moving any: asks those who should have them, then, for
// packs that are short, everybody who is up. One page at a time; who does not answer in time counts as having nothing now, but may still have it.

import type { UnixMs } from '../../datasets/index.ts';
import type { PackDescriptor, WireMessage } from '../codec/index.ts';
import { surveyPackCountMax } from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';
import { Asking } from './asking.ts';
import type { Effects } from './effects.ts';
import type { EventOf } from './events.ts';
import { Placement } from './placement.ts';
import { Sources, type SourcesParts } from './sources.ts';

/** Different shards of a pack. */
export interface ShardCount {
  /** That can be had at this moment. */
  readonly found: number;
  /** With those that may come back. Fewer than k: the pack is lost. */
  readonly hoped: number;
}

interface Wish {
  readonly survey: number;
  readonly packs: readonly PackDescriptor[];
}

/** The wish that is being asked about. */
interface Asked extends Wish {
  readonly found: ReadonlyMap<PackId, Set<number>>;
  /** About which packs each was asked first. */
  readonly holders: ReadonlyMap<PeerId, readonly PackId[]>;
  readonly answered: Set<PeerId>;
  round: 'holders' | 'everybody';
  asking: Asking;
}

export class Survey {
  readonly hears = ['packsSought', 'message', 'disconnected', 'connected', 'tick'] as const;
  readonly #parts: SourcesParts;
  readonly #waiting: Wish[] = [];
  #now: Asked | undefined;

  constructor(parts: SourcesParts) {
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
        return this.#now?.asking.left(event.peer) === true ? this.#work(event.now) : [];
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
      for (const peer of new Sources(this.#parts, descriptor, { hasCopies: false }).peers) {
        const packs = packsOf.get(peer);
        if (packs === undefined) packsOf.set(peer, [descriptor.pack]);
        else packs.push(descriptor.pack);
      }
    }
    const asking = new Asking(this.#parts.membership, packsOf, now);
    this.#now = { ...wish, found, holders: packsOf, answered: new Set(), round: 'holders', asking };
    return this.#work(now);
  }

  #here(pack: PackId): readonly number[] {
    const known = this.#parts.shelf.get(pack);
    return known === undefined ? [] : Placement.indexesHere(known);
  }

  #heard(from: PeerId, held: Extract<WireMessage, { kind: 'shardsHeld' }>['held'], now: UnixMs): Effects {
    if (this.#now === undefined) return [];
    for (const { descriptor, indexes } of held)
      for (const index of indexes)
        if (index < descriptor.redundancy.n) this.#now.found.get(descriptor.pack)?.add(index);
    if (!this.#now.asking.end(from)) return [];
    this.#now.answered.add(from);
    return this.#work(now);
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
    const { membership } = this.#parts;
    const isThere = (peer: PeerId): boolean => peer !== membership.self && !membership.isAway(peer);
    const thereCount = membership.holders(now).filter(isThere).length;
    const counts = asked.packs.map((descriptor) => ({
      found: asked.found.get(descriptor.pack)?.size ?? 0,
      hoped: this.#hopedOf(asked, descriptor, { thereCount, now }),
    }));
    return [...effects, { kind: 'packsCounted', survey: asked.survey, counts }, ...this.#next(now)];
  }

  /**
   * With those that may come back: other machines that should have them, that have not said otherwise, and that are neither put out nor gone. Who has
   * joined and was never started should have them by a plan, and never took any.
   * What is not here this machine knows without asking, also where the plan gives it to it.
   */
  #hopedOf(
    { found, answered }: Asked,
    descriptor: PackDescriptor,
    { thereCount, now }: { readonly thereCount: number; readonly now: UnixMs },
  ): number {
    const indexes = new Set(found.get(descriptor.pack));
    const { k, n } = descriptor.redundancy;
    if (indexes.size >= k) return indexes.size;
    // Who is nearly alone has lost the others, not they its packs.
    if (thereCount < n) return n;
    const { membership } = this.#parts;
    const isHoped = (peer: PeerId): boolean =>
      peer !== membership.self &&
      !answered.has(peer) &&
      membership.wordMs(peer) !== undefined &&
      ['up', 'silent'].includes(membership.presenceOf(peer, now));
    const sources = new Sources(this.#parts, descriptor, { hasCopies: true });
    for (let index = 0; index < n; index++) if (sources.untriedOf(index).some(isHoped)) indexes.add(index);
    return indexes.size;
  }

  /** A pack may lie where no plan says: on machines that have not caught up with the newest one. */
  #askEverybody(asked: Asked, now: UnixMs): void {
    const short = asked.packs
      .filter(({ pack, redundancy }) => (asked.found.get(pack)?.size ?? 0) < redundancy.k)
      .map(({ pack }) => pack);
    const { membership } = this.#parts;
    const packsOf = new Map<PeerId, readonly PackId[]>();
    for (const peer of short.length === 0 ? [] : membership.others(now)) {
      const before = new Set(asked.holders.get(peer));
      const packs = short.filter((pack) => !before.has(pack));
      if (packs.length > 0) packsOf.set(peer, packs);
    }
    asked.round = 'everybody';
    asked.asking = new Asking(membership, packsOf, now);
  }
}

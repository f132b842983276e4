// Fetches packs for a restore: k different shards each, from the nearest machines where the plan, or an earlier one, puts them or a copy
// of the pack, then from whoever says that it has some. It gives up only when nobody is left to ask, and says what it found.
// A proof wants all shards from others: what lies on this disk does not count for it.

import type { UnixMs } from '../../datasets/index.ts';
import type { Plan } from '../../optimizer/index.ts';
import type { PackDescriptor, WireMessage } from '../codec/index.ts';
import { pullsMax, restorePacksAhead, shardRetryMs } from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';
import { Asking } from './asking.ts';
import type { Copies } from './copies.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { Election } from './election.ts';
import type { CoreEvent, EventOf } from './events.ts';
import type { Membership } from './membership.ts';
import type { Nearness } from './nearness.ts';
import type { Pull, Pulls } from './pulls.ts';
import { groupUnder, type Shelf } from './shelf.ts';

interface Wanted {
  readonly descriptor: PackDescriptor;
  readonly from: 'anywhere' | 'others';
}

interface Fetch extends Wanted {
  /** Where each index may be, best first. */
  readonly candidates: Map<number, PeerId[]>;
  /** Shards that came, and from whom. */
  readonly scratch: Map<number, PeerId>;
  readonly tried: Set<string>;
  /** Everybody else is asked: since when. */
  asking: { readonly all: Asking; readonly sinceMs: UnixMs } | undefined;
  isReady: boolean;
}

export interface RestoreParts {
  readonly membership: Membership;
  readonly shelf: Shelf;
  readonly election: Election;
  readonly pulls: Pulls;
  readonly copies: Copies;
  readonly nearness: Nearness;
}

export class Restore {
  readonly hears = [
    'packsWanted',
    'message',
    'shardArrived',
    'packUsed',
    'connected',
    'disconnected',
    'tick',
  ] as const;
  readonly #parts: RestoreParts;
  readonly #waiting: Wanted[] = [];
  readonly #fetches = new Map<PackId, Fetch>();

  constructor(parts: RestoreParts) {
    this.#parts = parts;
  }

  handle(event: EventOf<Restore['hears'][number]>): Effects {
    switch (event.kind) {
      case 'packsWanted':
        for (const descriptor of event.packs)
          this.#waiting.push({ descriptor, from: event.from ?? 'anywhere' });
        return this.#work(event.now);
      case 'message':
        return this.#message(event);
      case 'shardArrived':
        return this.#arrived(event);
      case 'packUsed':
        return this.#used(event.pack, event.now);
      case 'connected':
        return this.#parts.membership.isSparse ? this.#work(event.now) : [];
      case 'disconnected':
        for (const { asking } of this.#fetches.values()) asking?.all.end(event.peer);
        return [];
      case 'tick':
        return this.#fetches.size + this.#waiting.length === 0 ? [] : this.#work(event.now);
    }
  }

  pullsEnded(pulls: readonly Pull[], now: UnixMs): Effects {
    return pulls.some(({ purpose }) => purpose === 'restore') ? this.#work(now) : [];
  }

  /** Whether a machine is asked, or should have something that is wanted here. */
  isWaitingFor(peer: PeerId): boolean {
    for (const { asking } of this.#fetches.values()) if (asking?.all.isWaitingFor(peer) === true) return true;
    return false;
  }

  #message({ from, message, now }: Extract<CoreEvent, { kind: 'message' }>): Effects {
    if (message.kind === 'shardsHeld') return this.#found(from, message.held, now);
    if (message.kind !== 'shardMissing') return [];
    const pull = this.#parts.pulls.find(message.pack, message.index);
    if (pull?.purpose !== 'restore' || pull.from !== from) return [];
    this.#parts.pulls.end(message.pack, message.index);
    return this.#work(now);
  }

  #found(from: PeerId, held: Extract<WireMessage, { kind: 'shardsHeld' }>['held'], now: UnixMs): Effects {
    for (const { asking } of this.#fetches.values()) asking?.all.end(from);
    for (const { descriptor, indexes } of held) {
      const fetch = this.#fetches.get(descriptor.pack);
      if (fetch === undefined) continue;
      for (const index of indexes) {
        // It just said so: worth trying once more.
        fetch.tried.delete(`${index} ${from}`);
        addCandidate(fetch, index, from);
      }
    }
    return this.#work(now);
  }

  #arrived({ arrival, from, outcome, now }: Extract<CoreEvent, { kind: 'shardArrived' }>): Effects {
    const { descriptor, index } = arrival;
    const pull = this.#parts.pulls.find(descriptor.pack, index);
    if (pull?.purpose !== 'restore' || pull.from !== from) return [];
    this.#parts.pulls.end(descriptor.pack, index);
    if (outcome === 'stored') this.#fetches.get(descriptor.pack)?.scratch.set(index, from);
    return this.#work(now);
  }

  /** The writer has read the pack: room for the next one. */
  #used(pack: PackId, now: UnixMs): Effects {
    const fetch = this.#fetches.get(pack);
    this.#fetches.delete(pack);
    const cleared = [...(fetch?.scratch.keys() ?? [])].map((index): CoreEffect => ({
      kind: 'removeShard',
      shard: { place: 'scratch', pack, index },
    }));
    return [...cleared, ...this.#work(now)];
  }

  #work(now: UnixMs): Effects {
    while (this.#fetches.size < restorePacksAhead && this.#waiting.length > 0)
      this.#begin(this.#waiting.shift()!);
    return [...this.#fetches.values()].flatMap((fetch) => (fetch.isReady ? [] : this.#pursue(fetch, now)));
  }

  #begin(wanted: Wanted): void {
    const { descriptor } = wanted;
    const fetch: Fetch = {
      ...wanted,
      candidates: new Map(),
      scratch: new Map(),
      tried: new Set(),
      asking: undefined,
      isReady: false,
    };
    const { election, shelf } = this.#parts;
    const plans = election.plan === undefined ? [] : [election.plan, ...election.earlierPlans];
    for (const plan of plans) {
      for (const [index, member] of (groupUnder(plan, descriptor)?.members ?? []).entries())
        addCandidate(fetch, index, member);
    }
    if (wanted.from === 'anywhere') for (const plan of plans) addCopies(fetch, plan);
    for (const [index, peer] of shelf.get(descriptor.pack)?.others ?? []) addCandidate(fetch, index, peer);
    for (const peer of new Set([...fetch.candidates.values()].flat()))
      this.#parts.membership.call(peer, 'now');
    this.#fetches.set(descriptor.pack, fetch);
  }

  #pursue(fetch: Fetch, now: UnixMs): Effects {
    const { descriptor } = fetch;
    const here = new Set([...this.#ownOf(fetch), ...fetch.scratch.keys()]);
    const { k, n } = descriptor.redundancy;
    if (here.size >= k) {
      fetch.isReady = true;
      return [{ kind: 'packReady', pack: descriptor.pack, from: [...new Set(fetch.scratch.values())] }];
    }
    const effects: CoreEffect[] = [];
    const isComing = (index: number): boolean => this.#parts.pulls.has(descriptor.pack, index);
    const absent = Array.from({ length: n }, (_, index) => index).filter((index) => !here.has(index));
    let coming = absent.filter(isComing).length;
    for (const index of this.#nearestFirst(fetch, absent)) {
      if (here.size + coming >= k) break;
      if (isComing(index)) continue;
      const pull = this.#pullFrom(fetch, index, now);
      if (pull !== undefined) effects.push(pull);
      if (pull !== undefined || this.#isCalled(fetch, index)) coming++;
    }
    return here.size + coming >= k
      ? effects
      : [...effects, ...this.#askAround(fetch, { now, coming, here: here.size })];
  }

  /** Shards of the pack on this disk. */
  #ownOf({ descriptor, from }: Fetch): readonly number[] {
    if (from === 'others') return [];
    const { shelf, copies } = this.#parts;
    return [...(shelf.get(descriptor.pack)?.held ?? []), ...copies.indexesOf(descriptor.pack)];
  }

  /** Those that the nearest machines have come first, of equally near ones the slices of the pack itself. */
  #nearestFirst(fetch: Fetch, indexes: readonly number[]): readonly number[] {
    const sources = new Map(indexes.map((index) => [index, this.#sourceOf(fetch, index)]));
    return indexes.toSorted((a, b) => {
      const [one, other] = [sources.get(a), sources.get(b)];
      if (one === undefined || other === undefined)
        return Number(one === undefined) - Number(other === undefined);
      return this.#parts.nearness.compare(one, other);
    });
  }

  /** The nearest machine that may have a shard and was not asked yet; in a large fleet one that is called and may still answer, too. */
  #sourceOf({ candidates, tried }: Fetch, index: number): PeerId | undefined {
    const { membership, nearness } = this.#parts;
    const peers = candidates.get(index) ?? [];
    return nearness.nearest(
      peers.filter(
        (peer) => (membership.up.has(peer) || membership.isExpected(peer)) && !tried.has(`${index} ${peer}`),
      ),
    );
  }

  #pullFrom(fetch: Fetch, index: number, now: UnixMs): CoreEffect | undefined {
    const { pulls, membership } = this.#parts;
    if (pulls.countFor('restore') >= pullsMax) return undefined;
    const from = this.#sourceOf(fetch, index);
    if (from === undefined || !membership.up.has(from)) return undefined;
    fetch.tried.add(`${index} ${from}`);
    return pulls.start({
      pack: fetch.descriptor.pack,
      index,
      from,
      place: 'scratch',
      sinceMs: now,
      purpose: 'restore',
    });
  }

  /** In a large fleet those who should have it are called first. */
  #isCalled({ candidates, tried }: Fetch, index: number): boolean {
    const { membership } = this.#parts;
    const others = (candidates.get(index) ?? []).filter((peer) => !tried.has(`${index} ${peer}`));
    for (const peer of others) membership.call(peer);
    return others.some((peer) => membership.isExpected(peer));
  }

  /** Nobody known is left: ask everybody once, wait a little, then say how much was found. */
  #askAround(
    fetch: Fetch,
    at: { readonly now: UnixMs; readonly coming: number; readonly here: number },
  ): Effects {
    const { pack } = fetch.descriptor;
    const { membership, pulls } = this.#parts;
    if (pulls.countFor('restore') >= pullsMax) return [];
    fetch.asking ??= {
      all: new Asking(membership, new Map(membership.others(at.now).map((peer) => [peer, [pack]])), at.now),
      sinceMs: at.now,
    };
    const { all, sinceMs } = fetch.asking;
    const asks = all.work(at.now);
    if (at.coming > 0 || at.now - sinceMs < shardRetryMs || !all.isOver(at.now)) return asks;
    this.#fetches.delete(pack);
    const cleared = [...fetch.scratch.keys()].map((index): CoreEffect => ({
      kind: 'removeShard',
      shard: { place: 'scratch', pack, index },
    }));
    return [...cleared, { kind: 'packLost', pack, foundCount: at.here }];
  }
}

/** A whole copy has any k shards: it may have each. */
function addCopies(fetch: Fetch, { popular }: Plan): void {
  const { pack, redundancy } = fetch.descriptor;
  for (const copy of popular?.copies ?? [])
    if (copy.pack === pack)
      for (let index = 0; index < redundancy.n; index++) addCandidate(fetch, index, copy.machine);
}

function addCandidate(fetch: Fetch, index: number, peer: PeerId): void {
  const peers = fetch.candidates.get(index);
  if (peers === undefined) fetch.candidates.set(index, [peer]);
  else if (!peers.includes(peer)) peers.push(peer);
}

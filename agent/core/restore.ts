// Fetches packs for a restore: k different shards each, from the nearest machines that should have them (sources.ts), then from whoever says
// that it has some. It gives up only when nobody is left to ask, and says what it found.
// A proof wants all shards from others: what lies on this disk does not count for it.

import type { UnixMs } from '../../datasets/index.ts';
import type { PackDescriptor, ShardKey, WireMessage } from '../codec/index.ts';
import { pullsMax, readsInVainMax, restorePacksAhead, shardRetryMs } from '../limits.ts';
import type { ShardLocation } from '../ports.ts';
import type { PackId, PeerId } from '../units.ts';
import { Asking } from './asking.ts';
import type { Copies } from './copies.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { CoreEvent, EventOf } from './events.ts';
import type { Pull, Pulls } from './pulls.ts';
import { Sources, type SourcesParts } from './sources.ts';

interface Wanted {
  readonly descriptor: PackDescriptor;
  readonly from: 'anywhere' | 'others';
}

interface Fetch extends Wanted {
  readonly sources: Sources;
  /** Shards that came, and from whom. */
  readonly scratch: Map<number, PeerId>;
  /** Everybody else is asked: since when. */
  asking: { readonly all: Asking; readonly sinceMs: UnixMs } | undefined;
  /** Shards on this disk that could not be read; others' are fetched instead. */
  readonly unread: Set<number>;
  /** How often it was put together in vain. */
  unreadCount: number;
  isReady: boolean;
}

export interface RestoreParts extends SourcesParts {
  readonly pulls: Pulls;
  readonly copies: Copies;
}

export class Restore {
  readonly hears = [
    'packsWanted',
    'message',
    'shardArrived',
    'packUnreadable',
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
      case 'packUnreadable':
        return this.#unreadable(event);
      case 'packUsed':
        return this.#used(event.pack, event.now);
      case 'connected':
        return this.#parts.membership.isSparse ? this.#work(event.now) : [];
      case 'disconnected':
        for (const { asking } of this.#fetches.values()) asking?.all.left(event.peer);
        return [];
      case 'tick':
        return this.#fetches.size + this.#waiting.length === 0 ? [] : this.#work(event.now);
    }
  }

  pullsEnded(pulls: readonly Pull[], now: UnixMs): Effects {
    return pulls.some(({ purpose }) => purpose === 'restore') ? this.#work(now) : [];
  }

  /** Whether a shard in scratch is part of a pack that is fetched, or being read. */
  needs({ pack, index }: ShardKey): boolean {
    return this.#fetches.get(pack)?.scratch.has(index) === true;
  }

  /** Whether a machine is asked, or should have something that is wanted here. */
  isWaitingFor(peer: PeerId): boolean {
    for (const { asking } of this.#fetches.values()) if (asking?.all.isWaitingFor(peer) === true) return true;
    return false;
  }

  #message({ from, message, now }: Extract<CoreEvent, { kind: 'message' }>): Effects {
    if (message.kind === 'shardsHeld') return this.#found(from, message.held, now);
    if (message.kind !== 'shardMissing' && message.kind !== 'shardRefused') return [];
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
      for (const index of indexes) fetch.sources.said(index, from);
    }
    return this.#work(now);
  }

  #arrived({ arrival, from, outcome, now }: Extract<CoreEvent, { kind: 'shardArrived' }>): Effects {
    const { descriptor, index } = arrival;
    const { pulls } = this.#parts;
    const isPulled = pulls.waitingFor(from, arrival)?.purpose === 'restore';
    if (isPulled) pulls.end(descriptor.pack, index);
    // Over a slow line a shard is whole only after its pull has ended.
    else if (pulls.letIn(from, arrival)?.purpose !== 'restore') return [];
    if (outcome !== 'stored') return this.#work(now);
    const fetch = this.#fetches.get(descriptor.pack);
    if (fetch === undefined) return [...clear(descriptor.pack, [index]), ...this.#work(now)];
    fetch.scratch.set(index, from);
    return this.#work(now);
  }

  /**
   * Rot, a copy that gave way to shards, or a shard that went to where the plan wants it in just that moment. What should be here is looked
   * at, so that it is mended; who sent it is not to blame, as every shard was whole when it came.
   */
  #unreadable({ pack, intact, now }: Extract<CoreEvent, { kind: 'packUnreadable' }>): Effects {
    const fetch = this.#fetches.get(pack);
    if (fetch === undefined) return [{ kind: 'packLost', pack, foundCount: 0 }];
    if (!fetch.isReady) return [];
    fetch.isReady = false;
    const effects: CoreEffect[] = [];
    for (const index of fetch.scratch.keys()) {
      if (intact.includes(index)) continue;
      fetch.scratch.delete(index);
      effects.push(...clear(pack, [index]));
    }
    for (const shard of this.#ownOf(fetch)) {
      if (intact.includes(shard.index)) continue;
      fetch.unread.add(shard.index);
      effects.push({ kind: 'verifyShard', shard });
    }
    if (++fetch.unreadCount > readsInVainMax) return [...effects, ...this.#giveUp(fetch, 0)];
    return [...effects, ...this.#work(now)];
  }

  /** The writer has read the pack: room for the next one. */
  #used(pack: PackId, now: UnixMs): Effects {
    const fetch = this.#fetches.get(pack);
    this.#fetches.delete(pack);
    return [...clear(pack, fetch?.scratch.keys() ?? []), ...this.#work(now)];
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
      sources: new Sources(this.#parts, descriptor, { hasCopies: wanted.from === 'anywhere' }),
      scratch: new Map(),
      asking: undefined,
      unread: new Set(),
      unreadCount: 0,
      isReady: false,
    };
    for (const peer of fetch.sources.peers) this.#parts.membership.call(peer, 'now');
    this.#fetches.set(descriptor.pack, fetch);
  }

  #pursue(fetch: Fetch, now: UnixMs): Effects {
    const { descriptor } = fetch;
    const here = new Set([...this.#ownOf(fetch).map(({ index }) => index), ...fetch.scratch.keys()]);
    const { k, n } = descriptor.redundancy;
    if (here.size >= k) {
      fetch.isReady = true;
      return [{ kind: 'packReady', pack: descriptor.pack, from: [...new Set(fetch.scratch.values())] }];
    }
    const effects: CoreEffect[] = [];
    const isComing = (index: number): boolean => this.#parts.pulls.has(descriptor.pack, index);
    const absent = Array.from({ length: n }, (_, index) => index).filter((index) => !here.has(index));
    let coming = absent.filter(isComing).length;
    for (const index of fetch.sources.nearestFirst(absent)) {
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
  #ownOf({ descriptor: { pack }, from, unread }: Fetch): readonly ShardLocation[] {
    if (from === 'others') return [];
    const { shelf, copies } = this.#parts;
    const held = [...(shelf.get(pack)?.held ?? [])].map((index) => ({ place: 'held', pack, index }) as const);
    const copied = [...copies.indexesOf(pack)].map((index) => ({ place: 'copy', pack, index }) as const);
    return [...held, ...copied].filter(({ index }) => !unread.has(index));
  }

  #pullFrom(fetch: Fetch, index: number, now: UnixMs): CoreEffect | undefined {
    const { pulls, membership } = this.#parts;
    if (pulls.countFor('restore') >= pullsMax) return undefined;
    const { pack } = fetch.descriptor;
    const from = this.#nearest(fetch, index, now);
    if (from === undefined || !membership.up.has(from)) return undefined;
    fetch.sources.tried(index, from);
    return pulls.start({
      pack,
      index,
      from,
      place: 'scratch',
      sinceMs: now,
      purpose: 'restore',
    });
  }

  /** What flows in from a machine is not asked of it again. */
  #nearest({ sources, descriptor: { pack } }: Fetch, index: number, now: UnixMs): PeerId | undefined {
    for (;;) {
      const from = sources.nearest(index);
      if (from === undefined || !this.#parts.pulls.isFlowing({ pack, index, from }, now)) return from;
      sources.tried(index, from);
    }
  }

  /** In a large fleet those who should have it are called first. */
  #isCalled({ sources }: Fetch, index: number): boolean {
    const { membership } = this.#parts;
    const others = sources.untriedOf(index);
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
    if (pulls.areFlowing(pack, 'restore', at.now)) return asks;
    return this.#giveUp(fetch, at.here);
  }

  #giveUp({ descriptor: { pack }, scratch }: Fetch, foundCount: number): Effects {
    this.#fetches.delete(pack);
    return [...clear(pack, scratch.keys()), { kind: 'packLost', pack, foundCount }];
  }
}

/** Shards that nobody needs any more. */
const clear = (pack: PackId, indexes: Iterable<number>): Effects =>
  [...indexes].map((index) => ({ kind: 'removeShard', shard: { place: 'scratch', pack, index } }));

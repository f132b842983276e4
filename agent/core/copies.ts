// Whole copies of popular packs near their readers, as the plan wants them: k shards each, fetched when nothing is to be repaired, gone when
// their time is over or the plan has no use for them. They are no holders' shards: nobody hears of them but through the plan, no receipt is
// signed for them, and they give way to every shard.

import { hours, minutes, type UnixMs } from '../../datasets/index.ts';
import { groupOfPack, type Plan, type PlannedCopy } from '../../optimizer/index.ts';
import type { PackDescriptor } from '../codec/index.ts';
import { pullsMax } from '../limits.ts';
import { type PackId, packId, type PeerId } from '../units.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { CoreEvent, EventOf } from './events.ts';
import type { Membership } from './membership.ts';
import type { Nearness } from './nearness.ts';
import type { Pulls } from './pulls.ts';
import { Resting } from './resting.ts';
import type { Shelf } from './shelf.ts';

export interface CopiesParts {
  readonly membership: Membership;
  readonly shelf: Shelf;
  readonly pulls: Pulls;
  readonly nearness: Nearness;
}

/** What is here of one pack, as a copy. */
interface Kept {
  readonly descriptor: PackDescriptor;
  readonly indexes: Set<number>;
}

/** A copy that the plan wants here. */
interface Wanted {
  readonly copy: PlannedCopy;
  notBeforeMs: number;
  /** "index peer" that were asked in vain. */
  readonly tried: Set<string>;
}

interface Source {
  readonly index: number;
  readonly from: PeerId;
}

export interface CopyCounts {
  /** Packs of which a whole copy is here. */
  readonly copies: number;
  /** All copies' bytes, begun ones too. */
  readonly bytes: number;
  /** Shards of copies that others fetched from here since the agent started. */
  readonly servedShards: number;
}

/** Nobody had enough of the pack: holders may be asleep. */
const retryMs = minutes(10);
/** The disk had no room, or gave it to shards. */
const fullRetryMs = hours(1);

export class Copies {
  readonly hears = [
    'started',
    'pullsPaused',
    'powerChanged',
    'message',
    'shardArrived',
    'shardSent',
    'shardLost',
    'tick',
  ] as const;
  readonly #parts: CopiesParts;
  readonly #kept = new Map<PackId, Kept>();
  readonly #wanted = new Map<PackId, Wanted>();
  readonly #resting = new Resting();
  #servedShards = 0;

  constructor(parts: CopiesParts) {
    this.#parts = parts;
  }

  get counts(): CopyCounts {
    let [copies, bytes] = [0, 0];
    for (const [pack, { descriptor, indexes }] of this.#kept) {
      bytes += indexes.size * descriptor.shardBytes;
      if (this.#here(pack).size >= descriptor.redundancy.k) copies++;
    }
    return { copies, bytes, servedShards: this.#servedShards };
  }

  handle(event: EventOf<Copies['hears'][number]>): Effects {
    switch (event.kind) {
      case 'started':
        for (const { place, descriptor, index } of event.stored)
          if (place === 'copy') this.#note(descriptor, index);
        return [];
      case 'pullsPaused':
      case 'powerChanged':
        this.#resting.handle(event);
        return [];
      case 'message':
        return this.#message(event);
      case 'shardArrived':
        return this.#arrived(event);
      case 'shardSent':
        if (event.shard.place === 'copy' && event.outcome === 'stored') this.#servedShards++;
        return [];
      case 'shardLost':
        return this.#lost(event);
      case 'tick':
        return [...this.#clear(event.now), ...this.#work(event.now)];
    }
  }

  /** A new plan holds: what should be here now? */
  planChanged(plan: Plan, now: UnixMs): Effects {
    const before = new Map(this.#wanted);
    this.#wanted.clear();
    for (const copy of plan.popular?.copies ?? []) {
      if (copy.machine !== this.#parts.membership.self) continue;
      const pack = packId(copy.pack);
      this.#wanted.set(pack, { notBeforeMs: 0, tried: new Set(), ...before.get(pack), copy });
    }
    return this.#clear(now);
  }

  /** Indexes of a pack's shards that lie here as a copy. */
  indexesOf(pack: PackId): ReadonlySet<number> {
    return this.#kept.get(pack)?.indexes ?? new Set();
  }

  descriptorOf(pack: PackId): PackDescriptor | undefined {
    return this.#kept.get(pack)?.descriptor;
  }

  /** Whether a shard of the pack may come here as part of a copy. */
  takes(descriptor: PackDescriptor): boolean {
    return this.#wanted.has(descriptor.pack) && !this.#isGivenUp(descriptor);
  }

  /** By its owner, or with its drive by admins. */
  #isGivenUp({ pack, owner, drive }: PackDescriptor): boolean {
    const { shelf } = this.#parts;
    return shelf.isGivenUpBy(pack, owner) || shelf.wiped.has(drive);
  }

  #note(descriptor: PackDescriptor, index: number): void {
    const kept = this.#kept.get(descriptor.pack) ?? { descriptor, indexes: new Set<number>() };
    this.#kept.set(descriptor.pack, kept);
    kept.indexes.add(index);
  }

  /** Shards that a read could take from this disk. */
  #here(pack: PackId): ReadonlySet<number> {
    return new Set([...this.indexesOf(pack), ...(this.#parts.shelf.get(pack)?.held ?? [])]);
  }

  #message({ from, message }: Extract<CoreEvent, { kind: 'message' }>): Effects {
    if (message.kind !== 'shardMissing' && message.kind !== 'shardRefused') return [];
    const pull = this.#parts.pulls.find(message.pack, message.index);
    if (pull?.purpose === 'copy' && pull.from === from) this.#parts.pulls.end(message.pack, message.index);
    return [];
  }

  #arrived({ arrival, from, outcome, now }: Extract<CoreEvent, { kind: 'shardArrived' }>): Effects {
    const { descriptor, index } = arrival;
    const { pulls } = this.#parts;
    const isPulled = pulls.waitingFor(from, arrival)?.purpose === 'copy';
    if (isPulled) pulls.end(descriptor.pack, index);
    else if (pulls.letIn(from, arrival)?.purpose !== 'copy') return [];
    const wanted = this.#wanted.get(descriptor.pack);
    if (outcome === 'full' && wanted !== undefined) wanted.notBeforeMs = now + fullRetryMs;
    if (outcome !== 'stored') return [];
    this.#note(descriptor, index);
    return wanted === undefined ? this.#clear(now) : [];
  }

  /** It gave way to shards, or was not what it should be when it was read. */
  #lost({ shard, now }: Extract<CoreEvent, { kind: 'shardLost' }>): Effects {
    const kept = this.#kept.get(shard.pack);
    if (shard.place !== 'copy' || kept?.indexes.delete(shard.index) !== true) return [];
    if (kept.indexes.size === 0) this.#kept.delete(shard.pack);
    const wanted = this.#wanted.get(shard.pack);
    if (wanted !== undefined) wanted.notBeforeMs = now + retryMs;
    return [{ kind: 'removeShard', shard }];
  }

  /** Removes what ran out, what the plan does not want here, and what its owner gave up. Nothing before a plan is known. */
  #clear(now: UnixMs): Effects {
    if (this.#parts.shelf.plan === undefined) return [];
    const effects: CoreEffect[] = [];
    for (const [pack, { descriptor, indexes }] of this.#kept) {
      const untilMs = this.#wanted.get(pack)?.copy.untilMs ?? 0;
      if (untilMs > now && !this.#isGivenUp(descriptor)) continue;
      this.#kept.delete(pack);
      for (const index of indexes)
        effects.push({ kind: 'removeShard', shard: { place: 'copy', pack, index } });
    }
    for (const [pack, { copy }] of this.#wanted) if (copy.untilMs <= now) this.#wanted.delete(pack);
    return effects;
  }

  /** One pack at a time, and only while nothing is being repaired or moved. */
  #work(now: UnixMs): Effects {
    const { pulls } = this.#parts;
    if (this.#resting.isOn || this.#wanted.size === 0) return [];
    if (pulls.countFor('repair') > 0 || pulls.countFor('copy') > 0) return [];
    for (const [pack, wanted] of this.#wanted) {
      if (wanted.notBeforeMs > now) continue;
      const missing = wanted.copy.redundancy.k - this.#here(pack).size;
      if (missing <= 0 || this.#parts.shelf.isGivenUpBy(pack, wanted.copy.owner)) continue;
      const effects = this.#fetch(pack, wanted, { missing, now });
      if (effects.length > 0) return effects;
    }
    return [];
  }

  #fetch(
    pack: PackId,
    wanted: Wanted,
    { missing, now }: { readonly missing: number; readonly now: UnixMs },
  ): Effects {
    const sources = this.#sourcesOf(pack, wanted, now);
    if (sources.length < missing) {
      if (this.#areCalled(pack, wanted)) return [];
      wanted.notBeforeMs = now + retryMs;
      wanted.tried.clear();
      return [];
    }
    return sources.slice(0, Math.min(missing, pullsMax)).map(({ index, from }) => {
      wanted.tried.add(`${index} ${from}`);
      return this.#parts.pulls.start({ pack, index, from, place: 'copy', sinceMs: now, purpose: 'copy' });
    });
  }

  /** In a large fleet those who should have it are called first; whether one may still answer. */
  #areCalled(pack: PackId, wanted: Wanted): boolean {
    const { membership } = this.#parts;
    let isExpected = false;
    for (let index = 0; index < wanted.copy.redundancy.n; index++)
      for (const peer of this.#knownFor(pack, wanted.copy, index)) {
        membership.call(peer);
        if (membership.isExpected(peer) && !wanted.tried.has(`${index} ${peer}`)) isExpected = true;
      }
    return isExpected;
  }

  /** Who may have a shard: its slot's machine, whoever said so, and who else keeps a copy. */
  #knownFor(pack: PackId, copy: PlannedCopy, index: number): readonly PeerId[] {
    const { plan } = this.#parts.shelf;
    const member = plan === undefined ? undefined : groupOfPack(plan, copy)?.members[index];
    const others = (plan?.popular?.copies ?? []).filter((one) => one.pack === copy.pack);
    const known = this.#parts.shelf.get(pack)?.others.of(index) ?? [];
    return [...(member === undefined ? [] : [member]), ...known, ...others.map(({ machine }) => machine)];
  }

  /** Whom to ask for which shard, the nearest first; each shard once, none that is here or that the plan gives to this machine anyway. */
  #sourcesOf(pack: PackId, { copy, tried }: Wanted, now: UnixMs): readonly Source[] {
    const { shelf, membership, pulls, nearness } = this.#parts;
    const members = shelf.plan === undefined ? [] : (groupOfPack(shelf.plan, copy)?.members ?? []);
    const here = this.#here(pack);
    const sources: Source[] = [];
    for (let index = 0; index < copy.redundancy.n; index++) {
      if (here.has(index) || members[index] === membership.self || pulls.has(pack, index)) continue;
      const from = nearness.nearest(
        this.#knownFor(pack, copy, index).filter(
          (peer) =>
            membership.up.has(peer) &&
            !tried.has(`${index} ${peer}`) &&
            !pulls.isFlowing({ pack, index, from: peer }, now),
        ),
      );
      if (from !== undefined) sources.push({ index, from });
    }
    return sources.toSorted((a, b) => nearness.compare(a.from, b.from) || a.index - b.index);
  }
}

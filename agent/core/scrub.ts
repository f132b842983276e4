// Reads every shard held here once in each pass, so that what rotted is found though nobody asked for it. It decides which shard is
// read next and when; what is found damaged goes the way of all lost shards (repair.ts). On battery and in a pause it waits.

import type { UnixMs } from '../../datasets/index.ts';
import type { ShardKey } from '../codec/index.ts';
import { scrubBytesPerSecondMax, scrubNoteMs, scrubPassMsDefault } from '../limits.ts';
import type { PackId } from '../units.ts';
import type { Effects } from './effects.ts';
import type { CoreEvent, EventOf } from './events.ts';
import { NextTime } from './next-time.ts';
import { Resting } from './resting.ts';
import type { Shelf } from './shelf.ts';

/** How far a pass is: shards are read in order of pack and index, those up to `after` were. */
export interface ScrubPosition {
  readonly passFromMs: UnixMs;
  /** Undefined before the first shard of the pass. */
  readonly after: ShardKey | undefined;
  /** When the last whole pass ended; undefined before the first did. */
  readonly wholeMs: UnixMs | undefined;
}

export interface ScrubCount {
  /** Since the agent started. */
  readonly readShards: number;
  readonly wholeMs: UnixMs | undefined;
}

/** So many are kept in order; a holder of hundreds of thousands need not keep all of them twice. */
const restCountMax = 1000;

export class Scrub {
  readonly hears = ['started', 'powerChanged', 'pullsPaused', 'shardVerified', 'tick'] as const;
  readonly #shelf: Shelf;
  readonly #passMs: number;
  #position: ScrubPosition | undefined;
  #notedMs = 0;
  readonly #resting = new Resting();
  /** The shard that is being read. */
  #reading: ShardKey | undefined;
  readonly #nextRead = new NextTime();
  /** What is still to be read of this pass, as far as it was known when it was put in order. */
  #rest: ShardKey[] = [];
  #readShards = 0;

  /** `passMs`: every shard is read once in this time. */
  constructor(shelf: Shelf, passMs = scrubPassMsDefault) {
    this.#shelf = shelf;
    this.#passMs = passMs;
  }

  get counts(): ScrubCount {
    return {
      readShards: this.#readShards,
      wholeMs: this.#position?.wholeMs,
    };
  }

  handle(event: EventOf<Scrub['hears'][number]>): Effects {
    switch (event.kind) {
      case 'started':
        // A clock that was set back must not stop a pass for long.
        if (event.scrub !== undefined && event.scrub.passFromMs <= event.now) this.#position = event.scrub;
        return [];
      case 'powerChanged':
      case 'pullsPaused':
        this.#resting.handle(event);
        return [];
      case 'shardVerified':
        return this.#verified(event);
      case 'tick':
        return this.#next(event.now);
    }
  }

  #verified({ shard, outcome, now }: Extract<CoreEvent, { kind: 'shardVerified' }>): Effects {
    const position = this.#position;
    if (position === undefined || !isSame(shard, this.#reading)) return [];
    this.#reading = undefined;
    // It is read again, when this one's time would have been over.
    if (outcome === 'unread') return [];
    this.#readShards++;
    this.#position = { ...position, after: { pack: shard.pack, index: shard.index } };
    return [...this.#noteSometimes(now), ...this.#next(now)];
  }

  /** The next shard, unless the pass is ahead of its time or the disk shall rest. */
  #next(now: UnixMs): Effects {
    if (this.#resting.isOn) return [];
    if (this.#reading !== undefined || !this.#nextRead.hasCome(now)) return [];
    if (this.#shelf.heldShards === 0) return [];
    this.#position ??= { passFromMs: now, after: undefined, wholeMs: undefined };
    const { passFromMs, after } = this.#position;
    if (shareBefore(after) > (now - passFromMs) / this.#passMs) return [];
    const shard = this.#nextShard();
    if (shard === undefined) return this.#endPass(this.#position, now);
    this.#nextRead.waitFor((1000 * this.#bytesOf(shard)) / scrubBytesPerSecondMax, now);
    this.#reading = shard;
    return [{ kind: 'verifyShard', shard: { place: 'held', ...shard } }];
  }

  /** All was read. The next pass begins when the time of this one is over. */
  #endPass({ passFromMs, after, wholeMs }: ScrubPosition, now: UnixMs): Effects {
    const isNoted = wholeMs !== undefined && wholeMs >= passFromMs;
    const isOver = now - passFromMs >= this.#passMs;
    if (isNoted && !isOver) return [];
    const whole = isNoted ? wholeMs : now;
    this.#position = isOver
      ? { passFromMs: now, after: undefined, wholeMs: whole }
      : { passFromMs, after, wholeMs: whole };
    return this.#note(now);
  }

  #nextShard(): ShardKey | undefined {
    for (let isFresh = false; ; isFresh = true) {
      for (let shard = this.#rest.at(-1); shard !== undefined; shard = this.#rest.at(-1)) {
        if (this.#isHere(shard) && this.#isAhead(shard)) return shard;
        this.#rest.pop();
      }
      if (isFresh) return undefined;
      this.#rest = this.#restInOrder();
    }
  }

  /** The next ones, the last first: shards are taken from the end. */
  #restInOrder(): ShardKey[] {
    const rest: ShardKey[] = [];
    for (const { pack, held } of this.#shelf.packs.values())
      for (const index of held) if (this.#isAhead({ pack, index })) rest.push({ pack, index });
    return rest.toSorted((a, b) => (isAfter(a, b) ? -1 : 1)).slice(-restCountMax);
  }

  #isAhead(shard: ShardKey): boolean {
    const after = this.#position?.after;
    return after === undefined || isAfter(shard, after);
  }

  #isHere({ pack, index }: ShardKey): boolean {
    return this.#shelf.get(pack)?.held.has(index) === true;
  }

  #bytesOf({ pack }: { readonly pack: PackId }): number {
    return this.#shelf.get(pack)?.shardBytes ?? 0;
  }

  /** After a crash a few shards are read again. */
  #noteSometimes(now: UnixMs): Effects {
    return now - this.#notedMs < scrubNoteMs ? [] : this.#note(now);
  }

  #note(now: UnixMs): Effects {
    this.#notedMs = now;
    return this.#position === undefined ? [] : [{ kind: 'noteScrub', position: this.#position }];
  }
}

/** Ids of packs are hashes: about so much of everything lies before a shard. */
const shareBefore = (shard: ShardKey | undefined): number =>
  shard === undefined ? 0 : Number.parseInt(shard.pack.slice(0, 12), 16) / 2 ** 48;

const isAfter = (a: ShardKey, b: ShardKey): boolean =>
  a.pack === b.pack ? a.index > b.index : a.pack > b.pack;

const isSame = (a: ShardKey, b: ShardKey | undefined): boolean => a.pack === b?.pack && a.index === b.index;

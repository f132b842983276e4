// Whether each pass over a machine's disk reads all that lay there when it began, however often the process was started again meanwhile.

import type { UnixMs } from '../../datasets/index.ts';
import type { ShardKey } from '../codec/index.ts';
import type { CoreEffect, CoreEvent, ScrubPosition } from '../core/index.ts';
import type { Checking } from './checking.ts';
import type { Platters } from './disk.ts';
import type { Machine } from './machine.ts';
import { shortOf } from './naming.ts';

/** What is to be read again is, at the latest at this look at the clock. */
const lateTicks = 6;

const isSame = (a: ShardKey, b: ShardKey | undefined): boolean => a.pack === b?.pack && a.index === b.index;

type Slot = NonNullable<ReturnType<Platters['slot']>>;

/** One pass of a machine, over all its lives. */
interface Pass {
  readonly fromMs: UnixMs;
  /** What lay there when it began: the very same bytes, not what came later under the same name. */
  readonly due: ReadonlySet<Slot>;
  readonly read: Set<Slot>;
}

const passes = new WeakMap<Machine, Pass>();

/** Of one life of an agent. */
export class ScrubWitness {
  readonly #world: Checking;
  readonly #machine: Machine;
  #startedMs = Number.NEGATIVE_INFINITY;
  #hasNoted = false;
  /** The last shard that its pass ordered to be read, and when that could not be done. */
  #reading: ShardKey | undefined;
  #unread: { readonly shard: ShardKey; ticks: number } | undefined;
  #isOwnTurn = false;
  #nowMs = Number.NEGATIVE_INFINITY;

  constructor(world: Checking, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  /** After the core took it. */
  told(event: CoreEvent): void {
    if (event.kind === 'started') this.#startedMs = event.now;
    if (event.kind === 'tick') this.#tick(event.now);
    this.#isOwnTurn = event.kind === 'tick' || event.kind === 'shardVerified';
    if (event.kind !== 'shardVerified') return;
    if (event.outcome === 'unread') {
      if (isSame(event.shard, this.#reading)) this.#unread = { shard: event.shard, ticks: 0 };
      return;
    }
    const slot = this.#machine.platters.slot('held', event.shard);
    if (slot !== undefined) passes.get(this.#machine)?.read.add(slot);
  }

  /** Before it is done. */
  ordered(effect: CoreEffect): void {
    if (effect.kind === 'noteScrub') this.#notes(effect.position);
    // What others find damaged is read for them.
    if (effect.kind !== 'verifyShard' || !this.#isOwnTurn) return;
    this.#reading = effect.shard;
    this.#unread = undefined;
  }

  /** What could not be read is read again, before anything else is. */
  #tick(now: number): void {
    const { shell, rest } = this.#machine;
    const isLate = now < this.#nowMs || rest.isPaused || rest.power === 'battery';
    this.#nowMs = now;
    const unread = this.#unread;
    if (unread === undefined) return;
    unread.ticks = isLate ? 0 : unread.ticks + 1;
    const { pack, index } = unread.shard;
    if (shell?.core.shelf.get(pack)?.held.has(index) !== true) this.#unread = undefined;
    else if (unread.ticks >= lateTicks) {
      this.#unread = undefined;
      this.#world.count('rot');
      this.#world.violate('rot', this.#machine, `has not tried again to read ${shortOf({ pack })}`);
    }
  }

  #notes(position: ScrubPosition): void {
    const machine = this.#machine;
    const before = machine.scrub;
    const wholeMs = position.wholeMs ?? Number.NEGATIVE_INFINITY;
    const isFirst = !this.#hasNoted;
    this.#hasNoted = true;
    this.#world.count('rot');
    // Of the first one it is noted when some was read; a clock that was set back when the process began makes it begin anew.
    const isOfOldClock = isFirst && before !== undefined && before.passFromMs > this.#startedMs;
    if (before !== undefined && !isOfOldClock && position.wholeMs !== before.wholeMs)
      this.#ends(before.passFromMs);
    if (before?.passFromMs === position.passFromMs) return;
    passes.delete(machine);
    if (before === undefined || isOfOldClock) return;
    if (wholeMs < before.passFromMs) {
      this.#world.violate('rot', machine, 'begins to read its disk anew before it has read all of it');
      return;
    }
    const due = [...machine.platters.all()].filter(({ place, isFlushed }) => place === 'held' && isFlushed);
    passes.set(machine, { fromMs: position.passFromMs, due: new Set(due), read: new Set() });
  }

  #ends(fromMs: UnixMs): void {
    const { platters, shell } = this.#machine;
    const pass = passes.get(this.#machine);
    if (pass?.fromMs !== fromMs) return;
    for (const slot of pass.due) {
      const shard = { pack: slot.descriptor.pack, index: slot.index };
      const isHere = platters.slot('held', shard) === slot && slot.isLeaving !== true;
      const isKnown = shell?.core.shelf.get(shard.pack)?.held.has(shard.index) === true;
      if (!isHere || !isKnown || pass.read.has(slot)) continue;
      const text = `has read all of its disk but shard ${shard.index} of pack ${shard.pack.slice(0, 8)}`;
      this.#world.violate('rot', this.#machine, text);
      return;
    }
  }
}

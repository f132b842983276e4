// Shards that should be here and are not, in the order in which they are sought, and what lies in scratch for each. Where a shard comes from is for repair.ts.

import type { UnixMs } from '../../datasets/index.ts';
import { repairOrderEveryMs, repairWantsPerTick, shardRetryMs } from '../limits.ts';
import type { PackId } from '../units.ts';
import { NextTime } from './next-time.ts';

export interface Want {
  readonly pack: PackId;
  sinceMs: UnixMs;
  /** Something failed: not again before then. */
  notBeforeMs: number;
  /** Nobody could help when it was last looked at: not again before then, or before somebody speaks of it. */
  idleUntilMs: number;
  /** Indexes that lie in scratch for a rebuild. */
  readonly parts: Set<number>;
  isRebuilding: boolean;
}

export class Wants {
  readonly #open = new Map<PackId, Want>();
  /** Wants that are over, with parts in scratch. */
  readonly #over = new Map<PackId, Want>();
  readonly #nextOrder = new NextTime();
  #lastMs: UnixMs | undefined;

  get count(): number {
    return this.#open.size;
  }

  get packs(): IterableIterator<PackId> {
    return this.#open.keys();
  }

  get(pack: PackId): Want | undefined {
    return this.#open.get(pack);
  }

  /** Also one that is over. */
  find(pack: PackId): Want | undefined {
    return this.#open.get(pack) ?? this.#over.get(pack);
  }

  /** It is wanted, or somebody spoke of it anew. */
  begin(pack: PackId, now: UnixMs): void {
    const known = this.#open.get(pack);
    if (known !== undefined) {
      known.idleUntilMs = 0;
      return;
    }
    const { parts = new Set<number>(), isRebuilding = false } = this.#over.get(pack) ?? {};
    this.#over.delete(pack);
    this.#open.set(pack, { pack, sinceMs: now, notBeforeMs: now, idleUntilMs: 0, parts, isRebuilding });
  }

  /** It is wanted no more; what lies in scratch for it is remembered. */
  end(pack: PackId): void {
    const want = this.#open.get(pack);
    if (want === undefined) return;
    this.#open.delete(pack);
    if (want.isRebuilding || want.parts.size > 0) this.#over.set(pack, want);
  }

  forget(pack: PackId): void {
    this.#open.delete(pack);
  }

  forgetOver(pack: PackId): void {
    this.#over.delete(pack);
  }

  /** Those that are over; what is being rebuilt still needs its parts. */
  takeOver(): readonly Want[] {
    const ready = [...this.#over.values()].filter(({ isRebuilding }) => !isRebuilding);
    for (const { pack } of ready) this.#over.delete(pack);
    return ready;
  }

  /** Nobody can help now. The more wait, the longer each: so that all come up, and those that nobody can help hold no others up. */
  idle(want: Want, now: UnixMs): void {
    want.idleUntilMs = now + shardRetryMs * Math.max(1, this.#open.size / repairWantsPerTick);
  }

  /** The clock was set back: nothing waits for hours for what was to come in seconds. */
  #beginAnew(now: UnixMs): void {
    this.orderAnew();
    for (const want of this.#open.values())
      Object.assign(want, { sinceMs: now, notBeforeMs: now, idleUntilMs: 0 });
  }

  orderAnew(): void {
    this.#nextOrder.comeAtOnce();
  }

  /** The first of those whose time has come, by what is left of their packs; put in order once in a while, as all of them are gone through. */
  due(leftOf: (pack: PackId) => number, now: UnixMs): readonly Want[] {
    if (this.#lastMs !== undefined && now < this.#lastMs) this.#beginAnew(now);
    this.#lastMs = now;
    if (this.#nextOrder.hasCome(now) && this.#open.size > 1) {
      this.#nextOrder.waitFor(repairOrderEveryMs, now);
      const ordered = [...this.#open.values()].map((want) => ({ want, left: leftOf(want.pack) }));
      this.#open.clear();
      for (const { want } of ordered.toSorted((a, b) => a.left - b.left)) this.#open.set(want.pack, want);
    }
    const due: Want[] = [];
    for (const want of this.#open.values()) {
      if (due.length >= repairWantsPerTick) break;
      if (want.notBeforeMs <= now && want.idleUntilMs <= now) due.push(want);
    }
    return due;
  }
}

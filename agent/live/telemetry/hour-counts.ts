// Counts by hour and by key, until the hour is over. Knows no meanings; beyond a limit of keys an hour takes no new ones.

import { hourMs, unixMs, type UnixMs } from '../../../datasets/index.ts';

/** What was counted in one hour. */
export interface CountedHour<Item> {
  readonly hourMs: UnixMs;
  readonly items: readonly Item[];
}

export class HourCounts<Key, Item> {
  readonly #keysMax: number;
  readonly #add: (before: Item, item: Item) => Item;
  readonly #hours = new Map<number, Map<Key, Item>>();

  /** `add` puts two counts of one key together, the older first. */
  constructor(keysMax: number, add: (before: Item, item: Item) => Item) {
    this.#keysMax = keysMax;
    this.#add = add;
  }

  /** Adds to the hour of `now`; keys beyond the limit are not counted. */
  count(key: Key, item: Item, now: UnixMs): void {
    const start = Math.floor(now / hourMs) * hourMs;
    const hour = this.#hours.get(start) ?? new Map<Key, Item>();
    this.#hours.set(start, hour);
    const before = hour.get(key);
    if (before !== undefined) hour.set(key, this.#add(before, item));
    else if (hour.size < this.#keysMax) hour.set(key, item);
  }

  /** Hours that ended before `now`, in order; each is given once. */
  takeFinished(now: UnixMs): readonly CountedHour<Item>[] {
    return this.#take((start) => start + hourMs <= now);
  }

  /** All hours, with the one that is not over: for a stop. */
  takeAll(): readonly CountedHour<Item>[] {
    return this.#take(() => true);
  }

  #take(isWanted: (startMs: number) => boolean): readonly CountedHour<Item>[] {
    const starts = [...this.#hours.keys()].filter(isWanted).toSorted((a, b) => a - b);
    const taken = starts.map((start) => ({
      hourMs: unixMs(start),
      items: [...this.#hours.get(start)!.values()],
    }));
    for (const start of starts) this.#hours.delete(start);
    return taken;
  }
}

// Machines taken together as types: runs of machines alike, shorter ones within longer ones, each with the least price and the least
// odds that any of its members has, so that what is too dear for a run is too dear for all of them.

import type { Outline, Weighing } from './outline.ts';

/** Members of the shortest runs, the middle ones and the longest, as powers of two; measured on 3,000 to 10,000 machines. */
const shifts = [2, 4, 6, 8, 10] as const;
const longest = 1 << shifts.at(-1)!;
const shortest = 1 << shifts[0];

/** Of each run or machine, one after the other: least price, least mean, greatest spread, least of what single states add. */
const numbersEach = 4;

interface Level {
  readonly shift: number;
  /** Bits of a position within a run. */
  readonly mask: number;
  readonly numbers: Float64Array;
  /** The last place in the order that a member has. */
  readonly lastPlace: Int32Array;
}

/** Machines by falling price, of equals the one that is down less often first. */
export const dearestFirst =
  (prices: Float64Array, { mean }: Outline) =>
  (a: number, b: number): number =>
    prices[b]! - prices[a]! || mean[a]! - mean[b]! || a - b;

export class Runs {
  /** Machines by position. */
  readonly machines: Int32Array;
  /** Longest runs first; the last level is single machines. */
  readonly #levels: readonly Level[];

  /** The order decides which machines are near each other to begin with, and what `from` means. */
  constructor(outline: Outline, order: readonly number[], prices: Float64Array) {
    const place = new Int32Array(prices.length);
    for (const [at, machine] of order.entries()) place[machine] = at;
    this.machines = Int32Array.from(arranged(outline, order, prices));
    const single = singleNumbers(outline, this.machines, prices);
    const places = this.machines.map((machine) => place[machine]!);
    const levels = shifts.map((shift) => levelOf(shift, single, places));
    this.#levels = [...levels.toReversed(), { shift: 0, mask: 0, numbers: single, lastPlace: places }];
  }

  /** No machine before this position has this place in the order, or a later one. */
  startOf(place: number): number {
    return place - (place % longest);
  }

  /** The first position from this one on whose machine is perhaps below the limit, and at `from` or later in the order; else their count. */
  next(position: number, weighing: Weighing, { limit, from }: { limit: number; from: number }): number {
    const { level: weight, unevenness, extra } = weighing;
    const levels = this.#levels;
    let at = position;
    let step = this.#stepAt(at);
    while (at < this.machines.length) {
      const { shift, numbers, lastPlace } = levels[step]!;
      const run = at >> shift;
      const first = run * numbersEach;
      const odds = weight * numbers[first + 1]! - unevenness * numbers[first + 2]!;
      const least = numbers[first]! + (odds > 0 ? odds : 0) + extra * numbers[first + 3]!;
      if (least < limit && lastPlace[run]! >= from) {
        step++;
        if (step === levels.length) return at;
        continue;
      }
      at = (run + 1) << shift;
      step = this.#stepAt(at);
    }
    return this.machines.length;
  }

  /** The level of the longest run that begins here. */
  #stepAt(position: number): number {
    let step = this.#levels.length - 1;
    while (step > 0 && (position & this.#levels[step - 1]!.mask) === 0) step--;
    return step;
  }
}

/** Neighbours in the order, those of one longest run halved by mean odds, price and unevenness in turn. */
function arranged(outline: Outline, order: readonly number[], prices: Float64Array): readonly number[] {
  const keys = [outline.mean, prices];
  const halve = (some: readonly number[], length: number, turn: number): readonly number[] => {
    if (length <= shortest) return some;
    const key = keys[turn % keys.length]!;
    const sorted = some.toSorted((a, b) => key[a]! - key[b]! || a - b);
    const half = length / 2;
    return [...halve(sorted.slice(0, half), half, turn + 1), ...halve(sorted.slice(half), half, turn + 1)];
  };
  const runs = Array.from({ length: Math.ceil(order.length / longest) }, (_, run) =>
    order.slice(run * longest, (run + 1) * longest),
  );
  return runs.flatMap((run) => halve(run, longest, 0));
}

function singleNumbers(outline: Outline, machines: Int32Array, prices: Float64Array): Float64Array {
  const numbers = new Float64Array(machines.length * numbersEach);
  for (const [at, machine] of machines.entries()) {
    const { mean, spread, more } = outline;
    numbers.set([prices[machine]!, mean[machine]!, spread[machine]!, more[machine]!], at * numbersEach);
  }
  return numbers;
}

function levelOf(shift: number, single: Float64Array, places: Int32Array): Level {
  const count = Math.ceil(places.length / (1 << shift));
  const numbers = Float64Array.from({ length: count * numbersEach }, (_, at) =>
    at % numbersEach === 2 ? 0 : Number.POSITIVE_INFINITY,
  );
  const lastPlace = new Int32Array(count);
  for (const [at, place] of places.entries()) {
    const run = at >> shift;
    lastPlace[run] = Math.max(lastPlace[run]!, place);
    for (let number = 0; number < numbersEach; number++) {
      const into = run * numbersEach + number;
      const value = single[at * numbersEach + number]!;
      numbers[into] = number === 2 ? Math.max(numbers[into]!, value) : Math.min(numbers[into]!, value);
    }
  }
  return { shift, mask: (1 << shift) - 1, numbers, lastPlace };
}

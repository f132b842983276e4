// Machines taken together as types: runs of neighbours in an order, each with the least price and the least odds that any of its
// members has, so that what is too dear for a run is too dear for all of them.

import type { Outline, Weighing } from './outline.ts';

/** Members of a run; measured on 1,000 to 10,000 machines, half or twice as many cost more. */
const runLength = 32;

export class Runs {
  readonly runLength = runLength;
  readonly count: number;
  readonly #price: Float64Array;
  readonly #mean: Float64Array;
  readonly #spread: Float64Array;
  readonly #more: Float64Array;

  constructor(outline: Outline, order: ArrayLike<number>, prices: Float64Array) {
    this.count = Math.ceil(order.length / runLength);
    this.#price = new Float64Array(this.count).fill(Number.POSITIVE_INFINITY);
    this.#mean = new Float64Array(this.count).fill(Number.POSITIVE_INFINITY);
    this.#spread = new Float64Array(this.count);
    this.#more = new Float64Array(this.count).fill(Number.POSITIVE_INFINITY);
    for (let at = 0; at < order.length; at++) {
      const run = Math.floor(at / runLength);
      const machine = order[at]!;
      this.#price[run] = Math.min(this.#price[run]!, prices[machine]!);
      this.#mean[run] = Math.min(this.#mean[run]!, outline.mean[machine]!);
      this.#spread[run] = Math.max(this.#spread[run]!, outline.spread[machine]!);
      this.#more[run] = Math.min(this.#more[run]!, outline.more[machine]!);
    }
  }

  /** What price and odds of any member come to at least. */
  leastIn(run: number, { level, unevenness, extra }: Weighing): number {
    return (
      this.#price[run]! +
      Math.max(0, level * this.#mean[run]! - unevenness * this.#spread[run]!) +
      extra * this.#more[run]!
    );
  }

  /** The first run from this one on that has perhaps a member below the limit; `count` when there is none. */
  next(from: number, weighing: Weighing, limit: number): number {
    let run = from;
    while (run < this.count && this.leastIn(run, weighing) >= limit) run++;
    return run;
  }
}

/** What price-free odds of one machine come to at least. */
export const leastOf = (
  { mean, spread, more }: Outline,
  { level, unevenness, extra }: Weighing,
  machine: number,
): number => Math.max(0, level * mean[machine]! - unevenness * spread[machine]!) + extra * more[machine]!;

// Who could be the third of a pair: a set of three costs its prices and at least a product of floors, which is one sum of twice as
// many terms as there are kinds of hour. Single states are looked at only by whoever asks, and only for what is left.

import { type CompactOdds, dotMachine, sumBlocks } from './compact-odds.ts';
import type { Outline, PairWeighing } from './outline.ts';
import { Runs } from './runs.ts';

export interface ThirdsQuestion {
  readonly odds: CompactOdds;
  /** K: weights of the states, those of the outline. */
  readonly weights: Float64Array;
  readonly outline: Outline;
  /** The machines among which thirds are sought. */
  readonly order: readonly number[];
  /** N values. */
  readonly prices: Float64Array;
}

export interface ThirdsAsked {
  /** Only machines at this place in the order or later. */
  readonly from: number;
  /** Only where the product, what both have in single states left out, and the third's price are perhaps below it. */
  readonly limit: number;
}

export interface Third {
  readonly machine: number;
  /** Its price and its odds with the pair. */
  readonly cost: number;
}

export class ThirdSearch {
  readonly #outline: Outline;
  readonly #runs: Runs;
  readonly #prices: Float64Array;
  /** N: position of each machine in the runs. */
  readonly #positions: Int32Array;
  readonly #weighing: PairWeighing;
  readonly #range = { limit: 0, from: 0 };
  readonly #odds: CompactOdds;
  readonly #weights: Float64Array;
  /** K and B: Σ of the products of the pair under way, once somebody has asked for them. */
  readonly #product: Float64Array;
  readonly #sums: Float64Array;
  #pair: readonly [number, number] = [-1, -1];
  #isMultiplied = false;

  constructor({ odds, weights, outline, order, prices }: ThirdsQuestion) {
    this.#odds = odds;
    this.#weights = weights;
    this.#outline = outline;
    this.#prices = prices;
    this.#product = new Float64Array(odds.stateCount);
    this.#sums = new Float64Array(odds.blockCount);
    this.#runs = new Runs(outline, order, prices);
    this.#weighing = outline.pairWeighing(this.#runs.machines);
    this.#positions = new Int32Array(odds.machineCount).fill(-1);
    for (const [at, machine] of this.#runs.machines.entries()) this.#positions[machine] = at;
  }

  /** Shows each third of a pair of machines of the order that may be below the limit; `visit` says what is the limit from then on. */
  seek(pair: readonly [number, number], asked: ThirdsAsked, visit: (machine: number) => number): void {
    const runs = this.#runs;
    const weighing = this.#weighing;
    const range = this.#range;
    range.limit = asked.limit;
    range.from = asked.from;
    this.#pair = pair;
    this.#isMultiplied = false;
    this.#outline.weighPair(this.#positions[pair[0]]!, this.#positions[pair[1]]!, weighing);
    let at = runs.next(runs.startOf(asked.from), weighing, range);
    while (at < runs.machines.length) {
      if (this.#mayBeBelow(range.limit, at)) range.limit = visit(runs.machines[at]!);
      at = runs.next(at + 1, weighing, range);
    }
  }

  /** The cheapest third below the limit of those that may join; undefined when there is none. */
  cheapest(
    pair: readonly [number, number],
    asked: ThirdsAsked,
    mayJoin: (machine: number) => boolean,
  ): Third | undefined {
    let best: Third | undefined;
    let least = asked.limit;
    this.seek(pair, asked, (machine) => {
      if (!mayJoin(machine)) return least;
      const cost = this.#prices[machine]! + this.oddsWith(machine);
      if (cost < least) {
        least = cost;
        best = { machine, cost };
      }
      return least;
    });
    return best;
  }

  /** Σ_k w_k Π Q_k of the pair under way and this machine. */
  oddsWith(machine: number): number {
    if (!this.#isMultiplied) this.#multiply();
    return dotMachine(this.#odds, this.#product, { sums: this.#sums, machine });
  }

  #multiply(): void {
    const product = this.#product;
    const [first, second] = this.#pair;
    const [a, b] = [this.#odds.rows[first]!, this.#odds.rows[second]!];
    for (let state = 0; state < product.length; state++)
      product[state] = this.#weights[state]! * a[state]! * b[state]!;
    sumBlocks(this.#odds, product, this.#sums);
    this.#isMultiplied = true;
  }

  /**
   * Whether the price of the machine at this position and its product with the pair, what two of them share in single states left out, are below
   * the limit. Floors come first: what single states add is little, and nearly as much as it is at least.
   */
  #mayBeBelow(limit: number, position: number): boolean {
    const { pair, profiles, extra } = this.#weighing;
    const machine = this.#runs.machines[position]!;
    const start = position * pair.length;
    const floors = pair.length / 2;
    let sum = this.#prices[machine]!;
    for (let term = 0; term < floors; term++) sum += pair[term]! * profiles[start + term]!;
    if (sum + extra * this.#outline.more[machine]! >= limit) return false;
    for (let term = floors; term < pair.length; term++) sum += pair[term]! * profiles[start + term]!;
    return sum < limit;
  }
}

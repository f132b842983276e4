// The cheapest set of t machines at given prices, proven: min over sets T of Σ_k w_k Π_{i∈T} Q_ki + Σ_{i∈T} price_i for t up
// to 3. Branch and bound over pairs: a pair is left out only when no third machine can bring it below the best known.

import type { CompactOdds } from './compact-odds.ts';
import { Outline } from './outline.ts';
import { dearestFirst } from './runs.ts';
import { ThirdSearch } from './third-search.ts';

export interface SubsetQuestion {
  readonly odds: CompactOdds;
  /** K: weights of the states, which may differ from those of the odds. */
  readonly weights: Float64Array;
  /** N values ≥ 0; positive infinity for a machine that no set may have. */
  readonly prices: Float64Array;
  readonly size: 1 | 2 | 3;
  /** N: how often one set may have the machine (a type of many machines); default once. */
  readonly counts?: Int32Array;
  /** Columns of labels: machines of one value (−1: none) are in no common set. */
  readonly apart?: readonly Int32Array[];
  /** Of these odds and weights, where it is at hand. */
  readonly outline?: Outline;
  /** Sets that do not go below it are not looked for. */
  readonly known?: number;
  /** Each machine's sets are measured by `known`, not by the best set of all so far. Default false. */
  readonly byMachine?: boolean;
}

export interface LeastSubset {
  /** No set is below it; `known` when none goes below that. */
  readonly value: number;
  /** A set that reaches it; undefined when none goes below what was known. */
  readonly members: readonly number[] | undefined;
  /** N: what every set costs at least whose dearest machine this is, at most `known`; with `byMachine` it is exact below that. */
  readonly leastOfDearest: Float64Array;
  /** Sets below `known` that were found on the way, the cheapest of each dearest machine among them. */
  readonly others: readonly (readonly number[])[];
}

/** Positive infinity and no members when no set is allowed. */
export function leastSubset(question: SubsetQuestion): LeastSubset {
  const search = new SubsetSearch(question);
  search.run();
  const { best: value, members, others, leastOfDearest } = search;
  return { value, members, others, leastOfDearest };
}

class SubsetSearch {
  best: number;
  members: readonly number[] | undefined;
  readonly others: (readonly number[])[] = [];
  readonly leastOfDearest: Float64Array;
  readonly #question: SubsetQuestion;
  readonly #known: number;
  /** Allowed machines, dearest first: they are the good ones, and dear pairs fall out early. */
  readonly #order: readonly number[];
  readonly #thirds: ThirdSearch;
  readonly #one: Float64Array;
  readonly #two: Float64Array;
  /** No set with this first machine is looked for that costs as much. */
  #limit = Number.POSITIVE_INFINITY;

  constructor(question: SubsetQuestion) {
    const { odds, prices } = question;
    const outline = question.outline ?? new Outline(odds, question.weights);
    this.#question = question;
    this.#known = question.known ?? Number.POSITIVE_INFINITY;
    this.best = this.#known;
    this.leastOfDearest = new Float64Array(odds.machineCount).fill(this.#known);
    this.#order = Array.from({ length: odds.machineCount }, (_, machine) => machine)
      .filter((machine) => Number.isFinite(prices[machine]!))
      .toSorted(dearestFirst(prices, outline));
    this.#thirds = new ThirdSearch({ odds, weights: question.weights, outline, order: this.#order, prices });
    this.#one = new Float64Array(odds.stateCount);
    this.#two = new Float64Array(odds.stateCount);
  }

  run(): void {
    const { size, weights, prices, byMachine = false } = this.#question;
    for (const [index, first] of this.#order.entries()) {
      this.#limit = byMachine ? this.#known : this.best;
      this.#multiply(weights, first, this.#one);
      if (size === 1) this.#offer(total(this.#one) + prices[first]!, [first]);
      else this.#withFirst(index);
      this.leastOfDearest[first] = this.#limit;
    }
  }

  /** Sets whose first machine in the order is this one. */
  #withFirst(index: number): void {
    const { size, prices } = this.#question;
    const first = this.#order[index]!;
    for (let next = index; next < this.#order.length; next++) {
      const second = this.#order[next]!;
      if (second === first ? !this.#mayRepeat(first, 2) : !this.#isApart(first, second)) continue;
      const base = prices[first]! + prices[second]!;
      if (base >= this.#limit) continue;
      if (size === 3) {
        this.#withPair(first, next);
        continue;
      }
      this.#multiply(this.#one, second, this.#two);
      this.#offer(base + total(this.#two), [first, second]);
    }
  }

  #withPair(first: number, next: number): void {
    const { prices } = this.#question;
    const second = this.#order[next]!;
    const base = prices[first]! + prices[second]!;
    const third = this.#thirds.cheapest(
      [first, second],
      { from: next, limit: this.#limit - base },
      (machine) => this.#mayJoin(machine, [first, second]),
    );
    if (third !== undefined) this.#offer(base + third.cost, [first, second, third.machine]);
  }

  #mayJoin(third: number, [first, second]: readonly [number, number]): boolean {
    if (third === second) return this.#mayRepeat(second, first === second ? 3 : 2);
    return this.#isApart(first, third) && this.#isApart(second, third);
  }

  #mayRepeat(machine: number, times: number): boolean {
    return (this.#question.counts?.[machine] ?? 1) >= times;
  }

  #isApart(a: number, b: number): boolean {
    for (const labels of this.#question.apart ?? []) {
      if (labels[a]! >= 0 && labels[a] === labels[b]) return false;
    }
    return true;
  }

  #multiply(from: Float64Array, machine: number, into: Float64Array): void {
    const row = this.#question.odds.rows[machine]!;
    for (let state = 0; state < row.length; state++) into[state] = from[state]! * row[state]!;
  }

  #offer(value: number, members: readonly number[]): void {
    if (value >= this.#limit) return;
    this.#limit = value;
    if (this.#question.byMachine === true) this.others.push(members);
    if (value >= this.best) return;
    this.best = value;
    this.members = members;
  }
}

const total = (vector: Float64Array): number => vector.reduce((sum, value) => sum + value, 0);

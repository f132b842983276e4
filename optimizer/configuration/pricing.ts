// New columns for the linear program: groups that cost less than the prices say, found by exchanging one member at a time. It
// may miss some; only the bound is proven.

import { slotTerms } from '../group-search.ts';
import { type CompactOdds, dotMachine, sumBlocks } from './compact-odds.ts';
import { type Grouping, openPrices, type Prices } from './grouping.ts';
import { Outline, type Weighing } from './outline.ts';
import { dearestFirst, Runs } from './runs.ts';
import type { Column } from './solver.ts';
import { ThirdSearch } from './third-search.ts';

export interface PricingQuestion {
  readonly grouping: Grouping;
  readonly odds: CompactOdds;
  readonly prices: Prices;
  /** How many machines each column stands for; default one. */
  readonly counts?: Int32Array;
  /** Of the odds and their weights, where it is at hand. */
  readonly outline?: Outline;
}

/** Rounds over all slots of one group; nearly all settle in three. */
const roundsMax = 6;

interface Exchange {
  readonly machine: number;
  /** Odds plus prices with it. */
  readonly value: number;
}

export class Pricer {
  readonly #question: PricingQuestion;
  readonly #sums: Float64Array;
  readonly #outline: Outline;
  readonly #weighing: Weighing = { level: 0, unevenness: 0, extra: 0 };
  /** Infinite for machines without slots. */
  readonly #open: Prices;
  /** Dearest first: machines alike are left out together. */
  readonly #order: readonly number[];
  /** Made when first asked for: pairs of copies need the one, all else the other. */
  #thirds: ThirdSearch | undefined;
  #runs: Runs | undefined;

  constructor(question: PricingQuestion) {
    this.#question = question;
    this.#outline = question.outline ?? new Outline(question.odds, question.odds.weights);
    const open = openPrices(question.grouping, question.prices);
    this.#open = open;
    this.#order = [...open.keys()].toSorted(dearestFirst(open, this.#outline));
    this.#sums = new Float64Array(question.odds.blockCount);
  }

  /**
   * The local optimum of odds plus prices that exchanges lead to, and the groups on the way. The first slots may be kept as they are; with
   * `below` only what costs less than that is looked for.
   */
  descend(
    start: readonly number[],
    { rounds = roundsMax, keptSlots = 0, below = Number.POSITIVE_INFINITY } = {},
  ): readonly Column[] {
    const members = [...start];
    const found: Column[] = [];
    let value = below;
    for (let round = 0; round < rounds; round++) {
      const before = value;
      for (let slot = keptSlots; slot < members.length; slot++) {
        const others = members.filter((_, index) => index !== slot);
        const best = this.#isPairOfCopies() ? this.#thirdFor(others, value) : this.#bestFor(others, value);
        if (best === undefined) continue;
        members[slot] = best.machine;
        value = best.value;
        found.push({ members: [...members], odds: value - this.#paidFor(members) });
      }
      if (value >= before) break;
    }
    return found;
  }

  #isPairOfCopies(): boolean {
    const { k, n } = this.#question.grouping.redundancy;
    return k === 1 && n === 3;
  }

  /** The machine that lowers odds plus prices most below the limit; undefined where none does. */
  #bestFor(others: readonly number[], limit: number): Exchange | undefined {
    const { odds, prices, grouping } = this.#question;
    const terms = slotTerms(
      { weights: odds.weights, k: grouping.redundancy.k },
      others.map((member) => odds.rows[member]!),
    );
    sumBlocks(odds, terms.slope, this.#sums);
    this.#outline.weigh(terms.slope, this.#weighing);
    const fixed = terms.base + this.#paidFor(others);
    const runs = (this.#runs ??= new Runs(this.#outline, this.#order, this.#open));
    const range = { limit: limit - fixed, from: 0 };
    let best = -1;
    for (let at = 0; (at = runs.next(at, this.#weighing, range)) < runs.machines.length; at++) {
      const machine = runs.machines[at]!;
      if (!this.#mayJoin(machine, others)) continue;
      const value = prices[machine]! + dotMachine(odds, terms.slope, { sums: this.#sums, machine });
      if (value < range.limit) [best, range.limit] = [machine, value];
    }
    return best < 0 ? undefined : { machine: best, value: fixed + range.limit };
  }

  /** The same for the third of three copies, whose product with the others single states are seldom looked at for. */
  #thirdFor(others: readonly number[], limit: number): Exchange | undefined {
    const { odds } = this.#question;
    const fixed = this.#paidFor(others);
    const pair = others as readonly [number, number];
    const thirds = (this.#thirds ??= new ThirdSearch({
      odds,
      weights: odds.weights,
      outline: this.#outline,
      order: this.#order,
      prices: this.#open,
    }));
    const third = thirds.cheapest(pair, { from: 0, limit: limit - fixed }, (machine) =>
      this.#mayJoin(machine, others),
    );
    return third === undefined ? undefined : { machine: third.machine, value: fixed + third.cost };
  }

  #paidFor(members: readonly number[]): number {
    return members.reduce((sum, member) => sum + this.#question.prices[member]!, 0);
  }

  #mayJoin(machine: number, others: readonly number[]): boolean {
    const { grouping, counts } = this.#question;
    if (grouping.capacities[machine]! <= 0) return false;
    let already = 0;
    for (const other of others) if (other === machine) already++;
    if (already >= (counts?.[machine] ?? 1)) return false;
    for (const labels of grouping.apart ?? []) {
      const label = labels[machine]!;
      if (label >= 0 && others.some((other) => labels[other] === label)) return false;
    }
    return true;
  }
}

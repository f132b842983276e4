// New columns for the linear program: groups that cost less than the prices say, found by exchanging one member at a time. It
// may miss some; only the bound is proven.

import { slotTerms } from '../group-search.ts';
import { type CompactOdds, dotMachine, sumBlocks } from './compact-odds.ts';
import type { Grouping, Prices } from './grouping.ts';
import { Outline, type Weighing } from './outline.ts';
import { leastOf, Runs } from './runs.ts';
import type { Column } from './solver.ts';

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

export class Pricer {
  readonly #question: PricingQuestion;
  readonly #sums: Float64Array;
  readonly #outline: Outline;
  /** Cheapest first: the runs of them are left out together. */
  readonly #order: readonly number[];
  readonly #runs: Runs;
  readonly #weighing: Weighing = { level: 0, unevenness: 0, extra: 0 };

  constructor(question: PricingQuestion) {
    this.#question = question;
    this.#outline = question.outline ?? new Outline(question.odds, question.odds.weights);
    const { prices } = question;
    this.#order = [...prices.keys()].toSorted((a, b) => prices[a]! - prices[b]! || a - b);
    this.#runs = new Runs(this.#outline, this.#order, prices);
    this.#sums = new Float64Array(question.odds.blockCount);
  }

  /** The local optimum of odds plus prices that exchanges lead to, and the groups on the way. The first slots may be kept as they are. */
  descend(start: readonly number[], { rounds = roundsMax, keptSlots = 0 } = {}): readonly Column[] {
    const members = [...start];
    const found: Column[] = [];
    let value = Number.POSITIVE_INFINITY;
    for (let round = 0; round < rounds; round++) {
      const before = value;
      for (let slot = keptSlots; slot < members.length; slot++) {
        const best = this.#bestFor(members, { slot, limit: value });
        if (best === undefined) continue;
        members[slot] = best.machine;
        value = best.value;
        found.push({ members: [...members], odds: best.odds });
      }
      if (value >= before) break;
    }
    return found;
  }

  /** The machine that lowers odds plus prices most below the limit; undefined where none does. */
  #bestFor(
    members: readonly number[],
    { slot, limit }: { readonly slot: number; readonly limit: number },
  ): { readonly machine: number; readonly value: number; readonly odds: number } | undefined {
    const { odds, prices, grouping } = this.#question;
    const others = members.filter((_, index) => index !== slot);
    const terms = slotTerms(
      { weights: odds.weights, k: grouping.redundancy.k },
      others.map((member) => odds.rows[member]!),
    );
    sumBlocks(odds, terms.slope, this.#sums);
    this.#outline.weigh(terms.slope, this.#weighing);
    const paid = others.reduce((sum, member) => sum + prices[member]!, 0);
    const fixed = terms.base + paid;
    let best = -1;
    let bestValue = limit;
    let run = this.#runs.next(0, this.#weighing, bestValue - fixed);
    while (run < this.#runs.count) {
      for (const machine of this.#membersOf(run)) {
        const price = fixed + prices[machine]!;
        if (price + leastOf(this.#outline, this.#weighing, machine) >= bestValue) continue;
        if (!this.#mayJoin(machine, others)) continue;
        const value = price + dotMachine(odds, terms.slope, { sums: this.#sums, machine });
        if (value < bestValue) [best, bestValue] = [machine, value];
      }
      run = this.#runs.next(run + 1, this.#weighing, bestValue - fixed);
    }
    if (best < 0) return undefined;
    return { machine: best, value: bestValue, odds: bestValue - paid - prices[best]! };
  }

  #membersOf(run: number): readonly number[] {
    return this.#order.slice(run * this.#runs.runLength, (run + 1) * this.#runs.runLength);
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

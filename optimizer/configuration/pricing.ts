// New columns for the linear program: groups that cost less than the prices say, found by exchanging one member at a time. It
// may miss some; only the bound is proven.

import { slotTerms } from '../group-search.ts';
import { type CompactOdds, dotMachine, sumBlocks } from './compact-odds.ts';
import type { Grouping, Prices } from './grouping.ts';
import type { Column } from './solver.ts';

export interface PricingQuestion {
  readonly grouping: Grouping;
  readonly odds: CompactOdds;
  readonly prices: Prices;
  /** How many machines each column stands for; default one. */
  readonly counts?: Int32Array;
}

/** Rounds over all slots of one group; nearly all settle in three. */
const roundsMax = 6;

export class Pricer {
  readonly #question: PricingQuestion;
  readonly #sums: Float64Array;

  constructor(question: PricingQuestion) {
    this.#question = question;
    this.#sums = new Float64Array(question.odds.blockCount);
  }

  /** The local optimum of odds plus prices that exchanges lead to, and the groups on the way. */
  descend(start: readonly number[]): readonly Column[] {
    const members = [...start];
    const found: Column[] = [];
    let value = Number.POSITIVE_INFINITY;
    for (let round = 0; round < roundsMax; round++) {
      const before = value;
      for (let slot = 0; slot < members.length; slot++) {
        const best = this.#bestFor(members, slot);
        if (best === undefined || best.value >= value) continue;
        members[slot] = best.machine;
        value = best.value;
        found.push({ members: [...members], odds: best.odds });
      }
      if (value >= before) break;
    }
    return found;
  }

  #bestFor(
    members: readonly number[],
    slot: number,
  ): { readonly machine: number; readonly value: number; readonly odds: number } | undefined {
    const { odds, prices, grouping } = this.#question;
    const others = members.filter((_, index) => index !== slot);
    const terms = slotTerms(
      { weights: odds.weights, k: grouping.redundancy.k },
      others.map((member) => odds.rows[member]!),
    );
    sumBlocks(odds, terms.slope, this.#sums);
    const paid = others.reduce((sum, member) => sum + prices[member]!, 0);
    let best = -1;
    let bestValue = Number.POSITIVE_INFINITY;
    for (let machine = 0; machine < odds.machineCount; machine++) {
      if (terms.base + paid + prices[machine]! >= bestValue || !this.#mayJoin(machine, others)) continue;
      const from = { sums: this.#sums, machine };
      const value = terms.base + paid + prices[machine]! + dotMachine(odds, terms.slope, from);
      if (value < bestValue) [best, bestValue] = [machine, value];
    }
    if (best < 0) return undefined;
    return { machine: best, value: bestValue, odds: bestValue - paid - prices[best]! };
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

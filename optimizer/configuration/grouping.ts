// What a grouping is asked for, in the words of a linear program: how many groups, of which size, under which slots and
// labels. Pins and budgets of moves narrow the choice further: a bound that knows nothing of them still holds.

import type { GroupLimits } from '../group-limits.ts';
import type { Redundancy } from '../plan.ts';
import type { States } from '../states.ts';

export interface Grouping extends GroupLimits {
  readonly states: States;
  readonly redundancy: Redundancy;
  readonly groupCount: number;
}

/** N prices ≥ 0 of one slot of each machine, in the unit of odds. */
export type Prices = Float64Array;

/** How far a grouping can be from the best: value ≥ best ≥ lowerBound. */
export interface Certificate {
  readonly prices: Prices;
  /** Mean P(fewer than k up) of the groups. */
  readonly value: number;
  /** No grouping under the same limits has a lower mean. */
  readonly lowerBound: number;
  /** value / lowerBound − 1; positive infinity when the bound is 0. */
  readonly gap: number;
}

/** Σ_i α_i cap_i / G: what all slots are worth, per group. */
export const paidFor = ({ capacities, groupCount }: Grouping, prices: Prices): number =>
  capacities.reduce((sum, capacity, machine) => sum + prices[machine]! * capacity, 0) / groupCount;

/** Prices, never below 0, and positive infinity for a machine without slots. */
export const openPrices = ({ capacities }: Grouping, prices: Prices): Prices =>
  prices.map((price, machine) => (capacities[machine]! > 0 ? Math.max(0, price) : Number.POSITIVE_INFINITY));

/** What floating-point sums of this length can be off by, with much to spare. */
const roundingShare = 1e-9;

/** The bound that a least column and the price of all slots give; never below 0. */
export const safeBound = (least: number, paid: number): number =>
  Number.isFinite(least) ? Math.max(0, least - paid - roundingShare * (least + paid)) : 0;

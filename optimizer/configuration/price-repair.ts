// Better prices from one exact search: where a few machines are too cheap, so that groups with them cost less than all others, they get dearer
// by as much as that is, and what all other groups cost is proven.

import { type Grouping, paidFor, type Prices, safeBound } from './grouping.ts';

export interface Searched {
  /** N prices that were searched at. */
  readonly prices: Prices;
  /** N: what every group costs at least, odds and prices, whose dearest machine this is. */
  readonly leastOfDearest: Float64Array;
}

export interface Proven {
  readonly prices: Prices;
  readonly bound: number;
}

/**
 * With m_i the least cost of a group whose dearest machine is i, and each machine dearer by max(0, T − m_i), every group costs T at least: it has a
 * dearest machine. So T − Σ_i (α_i + max(0, T − m_i)) cap_i / G is a bound for any T. It grows with T while the machines below T have less
 * than one slot a group: the best T is a quantile of the costs where the plain bound takes their minimum.
 */
export function repairPrices(grouping: Grouping, { prices, leastOfDearest }: Searched): Proven {
  const { capacities, groupCount } = grouping;
  const order = [...capacities.keys()]
    .filter((machine) => capacities[machine]! > 0)
    .toSorted((a, b) => leastOfDearest[a]! - leastOfDearest[b]! || a - b);
  let slots = 0;
  const last = order.find((machine) => (slots += capacities[machine]!) >= groupCount) ?? order.at(-1);
  const least = last === undefined ? Number.POSITIVE_INFINITY : leastOfDearest[last]!;
  const repaired = prices.map((price, machine) =>
    capacities[machine]! > 0 ? price + Math.max(0, least - leastOfDearest[machine]!) : price,
  );
  return { prices: repaired, bound: safeBound(least, paidFor(grouping, repaired)) };
}

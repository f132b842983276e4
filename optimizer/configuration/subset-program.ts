// Prices for codes k of n: the linear program of the sets whose loss makes a group fail, which is what the bound of lower-bound.ts
// looks at. Its prices prove more than those of the groups' own program.

import { generateColumns } from './column-generation.ts';
import { type CompactOdds, oddsOfCopies } from './compact-odds.ts';
import type { Grouping, Prices } from './grouping.ts';
import { binomial, subsetWeights } from './lower-bound.ts';
import type { Solver } from './solver.ts';

export interface SubsetProgram {
  readonly grouping: Grouping;
  readonly odds: CompactOdds;
  readonly solver: Solver;
  /** Groups within the capacities: their sets fill the program at first. */
  readonly groups: readonly (readonly number[])[];
  readonly seed: number | string;
}

/** Rounds of it: the bound is loose anyway. */
const roundsMax = 12;

/**
 * A group is C(n, t) sets of t = n − k + 1 machines, each machine in C(n−1, t−1) of them: so many times the groups and the slots.
 * Undefined where t is above 3.
 */
export function subsetPrices({ grouping, odds, solver, groups, seed }: SubsetProgram): Prices | undefined {
  const { k, n } = grouping.redundancy;
  const size = n - k + 1;
  if (size > 3) return undefined;
  const share = binomial(n - 1, size - 1);
  const weighted = { ...odds, weights: subsetWeights({ question: grouping, odds }) };
  const generated = generateColumns({
    grouping: {
      ...grouping,
      redundancy: { k: 1, n: size },
      groupCount: grouping.groupCount * binomial(n, size),
      capacities: grouping.capacities.map((capacity) => capacity * share),
    },
    odds: weighted,
    solver,
    start: groups
      .flatMap((members) => setsOf(members, size))
      .map((members) => ({ members, odds: oddsOfCopies(weighted, members) })),
    seed,
    roundsMax,
  });
  return generated?.prices.map((price) => price * share);
}

function setsOf(members: readonly number[], size: number): readonly (readonly number[])[] {
  if (size === 0) return [[]];
  return members.flatMap((first, index) =>
    setsOf(members.slice(index + 1), size - 1).map((rest) => [first, ...rest]),
  );
}

// Groups whose odds are held against what came: any three machines, and those that the optimizer chooses.

import type { FleetHistory, Random } from '../../datasets/index.ts';
import type { FailureForecast } from '../../models/index.ts';
import { capacitiesFor, chooseGroups, groupCountFor, statesFromForecast } from '../../optimizer/index.ts';

/** Rows of each group's machines. */
export type Groups = readonly (readonly number[])[];

/** Nobody is told where a machine stands. */
export const withoutAttributes = (history: FleetHistory): FleetHistory => ({
  ...history,
  machines: history.machines.map((machine) => ({ ...machine, attributes: {} })),
});

export const triplesOf = (machineCount: number, count: number, random: Random): Groups =>
  Array.from({ length: count }, () => {
    const members = new Set<number>();
    while (members.size < 3) members.add(random.below(machineCount));
    return [...members];
  });

/** Of `n` copies each, as many as agents would make. */
export function chosenGroups(forecast: FailureForecast, n: number): Groups {
  const redundancy = { k: 1, n } as const;
  const groupCount = groupCountFor(forecast.machines.length, redundancy);
  const capacities = capacitiesFor(
    forecast.machines.map(() => 1),
    { groupCount, n },
  );
  return chooseGroups({ states: statesFromForecast(forecast), redundancy, groupCount, capacities, seed: 1 });
}

import test from 'ava';
import fc from 'fast-check';
import {
  compactOdds,
  loadSolver,
  lowerBound,
  statesFromForecast,
  unavailability,
} from '../../optimizer/index.ts';
import { generateColumns } from '../../optimizer/configuration/column-generation.ts';
import { generateSoftly } from '../../optimizer/configuration/large-fleet.ts';
import { roundGroups } from '../../optimizer/configuration/rounding.ts';
import { chooseGroups } from '../../optimizer/groups.ts';
import { fleetForecast } from './fleet-forecast.ts';

const solver = await loadSolver();

function questionOf(machineCount: number, seed: number): Parameters<typeof generateSoftly>[0] {
  const states = statesFromForecast(fleetForecast({ machineCount, stratumCount: 3, seed }));
  const redundancy = { k: 1, n: 3 };
  const capacities = states.machines.map((_, machine) => 3 + (machine % 3));
  const grouping = { states, redundancy, groupCount: machineCount, capacities };
  const start = chooseGroups({ ...grouping, seed }).map((members) => ({
    members,
    odds: unavailability(states, { members, k: 1 }),
  }));
  return { grouping, odds: compactOdds(states), solver, start, seed, roundsMax: 40 };
}

test('what soft prices prove is no more than the program reaches, and within a tenth of it', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 99 }), (seed) => {
      const question = questionOf(24, seed);
      const program = generateColumns(question)!;
      const { bound, prices } = generateSoftly(question);
      return (
        bound! <= program.value * (1 + 1e-9) &&
        bound! >= program.value * 0.9 &&
        lowerBound(question.grouping, prices) >= bound! * (1 - 1e-6)
      );
    }),
    { numRuns: 6 },
  );
  t.pass();
});

test('whole groups of soft prices keep the slots of every machine', (t) => {
  const question = questionOf(24, 4);
  const groups = roundGroups(generateSoftly(question), question.grouping);
  const loads = question.grouping.capacities.map(
    (_, machine) => groups.flat().filter((one) => one === machine).length,
  );
  t.true(groups.length > 0 && groups.length <= 24);
  t.true(loads.every((load, machine) => load <= question.grouping.capacities[machine]!));
});

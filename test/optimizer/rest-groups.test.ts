import test from 'ava';
import fc from 'fast-check';
import { statesFromForecast } from '../../optimizer/index.ts';
import type { Grouping } from '../../optimizer/configuration/grouping.ts';
import { restOf, roundInTurns } from '../../optimizer/configuration/rest-groups.ts';
import { chooseGroups } from '../../optimizer/groups.ts';
import { fleetForecast } from './fleet-forecast.ts';

const machineCount = 12;

const groupingOf = (seed: number): Grouping => ({
  states: statesFromForecast(fleetForecast({ machineCount, stratumCount: 2, seed })),
  redundancy: { k: 1, n: 3 },
  groupCount: machineCount,
  capacities: Array.from({ length: machineCount }, (_, machine) => 3 + ((machine + seed) % 3)),
});

const loadsOf = (groups: readonly (readonly number[])[]): readonly number[] =>
  Array.from({ length: machineCount }, (_, machine) => groups.flat().filter((one) => one === machine).length);

test('turns on what is left open keep the slots of every machine and bring groups that one turn leaves open', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 99 }), (seed) => {
      const grouping = groupingOf(seed);
      const begin = (rest: Grouping): readonly (readonly number[])[] => chooseGroups({ ...rest, seed });
      const halves = (groups: readonly (readonly number[])[]): Parameters<typeof roundInTurns>[0] => ({
        columns: groups.map((members) => ({ members, odds: 0 })),
        times: new Float64Array(groups.length).fill(1),
      });
      const first = halves(begin(grouping).slice(0, 5));
      const groups = roundInTurns(first, {
        grouping,
        begin,
        sketch: (rest, start) => halves(start.slice(0, Math.ceil(rest.groupCount / 2))),
      });
      const loads = loadsOf(groups);
      return (
        groups.length > 9 &&
        groups.length <= machineCount &&
        groups.every((members) => new Set(members).size === 3) &&
        loads.every((load, machine) => load <= grouping.capacities[machine]!)
      );
    }),
    { numRuns: 20 },
  );
  t.pass();
});

test('what groups leave open is the other groups and the slots that they do not take', (t) => {
  const grouping = groupingOf(0);
  const { groupCount, capacities } = restOf(grouping, [
    [0, 1, 2],
    [0, 1, 5],
  ]);
  t.is(groupCount, machineCount - 2);
  t.deepEqual(
    capacities.map((capacity, machine) => grouping.capacities[machine]! - capacity),
    [2, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0],
  );
});

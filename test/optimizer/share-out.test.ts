// Machines that come late, or come back, get their part, at a fair price and with few moves.

import test from 'ava';
import fc from 'fast-check';
import { machineId } from '../../datasets/index.ts';
import type { FailureForecast } from '../../models/index.ts';
import {
  chooseGroups,
  computePlan,
  loadSolver,
  noLimits,
  type Plan,
  planProblems,
  type PlanQuestion,
  statesFromForecast,
} from '../../optimizer/index.ts';
import { leastSlots, shareOut, type ShareQuestion } from '../../optimizer/share-out.ts';
import { fleetForecast } from './fleet-forecast.ts';

/** All machines are down as often, but for those that are named. */
function evenForecast(machineCount: number, downOf: Readonly<Record<number, number>> = {}): FailureForecast {
  const made = fleetForecast({ machineCount, shockCount: 0, stratumCount: 2 });
  const down = Float64Array.from(made.machines, (_, row) => downOf[row] ?? 0.1);
  return {
    ...made,
    strata: made.strata.map((stratum) => ({ ...stratum, downProbability: down })),
    goneProbability: new Float64Array(machineCount),
  };
}

const questionOf = (machineCount: number, more: Partial<PlanQuestion> = {}): PlanQuestion => ({
  machines: Array.from({ length: machineCount }, (_, index) => ({
    machine: machineId(`m${index}`),
    quotaBytes: 2 ** 34,
  })),
  forecast: evenForecast(Math.max(machineCount, 3)),
  author: machineId('m0'),
  nowMs: 1000,
  seed: 1,
  ...more,
});

/** Slots of each machine in each class, in the order of the classes. */
const slotsOf = (plan: Plan, machine: string): readonly number[] =>
  plan.classes.map(
    ({ groups }) => groups.filter(({ members }) => members.some((one) => one === machine)).length,
  );

const movedSlots = (before: Plan, after: Plan): number => {
  const known = new Map(
    before.classes.flatMap(({ groups }) => groups.map(({ id, members }) => [id, members])),
  );
  return after.classes
    .flatMap(({ groups }) => groups)
    .flatMap(({ id, members }) =>
      members.filter((member, slot) => (known.get(id)?.[slot] ?? member) !== member),
    ).length;
};

test('whoever joins gets at least half of an equal share with the next plan, and little else moves', (t) => {
  for (const [few, many] of [
    [4, 5],
    [4, 6],
    [5, 8],
    [9, 12],
    [10, 20],
    [60, 70],
  ] as const) {
    const previous = computePlan(questionOf(few, { forecast: evenForecast(many) }));
    const plan = computePlan(questionOf(many, { previous, forecast: evenForecast(many) }));
    t.deepEqual(planProblems(plan), []);
    const least = plan.classes.map(({ groups, redundancy: { n } }) =>
      Math.max(1, Math.floor((groups.length * n) / many / 2)),
    );
    for (let index = 0; index < many; index++)
      for (const [at, slots] of slotsOf(plan, `m${index}`).entries())
        t.true(slots >= least[at]!, `${few} → ${many}: m${index} has ${slots} of ${least[at]}`);
    // What newcomers are owed, and what is beyond the new capacities of the others.
    const slotCount = previous.classes.reduce(
      (sum, { groups, redundancy: { n } }) => sum + groups.length * n,
      0,
    );
    const share = (many - few) / many;
    t.true(
      movedSlots(previous, plan) <= share * slotCount,
      `${few} → ${many}: ${movedSlots(previous, plan)} moved`,
    );
    t.is(
      computePlan(questionOf(many, { previous: plan, forecast: evenForecast(many) })),
      plan,
      'and that is all',
    );
  }
});

test('two that were left out and are trusted again hold shards again with the next plan', (t) => {
  const first = computePlan(questionOf(6));
  const { machines } = questionOf(6);
  const without = computePlan(questionOf(6, { previous: first, machines: machines.slice(0, 4) }));
  t.deepEqual(slotsOf(without, 'm5'), [0, 0]);
  const again = computePlan(questionOf(6, { previous: without }));
  for (const machine of ['m4', 'm5'])
    t.true(
      slotsOf(again, machine).every((slots) => slots >= 2),
      machine,
    );
  t.true(movedSlots(without, again) <= 8, 'four slots of 24 in each class');
});

test('a machine that would put packs out of reach gets nothing, until it is expected to be there', (t) => {
  const previous = computePlan(questionOf(8, { forecast: evenForecast(9) }));
  const joined = (down: number): Plan =>
    computePlan(questionOf(9, { previous, forecast: evenForecast(9, { 8: down }) }));
  const [small] = slotsOf(joined(0.9), 'm8');
  t.is(small, 0);
  t.regex(joined(0.9).notes.join(' '), /1 machine holds nothing/u);
  t.true(slotsOf(joined(0.1), 'm8').every((slots) => slots > 0));
  t.notRegex(joined(0.1).notes.join(' '), /holds nothing/u);
});

test('who gives nothing, is vetoed or full gets nothing for having nothing', (t) => {
  const previous = computePlan(questionOf(8, { forecast: evenForecast(11) }));
  const { machines } = questionOf(11);
  const plan = computePlan(
    questionOf(11, {
      previous,
      machines: machines
        .with(8, { machine: machineId('m8'), quotaBytes: 0 })
        .with(9, { machine: machineId('m9'), quotaBytes: 2 ** 34, freeBytes: 0 }),
      limits: { ...noLimits, vetoes: [machineId('m10')] },
    }),
  );
  for (const machine of ['m8', 'm9', 'm10'])
    t.true(
      slotsOf(plan, machine).every((slots) => slots === 0),
      machine,
    );
});

test('a certificate says what the groups are worth after they were shared out', async (t) => {
  const solver = await loadSolver();
  const forecast = fleetForecast({ machineCount: 12 });
  const previous = computePlan(questionOf(4, { forecast, solver }));
  const plan = computePlan(questionOf(12, { previous, forecast, solver }));
  for (const { groups, certificate } of plan.classes) {
    const mean = groups.reduce((sum, { unavailability }) => sum + unavailability, 0) / groups.length;
    t.true(Math.abs(certificate!.value / mean - 1) < 1e-9);
    t.true(certificate!.value >= certificate!.lowerBound);
  }
});

/** Groups of three that were chosen for some of the machines. */
function sharingOf(seed: number, newcomers: number): ShareQuestion {
  const machineCount = 12;
  const states = statesFromForecast(fleetForecast({ machineCount, stratumCount: 3, seed }));
  const shape = { states, redundancy: { k: 1, n: 3 }, groupCount: 12, seed };
  const capacities = states.machines.map((_, machine) => (machine < machineCount - newcomers ? 8 : 0));
  const groups = chooseGroups({ ...shape, capacities });
  return {
    ...shape,
    capacities: states.machines.map(() => 8),
    givenBytes: capacities.map(() => 1),
    groups,
    previous: groups,
  };
}

const loadsOf = (groups: readonly (readonly number[])[]): Int32Array => {
  const loads = new Int32Array(12);
  for (const member of groups.flat()) loads[member]!++;
  return loads;
};

test('nobody is taken below its own least share, nothing moves beyond what is owed, and odds rise by a tenth at most', (t) => {
  let served = 0;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 0, max: 5 }), (seed, newcomers) => {
      const question = sharingOf(seed, newcomers);
      const least = leastSlots(question);
      const after = shareOut(question);
      const [loadsBefore, loadsAfter] = [loadsOf(question.groups), loadsOf(after)];
      const owed = least.reduce((sum, slots, machine) => sum + Math.max(0, slots - loadsBefore[machine]!), 0);
      const moved = after.flat().filter((member, at) => member !== question.groups.flat()[at]).length;
      served += moved;
      const oddsOf = (groups: readonly (readonly number[])[]): number =>
        question.states.weights.reduce(
          (sum, weight, state) =>
            sum +
            weight *
              groups.reduce(
                (all, members) =>
                  all + members.reduce((odds, member) => odds * question.states.down[state]![member]!, 1),
                0,
              ),
          0,
        );
      return (
        moved <= owed &&
        after.every((members) => new Set(members).size === members.length) &&
        loadsAfter.every((slots, machine) => slots >= Math.min(loadsBefore[machine]!, least[machine]!)) &&
        oddsOf(after) <= 1.1 * oddsOf(question.groups) * (1 + 1e-9)
      );
    }),
    { numRuns: 60 },
  );
  t.true(served > 100, 'much was moved');
});

test('pins, labels kept apart and budgets of moves bind here too', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 0, max: 6 }), (seed, movedSlotsMax) => {
      const question = sharingOf(seed, 4);
      const pins = [0, 1, 2].map((slot) => ({ at: 0, slot }));
      const site = Int32Array.from(question.capacities, (_, machine) => machine % 4);
      const clashes = (groups: ShareQuestion['groups']): number =>
        groups.reduce((sum, members) => sum + 3 - new Set(members.map((member) => site[member])).size, 0);
      const after = shareOut({ ...question, pins, apart: [site], movedSlotsMax });
      const moved = after.flat().filter((member, at) => member !== question.groups.flat()[at]).length;
      return (
        moved <= movedSlotsMax &&
        after[0]!.join(' ') === question.groups[0]!.join(' ') &&
        clashes(after) <= clashes(question.groups)
      );
    }),
    { numRuns: 60 },
  );
  t.pass();
});

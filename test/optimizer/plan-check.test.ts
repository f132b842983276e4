import test from 'ava';
import fc from 'fast-check';
import {
  checkPlan,
  computePlan,
  groupsMaxFor,
  loadSolver,
  type PlacementGroup,
  type Plan,
  planProblems,
} from '../../optimizer/index.ts';
import { fleetForecast } from './fleet-forecast.ts';

const solver = await loadSolver();

function planOf(machineCount: number, seed: number): Plan {
  const forecast = fleetForecast({ machineCount, stratumCount: 4, seed });
  const machines = forecast.machines.map((machine) => ({ machine, quotaBytes: 1 }));
  return computePlan({ machines, forecast, author: machines[0]!.machine, nowMs: 0, seed, solver });
}

/** The same plan after a journey through JSON, as `drey plan show --json` writes it. */
const fromFile = (plan: Plan): Plan => JSON.parse(JSON.stringify(plan)) as Plan;

test('value and bound of every class are computed again from the file alone, and the claims hold', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 12 }), fc.integer({ min: 0, max: 99 }), (machineCount, seed) => {
      const plan = planOf(machineCount, seed);
      const check = checkPlan(fromFile(plan));
      return (
        check.problems.length === 0 &&
        check.classes.every(({ certificate }) => certificate !== undefined && certificate.gap >= -1e-6)
      );
    }),
    { numRuns: 20 },
  );
  t.pass();
});

test('a bound that the prices do not prove is named', (t) => {
  const plan = planOf(9, 1);
  const [first, ...rest] = plan.classes;
  const certificate = { ...first!.certificate!, lowerBound: first!.certificate!.lowerBound * 1.01 };
  const { problems } = checkPlan({ ...plan, classes: [{ ...first!, certificate }, ...rest] });
  t.is(problems.length, 1);
  t.regex(problems[0]!, /claims the bound/u);
});

test('odds that the evidence does not give are named', (t) => {
  const plan = planOf(9, 2);
  const [first, ...rest] = plan.classes;
  const certificate = { ...first!.certificate!, value: first!.certificate!.value * 0.99 };
  const { problems } = checkPlan({ ...plan, classes: [{ ...first!, certificate }, ...rest] });
  t.is(problems.length, 1);
  t.regex(problems[0]!, /claims the odds/u);
});

test('odds of one group or machine, and a gap, that do not follow from the rest are named', (t) => {
  const plan = planOf(9, 2);
  const named = (change: (first: Plan['classes'][number]) => Plan['classes'][number]): readonly string[] => {
    const [first, ...rest] = plan.classes;
    return checkPlan({ ...plan, classes: [change(first!), ...rest] }).problems;
  };
  const ofGroup = (change: (group: PlacementGroup) => Partial<PlacementGroup>): readonly string[] =>
    named(({ groups: [group, ...others], ...first }) => ({
      ...first,
      groups: [{ ...group!, ...change(group!) }, ...others],
    }));
  const wrong = [
    ofGroup(({ unavailability }) => ({ unavailability: unavailability * 0.9 })),
    ofGroup(({ unavailabilityAt: at }) => ({ unavailabilityAt: { ...at, '03:00': at['03:00']! * 0.9 } })),
    ofGroup(({ reasons: [reason, ...others] }) => ({
      reasons: [{ ...reason!, availability: 1 }, ...others],
    })),
    named(({ certificate, ...first }) => ({ ...first, certificate: { ...certificate!, gap: 0 } })),
    ofGroup(({ weight }) => ({ weight: 2 * weight })),
  ];
  const says = [
    /^group .* claims the odds/u,
    /claimed for 03:00$/u,
    /^the reason for m/u,
    /claims the gap 0/u,
    /groups of different weights/u,
  ];
  t.deepEqual(
    wrong.map((problems, at) => [problems.length, says[at]!.test(problems[0] ?? '')]),
    wrong.map(() => [1, true]),
  );
});

test('a machine with more slots than the evidence allows is named', (t) => {
  const plan = planOf(9, 3);
  const evidence = plan.evidence!;
  const capacities = [evidence.capacities[0]!.map(() => 1), ...evidence.capacities.slice(1)];
  const { problems } = checkPlan({ ...plan, evidence: { ...evidence, capacities } });
  t.true(problems.some((line) => line.includes('more slots')));
});

test('a plan without evidence is checked by its structure alone', (t) => {
  const { evidence: _, ...plan } = planOf(9, 4);
  const check = checkPlan(plan);
  t.deepEqual(check.problems, []);
  t.false(check.hasEvidence);
  t.true(check.classes.every(({ certificate }) => certificate === undefined));
});

/** Its groups, so many times, each time by other names. */
const crowded = (plan: Plan, times: number): Plan => ({
  ...plan,
  classes: plan.classes.map((one) => ({
    ...one,
    groups: Array.from({ length: times }, (_, time) =>
      one.groups.map((group) => ({ ...group, id: `${group.id} ${time}` })),
    ).flat(),
  })),
});

test('a plan with far more groups than its machines need is refused before anything else of it is looked at', (t) => {
  const plan = planOf(9, 5);
  const groupCount = plan.classes[0]!.groups.length;
  const timesMax = Math.floor(groupsMaxFor(9) / Math.max(...plan.classes.map(({ groups }) => groups.length)));
  t.true(groupCount * timesMax > 50 * 9);
  t.deepEqual(planProblems(crowded(plan, timesMax)), []);
  const problems = planProblems(crowded(plan, 1000));
  t.is(problems.length, plan.classes.length);
  t.regex(problems[0]!, /^class small has \d+ groups for 9 machines, more than 1024$/u);
});

test('whatever scatter an admin asks for, plans stay far below the number of groups that is refused', (t) => {
  const forecast = fleetForecast({ machineCount: 70, stratumCount: 2, seed: 1 });
  const machines = forecast.machines.map((machine) => ({ machine, quotaBytes: 1 }));
  const limits = { vetoes: [], apart: [], pins: [], scatterMin: 40 };
  const plan = computePlan({ machines, forecast, author: machines[0]!.machine, nowMs: 0, seed: 1, limits });
  for (const { groups } of plan.classes) t.true(groups.length <= groupsMaxFor(70) / 2);
  t.deepEqual(planProblems(plan), []);
});

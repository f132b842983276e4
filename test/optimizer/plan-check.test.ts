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
import { hourKinds } from '../../models/index.ts';
import { fleetForecast } from './fleet-forecast.ts';

const solver = await loadSolver();

function planOf(machineCount: number, seed: number): Plan {
  return planFrom(fleetForecast({ machineCount, stratumCount: 4, seed }), seed);
}

/** With all kinds of hour that forecasts of real fleets have. */
function planOfKinds(machineCount: number, seed: number): Plan {
  const forecast = fleetForecast({ machineCount, stratumCount: hourKinds.length, seed });
  const strata = forecast.strata.map((stratum, kind) => ({ ...stratum, name: hourKinds[kind]!.name }));
  return planFrom({ ...forecast, strata }, seed);
}

function planFrom(forecast: ReturnType<typeof fleetForecast>, seed: number): Plan {
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
    return checkPlan({ ...plan, notes: [], classes: [change(first!), ...rest] }).problems;
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

const withGroups = (plan: Plan, change: (group: PlacementGroup) => Partial<PlacementGroup>): Plan => ({
  ...plan,
  classes: plan.classes.map((one) => ({
    ...one,
    groups: one.groups.map((group) => ({ ...group, ...change(group) })),
  })),
});

test('odds under the name of another hour are named, also where all groups exchange theirs', (t) => {
  const plan = planOfKinds(9, 5);
  const { problems, notChecked } = checkPlan(fromFile(plan));
  t.deepEqual(problems, []);
  t.false(notChecked.some((part) => part.startsWith('unavailabilityAt')));
  const exchanged = withGroups(plan, ({ unavailabilityAt: at }) => ({
    unavailabilityAt: { '03:00': at['10:00']!, '10:00': at['03:00']! },
  }));
  t.regex(checkPlan(exchanged).problems[0]!, /^group .* at 03:00 claims the odds/u);
  const invented = withGroups(plan, ({ unavailabilityAt: at }) => ({
    unavailabilityAt: { ...at, '17:00': at['10:00']! },
  }));
  t.regex(checkPlan(invented).problems[0]!, /at 17:00 claims the odds .*, the evidence says nothing$/u);
});

test('what nothing in a plan proves is said, and what is missing too', (t) => {
  const plan = planOfKinds(9, 5);
  const partsOf = (changed: Plan): string => checkPlan(changed).notChecked.join('\n');
  for (const part of ['evidence', 'reasons', 'domains', 'modelSource', 'notes', 'epoch, author, computedMs'])
    t.regex(partsOf(plan), new RegExp(`^${part}: `, 'mu'));
  t.notRegex(partsOf(plan), /no bound|unavailabilityAt|heldOut|weekMoved/u);
  const scores = [{ policy: 'random', unavailableShare: 0, unavailableShareBusiness: 0 }];
  t.regex(
    partsOf({ ...plan, heldOut: scores, weekMoved: { fromMs: 0, bytes: 1 } }),
    /^heldOut: [^]*^weekMoved: /mu,
  );
  const bare = withGroups(plan, () => ({ unavailabilityAt: {} }));
  t.regex(partsOf(bare), /^unavailabilityAt: (\d+) of \1 groups have no odds/mu);
  const [{ certificate: _, ...first }, ...rest] = plan.classes as [Plan['classes'][0], ...Plan['classes']];
  const unbound = { ...plan, classes: [first, ...rest], notes: [] };
  t.regex(partsOf(unbound), /^class small 1 of 3: no bound to check/mu);
  t.regex(partsOf(planOf(9, 5)), /^unavailabilityAt: which kind of hour/mu);
});

test('notes about bounds are derived again, also those of before', (t) => {
  const plan = planOf(9, 1);
  const [first] = plan.classes;
  const { gap } = first!.certificate!;
  const share = ((100 * gap) / (1 + gap)).toFixed(1);
  const noted = (note: string): readonly string[] => checkPlan({ ...plan, notes: [note] }).problems;
  const said = plan.notes.find((note) => note.includes('small packs'));
  t.regex(
    said!,
    share === '0.0' ? /^No groups .* that is proven\.$/u : new RegExp(`up to ${share} % less often`, 'u'),
  );
  t.deepEqual(noted(said!), []);
  const before = (of: number): string =>
    `The groups for small packs of 1 of 3 are proven to be within ${(100 * of).toFixed(1)} % of the best possible.`;
  t.deepEqual(noted(before(gap)), []);
  for (const wrong of [before(gap + 0.01), 'This plan is proven optimal.'])
    t.deepEqual(noted(wrong), [`a note says what no bound of the plan proves: "${wrong}"`]);
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

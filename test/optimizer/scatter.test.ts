// Scatter width is a hard limit: held against a count by hand, and against all groupings of tiny fleets.

import test from 'ava';
import fc from 'fast-check';
import { type DreyError, machineId } from '../../datasets/index.ts';
import {
  checkPlan,
  chooseGroups,
  computePlan,
  groupsWithin,
  type GroupsQuestion,
  loadSolver,
  noLimits,
  type Plan,
  type PlanQuestion,
  type Redundancy,
  statesFromForecast,
  unavailability,
} from '../../optimizer/index.ts';
import { fleetForecast } from './fleet-forecast.ts';

const solver = await loadSolver();

type Groups = readonly (readonly number[])[];

/** Others that each machine with a slot meets, counted by hand. */
const widthsOf = (groups: Groups): readonly number[] =>
  [...new Set(groups.flat())].map(
    (machine) => new Set(groups.filter((members) => members.includes(machine)).flat()).size - 1,
  );

interface Wish {
  readonly machineCount: number;
  readonly redundancy: Redundancy;
  readonly groupCount: number;
  readonly capacity: number;
  readonly seed: number;
}

const questionOf = ({ machineCount, capacity, ...asked }: Wish): GroupsQuestion => ({
  states: statesFromForecast(fleetForecast({ machineCount, stratumCount: 3, seed: asked.seed })),
  capacities: Array.from({ length: machineCount }, () => capacity),
  ...asked,
});

/** All sets of `size` machines. */
function setsOf(count: number, size: number, from = 0): readonly (readonly number[])[] {
  if (size === 0) return [[]];
  return Array.from({ length: Math.max(0, count - from) }, (_, index) => from + index).flatMap((first) =>
    setsOf(count, size - 1, first + 1).map((rest) => [first, ...rest]),
  );
}

/** Every grouping within the capacities. */
function* groupings({ machineCount, redundancy, groupCount, capacity }: Wish): Generator<Groups> {
  const sets = setsOf(machineCount, redundancy.n);
  const loads = Array.from({ length: machineCount }, () => 0);
  function* more(chosen: Groups, from: number): Generator<Groups> {
    if (chosen.length === groupCount) {
      yield chosen;
      return;
    }
    for (const [index, members] of sets.entries()) {
      if (index < from || members.some((member) => loads[member]! >= capacity)) continue;
      for (const member of members) loads[member]!++;
      yield* more([...chosen, members], index);
      for (const member of members) loads[member]!--;
    }
  }
  yield* more([], 0);
}

const totalOf = ({ states, redundancy }: GroupsQuestion, groups: Groups): number =>
  groups.reduce((sum, members) => sum + unavailability(states, { members, k: redundancy.k }), 0);

const tiny = fc.record({
  machineCount: fc.integer({ min: 5, max: 6 }),
  redundancy: fc.constantFrom<Redundancy>({ k: 1, n: 2 }, { k: 1, n: 3 }, { k: 2, n: 3 }),
  groupCount: fc.integer({ min: 3, max: 4 }),
  capacity: fc.integer({ min: 2, max: 4 }),
  seed: fc.integer({ min: 0, max: 99 }),
});

test('at least so many neighbours: kept wherever any grouping of a tiny fleet can, at odds near the best that can', (t) => {
  const misses: string[] = [];
  let [possible, kept, logRatios] = [0, 0, 0];
  for (const [wish, scatterMin] of fc.sample(fc.tuple(tiny, fc.integer({ min: 2, max: 4 })), {
    numRuns: 60,
    seed: 1,
  })) {
    if (wish.machineCount * wish.capacity < wish.groupCount * wish.redundancy.n) continue;
    const question = questionOf(wish);
    const lawful = [...groupings(wish)].filter((groups) => Math.min(...widthsOf(groups)) >= scatterMin);
    const groups = chooseGroups({ ...question, scatterMin });
    const isKept = Math.min(...widthsOf(groups)) >= scatterMin;
    if (lawful.length === 0) {
      t.false(isKept, 'no grouping keeps it');
      continue;
    }
    possible++;
    if (isKept) kept++;
    else misses.push(JSON.stringify({ ...wish, scatterMin }));
    if (!isKept) continue;
    const best = Math.min(...lawful.map((one) => totalOf(question, one)));
    t.true(totalOf(question, groups) >= best * (1 - 1e-9), 'nothing is better than the best');
    logRatios += Math.log(totalOf(question, groups) / best);
  }
  t.true(possible >= 20);
  t.true(logRatios / kept < Math.log(1.25), `${Math.exp(logRatios / kept)} times the best, geometric mean`);
  t.true(kept >= 0.9 * possible, `${kept} of ${possible} kept; not ${misses.join(', ')}`);
});

test('at most so many neighbours: never more, and whoever cannot keep to it gets no groups', (t) => {
  const wishes = fc.record({
    machineCount: fc.integer({ min: 6, max: 30 }),
    redundancy: fc.constantFrom<Redundancy>({ k: 1, n: 2 }, { k: 1, n: 3 }, { k: 4, n: 6 }),
    groupCount: fc.integer({ min: 4, max: 20 }),
    capacity: fc.integer({ min: 4, max: 12 }),
    seed: fc.integer({ min: 0, max: 99 }),
  });
  let whole = 0;
  fc.assert(
    fc.property(wishes, fc.integer({ min: 1, max: 12 }), (wish, scatterMax) => {
      if (wish.machineCount * wish.capacity < 1.3 * wish.groupCount * wish.redundancy.n) return true;
      const groups = groupsWithin(questionOf(wish), scatterMax);
      if (groups.length === 0) return scatterMax < 2 * (wish.redundancy.n - 1) || wish.machineCount < 14;
      whole++;
      const loads = groups
        .flat()
        .reduce((sum, one) => sum.set(one, (sum.get(one) ?? 0) + 1), new Map<number, number>());
      return (
        groups.length === wish.groupCount &&
        groups.every((members) => new Set(members).size === wish.redundancy.n) &&
        [...loads.values()].every((load) => load <= wish.capacity) &&
        widthsOf(groups).every((width) => width <= scatterMax)
      );
    }),
    { numRuns: 150 },
  );
  t.true(whole >= 40, `${whole} wishes were met`);
});

const planFor = (
  machineCount: number,
  limits: Partial<PlanQuestion['limits']>,
  more: Partial<PlanQuestion> = {},
): Plan => {
  const forecast = fleetForecast({ machineCount, stratumCount: 3, seed: 1 });
  return computePlan({
    machines: forecast.machines.map((machine) => ({ machine, quotaBytes: 1 })),
    forecast,
    author: machineId('m0'),
    nowMs: 0,
    seed: 1,
    limits: { ...noLimits, ...limits },
    ...more,
  });
};

const columnsOf = (plan: Plan): readonly Groups[] =>
  plan.classes.map(({ groups }) => groups.map(({ members }) => members.map((one) => Number(one.slice(1)))));

test('a plan keeps to both bounds with a solver and without, says so, and its check counts again', (t) => {
  for (const more of [{}, { solver }]) {
    const plan = planFor(20, { scatterMin: 8, scatterMax: 10 }, more);
    t.deepEqual(plan.limits, { scatterMin: 8, scatterMax: 10 });
    for (const groups of columnsOf(plan))
      t.true(
        widthsOf(groups).every((width) => width >= 8 && width <= 10),
        widthsOf(groups).join(' '),
      );
    t.deepEqual(checkPlan(plan).problems, []);
    const { problems } = checkPlan({ ...plan, limits: { scatterMin: 8, scatterMax: 9 } });
    t.regex(
      problems.join('\n'),
      /the limit scatter-max is broken: in class .* shares groups with 10 others, more than 9/u,
    );
  }
});

test('the solver finds wide groups for a first plan, and its certificate still holds', (t) => {
  const plan = planFor(20, { scatterMin: 9 }, { solver });
  for (const groups of columnsOf(plan)) t.true(Math.min(...widthsOf(groups)) >= 9);
  t.true(plan.classes.every(({ certificate }) => certificate !== undefined));
  t.deepEqual(checkPlan(plan).problems, []);
});

test('a limit that comes later changes the groups that break it, and a machine that leaves changes little', (t) => {
  const first = planFor(24, {});
  const bound = { scatterMax: 10 };
  const second = planFor(24, bound, { previous: first });
  t.true(
    columnsOf(second)
      .flatMap(widthsOf)
      .every((width) => width <= 10),
  );
  const forecast = fleetForecast({ machineCount: 24, stratumCount: 3, seed: 1 });
  const machines = forecast.machines.slice(0, 23).map((machine) => ({ machine, quotaBytes: 1 }));
  const third = planFor(24, bound, { previous: second, machines });
  t.true(
    columnsOf(third)
      .flatMap(widthsOf)
      .every((width) => width <= 10),
  );
  const slots = (plan: Plan): readonly string[] =>
    plan.classes.flatMap(({ groups }) => groups.flatMap(({ members }) => members));
  const before = slots(second);
  const lost = before.filter((machine) => machine === 'm23').length;
  const moved = slots(third).filter((machine, at) => machine !== before[at]).length;
  t.true(moved <= lost + 0.35 * before.length, `${moved} of ${before.length} moved for ${lost} lost`);
});

for (const [limits, message, advice] of [
  [{ scatterMax: 3 }, /scatter-max: groups for bulk packs of 4 of 6 have 6 machines/u, /--scatter-max 5/u],
  [{ scatterMin: 20 }, /scatter-min: 20 machines may hold shards/u, /--scatter-min 19/u],
  [{ scatterMin: 9, scatterMax: 5 }, /scatter-min: with --scatter-max 5/u, /Lower --scatter-min to 4/u],
] as const)
  test(`what cannot be kept is refused by its name: ${JSON.stringify(limits)}`, (t) => {
    const error = t.throws<DreyError>(() => planFor(20, limits));
    t.is(error.code, 'limits-infeasible');
    t.regex(error.message, message);
    t.regex(error.advice, advice);
  });

import test from 'ava';
import fc from 'fast-check';
import { machineId, type MachineId } from '../../datasets/index.ts';
import {
  checkPlan,
  computePlan,
  explainGroup,
  noLimits,
  type Plan,
  type PlanQuestion,
  planProblems,
  type PolicyScore,
} from '../../optimizer/index.ts';
import { memberReasons } from '../../optimizer/reasons.ts';
import { fleetForecast } from './fleet-forecast.ts';

const fleet = (count: number, quotaBytes = 2 ** 34): PlanQuestion['machines'] =>
  Array.from({ length: count }, (_, index) => ({ machine: machineId(`m${index}`), quotaBytes }));

const questionOf = (machineCount: number, more: Partial<PlanQuestion> = {}): PlanQuestion => ({
  machines: fleet(machineCount),
  forecast: fleetForecast({ machineCount: Math.max(machineCount, 3) }),
  author: machineId('m0'),
  nowMs: 1000,
  seed: 1,
  ...more,
});

const shapesOf = (plan: Plan): readonly string[] =>
  plan.classes.map(({ name, redundancy: { k, n } }) => `${name} ${k}/${n}`);

const membersOf = (plan: Plan, k: number, n: number): ReadonlyMap<string, readonly MachineId[]> =>
  new Map(
    plan.classes
      .filter(({ redundancy }) => redundancy.k === k && redundancy.n === n)
      .flatMap(({ groups }) => groups.map(({ id, members }) => [id, members] as const)),
  );

test('a plan keeps every law for every size of fleet', (t) => {
  for (const machineCount of [4, 5, 6, 7, 8, 9, 10, 15, 30]) {
    const plan = computePlan(questionOf(machineCount));
    const { problems, classes } = checkPlan(plan);
    t.deepEqual(problems, []);
    for (const one of classes) {
      t.true(one.groupsWithoutOwnerMin >= 2, `${machineCount} machines`);
      t.true(one.slotsPerMachineMax <= 1.5 * one.slotsPerMachineMean + 1);
    }
  }
});

test('the size of the fleet decides the redundancy', (t) => {
  t.deepEqual(shapesOf(computePlan(questionOf(3))), []);
  t.regex(computePlan(questionOf(3)).notes.join(' '), /too few/u);
  t.deepEqual(shapesOf(computePlan(questionOf(4))), ['small 1/3', 'bulk 1/3']);
  t.deepEqual(shapesOf(computePlan(questionOf(9))), ['small 1/3', 'bulk 4/6']);
});

test('every group has its odds over all hours, at 03:00 and at 10:00, and a reason per member', (t) => {
  const plan = computePlan(questionOf(9));
  for (const group of plan.classes.flatMap(({ groups }) => groups)) {
    t.deepEqual(Object.keys(group.unavailabilityAt), ['03:00', '10:00']);
    t.true(group.unavailability > 0 && group.unavailability < 0.2);
    t.deepEqual(
      group.reasons.map(({ machine }) => machine),
      group.members,
    );
    for (const reason of group.reasons) {
      t.true(reason.availability > 0.5 && reason.availability <= 1);
      t.regex(reason.domain ?? '', /^learned domain \d$/u);
      t.true(reason.swapLoss >= 1 - 1e-9 || reason.binding !== undefined);
    }
  }
});

test('a runner-up with which the group would fail less often is told why it is not in it', (t) => {
  const down = [0.2, 0.3, 0.02, 0.1];
  const [first] = memberReasons(
    {
      machines: down.map((_, index) => machineId(`m${index}`)),
      weights: Float64Array.of(1),
      down: [Float64Array.from(down)],
      hourOfState: new Int32Array(1),
      hours: [{ name: 'all', isBusinessHour: false }],
    },
    {
      redundancy: { k: 1, n: 2 },
      members: [0, 1],
      loads: Int32Array.of(1, 1, 2, 1),
      capacities: [2, 2, 2, 2],
    },
    {},
  );
  t.is(first!.runnerUp, machineId('m3'));
  t.true(first!.swapLoss < 1);
  t.is(
    first!.binding,
    'm2 would do better but has no slot left; m3 would too, but by less than a move of shards must gain',
  );
});

test('copies of one pack do not share a domain when the forecast names the domains', (t) => {
  const plan = computePlan(questionOf(9));
  for (const { members } of plan.classes.find(({ name }) => name === 'small')!.groups) {
    t.is(new Set(members.map((member) => plan.domains[member])).size, 3);
  }
});

test('a plan that would be the same is the previous one itself', (t) => {
  const previous = computePlan(questionOf(9));
  t.is(computePlan(questionOf(9, { previous, nowMs: 2000, seed: 'another' })), previous);
  const renamed = { ...questionOf(9).forecast, source: 'another model' };
  const next = computePlan(questionOf(9, { previous, nowMs: 2000, forecast: renamed }));
  t.is(next.epoch, 2);
  t.deepEqual(membersOf(next, 4, 6), membersOf(previous, 4, 6));
});

test('nine machines that lose three keep all their groups, ids and slots, and fill the gaps', (t) => {
  const previous = computePlan(questionOf(9));
  const forecast = questionOf(9).forecast;
  const plan = computePlan(questionOf(6, { previous, forecast }));
  t.deepEqual(shapesOf(plan), ['small 1/3', 'bulk 1/3', 'bulk 4/6']);
  t.deepEqual(planProblems(plan), []);
  const alive = new Set(fleet(6).map(({ machine }) => machine));
  const after = membersOf(plan, 4, 6);
  for (const [id, members] of membersOf(previous, 4, 6)) {
    t.is(new Set(after.get(id)).size, 6);
    for (const [slot, member] of members.entries()) if (alive.has(member)) t.is(after.get(id)![slot], member);
  }
  t.regex(plan.notes.join(' '), /its own owner/u);
});

test('a seventh machine gives every owner groups of six without it again', (t) => {
  const forecast = questionOf(9).forecast;
  const six = computePlan(questionOf(6, { previous: computePlan(questionOf(9)), forecast }));
  const seven = computePlan(questionOf(7, { previous: six, forecast }));
  t.deepEqual(planProblems(seven), []);
  t.true(checkPlan(seven).classes.every(({ groupsWithoutOwnerMin }) => groupsWithoutOwnerMin >= 2));
  t.is(membersOf(seven, 4, 6).size, membersOf(six, 4, 6).size);
});

test('too few machines for a code keep its groups as they were, and the plan says so', (t) => {
  const previous = computePlan(questionOf(9));
  const plan = computePlan(questionOf(5, { previous, forecast: questionOf(9).forecast }));
  t.deepEqual(membersOf(plan, 4, 6), membersOf(previous, 4, 6));
  t.deepEqual(planProblems(plan), []);
  t.regex(plan.notes.join(' '), /cannot fill the 6 slots/u);
});

test('a fleet of nine that loses two keeps its code for new packs', (t) => {
  const previous = computePlan(questionOf(9));
  const plan = computePlan(questionOf(7, { previous, forecast: questionOf(9).forecast }));
  t.deepEqual(shapesOf(plan), ['small 1/3', 'bulk 4/6']);
});

test('a redundancy that no pack has any more leaves the plan', (t) => {
  const previous = computePlan(questionOf(9));
  const keepRedundancies = [{ k: 1, n: 3 }];
  const plan = computePlan(questionOf(6, { previous, keepRedundancies, forecast: questionOf(9).forecast }));
  t.deepEqual(shapesOf(plan), ['small 1/3', 'bulk 1/3']);
});

test('a growing fleet keeps ids and moves few slots', (t) => {
  const forecast = questionOf(12).forecast;
  const previous = computePlan(questionOf(9, { forecast }));
  const plan = computePlan(questionOf(12, { previous, forecast }));
  const before = membersOf(previous, 4, 6);
  const after = membersOf(plan, 4, 6);
  const moved = [...before].flatMap(([id, members]) =>
    members.filter((member, slot) => after.get(id)?.[slot] !== member),
  );
  t.true(moved.length < 0.4 * 6 * before.size, `${moved.length} of ${6 * before.size}`);
});

test('machines that give nothing, are vetoed or are full take no new slots', (t) => {
  const machines = fleet(12).with(3, { machine: machineId('m3'), quotaBytes: 0 });
  const question = questionOf(12, { machines, limits: { ...noLimits, vetoes: [machineId('m5')] } });
  const plan = computePlan(question);
  const used = new Set(plan.classes.flatMap(({ groups }) => groups.flatMap(({ members }) => members)));
  t.false(used.has(machineId('m3')));
  t.false(used.has(machineId('m5')));
  const full = fleet(12).with(7, { machine: machineId('m7'), quotaBytes: 2 ** 34, freeBytes: 0 });
  const first = computePlan(questionOf(12, { machines: full }));
  t.false([...membersOf(first, 4, 6).values()].flat().includes(machineId('m7')));
});

const scores = (learned: number, others: Readonly<Record<string, number>>): readonly PolicyScore[] =>
  Object.entries({ ...others, learned }).map(([policy, share]) => ({
    policy,
    unavailableShare: share,
    unavailableShareBusiness: share,
  }));

test('a learned forecast that clearly lost to a baseline does not serve, and the plan says which does', (t) => {
  const baselines = { random: 0.03, 'best-k': 0.02, 'best-k with swaps': 0.01 };
  const won = computePlan(questionOf(9, { heldOut: scores(0.019, baselines) }));
  t.is(won.modelSource, 'made up for a test');
  const lost = computePlan(questionOf(9, { heldOut: scores(0.021, baselines) }));
  t.is(lost.modelSource, 'best-k with swaps (baseline)');
  t.regex(lost.notes[0]!, /the baseline serves/u);
  const unsure = scores(0.021, baselines).map((score) => ({ ...score, sureness: 0.66 }));
  t.is(computePlan(questionOf(9, { heldOut: unsure })).modelSource, 'made up for a test');
  t.is(lost.heldOut.length, 4);
  t.notDeepEqual(membersOf(lost, 4, 6), membersOf(won, 4, 6));
});

test('what is learned serves only where it did better than habits alone', (t) => {
  const habits = { ...questionOf(9).forecast, source: 'only habits' };
  const planWith = (learned: number): Plan =>
    computePlan(
      questionOf(9, { habits, heldOut: scores(learned, { habits: 0.02, 'best-k with swaps': 0.02 }) }),
    );
  t.is(planWith(0.019).modelSource, 'made up for a test');
  t.is(planWith(0.02).modelSource, 'only habits (baseline)');
  t.regex(planWith(0.03).notes[0]!, /learned models.*3\.00 %.*habits 2\.00 %: the baseline serves/u);
  const both = scores(0.04, { habits: 0.03, independence: 0.001 });
  t.is(computePlan(questionOf(9, { habits, heldOut: both })).modelSource, 'independence (baseline)');
});

test('the baseline that won also chooses the groups, but best-k without swaps is only shown', (t) => {
  const planWhereWins = (best: string): Plan =>
    computePlan(questionOf(9, { heldOut: scores(0.5, { random: 0.4, 'best-k': 0.4, [best]: 0.1 }) }));
  for (const best of ['random', 'independence']) {
    t.is(planWhereWins(best).modelSource, `${best} (baseline)`);
    t.deepEqual(planProblems(planWhereWins(best)), []);
  }
  t.is(planWhereWins('best-k').modelSource, 'made up for a test');
});

test('an explanation names every member, and an unknown group has none', (t) => {
  const plan = computePlan(questionOf(9));
  const group = plan.classes[1]!.groups[0]!;
  const text = explainGroup(plan, group.id).join('\n');
  for (const member of group.members) t.true(text.includes(member));
  t.regex(text, /any 4 of 6/u);
  t.deepEqual(explainGroup(plan, 'no such group'), []);
});

test('a plan that breaks a law is refused', (t) => {
  const plan = computePlan(questionOf(9));
  const [small] = plan.classes;
  const [group] = small!.groups;
  const withGroup = (change: object): Plan => ({
    ...plan,
    classes: [{ ...small!, groups: [{ ...group!, ...change }] }],
  });
  const broken: readonly Plan[] = [
    { ...plan, epoch: 0 },
    { ...plan, classes: [small!, small!] },
    { ...plan, classes: [{ ...small!, redundancy: { k: 4, n: 3 } }] },
    { ...plan, classes: [{ ...small!, groups: [group!, group!] }] },
    withGroup({ members: group!.members.slice(1) }),
    withGroup({ members: group!.members.with(0, group!.members[1]!) }),
    withGroup({ weight: 0 }),
    withGroup({ weight: Number.POSITIVE_INFINITY }),
  ];
  for (const one of broken) t.true(planProblems(one).length > 0);
});

test('through any row of joins and losses plans stay lawful and no group loses a machine that is still there for nothing', (t) => {
  const forecast = fleetForecast({ machineCount: 12, stratumCount: 2 });
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 3, max: 12 }), { minLength: 2, maxLength: 5 }), (sizes) => {
      let previous: Plan | undefined;
      return sizes.every((size) => {
        const plan = computePlan(
          questionOf(size, { forecast, ...(previous === undefined ? {} : { previous }) }),
        );
        const isNext = plan === previous || plan.epoch === (previous?.epoch ?? 0) + 1;
        previous = plan;
        return isNext && planProblems(plan).length === 0;
      });
    }),
    { numRuns: 25 },
  );
  t.pass();
});

// What admins forbid holds in every plan, however much better another one would be.

import test from 'ava';
import fc from 'fast-check';
import { dayMs, machineId, type MachineId } from '../../datasets/index.ts';
import {
  checkPlan,
  computePlan,
  loadSolver,
  movedBefore,
  noLimits,
  type PlacementLimits,
  type Plan,
  type PlanQuestion,
} from '../../optimizer/index.ts';
import { limitNotes } from '../../optimizer/placement-limits.ts';
import { fleetForecast } from './fleet-forecast.ts';

const solver = await loadSolver();

interface Wish {
  readonly machineCount: number;
  readonly seed: number;
  readonly limits: PlacementLimits;
  readonly previous?: Plan;
  readonly nowMs?: number;
  /** Machines by number that are not there any more. */
  readonly lost?: readonly number[];
  readonly more?: Partial<PlanQuestion>;
}

/** Subnets of two machines by number. */
const planFor = ({ machineCount, seed, limits, previous, nowMs = 0, lost = [], more = {} }: Wish): Plan =>
  computePlan({
    machines: Array.from({ length: machineCount }, (_, row) => row)
      .filter((row) => !lost.includes(row))
      .map((row) => ({
        machine: machineId(`m${row}`),
        quotaBytes: 1,
        attributes: { subnet: `net ${Math.floor(row / 2)}` },
      })),
    forecast: fleetForecast({ machineCount, stratumCount: 3, seed }),
    author: machineId('m0'),
    nowMs,
    seed,
    limits,
    bytesPerSlot: { small: 10, bulk: 100 },
    ...(previous === undefined ? {} : { previous }),
    ...more,
  });

const groupsOf = (plan: Plan): readonly Plan['classes'][number]['groups'][number][] =>
  plan.classes.flatMap(({ groups }) => groups);

const numberOf = (machine: MachineId): number => Number(machine.slice(1));

test('vetoes and labels hold, with a solver and without', (t) => {
  const wishes = fc.record({
    machineCount: fc.integer({ min: 24, max: 32 }),
    seed: fc.integer({ min: 0, max: 50 }),
    vetoed: fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { maxLength: 4 }),
    hasSolver: fc.boolean(),
  });
  fc.assert(
    fc.property(wishes, ({ machineCount, seed, vetoed, hasSolver }) => {
      const vetoes = vetoed.map((row) => machineId(`m${row}`));
      const plan = planFor({
        machineCount,
        seed,
        limits: { ...noLimits, vetoes, apart: ['subnet'] },
        more: hasSolver ? { solver } : {},
      });
      return groupsOf(plan).every(({ members }) => {
        const subnets = new Set(members.map((member) => Math.floor(numberOf(member) / 2)));
        return subnets.size === members.length && !members.some((member) => vetoes.includes(member));
      });
    }),
    { numRuns: 15 },
  );
  t.pass();
});

/** Groups with two members of one subnet. */
const clashingIn = (plan: Plan): number =>
  groupsOf(plan).filter(
    ({ members }) => new Set(members.map((member) => Math.floor(numberOf(member) / 2))).size < members.length,
  ).length;

test('labels that are set later part the groups that break them, and leave the others as they are', (t) => {
  let [clashes, kept] = [0, 0];
  for (const seed of [1, 2, 3, 4]) {
    const wish = { machineCount: 16, seed };
    // Of a forecast that knows of no subnets: some groups have both machines of one.
    const forecast = { ...fleetForecast({ machineCount: 16, stratumCount: 3, seed }), shocks: [] };
    const before = planFor({ ...wish, limits: noLimits, more: { forecast } });
    const limits: PlacementLimits = { ...noLimits, apart: ['subnet'] };
    const after = planFor({ ...wish, limits, previous: before, more: { forecast } });
    clashes += clashingIn(before);
    t.is(clashingIn(after), 0, `seed ${seed}`);
    const now = new Map(groupsOf(after).map(({ id, members }) => [id, members.join(' ')]));
    kept += groupsOf(before).filter(({ id, members }) => now.get(id) === members.join(' ')).length;
    t.deepEqual(checkPlan(after).problems, []);
  }
  t.true(clashes > 4, `${clashes} groups broke the label`);
  t.true(kept > clashes, `${kept} groups stayed as they were`);
});

test('labels that are set later wait for the bytes that a week allows, and are kept in the end', (t) => {
  const seed = 2;
  const forecast = { ...fleetForecast({ machineCount: 16, stratumCount: 3, seed }), shocks: [] };
  const first = planFor({ machineCount: 16, seed, limits: noLimits, more: { forecast } });
  const limits: PlacementLimits = { ...noLimits, apart: ['subnet'], movedBytesPerWeek: 120 };
  let plan = first;
  const left: number[] = [];
  for (let week = 1; week <= 12 && clashingIn(plan) > 0; week++) {
    const next = planFor({
      machineCount: 16,
      seed,
      limits,
      previous: plan,
      nowMs: week * 8 * dayMs,
      more: { forecast },
    });
    t.true(movedBytes(plan, next) <= 120);
    plan = next;
    left.push(clashingIn(plan));
  }
  t.is(left.at(-1), 0, left.join(' '));
  t.true(left.length > 1, left.join(' '));
});

test('a pinned machine keeps its slot, though every other forecast would move it', (t) => {
  const first = planFor({ machineCount: 12, seed: 1, limits: noLimits });
  const pinned = first.classes[0]!.groups[0]!;
  const pins = pinned.members.map((machine) => ({ group: pinned.id, machine }));
  for (const seed of [2, 3, 4]) {
    // The pinned machines are the worst of all by now.
    const forecast = fleetForecast({ machineCount: 12, stratumCount: 3, seed });
    const strata = forecast.strata.map((stratum) => ({
      ...stratum,
      downProbability: stratum.downProbability.map((odds, row) =>
        pinned.members.includes(machineId(`m${row}`)) ? 0.9 : odds,
      ),
    }));
    const asked = { machineCount: 12, seed, previous: first, more: { forecast: { ...forecast, strata } } };
    const memberships = (plan: Plan): readonly MachineId[] =>
      groupsOf(plan).find(({ id }) => id === pinned.id)!.members;
    t.deepEqual(memberships(planFor({ ...asked, limits: { ...noLimits, pins } })), pinned.members);
    t.notDeepEqual(memberships(planFor({ ...asked, limits: noLimits })), pinned.members);
  }
});

/** Bytes of slots that went from one machine to another that both are still there. */
function movedBytes(before: Plan, after: Plan, lost: readonly number[] = []): number {
  const now = new Map(groupsOf(after).map(({ id, members }) => [id, members]));
  return groupsOf(before).reduce((sum, { id, members }) => {
    const moved = members.filter(
      (member, slot) => !lost.includes(numberOf(member)) && now.get(id)?.[slot] !== member,
    );
    return sum + moved.length * (id.startsWith('s') ? 10 : 100);
  }, 0);
}

test('plans of one week together move no more than the limit, repair comes on top, and a new week begins anew', (t) => {
  const limits = { ...noLimits, movedBytesPerWeek: 900 };
  const asked = { machineCount: 16, limits };
  let plan = planFor({ ...asked, seed: 1 });
  let [sum, free] = [0, 0];
  for (const [index, seed] of [2, 3, 4, 5].entries()) {
    const nowMs = (index + 1) * dayMs;
    free += movedBytes(plan, planFor({ machineCount: 16, limits: noLimits, seed, previous: plan, nowMs }));
    const next = planFor({ ...asked, seed, previous: plan, nowMs });
    sum += movedBytes(plan, next);
    plan = next;
    t.true(sum <= 900, `${sum} bytes after ${index + 1} days`);
    t.is(plan.weekMoved?.bytes, sum);
  }
  t.true(free > 900, `without the limit ${free} bytes would have moved: it binds`);
  const repaired = planFor({ ...asked, seed: 6, previous: plan, nowMs: 5 * dayMs, lost: [3] });
  t.true(groupsOf(repaired).every(({ members }) => !members.includes(machineId('m3'))));
  t.true(sum + movedBytes(plan, repaired, [3]) <= 900);
  const nextWeek = planFor({ ...asked, seed: 7, previous: plan, nowMs: 9 * dayMs });
  t.true(movedBytes(plan, nextWeek) > 0);
  t.true(nextWeek.weekMoved!.bytes <= 900);
});

test('a veto is obeyed whatever may be moved to do better, and the plan says that it came on top', (t) => {
  const first = planFor({ machineCount: 12, seed: 1, limits: noLimits });
  const vetoed = groupsOf(first)[0]!.members[0]!;
  const limits = { ...noLimits, vetoes: [vetoed], movedBytesPerWeek: 0 };
  const plan = planFor({ machineCount: 12, seed: 1, limits, previous: first, nowMs: dayMs });
  t.false(groupsOf(plan).some(({ members }) => members.includes(vetoed)));
  t.true(movedBytes(first, plan) > 0);
  t.regex(
    plan.notes.join(),
    /are moved this week\. At most 0 GiB may be moved to do better: the rest is what vetoes/u,
  );
  t.notRegex(plan.notes.join(), /of at most/u);
});

test('small amounts are told in small units', (t) => {
  const notes = (movedBytesPerWeek: number, bytes: number) =>
    limitNotes({ ...noLimits, movedBytesPerWeek, takenBytesPerWeek: 5 * 2 ** 30 }, { fromMs: 0, bytes }).join(
      ' ',
    );
  t.regex(notes(1024, 0), /^0 GiB of at most 1 KiB a week .* take in at most 5 GiB a week/u);
  t.regex(notes(1024, 1_245_000), /^1\.19 MiB are moved this week\. At most 1 KiB may/u);
});

/** Bytes that each machine took in and gave out from plan to plan, counted slot by slot; lost machines not counted. */
function trafficBetween(
  before: Plan,
  after: Plan,
  lost: readonly number[] = [],
): Map<string, [number, number]> {
  const now = new Map(groupsOf(after).map(({ id, members }) => [id, members]));
  const traffic = new Map<string, [number, number]>();
  const add = (machine: string, taken: number, given: number): void => {
    const [a, b] = traffic.get(machine) ?? [0, 0];
    traffic.set(machine, [a + taken, b + given]);
  };
  for (const { id, members } of groupsOf(before))
    for (const [slot, member] of members.entries()) {
      const next = now.get(id)![slot]!;
      if (next === member || lost.includes(numberOf(member))) continue;
      const bytes = id.startsWith('s') ? 10 : 100;
      add(next, bytes, 0);
      add(member, 0, bytes);
    }
  return traffic;
}

test('no machine takes in or gives out more in a week than it may, and the check finds what is not counted', (t) => {
  const limits = { ...noLimits, takenBytesPerWeek: 150, givenBytesPerWeek: 120 };
  let plan = planFor({ machineCount: 16, limits, seed: 1 });
  const sums = new Map<string, [number, number]>();
  let freeMost = 0;
  for (const [index, seed] of [2, 3, 4].entries()) {
    const nowMs = (index + 1) * dayMs;
    const free = planFor({ machineCount: 16, limits: noLimits, seed, previous: plan, nowMs });
    freeMost = Math.max(freeMost, ...[...trafficBetween(plan, free).values()].flat());
    const next = planFor({ machineCount: 16, limits, seed, previous: plan, nowMs });
    for (const [machine, [taken, given]] of trafficBetween(plan, next)) {
      const [a, b] = sums.get(machine) ?? [0, 0];
      sums.set(machine, [a + taken, b + given]);
    }
    t.deepEqual(checkPlan(next, plan).problems, []);
    if (next !== plan && next.limits!.moves!.length > 0) {
      const hidden = { ...next, limits: { ...next.limits, moves: next.limits!.moves!.slice(1) } };
      t.regex(checkPlan(hidden, plan).problems.join(), /is not counted/u);
    }
    plan = next;
  }
  t.true(freeMost > 150, `without a limit ${freeMost} bytes would have moved at one machine: it binds`);
  t.true(sums.size > 0);
  for (const [machine, [taken, given]] of sums)
    t.true(taken <= 150 && given <= 120, `${machine}: ${taken}, ${given}`);
  const over = { ...plan, limits: { ...plan.limits!, takenBytesMax: 5 } };
  t.regex(checkPlan(over).problems.join(), /the limit in-per-week is broken: m\d+ would take in/u);
});

test('who may give out little is emptied slowly by a veto, lost machines are replaced at once, and a new week begins anew', (t) => {
  const slow = { ...noLimits, givenBytesPerWeek: 200 };
  const first = planFor({ machineCount: 16, limits: slow, seed: 1 });
  const vetoes = [machineId('m2')];
  const holds = (plan: Plan): number =>
    groupsOf(plan).filter(({ members }) => members.includes(vetoes[0]!)).length;
  const second = planFor({
    machineCount: 16,
    limits: { ...slow, vetoes },
    seed: 1,
    previous: first,
    nowMs: dayMs,
  });
  const given = trafficBetween(first, second).get('m2')?.[1] ?? 0;
  t.true(given > 0 && given <= 200, `${given} bytes`);
  t.true(holds(second) > 0);
  let plan = second;
  for (let week = 1; week < 8; week++)
    plan = planFor({
      machineCount: 16,
      limits: { ...slow, vetoes },
      seed: 1,
      previous: plan,
      nowMs: 8 * week * dayMs,
    });
  t.is(holds(plan), 0);
  const lost = planFor({
    machineCount: 16,
    limits: slow,
    seed: 1,
    previous: first,
    nowMs: dayMs,
    lost: [4, 5],
  });
  t.true(
    groupsOf(lost).every(
      ({ members }) => !members.includes(machineId('m4')) && !members.includes(machineId('m5')),
    ),
  );
  t.deepEqual(checkPlan(lost, first).problems, []);
});

test('nobody gets more slots than fit into what it gives, as long as the others can take them', (t) => {
  const quotaOf = (row: number): number => (row % 4 === 0 ? 250 : 2000);
  const machines = Array.from({ length: 16 }, (_, row) => ({
    machine: machineId(`m${row}`),
    quotaBytes: quotaOf(row),
  }));
  const plan = planFor({ machineCount: 16, limits: noLimits, seed: 1, more: { machines } });
  for (const { machine, quotaBytes } of machines) {
    const bytes = groupsOf(plan)
      .filter(({ members }) => members.includes(machine))
      .reduce((sum, { id }) => sum + (id.startsWith('s') ? 10 : 100), 0);
    t.true(bytes <= quotaBytes, `${machine} would hold ${bytes} of ${quotaBytes}`);
  }
});

test('a week that begins in the future is none: whoever dates a plan ahead uses up no limit', (t) => {
  const hourMs = 3_600_000;
  const movedAt = (fromMs: number): number =>
    movedBefore({ weekMoved: { fromMs, bytes: 7 } } as Plan, 1000 * hourMs).bytes;
  t.deepEqual(
    [831, 833, 1026, 1027, 9999].map((hour) => movedAt(hour * hourMs)),
    [0, 7, 7, 0, 0],
  );
});

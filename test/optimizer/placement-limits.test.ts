// What admins forbid holds in every plan, however much better another one would be.

import test from 'ava';
import fc from 'fast-check';
import { dayMs, machineId, type MachineId } from '../../datasets/index.ts';
import {
  computePlan,
  loadSolver,
  noLimits,
  type PlacementLimits,
  type Plan,
  type PlanQuestion,
} from '../../optimizer/index.ts';
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

// Popular copies in plans: who gets one and why, that they keep to their room, and that a plan changes only when they do.

import test from 'ava';
import fc from 'fast-check';
import { days } from '../../datasets/index.ts';
import {
  checkPlan,
  computePlan,
  copyBytesOf,
  copyReasonText,
  type CopiesQuestion,
  farShareOf,
  groupOfPack,
  type PackDemand,
  type Plan,
  planProblems,
  planWithCopies,
  statesFromForecast,
  trafficOfWeek,
} from '../../optimizer/index.ts';
import { fleetForecast } from './fleet-forecast.ts';

const machineCount = 12;
const forecast = fleetForecast({ machineCount, stratumCount: 4, seed: 5 });
const states = statesFromForecast(forecast);
const { machines } = forecast;
const author = machines[0]!;
const nowMs = days(100);
const base = computePlan({
  machines: machines.map((machine) => ({ machine, quotaBytes: 1e9 })),
  forecast,
  author,
  nowMs,
  seed: 1,
});
const bulk = base.classes.find(({ name }) => name === 'bulk')!;
const owner = machines[11]!;
const packOf = (number: number): string => number.toString(16).padStart(8, '0').repeat(8);

const demand = (parts: Partial<PackDemand> = {}): PackDemand => ({
  pack: packOf(1),
  owner,
  packClass: 'bulk',
  redundancy: bulk.redundancy,
  packBytes: 1_000_001,
  site: 'far',
  reads: 5,
  ...parts,
});

/** The first machines stand in the far site. */
const placesWith = (farCount: number): CopiesQuestion['places'] =>
  machines.map((machine, at) => ({
    machine,
    site: at < farCount ? 'far' : 'near',
    quotaBytes: 1e9,
    freeBytes: 1e9,
  }));

/** A far site without any member of the pack's group. */
function placesOff(plan: Plan, wanted: PackDemand): CopiesQuestion['places'] {
  const members = new Set(groupOfPack(plan, wanted)!.members);
  return machines.map((machine) => ({
    machine,
    site: members.has(machine) ? 'near' : 'far',
    quotaBytes: 1e9,
    freeBytes: 1e9,
  }));
}

const question = (
  parts: Partial<CopiesQuestion> = {},
): CopiesQuestion & { readonly author: typeof author } => ({
  plan: base,
  previous: base,
  demands: [demand()],
  places: placesOff(base, demand()),
  states,
  nowMs,
  author,
  ...parts,
});

test('a pack that a far site reads often gets a copy there, of k whole shards, with numbers as its reason', (t) => {
  const plan = planWithCopies(question());
  const [copy] = plan.popular!.copies;
  t.is(copy!.bytes, copyBytesOf(1_000_001, bulk.redundancy));
  t.is(copy!.bytes % bulk.redundancy.k, 0);
  t.deepEqual(copy!.reason, { site: 'far', reads: 5, farShare: 1 });
  t.is(question().places.find(({ machine }) => machine === copy!.machine)?.site, 'far');
  t.is(plan.epoch, base.epoch + 1);
  t.is(plan.computedMs, base.computedMs);
  t.deepEqual(plan.classes, base.classes);
  t.regex(copyReasonText(copy!.reason), /read it 5\.0 times a week, and without copies 100 %/u);
  t.deepEqual(checkPlan(plan).problems, []);
  t.is(
    checkPlan(plan).popular?.bytes,
    plan.popular!.copies.reduce((sum, { bytes }) => sum + bytes, 0),
  );
});

test('no copy is planned where one would cost more than it saves', (t) => {
  t.is(planWithCopies(question({ demands: [demand({ reads: 1 })] })), base);
  t.is(planWithCopies(question({ demands: [demand({ redundancy: { k: 3, n: 31 } })] })), base);
  // Everybody in one place: what is read is there already.
  t.is(planWithCopies(question({ places: placesWith(machineCount) })), base);
});

test('a copy that is there changes nothing until it is renewed, and runs out when nobody reads the pack any more', (t) => {
  const first = planWithCopies(question());
  const later = (atMs: number, demands: readonly PackDemand[]): Plan =>
    planWithCopies(question({ plan: first, previous: first, nowMs: nowMs + atMs, demands }));
  t.is(later(days(1), [demand({ reads: 4.9 })]), first);
  const renewed = later(days(6), [demand({ reads: 1 })]);
  t.true(renewed.popular!.copies[0]!.untilMs > first.popular!.copies[0]!.untilMs);
  t.is(renewed.epoch, first.epoch + 1);
  t.is(later(days(6), []), first);
  // Another change of the plan leaves out what has run out.
  const next = { ...first, epoch: first.epoch + 1 };
  const after = planWithCopies(
    question({ plan: next, previous: first, nowMs: nowMs + days(9), demands: [] }),
  );
  t.is(after.popular, undefined);
  t.is(after.epoch, next.epoch);
});

test('what a machine may take in within a week bounds its copies, and takes none of those that are there', (t) => {
  const limited = (takenBytesMax: number): CopiesQuestion['places'] =>
    question().places.map((place) => ({ ...place, takenBytesMax }));
  t.is(planWithCopies(question({ places: limited(999_999) })), base);
  const first = planWithCopies(question({ places: limited(2_000_000) }));
  t.true(first.popular!.copies.length > 0);
  const later = question({ plan: first, previous: first, nowMs: nowMs + days(1), places: limited(0) });
  t.is(planWithCopies(later), first);
});

test('what machines may give out, and plans may move, in a week bounds the copies that are brought, not those that are there', (t) => {
  const demands = [1, 2, 3, 4].map((number) => demand({ pack: packOf(number), reads: 5 + number }));
  const places = placesOff(base, demands[3]!);
  const free = planWithCopies(question({ demands, places })).popular!.copies;
  const shardBytes = copyBytesOf(1_000_001, bulk.redundancy) / bulk.redundancy.k;
  const giving = (givenBytesMax: number): CopiesQuestion['places'] =>
    places.map((place) => ({ ...place, givenBytesMax }));
  const first = planWithCopies(question({ demands, places: giving(shardBytes) }));
  const { copies } = first.popular!;
  t.true(copies.length > 0 && copies.length < free.length);
  // Each machine is asked for one shard at most: no two copies come from groups with a common member.
  const sources = copies.flatMap((copy) =>
    groupOfPack(first, copy)!.members.filter((member) => member !== copy.machine),
  );
  t.is(new Set(sources).size, sources.length);
  t.is(planWithCopies(question({ demands, places: giving(shardBytes - 1) })), base);
  const moved = planWithCopies(question({ demands, places, movedBytesMax: 2_100_000 }));
  t.is(moved.popular!.copies.length, 2);
  const later = question({
    plan: moved,
    previous: moved,
    nowMs: nowMs + days(1),
    demands,
    places: giving(0),
    movedBytesMax: 0,
  });
  t.is(planWithCopies(later), moved);
});

test('what copies bring counts in the week of the plan, and a check adds it up', (t) => {
  const limits = { takenBytesPerWeek: 3_000_000, givenBytesPerWeek: 1_500_000, movedBytesPerWeek: 8_000_000 };
  const places = question().places.map((place) => ({
    ...place,
    takenBytesMax: limits.takenBytesPerWeek,
    givenBytesMax: limits.givenBytesPerWeek,
  }));
  const demands = [1, 2, 3, 4, 5].map((number) => demand({ pack: packOf(number), reads: 5 + number }));
  const limited = { places, demands, limits, movedBytesMax: limits.movedBytesPerWeek };
  const first = planWithCopies(question(limited));
  const { copies } = first.popular!;
  const bytes = copies.reduce((sum, copy) => sum + copy.bytes, 0);
  t.true(copies.length > 1);
  t.deepEqual(first.weekMoved, { fromMs: nowMs, bytes });
  const { problems, traffic } = checkPlan(first, base);
  t.deepEqual(problems, []);
  const takenBytes = machines.map((machine) =>
    copies.reduce((sum, copy) => sum + (copy.machine === machine ? copy.bytes : 0), 0),
  );
  t.is(traffic?.takenBytesMost, Math.max(...takenBytes));
  t.is(traffic?.takenBytesMax, 3_000_000);
  t.true(traffic!.givenBytesMost > 0 && traffic!.givenBytesMost <= 1_500_000);

  // Counted too little, or against a smaller limit: named.
  const silent = { ...first, limits: { ...first.limits!, before: [] } };
  t.regex(checkPlan(silent, base).problems.join('; '), /the plan does not count/u);
  const tight = { ...first, limits: { ...first.limits!, takenBytesMax: 1_000_000 } };
  t.regex(checkPlan(tight).problems.join('; '), /would take in \d+ bytes in a week, more than 1000000/u);

  // The next plan of the week has so much less for slots, and what is there is not counted again.
  const sent = trafficOfWeek(first, nowMs + days(1));
  t.is(
    [...sent.values()].reduce((sum, machine) => sum + machine.takenBytes, 0),
    bytes,
  );
  t.is(planWithCopies(question({ ...limited, plan: first, previous: first, nowMs: nowMs + days(1) })), first);
  // Eight days later the week begins anew.
  const more = [...demands, demand({ pack: packOf(9), reads: 9 })];
  const later = planWithCopies(
    question({ ...limited, plan: first, previous: first, demands: more, nowMs: nowMs + days(7) }),
  );
  t.is(later.weekMoved?.fromMs, nowMs + days(7));
  t.deepEqual(checkPlan(later, first).problems, []);
});

test('a whole new plan carries the copies of the one before', (t) => {
  const first = planWithCopies(question());
  const { popular: _, ...fresh } = { ...first, epoch: first.epoch + 1 };
  const next = planWithCopies(
    question({ plan: fresh, previous: first, nowMs: nowMs + days(1), demands: [] }),
  );
  t.deepEqual(next.popular!.copies, first.popular!.copies);
  t.is(next.epoch, fresh.epoch);
});

test('a machine that may hold nothing any more loses its copies', (t) => {
  const first = planWithCopies(question());
  const { machine } = first.popular!.copies[0]!;
  const at = machines.findIndex((one) => one === machine);
  const left = fleetForecast({ machineCount, stratumCount: 4, seed: 5 });
  const without = machines.filter((one) => one !== machine);
  const places = question().places.filter((place) => place.machine !== machine);
  t.true(at >= 0);
  const next = planWithCopies(
    question({
      plan: first,
      previous: first,
      demands: [],
      places,
      states: statesFromForecast(left, without),
    }),
  );
  t.false((next.popular?.copies ?? []).some((copy) => copy.machine === machine));
});

test('whatever is asked for, copies keep to their room and the plan stays lawful', (t) => {
  const anyDemand = fc.record({
    number: fc.integer({ min: 1, max: 40 }),
    reads: fc.double({ min: 0, max: 50, noNaN: true }),
    packBytes: fc.integer({ min: 1, max: 60_000_000 }),
    site: fc.constantFrom('far', 'near', 'nowhere'),
    packClass: fc.constantFrom('small' as const, 'bulk' as const),
  });
  fc.assert(
    fc.property(
      fc.array(anyDemand, { maxLength: 40 }),
      fc.integer({ min: 0, max: machineCount }),
      (wanted, far) => {
        const demands = wanted.map(({ number, packClass, ...parts }) =>
          demand({
            ...parts,
            packClass,
            pack: packOf(number),
            redundancy: base.classes.find(({ name }) => name === packClass)!.redundancy,
          }),
        );
        const places = placesWith(far);
        const plan = planWithCopies(question({ demands, places }));
        const isHolder = (copy: NonNullable<Plan['popular']>['copies'][number]): boolean =>
          copy.redundancy.k === 1 && groupOfPack(plan, copy)!.members.includes(copy.machine);
        const copies = plan.popular?.copies ?? [];
        return (
          planProblems(plan).length === 0 &&
          copies.every(({ machine, reason }) =>
            places.some((one) => one.machine === machine && one.site === reason.site),
          ) &&
          !copies.some(isHolder)
        );
      },
    ),
    { numRuns: 60 },
  );
  t.pass();
});

test('copies that do not fit their room, stand twice or are no whole shards are named', (t) => {
  const plan = planWithCopies(question());
  const { copies, rooms } = plan.popular!;
  const broken = (popular: Plan['popular']): string =>
    checkPlan({ ...plan, popular: popular! }).problems.join('; ');
  t.regex(broken({ copies, rooms: rooms.map((room) => ({ ...room, bytes: 5 })) }), /has room for 5/u);
  t.regex(broken({ copies, rooms: [] }), /has room for 0/u);
  t.regex(broken({ copies: [...copies, copies[0]!], rooms }), /two copies/u);
  t.regex(broken({ copies: [{ ...copies[0]!, bytes: copies[0]!.bytes + 1 }], rooms }), /no \d+ shards/u);
});

test('the share that comes from elsewhere is that of all ups and downs, counted one by one', (t) => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: machineCount - 1 }), { maxLength: 5 }),
      fc.integer({ min: 1, max: 4 }),
      (near, k) => {
        let expected = 0;
        for (const [state, down] of states.down.entries()) {
          for (let subset = 0; subset < 2 ** near.length; subset++) {
            const isUp = near.map((_, at) => (subset & (2 ** at)) !== 0);
            const odds = near.map((machine, at) => (isUp[at]! ? 1 - down[machine]! : down[machine]!));
            const missing = Math.max(0, k - isUp.filter(Boolean).length);
            expected += (odds.reduce((product, one) => product * one, states.weights[state]!) * missing) / k;
          }
        }
        return Math.abs(farShareOf(states, near, k) - expected) < 1e-9;
      },
    ),
    { numRuns: 100 },
  );
  t.is(farShareOf(states, [], 1), 1);
});

// What would be lost with some machines: against a count by hand over every pack, and what people may type.

import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import type { MachineId } from '../../datasets/index.ts';
import {
  computePlan,
  groupForPack,
  parseSelector,
  type Plan,
  selectMachines,
  type States,
  statesFromForecast,
  whatIf,
  type WhatIfAnswer,
} from '../../optimizer/index.ts';
import { fleetForecast } from './fleet-forecast.ts';

interface Fleet {
  readonly plan: Plan;
  readonly states: States;
}

function fleetOf(machineCount: number, seed: number): Fleet {
  const forecast = fleetForecast({ machineCount, stratumCount: 4, seed });
  const machines = forecast.machines.map((machine) => ({ machine, quotaBytes: 1 }));
  const plan = computePlan({ machines, forecast, author: machines[0]!.machine, nowMs: 0, seed });
  return { plan, states: statesFromForecast(forecast) };
}

const ask = ({ plan, states }: Fleet, lost: readonly MachineId[]): WhatIfAnswer =>
  whatIf({
    plan,
    states,
    lost: new Set(lost),
    owners: states.machines,
    bytesPerSlot: { small: 10, bulk: 1000 },
    bytesPerSecond: 100,
  });

test('bytes that are only derived are marked, and all machines of the fleet are counted', (t) => {
  const fleet = fleetOf(12, 3);
  const question = {
    plan: fleet.plan,
    states: fleet.states,
    lost: new Set(fleet.states.machines.slice(0, 1)),
    owners: [],
    bytesPerSlot: { small: 0, bulk: 1000 },
    bytesPerSecond: 100,
  };
  const { repair, machineCount } = whatIf({ ...question, areBytesRough: true, machineCount: 15 });
  t.true(repair.isRough);
  t.is(machineCount, 15);
  t.is(whatIf(question).repair.isRough, undefined);
});

const packIds = Array.from({ length: 4000 }, (_, index) =>
  createHash('sha256').update(String(index)).digest('hex'),
);

test("an owner's share out of reach is that of its packs whose group has fewer than k machines left", (t) => {
  const fleet = fleetOf(12, 3);
  const lost = fleet.states.machines.slice(0, 5);
  const { owners } = ask(fleet, lost);
  for (const { owner, lostShare } of owners) {
    const shares = fleet.plan.classes.map((placementClass) => {
      const gone = packIds.filter((packId) => {
        const group = groupForPack({ packId, owner, placementClass })!;
        return group.members.filter((member) => !lost.includes(member)).length < placementClass.redundancy.k;
      });
      return gone.length / packIds.length;
    });
    // Four standard errors of a share of 4,000 packs.
    t.true(
      Math.abs(lostShare - Math.max(...shares)) < 0.032,
      `${owner}: ${lostShare}, counted ${shares.join(' ')}`,
    );
  }
  t.true(owners.some(({ lostShare }) => lostShare > 0));
});

test('packs that are known are counted, whatever is expected of new ones', (t) => {
  const fleet = fleetOf(12, 3);
  const { machines } = fleet.states;
  const lost = machines.slice(0, 5);
  const owner = machines.at(-1)!;
  const lostGroups = ask(fleet, lost).classes.flatMap((one) => one.lostGroups);
  const [lostGroup] = lostGroups;
  const safeGroup = fleet.plan.classes
    .flatMap(({ groups }) => groups)
    .find(({ id }) => !lostGroups.includes(id));
  const answerWith = (counts: readonly (readonly [string, number])[]) =>
    whatIf({
      ...fleet,
      lost: new Set(lost),
      owners: machines,
      knownPacks: { owner, countByGroup: new Map(counts) },
      bytesPerSlot: {},
      bytesPerSecond: 100,
    }).owners.find((one) => one.owner === owner);
  t.like(answerWith([[safeGroup!.id, 3]]), { lostShare: 0, packs: { lostCount: 0, count: 3 } });
  const some = [[safeGroup!.id, 3] as const, [lostGroup!, 1] as const];
  t.like(answerWith(some), { lostShare: 0.25, packs: { lostCount: 1, count: 4 } });
});

test('losing more machines never brings anything back, and losing nobody costs nothing', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 14 }), fc.integer({ min: 0, max: 30 }), (machineCount, seed) => {
      const fleet = fleetOf(machineCount, seed);
      const { machines } = fleet.states;
      const answers = machines.map((_, count) => ask(fleet, machines.slice(0, count)));
      const [nobody] = answers;
      const isCalm = nobody!.classes.every(
        ({ lostShare, odds }) => lostShare === 0 && Math.abs(odds.after - odds.before) < 1e-12,
      );
      const grows = answers.every(
        (answer, index) =>
          index === 0 ||
          answer.classes.every(({ lostShare, odds }, at) => {
            const before = answers[index - 1]!.classes[at]!;
            return lostShare >= before.lostShare && odds.after >= before.odds.after - 1e-12;
          }),
      );
      return isCalm && nobody!.repair.slots === 0 && grows;
    }),
    { numRuns: 20 },
  );
  t.pass();
});

test('repair counts the slots of groups that still can be repaired, k shards for each of a code', (t) => {
  const fleet = fleetOf(12, 1);
  const [lost] = fleet.states.machines;
  const { repair, leftCount } = ask(fleet, [lost!]);
  const slots = { small: 0, bulk: 0 };
  for (const { name, groups } of fleet.plan.classes)
    slots[name] += groups.filter(({ members }) => members.includes(lost!)).length;
  t.is(leftCount, 11);
  t.is(repair.slots, slots.small + slots.bulk);
  t.is(repair.bytes, 10 * slots.small + 1000 * slots.bulk);
  t.is(repair.trafficBytes, 10 * slots.small + 4 * 1000 * slots.bulk);
  t.is(repair.seconds, repair.trafficBytes! / (11 * 100));
});

test('hours take away who is mostly down in them, and count by the hours that are asked for', (t) => {
  const fleet = fleetOf(9, 2);
  const forecast = fleetForecast({ machineCount: 9, stratumCount: 2, seed: 2 });
  const [sleeper] = forecast.machines;
  const strata = ['workday 22:00', 'workday 10:00'].map((name, index) => ({
    ...forecast.strata[index]!,
    name,
    downProbability: forecast.strata[index]!.downProbability.map((odds, row) =>
      row === 0 ? (index === 0 ? 0.95 : 0.01) : odds,
    ),
  }));
  const states = statesFromForecast({ ...forecast, strata });
  const asked = {
    plan: fleet.plan,
    states,
    lost: new Set<MachineId>(),
    owners: [],
    bytesPerSlot: {},
    bytesPerSecond: 1,
  };
  const isInHours = (text: string): ((weekHour: number) => boolean) => {
    const selector = parseSelector(text);
    return selector.kind === 'hours' ? selector.isIn : t.fail(text);
  };
  t.deepEqual(whatIf({ ...asked, isInHours: isInHours('after 20:00') }).lostMachines, [sleeper]);
  t.deepEqual(whatIf({ ...asked, isInHours: isInHours('from 08:00 to 12:00') }).lostMachines, []);
  t.is(whatIf({ ...asked, isInHours: isInHours('after 20:00') }).repair.slots, 0, 'a night starts no repair');
});

test('hours are those that were typed', (t) => {
  const hoursOf = (text: string): readonly number[] => {
    const selector = parseSelector(text);
    return selector.kind === 'hours'
      ? Array.from({ length: 168 }, (_, hour) => hour).filter(selector.isIn)
      : [];
  };
  t.is(hoursOf('after 19:00').length, 5 * 7);
  t.deepEqual(hoursOf('before 02:00 on weekends'), [120, 121, 144, 145]);
  t.is(hoursOf('from 22:00 to 06:00').length, 8 * 7);
  t.is(hoursOf('on weekends').length, 48);
  t.is(hoursOf('After 8:00 on workdays').length, 16 * 5);
  t.is(hoursOf('before 24:00').length, 168);
  for (const nothing of ['after 24:00', 'before 0:00', 'before 00:00 on weekends'])
    t.throws(() => parseSelector(nothing), { code: 'selector-malformed' });
});

test('selectors find machines by attribute, name, domain, group and the beginning of a long value', (t) => {
  const { plan, states } = fleetOf(9, 1);
  const machines = states.machines.map((machine, row) => ({
    machine,
    name: `desk-${row}`,
    attributes: { site: row < 3 ? 'hall-1' : 'hall-2', subnet: `9f2c${row}aa` },
  }));
  const select = (...texts: readonly string[]): readonly string[] => [
    ...selectMachines(texts.map(parseSelector), machines, plan),
  ];
  t.deepEqual(select('site=hall-1'), ['m0', 'm1', 'm2']);
  t.deepEqual(select('subnet=9f2c4', 'machine=desk-0'), ['m4', 'm0']);
  t.deepEqual(select('domain=1'), ['m0', 'm1', 'm2']);
  const [group] = plan.classes[0]!.groups;
  t.deepEqual(select(`group=${group!.id}`).toSorted(), group!.members.toSorted());
  t.deepEqual(select('after 19:00'), []);
  const error = t.throws(() => select('site=hall-9'), { code: 'selector-matches-nothing' } as never);
  t.true(error !== undefined && 'advice' in error && String(error.advice).includes('hall-1, hall-2'));
});

test('of groups that can be lost all are known, also where each machine is in several', (t) => {
  const { plan, states } = fleetOf(9, 1);
  const machines = states.machines.map((machine) => ({ machine, name: machine, attributes: {} }));
  const groupCount = new Set(plan.classes.flatMap(({ groups }) => groups.map(({ id }) => id))).size;
  const error = t.throws(() => selectMachines([parseSelector('group=none')], machines, plan));
  const { advice = '' } = error as { advice?: string };
  t.is(advice.split(', ').length, 20);
  t.true(advice.endsWith(` and ${groupCount - 20} more.`), advice);
});

for (const text of [
  '',
  'hall-2',
  'site=',
  'colour=red',
  'after noon',
  'after 25:00',
  'from 8:00',
  'on tuesdays',
])
  test(`"${text}" is refused, with what may be typed`, (t) => {
    t.throws(() => parseSelector(text), { code: 'selector-malformed' } as never);
  });

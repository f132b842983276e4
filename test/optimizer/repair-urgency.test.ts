// Repair by margin: who is waited for and who is not, beside a naive enumeration of everybody's states.

import test from 'ava';
import fc from 'fast-check';
import { hourKinds, type PresenceForecast } from '../../models/index.ts';
import { machineId } from '../../datasets/index.ts';
import {
  hoursAhead,
  hoursOfStep,
  machinesGivenUp,
  oddsBelow,
  repairPricesDefault,
  repairUrgency,
  type UrgencyQuestion,
} from '../../optimizer/repair-urgency.ts';

const kinds = hourKinds.length;
const bins = 16;

/** Machines of one habit each; all absences end at `returning` an hour until `longHours`, and hardly ever after that. */
function presenceOf(downShares: readonly number[], returning = 0.1, late = 0.0002): PresenceForecast {
  return {
    machines: downShares.map((_, row) => machineId(`m${row}`)),
    hazard: {
      // Bins from 96 hours on are "broken, on holiday, gone".
      hourly: Float64Array.from({ length: bins * kinds }, (_, cell) =>
        Math.floor(cell / kinds) < 10 ? returning : late,
      ),
      returns: new Float64Array(downShares.length).fill(1000),
      expected: new Float64Array(downShares.length).fill(1000),
    },
    habit: Float64Array.from(downShares.flatMap((share) => Array.from({ length: kinds }, () => share))),
    downShare: Float64Array.from(downShares),
    leaving: Float64Array.from(downShares, (share) => share / 10),
    utcOffsetMs: 0,
    hoursAway: Float64Array.from(downShares, () => 0),
    madeMs: 0,
  };
}

const good = Array.from({ length: 12 }, () => 0.02);
const ask = (
  hoursAway: readonly number[],
  more: Partial<UrgencyQuestion> = {},
): ReturnType<typeof repairUrgency> =>
  repairUrgency({
    presence: presenceOf(good),
    hoursAway,
    weekHour: 10,
    groups: [[0, 1, 2]],
    redundancy: { k: 1, n: 3 },
    ...more,
  });

const away = (hours: Readonly<Record<number, number>>): readonly number[] =>
  good.map((_, machine) => hours[machine] ?? 0);

test('a group with members to spare waits for one that is likely to come back', (t) => {
  t.deepEqual(ask(away({ 0: 10 })).open, []);
  t.deepEqual(ask(away({ 0: 60 })).open, []);
});

test('a thin group does not wait for machines that are away for days', (t) => {
  const { open, groupsByMargin } = ask(away({ 0: 120, 1: 120 }), { presence: presenceOf(good, 0.1, 0.004) });
  t.true(open.length >= 1);
  t.true(open.every(({ reason, upCount }) => reason === 'thin' && upCount === 1));
  t.deepEqual(groupsByMargin, [1, 0, 0]);
});

test('a night starts nothing while the hazard says that they will be back in the morning', (t) => {
  const habit = presenceOf(good, 0.4);
  t.deepEqual(ask(away({ 0: 6, 1: 6 }), { presence: habit }).open, []);
});

test('whoever has left by the hazard, or is away for two weeks, is replaced in every group', (t) => {
  const gone = ask(away({ 0: 200 }));
  t.deepEqual(
    gone.open.map(({ at, slot, reason }) => ({ at, slot, reason })),
    [{ at: 0, slot: 0, reason: 'gone' }],
  );
  const slow = presenceOf(good, 0.1, 0.05);
  t.deepEqual(ask(away({ 0: 330 }), { presence: slow }).open, []);
  t.is(ask(away({ 0: 337 }), { presence: slow }).open[0]?.reason, 'gone');
  t.deepEqual(
    [...machinesGivenUp({ presence: slow, hoursAway: away({ 0: 330, 3: 340 }), weekHour: 0 })],
    [3],
  );
});

test('slots that nobody has are open', (t) => {
  const { open } = ask(away({}), { groups: [[0, -1, 2]] });
  t.deepEqual(
    open.map(({ slot, reason }) => ({ slot, reason })),
    [{ slot: 1, reason: 'gone' }],
  );
});

test('in a burst the thinnest groups come first, within a smaller budget', (t) => {
  const shares = Array.from({ length: 300 }, () => 0.02);
  const presence = presenceOf(shares, 0.1, 0.0002);
  const groups = Array.from({ length: 300 }, (_, at) => [at, (at + 1) % 300, (at + 2) % 300]);
  const question = { presence, weekHour: 10, groups, redundancy: { k: 1, n: 3 } };
  const calm = repairUrgency({ ...question, hoursAway: shares.map(() => 0) });
  t.false(calm.isBurst);
  const struck = repairUrgency({
    ...question,
    // A third went an hour ago; those beside them have been away for long.
    hoursAway: shares.map((_, machine) => (machine < 100 ? 1 : machine < 110 ? 400 : 0)),
  });
  t.true(struck.isBurst);
  t.true(struck.open.length <= Math.ceil(900 / 168));
  t.true(struck.deferredCount > 0);
  const counts = struck.open.map(({ upCount }) => upCount);
  t.deepEqual(
    counts,
    counts.toSorted((a, b) => a - b),
  );
  t.is(counts[0], 0);
});

/** P(fewer than k up) by going through all 2^n states. */
function naiveOddsBelow(down: readonly number[], k: number): number {
  let sum = 0;
  for (let state = 0; state < 2 ** down.length; state++) {
    const ups = down.map((_, bit) => Math.floor(state / 2 ** bit) % 2);
    if (ups.filter((up) => up === 1).length >= k) continue;
    sum += down.reduce((odds, p, bit) => odds * (ups[bit] === 1 ? 1 - p : p), 1);
  }
  return sum;
}

test('the odds of a group are those of going through all states', (t) => {
  const odds = fc.double({ min: 0, max: 1, noNaN: true });
  const property = fc.property(
    fc.array(odds, { minLength: 1, maxLength: 8 }),
    fc.integer({ min: 1, max: 8 }),
    (down, k) => {
      t.true(Math.abs(oddsBelow(down, k) - naiveOddsBelow(down, k)) < 1e-9);
    },
  );
  t.notThrows(() => fc.assert(property));
});

test('the longer somebody is away and the fewer are up, the sooner it is replaced', (t) => {
  const presence = presenceOf(good, 0.05, 0.003);
  const property = fc.property(
    fc.integer({ min: 1, max: 300 }),
    fc.integer({ min: 1, max: 300 }),
    (first, second) => {
      const slots = (hours: Readonly<Record<number, number>>): number =>
        ask(away(hours), { presence }).open.length;
      t.true(slots({ 0: first, 1: second }) >= slots({ 0: first }));
      t.true(slots({ 0: first + 30 }) >= slots({ 0: first }) || first < 96);
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 60 }));
});

test('the hours ahead cover two weeks', (t) => {
  t.is(hoursAhead.at(-1), repairPricesDefault.patienceHours);
  t.is(
    hoursOfStep.reduce((sum, hours) => sum + hours, 0),
    336,
  );
});

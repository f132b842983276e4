// What is expected of causes that were not seen yet: on tiny fleets whose answer is plain, and against a naive count.

import test from 'ava';
import { createRandom } from '../../datasets/index.ts';
import { habitForecast } from '../../models/index.ts';
import { commonFalls, noveltiesOf, unseenShocks } from '../../models/unseen-shocks.ts';
import { statesFromForecast, unavailability } from '../../optimizer/index.ts';
import { historyOf } from '../optimizer/replay/traces.ts';

const weeks = 3;
const slotCount = weeks * 168;

/** A fleet that is always up but for these falls: who, when, for how many hours. */
const fleetWith = (
  machineCount: number,
  falls: readonly { readonly rows: readonly number[]; readonly at: number; readonly hours: number }[],
): ReturnType<typeof historyOf> => {
  const cells = Array.from({ length: machineCount }, () => Array.from({ length: slotCount }, () => '1'));
  for (const { rows, at, hours } of falls) for (const row of rows) cells[row]!.fill('0', at, at + hours);
  return historyOf(cells.map((row) => row.join('')));
};
const rowsFrom = (from: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, at) => from + at);

test('a fall of many at once is found with who, how hard and for how long; neighbouring hours are one', (t) => {
  const history = fleetWith(20, [
    { rows: rowsFrom(0, 5), at: 100, hours: 4 },
    { rows: rowsFrom(5, 4), at: 101, hours: 4 },
    { rows: [12], at: 300, hours: 2 },
    { rows: rowsFrom(0, 10), at: 400, hours: 90 },
  ]);
  const falls = commonFalls(history);
  t.deepEqual(
    falls.map(({ members, slots }) => ({ count: members.length, slots })),
    [
      { count: 9, slots: 4 },
      { count: 10, slots: 24 },
    ],
  );
  t.true(falls.every(({ strike }) => strike > 0.4 && strike < 0.5));
});

test('nights that everybody has are no common fall, and a fleet without one expects none', (t) => {
  const office = `${'0'.repeat(8)}${'1'.repeat(10)}${'0'.repeat(6)}`;
  const history = historyOf(Array.from({ length: 12 }, () => office.repeat(7 * weeks)));
  t.deepEqual(unseenShocks(history), []);
});

test('what fell together again and again leaves nothing unseen, and what fell once does in full', (t) => {
  const again = fleetWith(
    20,
    [50, 150, 250, 350].map((at) => ({ rows: rowsFrom(0, 6), at, hours: 2 })),
  );
  t.deepEqual(unseenShocks(again), []);
  const once = unseenShocks(fleetWith(20, [{ rows: rowsFrom(0, 10), at: 100, hours: 3 }]));
  t.is(once.length, 1);
  t.is(once[0]!.probability, 3 / slotCount);
  t.true(once[0]!.strike.every((strike) => Math.abs(strike - 0.5) < 0.02));
});

test('novelty is the share of pairs that a naive count finds in no other fall', (t) => {
  const random = createRandom('novelties');
  for (let round = 0; round < 50; round++) {
    const falls = Array.from({ length: 1 + random.below(6) }, () => ({
      members: rowsFrom(0, 12).filter(() => random.fraction() < 0.4),
    }));
    const naive = falls.map(({ members }, own) => {
      const pairs = members.flatMap((a) => members.filter((b) => b > a).map((b) => [a, b] as const));
      const fresh = pairs.filter(
        ([a, b]) =>
          !falls.some((fall, at) => at !== own && fall.members.includes(a) && fall.members.includes(b)),
      );
      return pairs.length === 0 ? 0 : fresh.length / pairs.length;
    });
    t.deepEqual(noveltiesOf(falls), naive);
  }
});

test('machines that never fell together are not promised to be out of reach one hour in ages', (t) => {
  const history = fleetWith(30, [{ rows: rowsFrom(0, 15), at: 200, hours: 5 }]);
  const forecast = habitForecast(history);
  const oddsOf = (shocks: typeof forecast.shocks): number =>
    unavailability(statesFromForecast({ ...forecast, shocks }), { members: [20, 24, 28], k: 1 });
  const fallen = (5 / slotCount) * 0.5 ** 3;
  t.true(oddsOf([]) < fallen / 10, String(oddsOf([])));
  t.true(oddsOf(forecast.shocks) > fallen / 2 && oddsOf(forecast.shocks) < 2 * fallen);
});

// What is expected of a machine in the coming hours, on tiny histories whose answer is plain.

import test from 'ava';
import { generateFleet, unixMs } from '../../datasets/index.ts';
import { baselineForecast, comingHours, type PresenceForecast } from '../../models/index.ts';
import { historyOf, mondayMs } from '../optimizer/replay/traces.ts';

const office = `${'0'.repeat(8)}${'1'.repeat(10)}${'0'.repeat(6)}`;
const workWeek = `${office.repeat(5)}${'0'.repeat(48)}`;
const server = '1'.repeat(168);

const presenceOf = (rows: readonly string[]): PresenceForecast => baselineForecast(historyOf(rows)).presence!;

const fleet = presenceOf([...Array.from({ length: 10 }, () => workWeek.repeat(3)), server.repeat(3)]);

test('a desktop that went home is expected back in the morning, and not before', (t) => {
  const hoursAhead = [1, 8, 15];
  const { back } = comingHours(fleet, 0, { now: { hoursAway: 2, weekHour: 20 }, hoursAhead });
  t.true(back[1]! < 0.2, `by 4:00 ${back[1]}`);
  t.true(back[2]! > 0.7, `by 11:00 ${back[2]}`);
});

test('a weekend is slept through', (t) => {
  const fridayEvening = 4 * 24 + 19;
  const { down } = comingHours(fleet, 0, {
    now: { hoursAway: 1, weekHour: fridayEvening },
    hoursAhead: [40, 64],
  });
  t.true(down[0]! > 0.8, `on Sunday ${down[0]}`);
  t.true(down[1]! < 0.5, `on Monday at noon ${down[1]}`);
});

test('a server that is up stays up, a desktop does not', (t) => {
  const ask = (row: number): number =>
    comingHours(fleet, row, { now: { hoursAway: 0, weekHour: 12 }, hoursAhead: [14] }).down[0]!;
  t.true(ask(10) < 0.05);
  t.true(ask(0) > 0.5);
});

test('odds are odds, and who was once back was back', (t) => {
  const { history } = generateFleet({ seed: 5, machineCount: 12, weeks: 3, startMs: unixMs(mondayMs) });
  const { presence } = baselineForecast(history);
  const hoursAhead = Array.from({ length: 100 }, (_, at) => at + 1);
  for (let row = 0; row < 12; row++) {
    for (const hoursAway of [0, 1, 30, 400]) {
      const { down, back } = comingHours(presence!, row, { now: { hoursAway, weekHour: 7 }, hoursAhead });
      t.true(down.every((odds) => odds >= 0 && odds <= 1));
      t.true(back.every((odds, at) => odds >= 0 && odds <= 1 && (at === 0 || odds >= back[at - 1]!)));
    }
  }
});

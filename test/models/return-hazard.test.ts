// When who is down comes back: known rates are found again, nights are known by the clock, and long absences count as leaving.

import test from 'ava';
import fc from 'fast-check';
import {
  createRandom,
  type FleetHistory,
  generateFleet,
  machineId,
  sliceHistory,
  unixMs,
} from '../../datasets/index.ts';
import { goneOdds } from '../../models/departures.ts';
import { fitReturnHazard, oddsOfReturn } from '../../models/return-hazard.ts';
import { judgeReturn } from '../../models/return-judgement.ts';

/** Monday 2026-01-05 00:00 UTC. */
const startMs = unixMs(Date.UTC(2026, 0, 5));

const fleetOf = (rows: readonly (readonly boolean[])[]): FleetHistory => ({
  startMs,
  slotMs: 3_600_000,
  slotCount: rows[0]!.length,
  machines: rows.map((_, row) => ({ machine: machineId(`m${row}`), attributes: {}, utcOffsetMs: 0 })),
  up: Uint8Array.from(rows.flat(), Number),
  access: [],
});

test('where every hour is as good as another, the odds of return are those of the rate', (t) => {
  const random = createRandom(5);
  const rate = 0.15;
  const rows = Array.from({ length: 40 }, () => {
    let isUp = true;
    return Array.from({ length: 1500 }, () => {
      isUp = random.fraction() < (isUp ? 0.95 : rate);
      return isUp;
    });
  });
  const hazard = fitReturnHazard(fleetOf(rows));
  const [in4, in12] = oddsOfReturn(hazard, { machine: 3, hoursAway: 1, weekHour: 10 }, [4, 12]);
  t.true(Math.abs(in4! - (1 - (1 - rate) ** 4)) < 0.08, `${in4}`);
  t.true(Math.abs(in12! - (1 - (1 - rate) ** 12)) < 0.08, `${in12}`);
});

test('who sleeps at night is expected in the morning, not before', (t) => {
  const rows = Array.from({ length: 10 }, () =>
    Array.from({ length: 28 * 24 }, (_, slot) => slot % 24 >= 6 && slot % 24 < 20),
  );
  const hazard = fitReturnHazard(fleetOf(rows));
  // Tuesday 22:00, two hours after all went off.
  const [in4, in12] = oddsOfReturn(hazard, { machine: 0, hoursAway: 2, weekHour: 24 + 22 }, [4, 12]);
  t.true(in4! < 0.1, `${in4}`);
  t.true(in12! > 0.85, `${in12}`);
});

test('odds of return are odds, and grow with the time that is given', (t) => {
  const { history } = generateFleet({ seed: 8, machineCount: 10, weeks: 3, startMs });
  const hazard = fitReturnHazard(history);
  const horizons = [1, 2, 8, 24, 100, 700];
  fc.assert(
    fc.property(
      fc.record({
        machine: fc.integer({ min: 0, max: 9 }),
        hoursAway: fc.integer({ min: 1, max: 2000 }),
        weekHour: fc.integer({ min: 0, max: 167 }),
      }),
      (absence) => {
        const odds = oddsOfReturn(hazard, absence, horizons);
        return odds.every((one, at) => one >= 0 && one <= 1 && one >= (odds[at - 1] ?? 0));
      },
    ),
  );
  t.pass();
});

test('a weekend says nothing of leaving, and weeks say more than days', (t) => {
  const hours = 6 * 7 * 24;
  const awayFor = [0, 60, 120, 700];
  const random = createRandom(2);
  const rows = awayFor.map((away) =>
    Array.from({ length: hours }, (_, slot) => slot < hours - away && random.fraction() < 0.95),
  );
  const history = fleetOf(rows);
  for (const hazard of [undefined, fitReturnHazard(history)]) {
    const [none, weekend, days, weeks] = goneOdds(history, hazard);
    t.is(none, 0);
    t.is(weekend, 0);
    t.true(days! > 0 && weeks! > days! && weeks! <= 1, `${days} ${weeks}`);
  }
});

test('the card judges only hours that the fit did not see, and a fleet with habits beats its baselines', (t) => {
  const { history } = generateFleet({ seed: 3, machineCount: 30, weeks: 4, startMs });
  const past = sliceHistory(history, { fromSlot: 0, toSlot: 3 * 168 });
  const card = judgeReturn(history, past);
  t.is(card.serves, 'model', card.reason);
  const altered = Uint8Array.from(history.up, (state, at) => (at % history.slotCount < 3 * 168 ? state : 1));
  const calm = judgeReturn({ ...history, up: altered }, past);
  t.is(calm.details['hours away'], 0);
  t.is(calm.serves, 'baseline');
});

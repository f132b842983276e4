import test from 'ava';
import {
  type FleetHistory,
  generateFleet,
  machineId,
  sliceHistory,
  slotDown,
  slotUnknown,
  slotUp,
  unixMs,
} from '../../../datasets/index.ts';
import { baselineForecast } from '../../../models/index.ts';
import { compareHeldOut, replayGroups } from '../../../optimizer/index.ts';

/** Monday 2026-01-05 00:00 UTC. */
const mondayMs = Date.UTC(2026, 0, 5);

/** Rows of "1" up, "0" down, "?" unknown. */
const historyOf = (rows: readonly string[]): FleetHistory => ({
  startMs: unixMs(mondayMs),
  slotMs: 3_600_000,
  slotCount: rows[0]!.length,
  machines: rows.map((_, index) => ({ machine: machineId(`m${index}`), attributes: {}, utcOffsetMs: 0 })),
  up: Uint8Array.from(rows.join('').split(''), (cell) =>
    cell === '1' ? slotUp : cell === '0' ? slotDown : slotUnknown,
  ),
  access: [],
});

test('a group-hour is unavailable with fewer than k members up, and does not count when one was not seen', (t) => {
  const history = historyOf(['1100?', '10001', '10101']);
  t.deepEqual(replayGroups([[0, 1, 2]], history, 1)[0]!.all, { lost: 1, seen: 4 });
  t.deepEqual(replayGroups([[0, 1, 2]], history, 2)[0]!.all, { lost: 3, seen: 4 });
  t.deepEqual(replayGroups([[1, 2]], history, 1)[0]!.all, { lost: 2, seen: 5 });
});

test('business hours are Monday to Friday from 8 to 18 in the time of most machines', (t) => {
  const week = historyOf(['1'.repeat(168), '1'.repeat(168)]);
  t.is(
    replayGroups([[0]], week, 1).reduce((sum, { business }) => sum + business.seen, 0),
    50,
  );
  const dayDown = historyOf([`${'1'.repeat(8)}${'0'.repeat(10)}${'1'.repeat(6)}`]);
  t.deepEqual(replayGroups([[0]], dayDown, 1)[0]!.business, { lost: 10, seen: 10 });
  const east = { ...dayDown, machines: [{ ...dayDown.machines[0]!, utcOffsetMs: 3 * 3_600_000 }] };
  t.deepEqual(replayGroups([[0]], east, 1)[0]!.business, { lost: 7, seen: 10 });
});

test('policies are compared on hours that none of them saw, and the same seed gives the same scores', async (t) => {
  const { history } = generateFleet({ seed: 4, machineCount: 12, weeks: 3, startMs: unixMs(mondayMs) });
  const past = sliceHistory(history, { fromSlot: 0, toSlot: 336 });
  const ask = {
    history,
    heldOutForecast: baselineForecast(past),
    heldOutFromSlot: 336,
    redundancy: { k: 1, n: 3 },
    seed: 1,
  };
  const scores = await compareHeldOut(ask);
  t.deepEqual(
    scores.map(({ policy }) => policy),
    ['random', 'best-k', 'best-k with swaps', 'independence', 'habits', 'learned'],
  );
  for (const { unavailableShare, unavailableShareBusiness, risk } of scores) {
    t.true(risk! >= unavailableShare);
    t.true(unavailableShare >= 0 && unavailableShare <= 1);
    t.true(unavailableShareBusiness >= 0 && unavailableShareBusiness <= 1);
  }
  t.deepEqual(await compareHeldOut(ask), scores);
  // What happens after the held-out week changes nothing that the policies chose by.
  const blank = { ...history, up: history.up.map((state, at) => (at % 504 < 336 ? state : slotUp)) };
  for (const { unavailableShare } of await compareHeldOut({ ...ask, history: blank }))
    t.is(unavailableShare, 0);
});

const thePair = [3, 8] as const;

/** Twelve machines that are always up, but for two that fall together for six hours on each of these days of the third week. */
function whereAPairFalls(days: readonly number[]): FleetHistory {
  const rows = Array.from({ length: 12 }, () => '1'.repeat(504));
  const history = historyOf(rows);
  const up = Uint8Array.from(history.up);
  for (const day of days)
    for (const row of thePair) up.fill(slotDown, row * 504 + 336 + day * 24, row * 504 + 336 + day * 24 + 6);
  return { ...history, up };
}

test('a rival is sure of its advantage only when it shows on more than one day', async (t) => {
  const surenessAfter = async (days: readonly number[]): Promise<number> => {
    const history = whereAPairFalls(days);
    const past = sliceHistory(history, { fromSlot: 0, toSlot: 336 });
    const habit = baselineForecast(past);
    // A forecast that is wrong: whatever strikes others spares one of the pair that will fall, so it puts that pair together.
    const wrong = {
      ...habit,
      shocks: thePair.map((spared) => ({
        name: `all but ${spared}`,
        origin: 'learned' as const,
        probability: 0.1,
        strike: Float64Array.from(habit.machines, (_, row) => (row === spared ? 0 : 0.9)),
      })),
    };
    const scores = await compareHeldOut({
      history,
      heldOutForecast: wrong,
      heldOutFromSlot: 336,
      redundancy: { k: 1, n: 2 },
      seed: 1,
    });
    return scores.find(({ policy }) => policy === 'independence')!.sureness!;
  };
  const [none, one, three] = [
    await surenessAfter([]),
    await surenessAfter([2]),
    await surenessAfter([1, 3, 5]),
  ];
  t.is(none, 0);
  t.true(one > 0.5 && one < 0.8, `${one}: drawn at all in 0.66 of the draws`);
  t.true(three > 0.9, `${three}`);
});

import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import {
  dayMs,
  type FleetHistory,
  generateFleet,
  historyFromRows,
  historyToRows,
  hourMs,
  hourOfWeek,
  localDayStart,
  type MachineId,
  machineId,
  selectMachines,
  sliceHistory,
  slotDown,
  slotUnknown,
  slotUp,
  unixMs,
  type UptimeRow,
  type UptimeState,
  utcOffsetOf,
} from '../../datasets/index.ts';

const a = machineId('a');

const timeOf = (hour: number) => unixMs(Math.round(hour * hourMs));

function span(fromHour: number, toHour: number, state: UptimeState): UptimeRow {
  const [fromMs, toMs] = [timeOf(fromHour), timeOf(toHour)];
  return { kind: 'uptime', machine: a, fromMs, toMs, state };
}

function slots(rows: readonly UptimeRow[], hours: number, peerRows: readonly UptimeRow[] = []): number[] {
  const options = { fromMs: 0, toMs: hours * hourMs, reportedMachines: [a], peerRows };
  return [...historyFromRows(rows, options).up];
}

test('a gap is unknown, and every state but "up" is down', (t) => {
  const rows = [span(0, 1, 'up'), span(2, 3, 'asleep'), span(3, 4, 'off'), span(4, 5, 'crashed')];
  t.deepEqual(slots(rows, 6), [slotUp, slotUnknown, slotDown, slotDown, slotDown, slotUnknown]);
});

test('a slot is up when its machine was up for at least half of what is known of it', (t) => {
  t.deepEqual(slots([span(0, 0.5, 'up'), span(0.5, 1, 'off')], 1), [slotUp]);
  t.deepEqual(slots([span(0, 0.49, 'up'), span(0.49, 1, 'off')], 1), [slotDown]);
  t.deepEqual(slots([span(0.8, 1, 'up')], 1), [slotUp]);
});

test('where spans contradict each other, the one that starts later holds, in any order of arrival', (t) => {
  const rows = [span(0, 6, 'up'), span(2, 3, 'crashed'), span(5, 8, 'off')];
  const expected = [slotUp, slotUp, slotDown, slotUp, slotUp, slotDown, slotDown, slotDown];
  t.deepEqual(slots(rows, 8), expected);
  t.deepEqual(slots(rows.toReversed(), 8), expected);
});

test('of two spans that start together the one that ends later holds', (t) => {
  t.deepEqual(slots([span(0, 1, 'off'), span(0, 2, 'up')], 2), [slotUp, slotUp]);
  t.deepEqual(slots([span(0, 1, 'off'), span(0, 1, 'up')], 1), [slotDown]);
});

test('peers fill only what a machine does not say of itself', (t) => {
  const own = [span(1, 3, 'up'), span(5, 6, 'off')];
  t.deepEqual(slots(own, 8, [span(0, 7, 'off')]), [
    slotDown,
    slotUp,
    slotUp,
    slotDown,
    slotDown,
    slotDown,
    slotDown,
    slotUnknown,
  ]);
});

const best = (rows: readonly UptimeRow[], atMs: number): UptimeRow | undefined =>
  rows
    .filter((row) => row.fromMs <= atMs && atMs < row.toMs)
    .toSorted(
      (x, y) => y.fromMs - x.fromMs || y.toMs - x.toMs || Number(x.state === 'up') - Number(y.state === 'up'),
    )[0];

/** A naive oracle: each minute asks every span, and the best of those that cover it decides. */
function naiveSlots(own: readonly UptimeRow[], byPeers: readonly UptimeRow[], hours: number): number[] {
  return Array.from({ length: hours }, (_, hour) => {
    let [up, known] = [0, 0];
    for (let minute = 0; minute < 60; minute++) {
      const atMs = hour * hourMs + minute * 60_000;
      const row = best(own, atMs) ?? best(byPeers, atMs);
      if (row !== undefined) known++;
      if (row?.state === 'up') up++;
    }
    if (known === 0) return slotUnknown;
    return 2 * up >= known ? slotUp : slotDown;
  });
}

test('overlapping spans of any shape come out as a minute-by-minute oracle says', (t) => {
  const anySpan = fc
    .tuple(fc.nat(600), fc.integer({ min: 1, max: 300 }), fc.constantFrom<UptimeState>('up', 'off'))
    .map(([from, length, state]) => span(from / 60, (from + length) / 60, state));
  fc.assert(
    fc.property(fc.array(anySpan, { maxLength: 12 }), fc.array(anySpan, { maxLength: 6 }), (own, byPeers) => {
      t.deepEqual(slots(own, 16, byPeers), naiveSlots(own, byPeers, 16));
    }),
    { numRuns: 150 },
  );
});

const location = (atMs: number, osBuild: string) => ({
  kind: 'location' as const,
  machine: a,
  atMs: unixMs(atMs),
  attributes: { osBuild, timeZone: 'Asia/Kolkata' },
  roundTripMs: {},
  freeBytes: 0,
  quotaBytes: 0,
});

test('the last location row before the end names attributes and UTC offset', (t) => {
  const rows = [location(dayMs, 'third'), location(50, 'second'), location(10, 'first')];
  const [profile] = historyFromRows(rows, { fromMs: 0, toMs: dayMs }).machines;
  t.is(profile?.attributes.osBuild, 'second');
  t.is(profile?.utcOffsetMs, 5.5 * hourMs);
});

test('a part of a history knows no later location, and what was told first where nothing was told yet', (t) => {
  const rows = [location(0, 'old'), location(2 * hourMs, 'old'), location(3 * hourMs, 'new')];
  const history = historyFromRows(rows, { fromMs: 0, toMs: 5 * hourMs });
  const buildAt = (toSlot: number) =>
    sliceHistory(sliceHistory(history, { fromSlot: 0, toSlot: Math.max(toSlot, 2) }), { fromSlot: 0, toSlot })
      .machines[0]?.attributes.osBuild;
  t.deepEqual([1, 2, 3, 4, 5].map(buildAt), ['old', 'old', 'old', 'new', 'new']);
  const late = historyFromRows([location(3 * hourMs, 'only')], { fromMs: 0, toMs: 5 * hourMs });
  t.is(sliceHistory(late, { fromSlot: 0, toSlot: 2 }).machines[0]?.attributes.osBuild, 'only');
  for (const one of [history, late])
    t.deepEqual(historyFromRows(historyToRows(one), { fromMs: 0, toMs: 5 * hourMs }), one);
});

test('machines are listed by id, or as asked for even when nothing is known of them', (t) => {
  const rows = [{ ...span(0, 1, 'up'), machine: machineId('b') }, span(0, 1, 'up')];
  const ids = (reportedMachines?: readonly MachineId[]) =>
    historyFromRows(rows, {
      fromMs: 0,
      toMs: hourMs,
      ...(reportedMachines === undefined ? {} : { reportedMachines }),
    }).machines.map((profile) => profile.machine as string);
  t.deepEqual(ids(), ['a', 'b']);
  t.deepEqual(ids([machineId('c'), machineId('b')]), ['c', 'b']);
});

test('a window off the hour, without a whole slot or beyond all memory is refused', (t) => {
  for (const range of [
    { fromMs: 5, toMs: dayMs },
    { fromMs: 0, toMs: hourMs - 1 },
    { fromMs: 0, toMs: Number.NaN },
    { fromMs: 0, toMs: dayMs, slotMs: 90 * 60_000 },
    { fromMs: 0, toMs: 1e9 * hourMs, reportedMachines: [a, machineId('b')] },
  ]) {
    t.throws(() => historyFromRows([], range), { code: 'history-window' });
  }
});

const fleet = generateFleet({ seed: 3, machineCount: 12, weeks: 2, startMs: Date.UTC(2026, 2, 2) });

const check = (history: FleetHistory): boolean => {
  const toMs = history.startMs + history.slotCount * history.slotMs;
  const options = {
    fromMs: history.startMs,
    toMs,
    reportedMachines: history.machines.map((m) => m.machine),
  };
  const back = historyFromRows(historyToRows(history), options);
  return isDeepStrictEqual({ ...back, up: [...back.up] }, { ...history, up: [...history.up] });
};

test('history to rows and back is the same history', (t) => {
  const anyHistory = fc
    .record({ machineCount: fc.integer({ min: 1, max: 4 }), slotCount: fc.integer({ min: 1, max: 900 }) })
    .chain(({ machineCount, slotCount }) =>
      fc.record({
        slotCount: fc.constant(slotCount),
        machines: fc.constant(
          Array.from({ length: machineCount }, (_, i) => ({
            machine: machineId(`m${i}`),
            attributes: { subnet: `${i % 2}` },
            utcOffsetMs: 0,
          })),
        ),
        up: fc.uint8Array({
          min: 0,
          max: 2,
          minLength: machineCount * slotCount,
          maxLength: machineCount * slotCount,
        }),
      }),
    )
    .map((part): FleetHistory => Object.assign(part, { startMs: unixMs(dayMs), slotMs: hourMs, access: [] }));
  fc.assert(fc.property(anyHistory, check), { numRuns: 40 });
  t.true(check(fleet.history));
});

test('a slice has the same values at the same hours', (t) => {
  const { history } = fleet;
  fc.assert(
    fc.property(fc.nat(335), fc.nat(335), (x, y) => {
      const [fromSlot, toSlot] = [Math.min(x, y), Math.max(x, y) + 1];
      const slice = sliceHistory(history, { fromSlot, toSlot });
      const same = history.machines.every((_, row) =>
        isDeepStrictEqual(
          slice.up.subarray(row * slice.slotCount, (row + 1) * slice.slotCount),
          history.up.subarray(row * history.slotCount + fromSlot, row * history.slotCount + toSlot),
        ),
      );
      return same && slice.startMs === history.startMs + fromSlot * hourMs;
    }),
  );
  t.throws(() => sliceHistory(history, { fromSlot: 3, toSlot: 3 }), { name: 'AssertionError' });
  t.throws(() => sliceHistory(history, { fromSlot: 0, toSlot: 337 }), { name: 'AssertionError' });
});

test('slices that meet hold every access row once', (t) => {
  const { history } = fleet;
  const parts = [
    sliceHistory(history, { fromSlot: 0, toSlot: 100 }),
    sliceHistory(history, { fromSlot: 100, toSlot: 336 }),
  ];
  t.deepEqual(
    parts.flatMap((part) => part.access),
    [...history.access],
  );
});

const rowOf = (from: FleetHistory, row: number) =>
  from.up.slice(row * from.slotCount, (row + 1) * from.slotCount);

test('selected machines keep their rows, in the order asked for', (t) => {
  const { history } = fleet;
  const selected = selectMachines(history, [7, 2]);
  t.deepEqual(selected.machines, [history.machines[7]!, history.machines[2]!]);
  t.deepEqual(rowOf(selected, 0), rowOf(history, 7));
  t.deepEqual(rowOf(selected, 1), rowOf(history, 2));
  t.true(selected.access.length > 0);
  const kept = new Set<string>(selected.machines.map((profile) => profile.machine));
  t.true(selected.access.every((row) => kept.has(row.machine)));
  t.throws(() => selectMachines(history, [1, 1]), { name: 'AssertionError' });
  t.throws(() => selectMachines(history, [12]), { name: 'AssertionError' });
});

test('weeks start on Monday at midnight, local time', (t) => {
  const mondayMs = Date.UTC(2026, 0, 5);
  t.is(hourOfWeek(mondayMs), 0);
  t.is(hourOfWeek(mondayMs - 1), 167);
  t.is(hourOfWeek(mondayMs, -5 * hourMs), 163);
  t.is(hourOfWeek(mondayMs, 5.5 * hourMs), 5);
  t.is(hourOfWeek(-hourMs), 71);
  t.is(localDayStart(mondayMs + hourMs, -5 * hourMs), mondayMs - 19 * hourMs);
});

test('the offset of a zone follows its summer time, and an unknown zone counts as UTC', (t) => {
  t.is(utcOffsetOf('Europe/Berlin', Date.UTC(2026, 0, 1)), hourMs);
  t.is(utcOffsetOf('Europe/Berlin', Date.UTC(2026, 6, 1)), 2 * hourMs);
  t.is(utcOffsetOf('America/New_York', Date.UTC(2026, 0, 1)), -5 * hourMs);
  t.is(utcOffsetOf('Nowhere/Land', 0), 0);
  t.is(utcOffsetOf(undefined, 0), 0);
});

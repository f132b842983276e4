import test from 'ava';
import fc from 'fast-check';
import { judgeSnapshots, type RetentionClock, type RetentionRules } from '../../../agent/core/retention.ts';
import { type SnapshotId, snapshotId } from '../../../agent/units.ts';
import { type UnixMs, unixMs } from '../../../datasets/index.ts';

interface Moment {
  readonly snapshot: SnapshotId;
  readonly atMs: UnixMs;
}

const utc = { offsetMsAt: () => 0 };
const moment = (text: string): Moment => ({
  snapshot: snapshotId(text),
  atMs: unixMs(new Date(text).getTime()),
});
const keptOf = (
  moments: readonly Moment[],
  rules: RetentionRules,
  clock: RetentionClock = utc,
): readonly string[] =>
  judgeSnapshots(moments, rules, clock)
    .filter(({ reasons }) => reasons.length > 0)
    .map(({ snapshot }) => snapshot);

/** The naive way: for each rule, texts of dates name the periods. */
function naiveKept(moments: readonly Moment[], rules: RetentionRules): readonly string[] {
  const sorted = moments.toSorted((a, b) => b.atMs - a.atMs);
  const monday = (ms: number): string => {
    const date = new Date(ms);
    date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
    return date.toISOString().slice(0, 10);
  };
  const iso = (ms: number, length: number): string => new Date(ms).toISOString().slice(0, length);
  const names: Record<keyof RetentionRules, (one: Moment) => string> = {
    last: ({ snapshot }) => snapshot,
    hourly: ({ atMs }) => iso(atMs, 13),
    daily: ({ atMs }) => iso(atMs, 10),
    weekly: ({ atMs }) => monday(atMs),
    monthly: ({ atMs }) => iso(atMs, 7),
    yearly: ({ atMs }) => iso(atMs, 4),
  };
  const kept = new Set<string>();
  for (const [rule, count] of Object.entries(rules) as [keyof RetentionRules, number][]) {
    const groups = [...Map.groupBy(sorted, names[rule]).values()];
    for (const group of groups.slice(0, count)) kept.add(group[0]!.snapshot);
    if (groups.length < count && sorted.length > 0) kept.add(sorted.at(-1)!.snapshot);
  }
  return moments.map(({ snapshot }) => snapshot).filter((snapshot) => kept.has(snapshot));
}

const hour = 3_600_000;
const moments: fc.Arbitrary<readonly Moment[]> = fc
  // Close together, and over eight years with two leap days.
  .uniqueArray(fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 280_000 })), {
    maxLength: 60,
  })
  .map((quarters) =>
    quarters
      .toSorted((a, b) => a - b)
      .map((quarter) => {
        const atMs = unixMs(Date.UTC(2025, 10, 3) + quarter * (hour / 4));
        return { snapshot: snapshotId(`at ${quarter}`), atMs };
      }),
  );
const count = fc.integer({ min: 0, max: 12 });
const anyRules: fc.Arbitrary<RetentionRules> = fc.record(
  { last: count, hourly: count, daily: count, weekly: count, monthly: count, yearly: count },
  { requiredKeys: [] },
);
const someRules = anyRules.filter((rules) => Object.values(rules).some((number) => number > 0));

test('what is kept is what the naive way keeps', (t) => {
  fc.assert(
    fc.property(moments, someRules, (all, rules) => {
      t.deepEqual(keptOf(all, rules), naiveKept(all, rules));
    }),
    { numRuns: 500 },
  );
});

test('the newest is always kept, whatever the rules', (t) => {
  fc.assert(
    fc.property(moments, anyRules, (all, rules) => {
      t.is(keptOf(all, rules).at(-1), all.at(-1)?.snapshot);
    }),
  );
});

test('larger numbers keep more: what smaller ones kept stays', (t) => {
  const names = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
  fc.assert(
    fc.property(moments, someRules, fc.constantFrom(...names), (all, rules, name) => {
      const more = new Set(keptOf(all, { ...rules, [name]: (rules[name] ?? 0) + 1 }));
      t.deepEqual(
        keptOf(all, rules).filter((snapshot) => !more.has(snapshot)),
        [],
      );
    }),
  );
});

test('forgetting again forgets nothing more', (t) => {
  fc.assert(
    fc.property(moments, someRules, (all, rules) => {
      const kept = keptOf(all, rules);
      const again = keptOf(
        all.filter(({ snapshot }) => kept.includes(snapshot)),
        rules,
      );
      t.deepEqual(again, kept);
    }),
  );
});

test('without rules everything is kept', (t) => {
  fc.assert(
    fc.property(moments, (all) => {
      t.is(keptOf(all, {}).length, all.length);
      t.is(keptOf(all, { daily: 0 }).length, all.length);
    }),
  );
});

test('each kept one says why, and the oldest when a rule is not used up', (t) => {
  const all = ['2026-01-30T08:00Z', '2026-03-01T08:00Z', '2026-03-01T09:10Z', '2026-03-01T09:50Z'].map(
    moment,
  );
  t.deepEqual(
    judgeSnapshots(all, { last: 1, hourly: 2, daily: 1, monthly: 12 }, utc).map(({ reasons }) => reasons),
    [['monthly'], ['hourly'], [], ['last', 'hourly', 'daily', 'monthly']],
  );
  const twoOfOneYear = judgeSnapshots(all.slice(0, 2), { yearly: 3 }, utc);
  t.deepEqual(
    twoOfOneYear.map(({ reasons }) => reasons),
    [['oldest yearly'], ['yearly']],
  );
});

test("days are those of the owner's clock", (t) => {
  const all = ['2026-06-01T20:00Z', '2026-06-01T23:00Z'].map(moment);
  t.is(keptOf(all, { daily: 1 }).length, 1);
  const east = { offsetMsAt: () => 2 * hour };
  t.is(keptOf(all, { daily: 2 }, east).length, 2);
});

test('weeks begin on Monday, also across a new year', (t) => {
  const days = ['2025-12-28T12:00Z', '2025-12-29T12:00Z', '2026-01-04T12:00Z', '2026-01-05T12:00Z'];
  t.deepEqual(keptOf(days.map(moment), { weekly: 2 }), ['2026-01-04T12:00Z', '2026-01-05T12:00Z']);
});

test('a clock that was wrong for a while costs none of the snapshots that were taken since', (t) => {
  const ahead = ['2099-01-01T08:00Z', '2099-01-01T09:00Z', '2099-01-02T08:00Z'];
  const behind = ['1980-01-01T00:10Z', '1980-01-01T00:20Z'];
  const days = ['2026-06-01T12:00Z', '2026-06-02T12:00Z', '2026-06-03T12:00Z'];
  const later = ['2026-06-04T12:00Z', '2026-06-05T12:00Z', '2026-06-05T13:00Z'];
  for (const wrong of [ahead, behind]) {
    const all = [...days, ...wrong, ...later].map(moment);
    t.deepEqual(keptOf(all, { last: 3 }), later);
    t.deepEqual(keptOf(all, { daily: 2 }), [later[0]!, later[2]!]);
    const [last] = wrong.slice(-1);
    t.true(keptOf(all, { daily: 7 }).includes(last!), 'it is one of its day');
    t.true(keptOf(all, { daily: 7 }).includes(days[2]!));
  }
  // Set back over midnight and on again: one day is one day.
  const twice = ['2026-06-04T23:00Z', '2026-06-05T00:10Z', '2026-06-04T23:10Z', '2026-06-05T01:00Z'];
  t.deepEqual(keptOf(twice.map(moment), { daily: 2 }), twice.slice(2));
});

test('in the night in which clocks are set back each of the two hours of one name counts', (t) => {
  const berlin = { offsetMsAt: (atMs: number) => (atMs < Date.UTC(2026, 9, 25, 1) ? 2 * hour : hour) };
  const night = [
    '2026-10-24T23:30:00Z',
    '2026-10-25T00:30:00Z',
    '2026-10-25T01:30:00Z',
    '2026-10-25T02:30:00Z',
  ];
  t.deepEqual(keptOf(night.map(moment), { hourly: 3 }, berlin), night.slice(1));
});

// What holds at what time of the week, by rules in local time.

import test from 'ava';
import fc from 'fast-check';
import { type LimitRule, limitsAt, limitsChangeMs, type LocalOffset } from '../../../agent/core/index.ts';
import { hours, minutes, unixMs } from '../../../datasets/index.ts';

const utc: LocalOffset = () => 0;
/** A Monday. */
const monday = Date.UTC(2026, 10, 23);
const at = (day: number, hour: number, minute = 0) =>
  unixMs(monday + day * hours(24) + hours(hour) + minutes(minute));

const office: LimitRule = {
  days: [1, 2, 3, 4, 5],
  between: { fromMinute: 8 * 60, toMinute: 18 * 60 },
  uploadBytesPerSecond: 1_000_000,
};
const night: LimitRule = { days: [5], between: { fromMinute: 22 * 60, toMinute: 6 * 60 }, pause: true };

test('a rule holds in its hours and on its days, the first minute included and the last not', (t) => {
  const uploadAt = (day: number, hour: number, minute = 0) =>
    limitsAt([office], at(day, hour, minute), utc).uploadBytesPerSecond;
  t.deepEqual(
    [
      uploadAt(0, 7, 59),
      uploadAt(0, 8),
      uploadAt(4, 17, 59),
      uploadAt(4, 18),
      uploadAt(5, 12),
      uploadAt(6, 12),
    ],
    [undefined, 1_000_000, 1_000_000, undefined, undefined, undefined],
  );
});

test('hours over midnight belong to the day on which they begin', (t) => {
  const pausedAt = (day: number, hour: number) => limitsAt([night], at(day, hour), utc).isPaused;
  t.deepEqual(
    [pausedAt(4, 21), pausedAt(4, 22), pausedAt(5, 5), pausedAt(5, 6), pausedAt(5, 23), pausedAt(4, 3)],
    [false, true, true, false, false, false],
  );
});

test('of several rules the strictest counts for each limit', (t) => {
  const rules: readonly LimitRule[] = [
    office,
    { uploadBytesPerSecond: 3_000_000, threads: 2 },
    { threads: 1, between: { fromMinute: 9 * 60, toMinute: 10 * 60 } },
  ];
  t.deepEqual(limitsAt(rules, at(0, 9, 30), utc), {
    uploadBytesPerSecond: 1_000_000,
    threads: 1,
    isPaused: false,
  });
  t.deepEqual(limitsAt(rules, at(0, 20), utc), {
    uploadBytesPerSecond: 3_000_000,
    threads: 2,
    isPaused: false,
  });
  t.deepEqual(limitsAt([], at(0, 9), utc), { isPaused: false });
});

test('hours are those of the place: two hours east of UTC they begin two hours before', (t) => {
  const east: LocalOffset = () => hours(2);
  t.is(limitsAt([office], at(0, 6), east).uploadBytesPerSecond, 1_000_000);
  t.is(limitsAt([office], at(0, 17), east).uploadBytesPerSecond, undefined);
});

test('what comes next is told to the minute, over the weekend too', (t) => {
  t.is(limitsChangeMs([office], at(0, 9, 17), utc), at(0, 18));
  t.is(limitsChangeMs([office], at(4, 18), utc), at(7, 8));
  t.is(limitsChangeMs([night], at(4, 23), utc), at(5, 6));
  t.is(limitsChangeMs([{ threads: 1 }], at(0, 9), utc), undefined);
  t.is(limitsChangeMs([], at(0, 9), utc), undefined);
});

test('until what comes next nothing else holds, and then it does', (t) => {
  const rule = fc.record({
    days: fc.option(fc.uniqueArray(fc.nat(6), { minLength: 1 }), { nil: undefined }),
    between: fc.option(fc.record({ fromMinute: fc.nat(1439), toMinute: fc.nat(1440) }), { nil: undefined }),
    uploadBytesPerSecond: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  });
  const textAt = (rules: readonly LimitRule[], ms: number): string =>
    JSON.stringify(limitsAt(rules, unixMs(ms), utc));
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 3 }), fc.nat(7 * 1440), (rules, minute) => {
      const now = unixMs(monday + minutes(minute));
      const next = limitsChangeMs(rules, now, utc) ?? now + hours(24 * 7);
      for (let ms: number = now; ms < next; ms += minutes(7))
        if (textAt(rules, ms) !== textAt(rules, now)) return false;
      return limitsChangeMs(rules, now, utc) === undefined || textAt(rules, next) !== textAt(rules, now);
    }),
  );
  t.pass();
});

import test from 'ava';
import fc from 'fast-check';
import { timeText } from '../../cli/print.ts';
import { DreyError } from '../../datasets/index.ts';
import {
  parseByteCount,
  parseByteRate,
  parseCount,
  parseDays,
  parseHours,
  parseMomentMs,
  parsePort,
  parseShare,
  parseSinceMs,
  parseSpanMs,
} from '../../cli/quantities.ts';

test('spans are read with their units', (t) => {
  t.is(parseSpanMs('90s'), 90_000);
  t.is(parseSpanMs('42h'), 42 * 3_600_000);
  t.is(parseSpanMs(' 1.5d '), 36 * 3_600_000);
  t.is(parseSpanMs('2W'), 14 * 86_400_000);
});

test('a span outside of what it may be is refused with its bounds', (t) => {
  const bounds = { least: '1s', most: '36525d' };
  t.is(parseSpanMs('1s', bounds), 1000);
  for (const text of ['0s', '0.5s', '100000d'])
    t.throws(() => parseSpanMs(text, bounds), { code: 'quantity-malformed', message: /such a span/u });
});

test('a share is the number that was written, not one beside it', (t) => {
  t.is(parseShare('99.99 %'), 0.9999);
  t.is(parseShare('99.9%'), 0.999);
  t.is(parseShare('0.3'), 0.3);
});

test('sizes are read in powers of 1024', (t) => {
  t.is(parseByteCount('500MB'), 500 * 1024 ** 2);
  t.is(parseByteCount('1TB'), 1024 ** 4);
  t.is(parseByteCount('0.5kb'), 512);
});

test('counts are whole numbers without a unit', (t) => {
  t.is(parseCount(' 14 '), 14);
  t.is(parseCount('0'), 0);
  for (const text of ['-1', '1.5', '3d', '', '99999999'])
    t.throws(() => parseCount(text), { code: 'quantity-malformed' });
});

test('moments are days, minutes, ISO times, or so long ago', (t) => {
  const now = Date.UTC(2026, 2, 5, 12);
  t.is(parseMomentMs('2d', now), now - 2 * 86_400_000);
  t.is(parseMomentMs('2026-03-01T14:30Z', now), Date.UTC(2026, 2, 1, 14, 30, 59, 999));
  t.is(parseMomentMs('2026-03-01 14:30+02:00', now), Date.UTC(2026, 2, 1, 12, 30, 59, 999));
  t.is(parseMomentMs('2026-03-01T14:30:00Z', now), Date.UTC(2026, 2, 1, 14, 30));
  t.is(parseMomentMs('2026-03-01 14:30', now), new Date(2026, 2, 1, 14, 30, 59, 999).getTime());
  t.is(parseMomentMs('2026-03-01', now), new Date(2026, 2, 1, 23, 59, 59, 999).getTime());
  for (const text of [
    'last week',
    '2026-13-01',
    '2026-02-31',
    '2026-02-30 12:00',
    '2026-02-01 25:00',
    '01.03.2026',
  ])
    t.throws(() => parseMomentMs(text, now), { code: 'quantity-malformed' });
});

test('the time that lists show of a moment takes it in, both up to then and since then', (t) => {
  const [now, atMs] = [Date.UTC(2026, 2, 5, 12), Date.UTC(2026, 2, 1, 14, 30, 17, 250)];
  t.true(parseMomentMs(timeText(atMs), now) >= atMs);
  t.true(parseSinceMs(timeText(atMs), now) <= atMs);
  t.is(parseSinceMs('2026-03-01T14:30Z', now), Date.UTC(2026, 2, 1, 14, 30));
  t.is(parseSinceMs('2026-03-01', now), new Date(2026, 2, 1).getTime());
  t.is(parseSinceMs('yesterday', now), new Date(2026, 2, 4).getTime());
});

for (const text of ['', '7', 'd', '7 parsecs', '-3h', '1e9s', '7d7h']) {
  test(`"${text}" is refused with an example of what is meant`, (t) => {
    const error = t.throws(() => parseSpanMs(text), { instanceOf: DreyError });
    t.is(error.code, 'quantity-malformed');
    t.regex(error.advice, /42h/u);
  });
}

test('any text is either a finite quantity or a clear refusal', (t) => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        t.true(Number.isFinite(parseByteCount(text)));
      } catch (error) {
        t.true(error instanceof DreyError);
      }
    }),
  );
});

test('rates, hours of the day and days of the week are read', (t) => {
  t.is(parseByteRate('1MB/s'), 1024 * 1024);
  t.is(parseByteRate('1MB'), 1024 * 1024, 'a rate is asked for: a second is meant');
  t.deepEqual(parseHours('08:00-18:30'), { fromMinute: 480, toMinute: 1110 });
  t.deepEqual(parseHours('22:00-6:00'), { fromMinute: 1320, toMinute: 360 });
  t.deepEqual(parseHours('00:00-24:00'), { fromMinute: 0, toMinute: 1440 });
  t.deepEqual(parseDays('mon-fri'), [1, 2, 3, 4, 5]);
  t.deepEqual(parseDays('Sat,sun'), [0, 6]);
  t.deepEqual(parseDays('fri-mon'), [0, 1, 5, 6]);
  for (const read of [
    () => parseByteRate('1'),
    () => parseByteRate('1MB/h'),
    () => parseHours('8-18'),
    () => parseHours('08:00'),
    () => parseHours('25:00-26:00'),
    () => parseDays('someday'),
    () => parseDays('mon-'),
  ])
    t.is(t.throws(read, { instanceOf: DreyError }).code, 'quantity-malformed');
});

test('a count keeps to its bounds, and says them', (t) => {
  t.is(parseCount('40', { least: 1, most: 100 }), 40);
  for (const wrong of ['0', '101', 'abc', '-1', '1.5', ''])
    t.throws(() => parseCount(wrong, { least: 1, most: 100 }), {
      code: 'quantity-malformed',
      instanceOf: DreyError,
    });
});

test('a port is a number up to 65535', (t) => {
  t.is(parsePort('9464'), 9464);
  t.is(parsePort('0'), 0);
  for (const wrong of ['abc', '-1', '65536', ''])
    t.throws(() => parsePort(wrong), { code: 'quantity-malformed' });
});

test('a moment may be said as people say it', (t) => {
  const now = new Date(2026, 2, 5, 12).getTime();
  t.is(parseMomentMs('yesterday', now), new Date(2026, 2, 5).getTime() - 1);
  t.is(parseMomentMs('now', now), now);
});

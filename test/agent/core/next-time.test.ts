// When something is due next, by a clock that may be set back.

import test from 'ava';
import { NextTime } from '../../../agent/core/next-time.ts';
import { hours, minutes, unixMs } from '../../../datasets/index.ts';

const startMs = unixMs(Date.UTC(2026, 10, 30));
const at = (ms: number) => unixMs(startMs + ms);

test('the first time has come, and the next comes when the wait is over', (t) => {
  const next = new NextTime();
  t.true(next.hasCome(startMs));
  next.waitFor(minutes(10), startMs);
  t.false(next.hasCome(at(minutes(10) - 1)));
  t.true(next.hasCome(at(minutes(10))));
});

test('it may be brought forward, and never put off', (t) => {
  const next = new NextTime();
  next.waitFor(minutes(10), startMs);
  next.comeWithin(minutes(20), startMs);
  t.true(next.hasCome(at(minutes(10))));
  next.comeWithin(minutes(2), at(minutes(1)));
  t.false(next.hasCome(at(minutes(3) - 1)));
  t.true(next.hasCome(at(minutes(3))));
  next.waitFor(minutes(10), startMs);
  next.comeAtOnce();
  t.true(next.hasCome(startMs));
});

test('with a clock that was set back nothing waits for the hours that come again', (t) => {
  const next = new NextTime();
  next.waitFor(minutes(10), startMs);
  t.true(next.hasCome(at(-hours(5))));
  next.waitFor(minutes(10), at(-hours(5)));
  t.false(next.hasCome(at(minutes(9) - hours(5))));
});

// Deletions, and machines that were off while they waited.

import test from 'ava';
import { wipeWaitMsMin } from '../../../agent/limits.ts';
import { days, hours } from '../../../datasets/index.ts';
import { batchOf } from './fleet-of-four.ts';
import {
  adminTwo,
  after,
  agreement,
  ask,
  founded,
  hear,
  packOf,
  said,
  second,
  tickOnce,
  wipe,
  word,
} from './two-admins.ts';

test('a machine that was off while a deletion was stopped frees nothing before it can have heard of that', (t) => {
  const asleep = founded([packOf(1)]);
  hear(asleep, ask, 0);
  hear(asleep, agreement, 0);
  tickOnce(asleep, hours(1));
  // It wakes when the time is over, and hears the word an hour and a half later.
  const wakesMs = wipeWaitMsMin + days(2);
  for (const hour of [0, 1]) t.deepEqual(tickOnce(asleep, wakesMs + hours(hour)), []);
  t.is(asleep.wipes.viewOf(wipe, after(wakesMs))?.state, 'due');
  hear(asleep, batchOf(second, [said(adminTwo, word('stop'))], 2), wakesMs + hours(1.5));
  for (let hour = 2; hour < 30; hour++) t.deepEqual(tickOnce(asleep, wakesMs + hours(hour)), []);
});

test('a machine that is awake for two hours frees what nobody stopped', (t) => {
  const core = founded([packOf(1)]);
  hear(core, ask, 0);
  hear(core, agreement, 0);
  const wakesMs = wipeWaitMsMin + days(2);
  const freedAfter = Array.from({ length: 6 }, (_, hour) => tickOnce(core, wakesMs + hours(hour)).length);
  t.deepEqual(freedAfter, [0, 0, 1, 0, 0, 0]);
});

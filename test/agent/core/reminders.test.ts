// How often what waits for the words of others is announced again.

import test from 'ava';
import { days, minutes, unixMs } from '../../../datasets/index.ts';
import { Reminders } from '../../../agent/core/reminders.ts';
import { reminderMsMax, shardRetryMs } from '../../../agent/limits.ts';
import { packId } from '../../../agent/units.ts';

const pack = packId('cd'.repeat(32));

test('what waits is announced soon, then ever more rarely, and after days still several times a day', (t) => {
  const reminders = new Reminders();
  const saidMs: number[] = [];
  for (let atMs = 0; atMs < days(5); atMs += shardRetryMs)
    if (reminders.due([pack], unixMs(atMs)).has(pack)) saidMs.push(atMs);
  const gapsMs = saidMs.map((atMs, at) => (at === 0 ? 0 : atMs - saidMs[at - 1]!));
  t.true(gapsMs.slice(0, 4).every((gapMs) => gapMs < minutes(2)));
  t.is(Math.max(...gapsMs), reminderMsMax);
  t.true(saidMs.length < 40, 'and is no flood of words');
});

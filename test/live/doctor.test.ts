// What `drey doctor` says of an agent that does not run.

import test from 'ava';
import { notRunning } from '../../agent/live/doctor.ts';

test('a member whose agent does not run saves nothing, which is a problem; a machine of no fleet has none', (t) => {
  t.like(notRunning(true), { level: 'problem', subject: 'agent' });
  t.regex(notRunning(true).advice ?? '', /`drey up`/u);
  t.is(notRunning(false).level, 'warning');
});

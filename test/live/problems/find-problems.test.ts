// What is said where there is no plan, and of a certificate that ends.

import test from 'ava';
import { days, hours } from '../../../datasets/index.ts';
import { certificateEnds, noPlan, planFailed } from '../../../agent/live/problems/find-problems.ts';

test('where enough machines are there a plan is waited for, and nobody is told to start more', (t) => {
  t.regex(noPlan(3).why, /of the four machines that it needs, 3 can be used now/u);
  t.is(noPlan(3).advice, 'Start more machines.');
  t.notRegex(noPlan(5).why, /four/u);
  t.is(noPlan(5).advice, undefined);
});

test('a certificate that has ended is not said to be renewed, and what its advice says can be done', (t) => {
  const ended = certificateEnds(-days(17.2));
  t.is(ended.level, 'problem');
  t.is(ended.why, 'Its certificate ended 17 days ago.');
  t.notRegex(`${ended.action} ${ended.advice}`, /admin's machine/u);
  // `drey join` refuses a folder that has been in a fleet.
  t.regex(ended.advice ?? '', /new invite and another --home/u);
  t.is(certificateEnds(-hours(5)).why, 'Its certificate ended 5 hours ago.');
  const ends = certificateEnds(days(12));
  t.like(ends, { level: 'warning', why: 'Its certificate ends in 12 days.' });
  t.regex(ends.action, /An admin's machine renews it/u);
  t.notRegex(ends.advice ?? '', /join/u);
});

test('a plan that could not be made is told with its reason and what an admin can do', (t) => {
  const failed = planFailed({ why: 'no plan keeps to scatter-max', advice: 'Raise it.', epoch: 5 });
  t.like(failed, {
    kind: 'plan-failed',
    level: 'problem',
    why: 'No new plan could be made: no plan keeps to scatter-max.',
    advice: 'Raise it.',
  });
  t.false('advice' in planFailed({ why: 'a thread ended', epoch: 0 }));
});

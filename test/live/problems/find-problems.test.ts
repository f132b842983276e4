// What is said where there is no plan.

import test from 'ava';
import { noPlan } from '../../../agent/live/problems/find-problems.ts';

test('where enough machines are there a plan is waited for, and nobody is told to start more', (t) => {
  t.regex(noPlan(3).why, /of the four machines that it needs, 3 can be used now/u);
  t.is(noPlan(3).advice, 'Start more machines.');
  t.notRegex(noPlan(5).why, /four/u);
  t.is(noPlan(5).advice, undefined);
});

// When a machine that has just joined knows which drives there are.

import test from 'ava';
import { Learning } from '../../agent/live/openable.ts';

const fleet = { upCount: 3, machineCount: 9 };

test('a drive is not chosen while logs still come in', (t) => {
  const learning = new Learning();
  for (let second = 0; second < 20; second++)
    t.false(learning.isOver({ ...fleet, batchCount: second >> 1, nowMs: 1000 * second }));
  t.false(learning.isOver({ ...fleet, batchCount: 9, nowMs: 20_900 }));
  t.true(learning.isOver({ ...fleet, batchCount: 9, nowMs: 21_000 }));
});

test('one machine alone is not believed to have told all, unless there is no other', (t) => {
  for (const [machineCount, isOver] of [
    [2, true],
    [3, false],
  ] as const) {
    const learning = new Learning();
    learning.isOver({ machineCount, upCount: 1, batchCount: 5, nowMs: 0 });
    t.is(learning.isOver({ machineCount, upCount: 1, batchCount: 5, nowMs: 9000 }), isOver);
  }
});

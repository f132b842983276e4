// What an idle agent gives back to its desktop.

import { getHeapSpaceStatistics } from 'node:v8';
import test from 'ava';
import { giveMemoryBack } from '../../agent/live/spare-memory.ts';

const youngBytes = (): number =>
  getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')!.space_size;

test('the room that a busy moment needed is given back', (t) => {
  let kept: unknown[] = [];
  for (let count = 0; count < 400_000; count++) kept.push({ count });
  const busyBytes = youngBytes();
  kept = [];
  giveMemoryBack();
  t.true(youngBytes() < busyBytes / 2, `${youngBytes()} bytes of ${busyBytes}`);
});

// What an idle agent gives back to its desktop.

import { getHeapSpaceStatistics } from 'node:v8';
import test from 'ava';
import { BusyMinutes, giveMemoryBack } from '../../agent/live/spare-memory.ts';

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

test('memory is given back in the first quiet minute after busy ones, and else every six hours', (t) => {
  const minutes = new BusyMinutes();
  const given = [9_000, 500, 500, 60_000, 60_000, 500].map((cpuMs) => minutes.isTime(cpuMs));
  t.deepEqual(given, [false, true, false, false, false, true]);
  const looks = Array.from({ length: 2 * 360 }, () => minutes.isTime(500));
  t.deepEqual(
    looks.flatMap((isTime, look) => (isTime ? [look] : [])),
    [359, 719],
  );
});

test('an agent that starts gives back after its first minute, busy or not', (t) => {
  t.true(new BusyMinutes().isTime(500));
});

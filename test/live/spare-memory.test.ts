// What an idle agent gives back to its desktop.

import { execFileSync } from 'node:child_process';
import { getHeapSpaceStatistics } from 'node:v8';
import test from 'ava';
import { systemCalls } from '../../agent/live/data-path/system-calls.ts';
import { BusyMinutes, giveMemoryBack, type MinuteUsage } from '../../agent/live/spare-memory.ts';
import { mebibyte } from '../../datasets/index.ts';

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

const usage = (cpuMs: number, megabytes = 100): MinuteUsage => ({
  cpuMs,
  residentBytes: megabytes * mebibyte,
});

test('memory is given back in the first quiet minute after busy ones and in the fourth, and else every six hours', (t) => {
  const minutes = new BusyMinutes();
  const given = [9_000, 500, 500, 60_000, 60_000, 500].map((cpuMs) => minutes.isTime(usage(cpuMs)));
  t.deepEqual(given, [false, true, false, false, false, true]);
  const looks = Array.from({ length: 2 * 360 }, () => minutes.isTime(usage(500)));
  t.deepEqual(
    looks.flatMap((isTime, look) => (isTime ? [look] : [])),
    [2, 362],
  );
});

test('what comes slowly is given back when it is much, every ten minutes at most', (t) => {
  const minutes = new BusyMinutes();
  const calm = Array.from({ length: 4 }, () => minutes.isTime(usage(500, 150)));
  t.deepEqual(calm, [true, false, false, true]);
  const slowly = Array.from({ length: 40 }, (_, minute) => minutes.isTime(usage(500, 100 + minute)));
  t.is(slowly.indexOf(true), 16);
  const fast = Array.from({ length: 25 }, (_, minute) => minutes.isTime(usage(500, 100 + 40 * minute)));
  t.deepEqual(
    fast.flatMap((isTime, minute) => (isTime ? [minute] : [])),
    [3, 13, 23],
  );
});

test('an agent that starts gives back after its first minute, busy or not', (t) => {
  t.true(new BusyMinutes().isTime(usage(500)));
});

const linuxTest = systemCalls?.freedMemory === undefined ? test.skip : test;

linuxTest('large pieces of memory go back to the system when they are freed', (t) => {
  // In a process of its own: how the C library keeps what is freed holds for all threads, and lasts.
  const script = `
    import { systemCalls } from ${JSON.stringify(import.meta.resolve('../../agent/live/data-path/system-calls.ts'))};
    systemCalls.freedMemory.keepLessThan(4 * 2 ** 20);
    const rss = () => Math.round(process.memoryUsage.rss() / 2 ** 20);
    const piece = (bytes) => Buffer.allocUnsafeSlow(bytes).fill(1);
    const collect = async () => { gc(); await new Promise((resolve) => setTimeout(resolve, 200)); };
    // From the first one of this size on that is freed, glibc would keep those that follow.
    (() => piece(16 * 2 ** 20))();
    await collect();
    const before = rss();
    // The small ones stay, each behind a large one: the heap's end does not move.
    const kept = (() => Array.from({ length: 20 }, () => [piece(8 * 2 ** 20), piece(100_000)][1]))();
    await collect();
    process.stdout.write(JSON.stringify({ grown: rss() - before, kept: kept.length }));`;
  const args = ['--expose-gc', '--input-type=module', '--eval', script];
  const { grown } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as {
    grown: number;
  };
  t.true(grown < 40, `${grown} MiB of 160`);
});

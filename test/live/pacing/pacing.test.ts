// What a machine's person allows, on a pretend clock: counted in bytes and in that clock's time, over real wires where shards flow.

import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { CallRequest } from '../../../agent/control/index.ts';
import type { CoreEvent } from '../../../agent/core/index.ts';
import type { SendOutcome } from '../../../agent/index.ts';
import { pacingBurstBytes, rateBytesPerSecondMin } from '../../../agent/limits.ts';
import { homeAt } from '../../../agent/live/home.ts';
import { localClock } from '../../../agent/live/local-clock.ts';
import {
  type Metered,
  meteredOfBus,
  meteredOfNmcli,
  readMetered,
} from '../../../agent/live/pacing/metered.ts';
import { Pacing } from '../../../agent/live/pacing/pacing.ts';
import type { PowerState } from '../../../agent/live/power.ts';
import { DreyError, hours, mebibyte, unixMs } from '../../../datasets/index.ts';
import { temporaryFolder } from '../../helpers/agents.ts';
import { PretendClock } from '../../helpers/pretend-clock.ts';
import { fillDisk, mountSmallDisk } from '../../helpers/small-disk.ts';
import { noise } from '../data-path/odd-trees.ts';
import { startTrial } from '../data-path/trial.ts';
import { connectedPair, storeShard, type TestAgent, testPack } from '../ports/small-fleet.ts';

/** A Monday at noon where the test runs. */
const noon = unixMs(Date.UTC(2026, 10, 23, 12));
const start = unixMs(noon - localClock.offsetMsAt(noon));
const rate = rateBytesPerSecondMin;

interface Setting {
  readonly mode?: 'stands' | 'leaps';
  readonly purpose?: 'slot' | 'restore';
  readonly power?: PowerState;
  readonly metered?: Metered;
  readonly folder?: string;
}

function startPacing(t: ExecutionContext, change: CallRequest<'limits'>, setting: Setting = {}) {
  const { mode, purpose = 'slot', power, metered = 'free' } = setting;
  const clock = new PretendClock(start, mode);
  const told: CoreEvent[] = [];
  const workers = { threadLimit: undefined as number | undefined };
  const folder = setting.folder ?? temporaryFolder(t, 'pacing');
  const pacing = new Pacing({
    home: homeAt(folder),
    clock,
    core: { purposeOf: () => purpose },
    workers,
    tell: (event) => told.push(event),
    readPower: () => Promise.resolve(power ?? { source: 'mains', chargeShare: 1 }),
    readMetered: () => Promise.resolve(metered),
  });
  pacing.change(change);
  return { pacing, clock, told, workers, folder };
}

const sendShard = (from: TestAgent, to: TestAgent, index: number, pack: ReturnType<typeof testPack>) =>
  new Promise<SendOutcome>((resolve) =>
    from.wire.sendShard(to.key.peer, { place: 'held', pack: pack.descriptor.pack, index }, resolve),
  );

const sentBytes = 3_000_000;

test('shards leave no faster than the limit, however many are asked for at once', async (t) => {
  const limits = startPacing(t, { rule: { uploadBytesPerSecond: rate } }, { mode: 'leaps' });
  const [first, second] = await connectedPair(t, { first: { pace: limits.pacing } });
  const pack = testPack(sentBytes, { k: 1, n: 3 });
  const [indexes, shardBytes] = [[0, 1, 2], pack.descriptor.shardBytes];
  for (const index of indexes) await storeShard(first.disk, pack, { index });
  const outcomes = await Promise.all(indexes.map((index) => sendShard(first, second, index, pack)));
  t.deepEqual(outcomes, ['stored', 'stored', 'stored']);
  const tookMs = limits.clock.now() - start;
  const leastMs = (1000 * (3 * shardBytes - pacingBurstBytes)) / rate;
  t.true(tookMs >= leastMs - 1, `${tookMs} ms of the agent's own time, at least ${leastMs}`);
  t.true(tookMs <= leastMs + 1000 * (pacingBurstBytes / rate + 1), 'and not much slower');
});

test('shards are taken no faster than the limit, and those of a restore as fast as they come', async (t) => {
  for (const purpose of ['slot', 'restore'] as const) {
    const limits = startPacing(t, { rule: { downloadBytesPerSecond: rate } }, { mode: 'leaps', purpose });
    const [first, second] = await connectedPair(t, { second: { pace: limits.pacing } });
    const pack = testPack(sentBytes, { k: 1, n: 2 });
    await storeShard(first.disk, pack, { index: 0 });
    t.is(await sendShard(first, second, 0, pack), 'stored');
    const tookMs = limits.clock.now() - start;
    const leastMs = (1000 * (pack.descriptor.shardBytes - pacingBurstBytes)) / rate;
    t.true(purpose === 'restore' ? tookMs === 0 : tookMs >= leastMs - 1, `${purpose}: ${tookMs} ms`);
  }
});

test('files are read for a snapshot no faster than the limit, in all threads together', async (t) => {
  const bytes = 24 * mebibyte;
  for (const change of [{ rule: { diskBytesPerSecond: rate } }, {}]) {
    const { pacing, clock } = startPacing(t, change, { mode: 'leaps' });
    const trial = startTrial();
    for (const [name, seed] of [
      ['one.bin', 1],
      ['two.bin', 2],
    ] as const)
      writeFileSync(join(trial.folder, name), noise(bytes / 2, seed));
    const { outcome } = await trial.next({ pace: () => pacing }).snapshot();
    t.is(outcome, 'staged');
    const tookMs = clock.now() - start;
    const leastMs = (1000 * (bytes - pacingBurstBytes)) / rate;
    if (change.rule === undefined) t.is(tookMs, 0);
    else t.true(tookMs >= leastMs - 1, `${tookMs} ms of the agent's own time, at least ${leastMs}`);
  }
});

test('without a limit nobody waits, and without a clock', async (t) => {
  const { pacing, clock } = startPacing(t, {});
  await pacing.beforeSending(1e12);
  t.is(clock.timerCount, 0);
});

test('in a pause no shard leaves, the core asks for none, and both go on afterwards', async (t) => {
  const between = { fromMinute: 11 * 60, toMinute: 13 * 60 };
  const { pacing, clock, told } = startPacing(t, { rule: { pause: true, between } });
  const [first, second] = await connectedPair(t, { first: { pace: pacing } });
  const pack = testPack(100_000, { k: 1, n: 2 });
  await storeShard(first.disk, pack, { index: 0 });
  pacing.tick(clock.now());
  t.is(await sendShard(first, second, 0, pack), 'resting');
  t.regex(pacing.pauseReason ?? '', /limits of this machine/u);
  t.is(pacing.view().untilMs, unixMs(start + hours(1)));
  clock.advance(hours(1));
  pacing.tick(clock.now());
  pacing.tick(clock.now());
  t.is(await sendShard(first, second, 0, pack), 'stored');
  t.deepEqual(
    told.map((event) => event.kind === 'pullsPaused' && event.isPaused),
    [true, false],
  );
});

test('a network that costs by the byte pauses, unless the person wants to go on', async (t) => {
  const { pacing, clock } = startPacing(t, {}, { metered: 'metered' });
  t.is(pacing.pauseReason, undefined, 'nobody has looked yet');
  pacing.tick(clock.now());
  await turn();
  t.regex(pacing.pauseReason ?? '', /costs by the byte/u);
  pacing.change({ onMetered: 'go' });
  t.is(pacing.pauseReason, undefined);
});

test('what the system does not tell is not taken for metered', async (t) => {
  const { pacing, clock } = startPacing(t, {}, { metered: 'unknown' });
  pacing.tick(clock.now());
  await turn();
  t.is(pacing.pauseReason, undefined);
});

test('a battery that is nearly empty pauses transfers too', async (t) => {
  const { pacing, clock } = startPacing(t, {}, { power: { source: 'battery', chargeShare: 0.2 } });
  pacing.tick(clock.now());
  await turn();
  t.regex(pacing.pauseReason ?? '', /battery, 20 % are left/u);
});

test('threads are limited in their hours only', (t) => {
  const between = { fromMinute: 11 * 60, toMinute: 13 * 60 };
  const { pacing, clock, workers } = startPacing(t, { rule: { threads: 1, between } });
  pacing.tick(clock.now());
  t.is(workers.threadLimit, 1);
  clock.advance(hours(2));
  pacing.tick(clock.now());
  t.is(workers.threadLimit, undefined);
});

test('rules of the same hours are one rule, outlive a restart, and are forgotten by name', (t) => {
  const { pacing, folder } = startPacing(t, { rule: { uploadBytesPerSecond: rate } });
  pacing.change({ rule: { threads: 2 } });
  pacing.change({ rule: { pause: true, days: [0, 6] }, priority: 'normal' });
  const again = startPacing(t, {}, { folder }).pacing.change({});
  t.deepEqual(again.rules, [
    { uploadBytesPerSecond: rate, threads: 2 },
    { pause: true, days: [0, 6] },
  ]);
  t.is(again.priority, 'normal');
  t.is(statSync(join(folder, 'limits.json')).mode & 0o077, 0);
  t.deepEqual(pacing.change({ clear: true }).rules, []);
});

test('limits that a full disk does not keep do not hold either, and the reason is said in words', (t) => {
  const folder = temporaryFolder(t, 'full');
  mkdirSync(folder, { recursive: true });
  if (!mountSmallDisk(t, folder, '1m')) return;
  const { pacing } = startPacing(t, {}, { folder });
  const free = fillDisk(folder, 0);
  t.throws(() => pacing.change({ rule: { uploadBytesPerSecond: rate } }), { code: 'disk-full' });
  t.deepEqual(pacing.change({}).rules, []);
  t.is(pacing.now.uploadBytesPerSecond, undefined);
  free();
  t.is(pacing.change({ rule: { uploadBytesPerSecond: rate } }).rules.length, 1);
});

test('limits that would only break transfers are refused', (t) => {
  const { pacing } = startPacing(t, {});
  for (const rule of [{ uploadBytesPerSecond: 1000 }, { threads: 0 }, { days: [7], pause: true as const }]) {
    const error = t.throws(() => pacing.change({ rule }), { instanceOf: DreyError });
    t.is(error.code, 'limits-refused');
    t.regex(error.message, /^--(?:upload|threads|days) is/u);
  }
});

test('what NetworkManager says is read, by bus and by command', (t) => {
  t.deepEqual(['u 1\n', 'u 2\n', 'u 3\n', 'u 4\n', 'u 0\n', 'Failed to connect'].map(meteredOfBus), [
    'metered',
    'free',
    'metered',
    'free',
    'unknown',
    'unknown',
  ]);
  const device = (state: string, metered: string): string =>
    `GENERAL.STATE:${state}\nGENERAL.METERED:${metered}\n`;
  const connected = (metered: string): string => device('100 (connected)', metered);
  t.is(meteredOfNmcli([connected('yes (guessed)'), connected('no')].join('\n')), 'metered');
  t.is(meteredOfNmcli([device('30 (disconnected)', 'yes'), connected('no')].join('\n')), 'free');
  t.is(meteredOfNmcli(connected('unknown')), 'unknown');
  t.is(meteredOfNmcli(''), 'unknown');
});

test('every machine tells something of its network, and other systems than Linux that they do not know', async (t) => {
  t.true(['metered', 'free', 'unknown'].includes(await readMetered()));
  t.is(await readMetered('win32'), 'unknown');
});

// What the owner's keeper does with what an earlier run of the agent had begun to give up.

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { AgentRecord } from '../../agent/codec/index.ts';
import { driveId, type PackId, packId } from '../../agent/units.ts';
import type { LiveAgent } from '../../agent/live/agent.ts';
import type { PruneOptions } from '../../agent/live/data-path/index.ts';
import type { RunningDrive, TakenSnapshot } from '../../agent/live/running-drive.ts';
import { homeAt, writeJson } from '../../agent/live/home.ts';
import { Keeper } from '../../agent/live/keeping.ts';
import { unixMs } from '../../datasets/index.ts';
import { headOf, startMs } from '../agent/core/fleet-of-four.ts';
import { temporaryFolder } from '../helpers/agents.ts';

const drive = driveId('ab'.repeat(16));
const packs = ['1', '2'].map((digit) => packId(digit.repeat(64)));

test('what was intended before a crash is dropped from the state first, then said to all, then forgotten', async (t) => {
  const home = homeAt(temporaryFolder(t, 'keeper'));
  mkdirSync(home.drives);
  const intention = join(home.drives, `${drive}.given-up.json`);
  writeJson(intention, { version: 1, packs });
  const steps: string[] = [];
  const writeWhenSure = (records: readonly AgentRecord[]): Promise<void> => {
    const [record] = records;
    steps.push(record?.kind === 'forget' ? `published ${record.packs.length / 32}` : 'wrong');
    return steps.length === 2 ? Promise.reject(new Error('killed')) : Promise.resolve();
  };
  const running = {
    stored: { drive },
    snapshotter: {
      drop: async (dropped: readonly PackId[]) => void steps.push(`dropped ${dropped.length}`),
      stagedPacks: () => [],
    },
  } as unknown as RunningDrive;
  const agent = {
    ownWords: { writeWhenSure, settled: async () => {} },
    core: { ownLog: { isSure: true } },
  } as unknown as LiveAgent;

  await t.throwsAsync(new Keeper(agent, { home, report: () => {} }).resume(running), { message: 'killed' });
  t.true(existsSync(intention));
  const keeper = new Keeper(agent, { home, report: () => {} });
  await keeper.resume(running);
  await keeper.resume(running);
  t.deepEqual(steps, ['dropped 2', 'published 2', 'dropped 2', 'published 2']);
  t.false(existsSync(intention));
});

test('what could not be said is said with the next that is given up', async (t) => {
  const home = homeAt(temporaryFolder(t, 'keeper'));
  mkdirSync(home.drives);
  const said: number[] = [];
  let isAlone = true;
  const writeWhenSure = async ([record]: readonly AgentRecord[]): Promise<void> => {
    if (isAlone) throw new Error('nobody is there');
    if (record?.kind === 'forget') said.push(record.packs.length / 32);
  };
  const heads = [{ ...headOf(drive), drive }];
  const agent = {
    ownWords: { writeWhenSure },
    now: () => startMs,
    core: {
      catalogue: { drives: new Map([[drive, { heads }]]) },
      backup: { staged: [] },
      shelf: { packs: new Map() },
    },
  } as unknown as LiveAgent;
  const dead = packs.map((pack) => [pack]);
  const running = {
    stored: { drive },
    lastOutcome: {},
    snapshotter: {
      prune: async ({ giveUp }: PruneOptions) => {
        const [next = []] = dead.splice(0, 1);
        giveUp?.intend(next);
        await giveUp?.publish(next);
        return { counts: {}, dead: next, repackedCount: 0 };
      },
    },
  } as unknown as RunningDrive;
  const keeper = new Keeper(agent, { home, report: () => {} });
  const wish = { rules: {}, mode: 'apply' } as const;
  await t.throwsAsync(keeper.keep(running, wish), { message: 'nobody is there' });
  isAlone = false;
  await keeper.keep(running, wish);
  t.deepEqual(said, [2]);
  t.false(existsSync(join(home.drives, `${drive}.given-up.json`)));
});

test('lost packs are judged after the next snapshot, also without rules, and those that nothing needs are given up', async (t) => {
  const home = homeAt(temporaryFolder(t, 'keeper'));
  mkdirSync(home.drives);
  const [judged, said] = [[] as (readonly PackId[])[], [] as number[]];
  let dead: readonly PackId[] = [];
  const gone = { sinceMs: startMs, packs: [...packs], isJudged: false };
  const running = {
    stored: { drive, gone },
    lastOutcome: {},
    snapshotter: {
      prune: async ({ lost, giveUp }: PruneOptions) => {
        judged.push(lost);
        giveUp?.intend(dead);
        if (dead.length > 0) await giveUp?.publish(dead);
        return { counts: {}, dead, repackedCount: 0 };
      },
    },
  } as unknown as RunningDrive;
  let now = startMs;
  const agent = {
    ownWords: {
      writeWhenSure: async ([record]: readonly AgentRecord[]) =>
        void (record?.kind === 'forget' && said.push(record.packs.length / 32)),
    },
    now: () => (now = unixMs(now + 1)),
    drives: {
      note: (one: RunningDrive, change: object) => void (one.stored = { ...one.stored, ...change }),
    },
    core: {
      catalogue: { drives: new Map([[drive, { heads: [{ ...headOf(drive), drive }] }]]) },
      backup: { staged: [] },
      shelf: { packs: new Map() },
    },
  } as unknown as LiveAgent;
  const keeper = new Keeper(agent, { home, report: (_, text) => t.true(text.endsWith('given up'), text) });
  const taken = { acknowledged: Promise.resolve() } as TakenSnapshot;

  dead = [packs[0]!];
  await keeper.consider(running, taken);
  t.deepEqual([judged, said], [[packs], [1]]);
  t.deepEqual(running.stored.gone, { ...gone, packs: [packs[1]!], isJudged: true });
  await keeper.consider(running, taken);
  t.is(judged.length, 1, 'an older snapshot needs the other one');

  running.stored = { ...running.stored, gone: { ...gone, sinceMs: now } };
  dead = packs;
  await keeper.consider(running, taken);
  t.deepEqual([judged.length, said, running.stored.gone], [2, [1, 2], undefined], 'more was lost that day');
});

test('packs that were given up, as others say, after the state of a drive was noted are counted on no more', async (t) => {
  const home = homeAt(temporaryFolder(t, 'keeper'));
  mkdirSync(home.drives);
  let staged = packs.map((pack) => ({ pack, owner: 'me' }));
  const lost: PackId[] = [];
  const running = {
    stored: { drive },
    snapshotter: {
      stagedPacks: () => staged,
      lose: async (gone: readonly PackId[]) => {
        lost.push(...gone);
        staged = staged.filter(({ pack }) => !gone.includes(pack));
      },
    },
  } as unknown as RunningDrive;
  const ownLog = { isSure: false };
  let givenUp: PackId | undefined;
  const agent = {
    ownWords: { settled: async () => {} },
    core: { ownLog, shelf: { isGivenUpBy: (pack: PackId) => pack === givenUp } },
  } as unknown as LiveAgent;
  const keeper = new Keeper(agent, { home, report: () => {} });
  await keeper.resume(running);
  t.deepEqual(lost, [], 'nobody was there who knows');
  [givenUp, ownLog.isSure] = [packs[1], true];
  await keeper.resume(running);
  t.deepEqual(lost, [packs[1]]);
});

test('mostly dead packs of a drive that is protected no more are not emptied', async (t) => {
  const home = homeAt(temporaryFolder(t, 'keeper'));
  const agent = {
    core: {
      catalogue: { drives: new Map([[drive, { heads: [{ ...headOf(drive), drive }] }]]) },
      backup: { staged: [] },
      shelf: { packs: new Map() },
    },
  } as unknown as LiveAgent;
  const asked: unknown[] = [];
  const runningWith = (stored: object): RunningDrive =>
    ({
      stored: { drive, ...stored },
      lastOutcome: {},
      snapshotter: {
        prune: async ({ isLast }: PruneOptions) => {
          asked.push(isLast);
          return { counts: {}, dead: [], repackedCount: 0 };
        },
      },
    }) as unknown as RunningDrive;
  const keeper = new Keeper(agent, { home, report: () => {} });
  for (const stored of [{}, { leftMs: 1 }])
    await keeper.keep(runningWith(stored), { rules: {}, mode: 'look' });
  t.deepEqual(asked, [undefined, true]);
});

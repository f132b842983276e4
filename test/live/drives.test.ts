// Folders that two commands name at once, and what a disk that takes no write leaves of a command.

import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { AgentRecord, DriveRecord } from '../../agent/codec/index.ts';
import { AgentCore } from '../../agent/core/index.ts';
import { WorkerPool } from '../../agent/live/data-path/index.ts';
import { Drives } from '../../agent/live/drives.ts';
import { acceptChange } from '../../agent/live/folder-wishes.ts';
import { homeAt } from '../../agent/live/home.ts';
import { reasonToKeepAll } from '../../agent/live/mass-changes.ts';
import type { DrivesParts } from '../../agent/live/running-drive.ts';
import { readDrives } from '../../agent/live/stored-drives.ts';
import { fleet, machines, startMs } from '../agent/core/fleet-of-four.ts';
import { unixMs } from '../../datasets/index.ts';
import { temporaryFolder } from '../helpers/agents.ts';
import { PretendClock } from '../helpers/pretend-clock.ts';

/** Drives of a machine without a plan: no snapshot is taken. */
function begin(t: ExecutionContext) {
  const root = temporaryFolder(t, 'drives');
  const home = homeAt(join(root, 'home'));
  mkdirSync(home.folder);
  const key = machines[0];
  const written: AgentRecord[] = [];
  const workers = new WorkerPool();
  const parts = {
    home,
    core: new AgentCore({ self: key.peer, fleet, fraction: () => 0.5 }),
    key,
    workers,
    clock: new PretendClock(startMs),
    tell: () => {},
    ownWords: () => ({
      write: async (records: readonly AgentRecord[]) => {
        // As a flush does, it takes a while.
        await new Promise(setImmediate);
        written.push(...records);
      },
      settled: () => Promise.resolve(),
    }),
    report: () => {},
  } as unknown as DrivesParts;
  const drives = new Drives(parts);
  t.teardown(async () => {
    await drives.stop();
    await workers.close();
  });
  const folderAt = (name: string): string => {
    mkdirSync(join(root, name));
    return join(root, name);
  };
  const driveRecords = (): readonly DriveRecord[] => written.filter((record) => record.kind === 'drive');
  return { home, parts, drives, folderAt, driveRecords };
}

test('two commands that protect one folder at once make one drive', async (t) => {
  const { home, drives, folderAt, driveRecords } = begin(t);
  const wanted = { path: folderAt('documents'), ignore: [] };
  const [first, second] = await Promise.all([drives.protect(wanted), drives.protect(wanted)]);
  t.is(first.drive, second.drive);
  t.deepEqual([first.isNew, second.isNew], [true, false]);
  t.is(driveRecords().length, 1);
  t.is(readDrives(home)?.drives.length, 1);
});

test('no snapshot holds what the agent keeps in a folder behind a link', async (t) => {
  const { home, parts, drives, folderAt } = begin(t);
  const path = folderAt('disk');
  for (const name of ['shards', 'database'])
    symlinkSync(folderAt(join('disk', name)), join(home.folder, name));
  for (const folder of [home.shards, home.database, path]) writeFileSync(join(folder, 'file'), 'bytes');
  const { drive } = await drives.protect({ path, ignore: [] });
  const classes = [{ name: 'small', groups: [machines], redundancy: { k: 1, n: 3 } }];
  Object.defineProperty(parts.core.election, 'plan', { value: { classes } });
  Object.assign(parts, { disk: { stage: () => Promise.resolve() } });
  const { fileCount } = await drives.running.get(drive)!.snapshotter.snapshot();
  t.is(fileCount, 1);
});

test('two folders that are protected at once open with the same new words', async (t) => {
  const { drives, folderAt } = begin(t);
  const answers = await Promise.all(
    ['documents', 'pictures'].map((name) => drives.protect({ path: folderAt(name), ignore: [] })),
  );
  t.is(answers[0]!.phrase?.split(' ').length, 24);
  t.is(answers[0]!.phrase, answers[1]!.phrase);
});

test('what could not be written down does not hold, and is done when it is asked for again', async (t) => {
  const { home, drives, folderAt } = begin(t);
  const wanted = { path: folderAt('documents'), ignore: [] };
  const obstacle = `${home.drivesFile}.new`;
  mkdirSync(obstacle);
  await t.throwsAsync(drives.protect(wanted));
  t.is(drives.running.size, 0);
  rmSync(obstacle, { recursive: true });
  const { drive, isNew } = await drives.protect(wanted);
  t.true(isNew);

  const before = readFileSync(home.drivesFile);
  const running = drives.running.get(drive)!;
  mkdirSync(obstacle);
  t.throws(() => drives.note(running, { keyEpoch: 2, wrappedKey: 'ab' }));
  t.is(running.stored.keyEpoch, 1, 'it would go on with the old key under a new number');
  rmSync(obstacle, { recursive: true });
  drives.note(running, {});
  t.deepEqual(readFileSync(home.drivesFile), before);
});

test('a folder that is protected again leaves out what is said then, and as before where nothing is said', async (t) => {
  const { home, drives, folderAt } = begin(t);
  const path = folderAt('documents');
  const { drive } = await drives.protect({ path, ignore: ['/.cache/'] });
  const running = drives.running.get(drive)!;
  const { watcher, first } = running;
  t.like(await drives.protect({ path }), { isNew: false, hasBegun: false, ignore: undefined });
  t.like([running.watcher, running.first], [watcher, first], 'nothing is begun for nothing');

  const ignore = ['/.cache/', 'secret.txt'];
  t.like(await drives.protect({ path, ignore }), { drive, isNew: false, hasBegun: true, ignore });
  t.deepEqual(readDrives(home)?.drives[0]?.ignore, ignore);
  t.not(running.watcher, watcher, 'the old one tells of other files');
  t.not(running.first, first, 'a snapshot is taken');

  await drives.unprotect(running);
  t.like(await drives.protect({ path }), { hasBegun: true, ignore: undefined });
  t.deepEqual(running.stored.ignore, ignore);
  await drives.unprotect(running);
  t.like(await drives.protect({ path, ignore: [] }), { hasBegun: true, ignore: [] });
  t.deepEqual(readDrives(home)?.drives[0]?.ignore, []);
});

test('a mass change that nobody accepted keeps everything of a folder that is protected no more, also after a start', async (t) => {
  const { parts, drives, folderAt } = begin(t);
  const path = folderAt('documents');
  const { drive } = await drives.protect({ path, ignore: [] });
  const running = drives.running.get(drive)!;
  drives.note(running, { heldChange: { before: 90, harmed: 80, sinceMs: startMs, atMs: startMs + 1 } });
  await drives.unprotect(running);
  t.regex(reasonToKeepAll(running) ?? '', /80 of 90 files/u);
  const restarted = new Drives(parts);
  const left = restarted.running.get(drive)!;
  t.regex(reasonToKeepAll(left) ?? '', /80 of 90 files/u);
  const now = () => unixMs(startMs + 2);
  t.deepEqual(acceptChange({ drives: restarted, now }, path).accepted, { before: 90, harmed: 80 });
  t.is(reasonToKeepAll(left), undefined);
  t.is(reasonToKeepAll(new Drives(parts).running.get(drive)!), undefined);
});

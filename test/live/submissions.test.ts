// Snapshots on their way to others: what a crash or a full disk between staging and journal may not cost.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { describePack, type PackDescriptor } from '../../agent/codec/index.ts';
import { Catalogue } from '../../agent/core/catalogue.ts';
import type { CoreEvent, StagedSnapshot } from '../../agent/core/index.ts';
import { Shelf } from '../../agent/core/shelf.ts';
import { homeAt } from '../../agent/live/home.ts';
import { readPending } from '../../agent/live/pending.ts';
import { Submissions } from '../../agent/live/submissions.ts';
import { type DriveId, driveId, snapshotId } from '../../agent/units.ts';
import { headOf, machines, startMs } from '../agent/core/fleet-of-four.ts';
import { temporaryFolder } from '../helpers/agents.ts';
import { PretendClock } from '../helpers/pretend-clock.ts';
import { fillDisk, mountSmallDisk } from '../helpers/small-disk.ts';

const drive = driveId('0'.repeat(32));

const packOf = (content: number, of: DriveId = drive): PackDescriptor =>
  describePack(new Uint8Array(100).fill(content), {
    owner: machines[0].peer,
    drive: of,
    placementClass: 'small',
    redundancy: { k: 1, n: 3 },
  }).descriptor;

function stagedOf(digit: string, packs: readonly PackDescriptor[]): StagedSnapshot {
  const { receiptsDigest: _, ...head } = headOf(drive);
  const snapshot = snapshotId(digit.repeat(64));
  return {
    snapshot,
    drive,
    startedMs: startMs,
    packs: packs.map(({ pack }) => pack),
    head: { ...head, snapshot },
  };
}

function begin(t: ExecutionContext, folder = temporaryFolder(t, 'submissions')) {
  const home = homeAt(folder);
  const [shelf, told] = [new Shelf(), [] as CoreEvent[]];
  const submissions = new Submissions({
    home,
    core: { catalogue: new Catalogue(), shelf },
    clock: new PretendClock(startMs),
    tell: (event) => void told.push(event),
    report: () => {},
  });
  const intoOutbox = (descriptor: PackDescriptor): void => {
    shelf.describe(descriptor).isInOutbox = true;
  };
  const toldPacks = (): readonly (readonly string[])[] =>
    told.map((event) => (event.kind === 'snapshotStaged' ? event.staged.packs : []));
  return { home, submissions, intoOutbox, toldPacks };
}

test('a snapshot waits for packs of one before it that was never journalled', (t) => {
  const { home, submissions, intoOutbox, toldPacks } = begin(t);
  const [lost, own, others] = [packOf(1), packOf(2), packOf(3, driveId('1'.repeat(32)))];
  // The agent ended when the first of them was in the drive's state, and before it was journalled; then a file changed.
  for (const descriptor of [lost, own, others]) intoOutbox(descriptor);
  void submissions.submit(stagedOf('b', [own]));
  t.deepEqual(toldPacks(), [[own.pack, lost.pack]]);
  t.deepEqual(readPending(home)[0]?.packs, [own.pack, lost.pack], 'also after the next start');

  const next = packOf(4);
  intoOutbox(next);
  void submissions.submit(stagedOf('c', [next]));
  t.deepEqual(toldPacks()[1], [next.pack], 'it comes after those that wait already');
});

test('a snapshot that a full disk did not let be journalled is told of when it is tried again', async (t) => {
  const folder = temporaryFolder(t, 'submissions');
  if (!mountSmallDisk(t, folder, '4m')) return;
  const { home, submissions, toldPacks } = begin(t, folder);
  const staged = stagedOf('b', [packOf(1)]);
  const free = fillDisk(folder, 0);
  t.throws(() => submissions.submit(staged), { code: 'ENOSPC' });
  t.deepEqual(toldPacks(), []);
  free();
  const acknowledged = submissions.submit(staged);
  t.deepEqual(toldPacks(), [staged.packs]);
  t.is(readPending(home).length, 1);

  const freeAgain = fillDisk(folder, 0);
  submissions.acknowledged(staged);
  await acknowledged;
  t.deepEqual(submissions.pending, []);
  freeAgain();
});

test('a journal that cannot be written at all is no reason to tell the core', (t) => {
  const { home, submissions, toldPacks } = begin(t);
  mkdirSync(`${home.pendingFile}.new`);
  t.throws(() => submissions.submit(stagedOf('b', [])));
  t.deepEqual(toldPacks(), []);
  rmSync(`${home.pendingFile}.new`, { recursive: true });
  writeFileSync(home.pendingFile, '{"version":1,"staged":[]}');
  void submissions.submit(stagedOf('b', []));
  t.is(toldPacks().length, 1);
});

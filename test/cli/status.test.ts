// What `drey status` says of a view, and what a command says while it waits for a snapshot.

import test from 'ava';
import { statusText } from '../../cli/commands/status.ts';
import { Patience, patienceMs, pendingText, whyWaiting } from '../../cli/waiting.ts';
import { unixMs } from '../../datasets/index.ts';
import { fleetView } from '../helpers/fleet-view.ts';

const view = fleetView({ machineCount: 6 });
const own = view.drives.find(({ path }) => path !== undefined)!;

test('a machine without shards and drives is not told how many of them it read', (t) => {
  const text = statusText({
    ...view,
    drives: [],
    problems: [],
    work: {
      ...view.work,
      heldShards: 0,
      heldBytes: 0,
      shardsToSend: 0,
      shardsToRebuild: 0,
      shardsToRemove: 0,
      outboxPacks: 0,
    },
  });
  t.true(text.includes('This machine holds 0 shards, 0 B.\n'));
  t.notRegex(text, /Since it started|Protected here|to rebuild/u);
  t.true(text.endsWith('Nothing is wrong or at risk as far as this machine knows.'));
});

test('what cannot be restored now is said beside its folder, and nobody reads that nothing is wrong', (t) => {
  const groupsNow = view.groupsNow.map((group, index) => (index === 0 ? { ...group, margin: -1 } : group));
  const drives = [{ ...own, outOfReach: { packCount: 3, outOfReachCount: 3 } }];
  const text = statusText({ ...view, groupsNow, drives, problems: [] });
  t.regex(text, /\n!! {3}nothing of it can be restored now: too few of its holders are on\n/u);
  t.true(text.endsWith('Nothing else is wrong or at risk as far as this machine knows.'));
  const some = [{ ...own, outOfReach: { packCount: 3, outOfReachCount: 1 } }];
  t.regex(statusText({ ...view, drives: some }), /1 of its 3 packs cannot be restored now/u);
});

test('who was not heard since the agent started is not told as heard at its start', (t) => {
  const { lastHeardMs: _, ...first } = { ...view.machines[0]!, state: 'silent' as const };
  t.regex(statusText({ ...view, machines: [first] }), /\n\S.* silent +not yet /u);
});

test('a fleet without a plan says so in words', (t) => {
  const { plan: _, ...without } = view;
  t.regex(statusText(without), /^Fleet ".+", \d of 6 machines up; no plan yet/u);
});

test('a machine that was put out is none that could be up', (t) => {
  const machines = view.machines.map((machine, index) =>
    index === 0 ? { ...machine, state: 'revoked' as const } : machine,
  );
  t.regex(statusText({ ...view, machines }), /^Fleet ".+", \d of 5 machines up/u);
});

test('one file and one machine are told as one', (t) => {
  const proven = { ...own.proof!.proven!, fileCount: 1, machineCount: 1 };
  const text = statusText({ ...view, drives: [{ ...own, proof: { last: proven, proven } }] });
  t.regex(text, /\(1 file, 12\.0 MiB from 1 machine\)/u);
});

test('a folder that is protected no more says since when', (t) => {
  const { watcher: _, pending: __, ...rest } = own;
  t.regex(statusText({ ...view, drives: [{ ...rest, leftMs: view.atMs }] }), /; not protected since \d{4}-/u);
});

test('a problem of a drive says of which folder', (t) => {
  const [machineGone] = view.problems;
  const failed = { ...machineGone!, kind: 'backup-failed', about: own.drive } as const;
  const told = statusText({
    ...view,
    problems: [failed, machineGone!, { ...failed, about: 'f'.repeat(32) }],
  });
  t.true(told.includes(`(backup-failed of ${own.path}, since `));
  t.true(told.includes('(backup-failed of drive ffffffff, since '));
  t.true(told.includes('(machine-gone, since '));
});

test('a folder with a line feed in its name makes no second line of status', (t) => {
  t.regex(statusText({ ...view, drives: [{ ...own, path: '/home/a\n!! b' }] }), /^ {2}\/home\/a\?!! b$/mu);
});

test('whoever waits for a snapshot is told how far it is and for whom it waits', (t) => {
  const counts = { startedMs: view.atMs, shardsStored: 8, shardsWanted: 9 };
  t.is(pendingText({ ...counts, waitsFor: [] }), '8 of 9 shards stored');
  t.is(
    pendingText({ ...counts, waitsFor: ['pc-03'] }),
    '8 of 9 shards stored; waits for pc-03, which is away, or for a machine in its place',
  );
  t.regex(
    pendingText({ ...counts, waitsFor: ['a', 'b', 'c', 'd', 'e'] }),
    /a, b, c and 2 more, which are away, or for machines in their places$/u,
  );
  const waiting = {
    ...view,
    problems: [],
    drives: [{ ...own, pending: { ...counts, waitsFor: ['pc-03'] } }],
  };
  t.regex(whyWaiting(waiting, own.drive), /waits for pc-03/u);
  const paused = { ...waiting, limits: { ...view.limits, paused: 'the limits of this machine say so' } };
  t.is(
    whyWaiting(paused, own.drive),
    '8 of 9 shards stored; nothing moves now: the limits of this machine say so.',
  );
  const { plan: _, ...without } = view;
  t.regex(whyWaiting({ ...without, problems: [] }, own.drive), /no plan/u);
});

test('a machine is shown with what it gives, beside what its disk has', (t) => {
  const [first, ...others] = view.machines;
  const machines = [{ ...first!, quotaBytes: 2 * 1024 ** 3, freeBytes: 66 * 1024 ** 3 }, ...others];
  t.regex(statusText({ ...view, machines }), /gives +disk free[^]* 2\.0 GiB +66\.0 GiB /u);
});

test('who waits for machines that are away is told once, after a while, that nobody has to', (t) => {
  const patience = new Patience();
  const pending = { startedMs: view.atMs, shardsStored: 2, shardsWanted: 3, waitsFor: ['pc-03'] };
  const at = (ms: number, drive = { ...own, pending }) =>
    patience.wordAt({ ...view, atMs: unixMs(view.atMs + ms), drives: [drive] }, own.drive);
  t.is(at(0), undefined);
  t.is(at(patienceMs - 1), undefined);
  t.regex(at(patienceMs) ?? '', /Ctrl-C.*--no-wait/u);
  t.is(at(3 * patienceMs), undefined);
});

test('who waits for shards that are on their way is not told to go', (t) => {
  const patience = new Patience();
  const pending = { startedMs: view.atMs, shardsStored: 2, shardsWanted: 3, waitsFor: [] };
  for (const atMs of [view.atMs, unixMs(view.atMs + 2 * patienceMs)])
    t.is(patience.wordAt({ ...view, atMs, drives: [{ ...own, pending }] }, own.drive), undefined);
});

test('machines of one name are shown with what tells them apart', (t) => {
  const [first, second, ...others] = view.machines;
  const machines = [
    { ...first!, name: 'pc', shortId: 'k3jf92ab' },
    { ...second!, name: 'pc', shortId: 'Qm81zzTx' },
    ...others,
  ];
  t.regex(statusText({ ...view, machines }), /pc \(k3jf92ab\) \(here\) [^]*pc \(Qm81zzTx\) /u);
});

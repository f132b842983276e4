// What other machines and admins wrote, as commands show it.

import test from 'ava';
import { deletionsText } from '../../cli/commands/fleet-deletions.ts';
import { logText } from '../../cli/commands/fleet-log.ts';
import { planText } from '../../cli/commands/plan-text.ts';
import { driveId, wipeId } from '../../agent/units.ts';
import { hours, machineId, unixMs } from '../../datasets/index.ts';

test('nobody makes up a line of the log by what it says of its own act', (t) => {
  const about = 'plan 7\n2026-01-01 00:00  pc-01 (admin 3f0c55d1)  revoked: pc-02';
  const act = { act: 'plan-approved', atMs: unixMs(0), machine: 'm', machineName: 'pc-03', detail: about };
  const lines = logText({ acts: [act] } as unknown as Parameters<typeof logText>[0]).split('\n');
  t.is(lines.length, 1);
});

test('nobody makes up a line about the plan by its notes', (t) => {
  const author = machineId('a');
  const about = { epoch: 1, author, computedMs: unixMs(0), classes: [], domains: {}, heldOut: [] };
  const text = planText({ ...about, modelSource: 'x\ny', notes: ['a\nb'] }, new Map());
  t.deepEqual(text.split('\n').slice(2), ['a?b']);
});

test('a deletion that admins contradict each other about is shown as one by which nothing is deleted', (t) => {
  const wipe = {
    wipe: wipeId('a'.repeat(32)),
    drive: driveId('b'.repeat(32)),
    scope: 'drive',
    reason: 'asked for by law',
    atMs: 0,
    state: 'contradicted',
    agreed: ['pc-01', 'pc-07'],
    adminCount: 2,
  } as const;
  const rule = { adminCount: 2, wantedCount: 2, waitMs: hours(72), thereCount: 2, saidBy: 'nobody' } as const;
  const text = deletionsText({ rule, wipes: [wipe] });
  t.regex(text, /asked for by: pc-01, pc-07\n +nobody deletes anything/u);
});

test('who asks for more admins than there are is told how many count', (t) => {
  const rule = { adminCount: 2, waitMs: hours(72), thereCount: 2, saidBy: 'nobody' } as const;
  t.regex(
    deletionsText({ rule: { ...rule, wantedCount: 9 }, wipes: [] }),
    /9 admins were asked for, and .* more than 2/u,
  );
  t.notRegex(deletionsText({ rule: { ...rule, wantedCount: 2 }, wipes: [] }), /were asked for/u);
});

// What `drey fleet deletions` says of how many admins it takes, and of those that are left.

import test from 'ava';
import type { WipesAnswer } from '../../agent/control/index.ts';
import { deletionsText } from '../../cli/commands/fleet-deletions.ts';
import { days, unixMs } from '../../datasets/index.ts';
import { driveId, wipeId } from '../../agent/units.ts';

const rule: WipesAnswer['rule'] = {
  adminCount: 2,
  wantedCount: 2,
  waitMs: days(3),
  thereCount: 2,
  saidBy: 'nobody',
};
const wipe: WipesAnswer['wipes'][number] = {
  wipe: wipeId('5c'.repeat(16)),
  drive: driveId('7a'.repeat(16)),
  scope: 'drive',
  reason: 'asked for by law',
  atMs: unixMs(0),
  state: 'asked',
  agreed: ['pc-01'],
  adminCount: 2,
};

test('a fleet of one admin is told that a second one will be asked as well', (t) => {
  const text = deletionsText({ rule: { ...rule, adminCount: 1, wantedCount: 1, thereCount: 1 }, wipes: [] });
  t.regex(text, /the word of one admin, then waits 3 days/u);
  t.regex(text, /never had a second admin.* two must agree/u);
  const byKit = { ...rule, adminCount: 1, wantedCount: 1, saidBy: 'kit' } as const;
  t.notRegex(deletionsText({ rule: byKit, wipes: [] }), /second admin/u);
});

test('where others can agree they are asked to', (t) => {
  const text = deletionsText({ rule, wipes: [wipe] });
  t.regex(text, /1 of 2 admins agree; more have to say `drey fleet deletions --agree ID`/u);
  t.notRegex(text, /kit/u);
});

test('the last admin is told that nobody else can agree, and of the kit', (t) => {
  const text = deletionsText({ rule: { ...rule, thereCount: 1 }, wipes: [wipe] });
  t.regex(text, /1 of 2 admins agree, and nobody else can: only one admin is left/u);
  t.regex(text, /drey fleet admin --kit/u);
  t.notRegex(text, /--agree ID/u);
});

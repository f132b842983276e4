// Which snapshot a person means.

import test from 'ava';
import type { HeadRecord } from '../../agent/codec/index.ts';
import type { KnownDrive } from '../../agent/core/index.ts';
import { chooseHead, openDrives } from '../../agent/live/openable.ts';
import type { LiveAgent } from '../../agent/live/agent.ts';
import { timeText } from '../../cli/print.ts';
import { type DreyError, unixMs } from '../../datasets/index.ts';
import { driveId, snapshotId } from '../../agent/index.ts';
import { headOf } from '../agent/core/fleet-of-four.ts';

test('the oldest snapshot is told of in the time in which lists show it', (t) => {
  const atMs = unixMs(Date.UTC(2026, 2, 1, 23, 5));
  const heads = [{ ...headOf(driveId('d'.repeat(32))), atMs }];
  const known = { heads, forgotten: [] } as unknown as KnownDrive;
  const error = t.throws<DreyError>(() => chooseHead(known, { atMs: atMs - 1 }), {
    code: 'no-snapshot-then',
  });
  t.true(error?.message.endsWith(`is of ${timeText(atMs)}`), error?.message);
});

test('a drive that nobody knows is not taken for one that other words open', (t) => {
  const agent = {
    core: { catalogue: { drives: new Map([[driveId('d'.repeat(32)), { heads: [] }]]) } },
    drives: { keysOf: () => undefined },
  } as unknown as LiveAgent;
  const failure = (drive: string): DreyError =>
    t.throws<DreyError>(() => openDrives(agent, { drive }), { code: 'drive-not-openable' });
  t.regex(failure('zz').message, /no drive is known here whose id begins with "zz"/u);
  t.regex(failure('dd').advice, /24 words/u);
});

test('digits with which several snapshots begin mean none of them', (t) => {
  const headAt = (digits: string, day: number): HeadRecord => ({
    ...headOf(driveId('d'.repeat(32))),
    snapshot: snapshotId(digits.padEnd(64, '0')),
    atMs: unixMs(Date.UTC(2026, 2, day)),
  });
  const [one, two, three, gone] = [headAt('21a', 1), headAt('21b', 2), headAt('3', 3), headAt('27', 4)];
  const known = {
    heads: [one, two, three],
    forgotten: [{ head: gone, sinceMs: 0 }],
  } as unknown as KnownDrive;
  for (const [digits, count] of [
    ['21', 2],
    ['2', 3],
  ] as const)
    t.regex(
      t.throws<DreyError>(() => chooseHead(known, { snapshot: digits }), { code: 'snapshot-ambiguous' })
        .message,
      new RegExp(`^the ids of ${count} snapshots begin so: 21a0000000 of 20`, 'u'),
    );
  t.is(chooseHead(known, { snapshot: '21a' }), one);
  t.is(chooseHead(known, { snapshot: '27' }), gone, 'a forgotten one');
  t.is(chooseHead(known, {}), three);
  t.throws(() => chooseHead(known, { snapshot: '4' }), { code: 'snapshot-unknown' });
});

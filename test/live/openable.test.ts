// Which snapshot a person means.

import test from 'ava';
import type { KnownDrive } from '../../agent/core/index.ts';
import { chooseHead } from '../../agent/live/openable.ts';
import { timeText } from '../../cli/print.ts';
import { type DreyError, unixMs } from '../../datasets/index.ts';
import { driveId } from '../../agent/index.ts';
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

// A short kill loop: SIGKILL in the middle of a backup, a prune and a restore, then everything is read back from its holders.

import test from 'ava';
import { mebibyte } from '../../datasets/index.ts';
import { killLoop } from '../chaos/kill-loop.ts';
import { takeTime } from '../helpers/waiting.ts';

test('an agent that is killed in whatever it does keeps every snapshot whole, and saves what the folder holds now', async (t) => {
  takeTime(t);
  const lines: string[] = [];
  const report = await killLoop({
    rounds: 3,
    seed: 'short',
    folderBytes: 12 * mebibyte,
    say: (line) => lines.push(line),
  });
  t.deepEqual(report.problems, [], lines.join('\n'));
  t.true(report.acknowledged >= 2);
  t.true(report.verified >= 3);
});

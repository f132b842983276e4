// `drey telemetry generate`: one folder has the files of one fleet.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { writeGeneratedHistory } from '../../cli/generated-history.ts';
import { temporaryFolder } from '../helpers/agents.ts';

test('a folder with files of other machines is refused, one with files of the same is written anew', async (t) => {
  const folder = join(temporaryFolder(t, 'generate'), 'trial');
  const generate = (seed: string, machineCount: number) =>
    writeGeneratedHistory({ folder, seed, weeks: 1, machineCount, nowMs: Date.UTC(2026, 9, 5) });
  await generate('1', 4);
  await generate('2', 5);
  const before = readdirSync(folder).toSorted();
  t.is(before.length, 6, 'five machines and the truth');
  await t.throwsAsync(generate('1', 4), {
    code: 'dataset-of-another',
    message: /has 1 file of rows of other/u,
  });
  t.deepEqual(readdirSync(folder).toSorted(), before);
});

// Names of one file of which some come to be names of another while a snapshot is taken: each keeps the bytes that it had.

import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type SnapshotOutcome, WorkerPool } from '../../../agent/live/data-path/index.ts';
import { mebibyte } from '../../../datasets/index.ts';
import { noise } from './odd-trees.ts';
import { startTrial, type Trial } from './trial.ts';

/** Three names of a file, of which the first is changed after the scan and before it is read. */
async function takeWhile(
  t: ExecutionContext,
  trial: Trial,
  change: (first: string) => void,
): Promise<SnapshotOutcome & { readonly textOf: (name: string) => string; readonly to: string }> {
  for (const name of ['a', 'b']) writeFileSync(join(trial.folder, name), noise(17 * mebibyte, name.length));
  const first = join(trial.folder, 'x');
  writeFileSync(first, 'old');
  for (const name of ['y', 'z']) linkSync(first, join(trial.folder, name));
  let isChanged = false;
  trial.outbox.beforeStage = () => {
    if (!isChanged) change(first);
    isChanged = true;
  };
  // One thread and two tasks at once: small files are read after the first pack was staged.
  const single = new WorkerPool({ threadCountMax: 1 });
  t.teardown(() => single.close());
  const outcome = await trial.next({ workers: single }).snapshot();
  const { to, missing } = await trial.restore(outcome.staged);
  t.deepEqual(missing, []);
  return { ...outcome, to, textOf: (name) => readFileSync(join(to, name), 'utf8') };
}

test('a name whose file was replaced is not mixed up with the other names of the old one', async (t) => {
  const { unreadable, textOf, to } = await takeWhile(t, startTrial(), (first) => {
    writeFileSync(`${first}.new`, 'new');
    renameSync(`${first}.new`, first);
  });
  t.deepEqual(unreadable, []);
  t.deepEqual(['x', 'y', 'z'].map(textOf), ['new', 'old', 'old']);
  t.is(statSync(join(to, 'y')).ino, statSync(join(to, 'z')).ino, 'these are still one file');
});

test('where the first name is gone the file is saved under the others', async (t) => {
  const { unreadable, textOf } = await takeWhile(t, startTrial(), (first) => rmSync(first));
  t.deepEqual(
    unreadable.map(({ path }) => path),
    ['x'],
  );
  t.deepEqual(['y', 'z'].map(textOf), ['old', 'old']);
});

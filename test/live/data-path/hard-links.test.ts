// Names of one file of which some come to be names of another while a snapshot is taken: each keeps the bytes that it had.

import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
  t.deepEqual(unreadable, [], 'a name that was deleted is not missed');
  t.deepEqual(['y', 'z'].map(textOf), ['old', 'old']);
});

test('names of one file stay one where its first name is not restored', async (t) => {
  const trial = startTrial();
  for (const name of ['above', 'sub']) mkdirSync(join(trial.folder, name));
  const first = join(trial.folder, 'above', 'first');
  writeFileSync(first, 'one file');
  for (const name of ['x', 'y', 'z']) linkSync(first, join(trial.folder, 'sub', name));
  const { staged } = await trial.snapshotter.snapshot();
  const { to, missing, fileCount } = await trial.restore(staged, { paths: ['sub'] });
  t.deepEqual([missing, fileCount], [[], 3]);
  const [x, y, z] = ['x', 'y', 'z'].map((name) => statSync(join(to, 'sub', name)));
  t.is(x?.nlink, 3);
  t.deepEqual([y?.ino, z?.ino], [x?.ino, x?.ino]);
  t.is(readFileSync(join(to, 'sub', 'z'), 'utf8'), 'one file');
});

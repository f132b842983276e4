import { execFileSync } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { driveId } from '../../../agent/index.ts';
import { driveFiles } from '../../../agent/live/data-path/drive-state.ts';
import { WorkerPool } from '../../../agent/live/data-path/index.ts';
import { type DreyError, mebibyte } from '../../../datasets/index.ts';
import { newFolder, noise, writeManySmall } from './odd-trees.ts';
import { startTrial } from './trial.ts';

const compare = (workers: WorkerPool): Promise<unknown> =>
  workers.run({
    task: 'compare',
    request: { left: newFolder(), right: newFolder(), ignore: [] },
    answer: (question) => question,
  });

test('a small snapshot is packed by the thread that found what changed', async (t) => {
  const workers = new WorkerPool({ threadCountMax: 4 });
  t.teardown(() => workers.close());
  const trial = startTrial();
  writeManySmall(trial.folder, 20);
  await trial.next({ workers }).snapshot();
  t.is(workers.threadCount, 1);
});

test('threads for a large one start while its state is read, no more than there is work for', async (t) => {
  const workers = new WorkerPool({ threadCountMax: 4 });
  t.teardown(() => workers.close());
  const trial = startTrial();
  for (const name of ['one.bin', 'two.bin'])
    writeFileSync(join(trial.folder, name), noise(20 * mebibyte, name.length));
  await trial.next({ workers }).snapshot();
  t.is(workers.threadCount, 2);
});

test('threads are foreseen within the limit, and those that are free count', async (t) => {
  const workers = new WorkerPool({ threadCountMax: 3 });
  t.teardown(() => workers.close());
  workers.foresee(1);
  workers.foresee(1);
  t.is(workers.threadCount, 1);
  workers.foresee(10);
  t.is(workers.threadCount, 3);
  await Promise.all([compare(workers), compare(workers)]);
  t.is(workers.threadCount, 3);
});

test('tasks for which no thread is free wait in their order, and end with the pool', async (t) => {
  const workers = new WorkerPool({ threadCountMax: 1 });
  t.teardown(() => workers.close());
  const order: number[] = [];
  await Promise.all([1, 2, 3].map((number) => compare(workers).then(() => order.push(number))));
  t.deepEqual(order, [1, 2, 3]);
  const lost = Promise.allSettled([1, 2, 3].map(() => compare(workers)));
  await workers.close();
  const codes = (await lost).map((end) =>
    end.status === 'rejected' ? (end.reason as DreyError).code : 'done',
  );
  // The first had begun, and may be done.
  t.deepEqual(codes.slice(1), ['worker-lost', 'worker-lost']);
});

test('a signal that outlives a task keeps nothing of it, done or failed', async (t) => {
  const workers = new WorkerPool({ threadCountMax: 1 });
  t.teardown(() => workers.close());
  const { signal } = new AbortController();
  const run = (left: string): Promise<unknown> =>
    workers.run({
      task: 'compare',
      request: { left, right: newFolder(), ignore: [] },
      answer: (question) => question,
      signal,
    });
  await run(newFolder());
  await t.throwsAsync(run(join(newFolder(), 'none')));
  t.deepEqual(getEventListeners(signal, 'abort'), []);
});

test('a pool may be closed at any moment while its threads start', async (t) => {
  for (let waitMs = 0; waitMs < 150; waitMs += 15) {
    const workers = new WorkerPool({ threadCountMax: 1 });
    const lost = compare(workers).then(
      () => 'done',
      (error: DreyError) => error.code,
    );
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    await workers.close();
    t.true(['done', 'worker-lost'].includes(await lost));
    t.is(workers.threadCount, 0);
  }
});

test('a task that hangs in the system holds up nobody once it is cancelled, and ends when the system lets it', async (t) => {
  const workers = new WorkerPool({ threadCountMax: 1, cancelPatienceMs: 1 });
  t.teardown(() => workers.close());
  const stateFolder = newFolder();
  const { packsFile } = driveFiles(stateFolder);
  // Like a file on a mount that does not answer.
  execFileSync('mkfifo', [packsFile]);
  const cancelling = new AbortController();
  const stuck = workers.run({
    task: 'drop',
    request: { stateFolder, drive: driveId('0'.repeat(32)), keyEpoch: 1, packs: [], why: 'given up' },
    answer: (question) => question,
    signal: cancelling.signal,
  });
  const ended = t.throwsAsync(stuck, { message: 'not wanted any more' });
  const next = compare(workers);
  cancelling.abort(new Error('not wanted any more'));
  await next;
  // Its thread may still be loading, and hang only later.
  const answering = setInterval(() => closeSync(openSync(packsFile, constants.O_RDWR)), 10);
  t.teardown(() => clearInterval(answering));
  await ended;
});

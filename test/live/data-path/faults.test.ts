import {
  lstatSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  chmodSync,
  mkdirSync,
  appendFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { compareTrees, WorkerPool } from '../../../agent/live/data-path/index.ts';
import { driveFiles } from '../../../agent/live/data-path/drive-state.ts';
import { type DreyError, mebibyte } from '../../../datasets/index.ts';
import { noise, writeManySmall, writeOddTree } from './odd-trees.ts';
import { bytesOfPack, startTrial, workers } from './trial.ts';

test('killed in the middle, the next run does only the rest', async (t) => {
  const trial = startTrial();
  const contentBytes = 44 * mebibyte;
  writeFileSync(join(trial.folder, 'large.bin'), noise(contentBytes, 5));
  writeManySmall(trial.folder, 20);
  const doomed = new WorkerPool({ threadCountMax: 1 });
  let bulkCount = 0;
  trial.outbox.beforeStage = ({ packBytes }) => {
    if (packBytes < 4 * mebibyte) return;
    bulkCount++;
    if (bulkCount < 3) return;
    void doomed.close();
    throw new Error('the machine is off');
  };
  await t.throwsAsync(trial.next({ workers: doomed }).snapshot(), { code: 'worker-lost' });
  t.is(bulkCount, 3);
  trial.outbox.beforeStage = () => {};
  const { outcome, staged, sealedBytes } = await trial.next().snapshot();
  t.is(outcome, 'staged');
  t.true(sealedBytes < contentBytes - 30 * mebibyte, `${sealedBytes} bytes were sealed by the second run`);
  const all = [...trial.outbox.descriptors.values()].reduce((sum, { packBytes }) => sum + packBytes, 0);
  t.true(all < contentBytes + mebibyte, `${all} bytes in all: nothing twice`);
  t.is(staged.head.packCount, trial.outbox.packs.size);
  const restored = await trial.restore(staged);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: restored.to }), []);
});

test('a snapshot that is cancelled stages nothing more, and the next one goes on there', async (t) => {
  const trial = startTrial();
  writeFileSync(join(trial.folder, 'large.bin'), noise(44 * mebibyte, 6));
  const own = new WorkerPool({ threadCountMax: 1 });
  t.teardown(() => own.close());
  const snapshotter = trial.next({ workers: own });
  let stagedCount = 0;
  trial.outbox.beforeStage = () => {
    if (++stagedCount === 1) snapshotter.cancel(new Error('unprotected'));
  };
  await t.throwsAsync(snapshotter.snapshot(), { message: 'unprotected' });
  t.true(trial.outbox.packs.size < 3, `${trial.outbox.packs.size} packs`);
  const { staged } = await snapshotter.snapshot();
  const restored = await trial.restore(staged);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: restored.to }), []);
});

test('a journal that was torn in a power cut costs only what it lost', async (t) => {
  const trial = startTrial();
  writeManySmall(trial.folder, 100);
  await trial.snapshotter.snapshot();
  const { packsFile, filesFile } = driveFiles(trial.stateFolder);
  for (const file of [packsFile, filesFile]) writeFileSync(file, readFileSync(file).subarray(0, -7));
  const { staged } = await trial.next().snapshot();
  const restored = await trial.restore(staged);
  t.deepEqual(restored.missing, []);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: restored.to }), []);
});

test('a full disk is said, stages nothing wrong, and the next run goes on', async (t) => {
  const trial = startTrial();
  writeOddTree(trial.folder);
  trial.outbox.beforeStage = () => {
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  };
  await t.throwsAsync(trial.snapshotter.snapshot(), { code: 'disk-full' });
  t.deepEqual(trial.snapshotter.stagedPacks(), []);
  trial.outbox.beforeStage = () => {};
  const { staged } = await trial.snapshotter.snapshot();
  t.deepEqual((await trial.restore(staged)).missing, []);
  t.deepEqual(
    new Set(trial.snapshotter.stagedPacks().map(({ pack }) => pack)),
    new Set(trial.outbox.packs.keys()),
  );
});

for (const placementClass of ['small', 'bulk'] as const)
  test(`of ${placementClass} packs that the outbox lost everything is staged anew, and nothing else`, async (t) => {
    const trial = startTrial();
    writeFileSync(join(trial.folder, 'before'), noise(3 * mebibyte, 1));
    const first = await trial.snapshotter.snapshot();
    writeFileSync(join(trial.folder, 'lost'), noise(mebibyte, 2));
    const second = await trial.snapshotter.snapshot();
    const lost = second.staged.packs.filter((descriptor) => descriptor.placementClass === placementClass);
    t.true(lost.length > 0);
    for (const { pack } of lost) trial.outbox.packs.delete(pack);
    await trial.snapshotter.lose(lost.map(({ pack }) => pack));
    // Killed before the snapshot, and begun again.
    await trial.next().lose(lost.map(({ pack }) => pack));
    const third = await trial.next().snapshot();
    t.is(third.outcome, 'staged');
    t.true(third.sealedBytes < 2 * mebibyte, 'what others have is not read again');
    t.false(third.staged.packs.some(({ pack }) => lost.some((gone) => gone.pack === pack)));
    t.deepEqual((await trial.restore(third.staged)).missing, []);
    t.deepEqual((await trial.restore(first.staged)).missing, []);
    t.is((await trial.next().snapshot()).outcome, 'unchanged');
  });

test('of files that go before they are read those are listed that turn into links, which nobody follows; what was deleted is not missed', async (t) => {
  const trial = startTrial();
  for (const name of ['a', 'b']) writeFileSync(join(trial.folder, name), noise(17 * mebibyte, name.length));
  for (const name of ['y', 'z']) writeFileSync(join(trial.folder, name), 'small');
  let isFirst = true;
  trial.outbox.beforeStage = () => {
    if (!isFirst) return;
    isFirst = false;
    for (const name of ['y', 'z']) rmSync(join(trial.folder, name));
    symlinkSync('/etc/hostname', join(trial.folder, 'z'));
  };
  // One thread and two tasks at once: the third batch is read after the first pack was staged.
  const single = new WorkerPool({ threadCountMax: 1 });
  const { staged, unreadable } = await trial.next({ workers: single }).snapshot();
  t.deepEqual(
    unreadable.map(({ path }) => path),
    ['z'],
  );
  const { to } = await trial.restore(staged);
  t.deepEqual(readdirSync(to).toSorted(), ['a', 'b']);
  await single.close();
});

test('a file that changes while it is read is read again', async (t) => {
  const trial = startTrial();
  const file = join(trial.folder, 'growing.log');
  // Three packs: the third is read after the first was staged.
  writeFileSync(file, noise(40 * mebibyte, 1));
  let isFirst = true;
  trial.outbox.beforeStage = () => {
    if (isFirst) appendFileSync(file, 'one more line\n');
    isFirst = false;
  };
  const { staged, unreadable } = await trial.snapshotter.snapshot();
  t.deepEqual(unreadable, []);
  const { to } = await trial.restore(staged);
  t.true(readFileSync(join(to, 'growing.log')).equals(readFileSync(file)));
});

test('a file that never stands still is kept as it was read last, and marked', async (t) => {
  const trial = startTrial();
  const file = join(trial.folder, 'restless.bin');
  let version = 1;
  const write = (): void => writeFileSync(file, noise(6 * mebibyte, version++));
  write();
  // With each chunk that is read.
  const pace = { isReadingSlowed: true, beforeReading: (): Promise<void> => Promise.resolve(write()) };
  const { staged, unreadable } = await trial.next({ pace: () => pace }).snapshot();
  t.deepEqual(
    unreadable.map(({ path }) => path),
    ['restless.bin'],
  );
  const restored = await trial.restore(staged);
  t.deepEqual(
    restored.imperfect.map(({ path }) => path),
    ['restless.bin'],
  );
  trial.outbox.beforeStage = () => {};
  const calm = await trial.snapshotter.snapshot();
  t.deepEqual([calm.outcome, calm.unreadable], ['staged', []]);
});

test('a folder that may not be read is listed', async (t) => {
  if (process.getuid?.() === 0) {
    t.log('skipped: root may read everything');
    t.pass();
    return;
  }
  const trial = startTrial();
  mkdirSync(join(trial.folder, 'closed'));
  chmodSync(join(trial.folder, 'closed'), 0);
  const { unreadable } = await trial.snapshotter.snapshot();
  t.deepEqual(unreadable, [{ path: 'closed', reason: 'no permission to read it' }]);
});

test('a missing folder is an error with advice, and its snapshots stay', async (t) => {
  const trial = startTrial();
  writeOddTree(trial.folder);
  const { staged } = await trial.snapshotter.snapshot();
  rmSync(trial.folder, { recursive: true });
  await t.throwsAsync(trial.snapshotter.snapshot(), { code: 'folder-missing' });
  t.deepEqual((await trial.restore(staged)).missing, []);
});

test('an altered pack costs exactly its own files, by name, and the rest comes back', async (t) => {
  const trial = startTrial();
  writeFileSync(join(trial.folder, 'large.bin'), noise(3 * mebibyte, 2));
  await trial.snapshotter.snapshot();
  writeManySmall(trial.folder, 30);
  const { staged } = await trial.snapshotter.snapshot();
  // On a busy machine a second thread takes some of the files, into a pack of its own.
  const altered = staged.packs.filter(({ placementClass }) => placementClass === 'bulk');
  t.true(altered.length > 0);
  for (const { pack } of altered) {
    const bytes = trial.outbox.packs.get(pack)!;
    bytes[bytes.length >> 1]! ^= 1;
  }
  const restored = await trial.restore(staged);
  t.is(restored.missing.length, 30);
  t.true(restored.missing.every(({ path }) => path.startsWith('box-0/note-')));
  t.deepEqual(readdirSync(restored.to).toSorted(), ['.drey-partial', 'box-0', 'large.bin']);
  t.deepEqual(readdirSync(join(restored.to, 'box-0')), []);
  t.true(readFileSync(join(restored.to, 'large.bin')).equals(noise(3 * mebibyte, 2)));
});

test('a pack that cannot be fetched is a reason, and nothing is left half written', async (t) => {
  const trial = startTrial();
  writeFileSync(join(trial.folder, 'large.bin'), noise(36 * mebibyte, 2));
  const { staged } = await trial.snapshotter.snapshot();
  const lost = staged.packs.find(({ placementClass }) => placementClass === 'bulk');
  const { missing, to } = await trial.restore(staged, {
    fetchPack: async (descriptor) => {
      if (descriptor.pack === lost?.pack) throw new Error('1 of 2 shards found');
      return bytesOfPack(trial.outbox, descriptor);
    },
  });
  t.deepEqual(missing, [{ path: 'large.bin', reason: 'its pack could not be fetched: 1 of 2 shards found' }]);
  t.deepEqual(readdirSync(to), []);
});

test('a restore that is cancelled stops before the next pack and leaves only whole files', async (t) => {
  const trial = startTrial();
  // More packs than are on their way at once.
  writeFileSync(join(trial.folder, 'a-large.bin'), noise(96 * mebibyte, 2));
  writeFileSync(join(trial.folder, 'b-small.txt'), 'small');
  const { staged } = await trial.snapshotter.snapshot();
  const to = startTrial().folder;
  const cancel = new AbortController();
  const onProgress = (): void => cancel.abort();
  await t.throwsAsync(trial.restore(staged, { to, onProgress, signal: cancel.signal }), {
    code: 'restore-cancelled',
  });
  t.false(readdirSync(to).includes('a-large.bin'));
});

test('a restore that was cut off goes on in its folder, and fetches nothing again that is whole there', async (t) => {
  const trial = startTrial();
  writeOddTree(trial.folder);
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f'])
    writeFileSync(join(trial.folder, `${name}.bin`), noise(20 * mebibyte, name.charCodeAt(0)));
  const { staged } = await trial.snapshotter.snapshot();
  const to = startTrial().folder;
  const cancel = new AbortController();
  const onProgress = ({ phase, done }: { readonly phase: string; readonly done: number }): void => {
    if (phase === 'packs' && done === 3) cancel.abort();
  };
  await t.throwsAsync(trial.restore(staged, { to, onProgress, signal: cancel.signal }), {
    code: 'restore-cancelled',
  });
  const whole = readdirSync(to).filter((name) => name.endsWith('.bin'));
  t.true(whole.length > 0, 'something was whole');
  t.deepEqual(readdirSync(join(to, '.drey-partial')), ['snapshot']);

  // Another snapshot is not mixed in, and the way on is said.
  writeFileSync(join(trial.folder, 'later.txt'), 'later');
  const later = (await trial.snapshotter.snapshot()).staged;
  const refused = await t.throwsAsync<DreyError>(trial.restore(later, { to }), {
    code: 'restore-folder-not-empty',
  });
  t.true(refused?.advice.includes(`--snapshot ${staged.head.snapshot.slice(0, 16)}`));
  rmSync(join(trial.folder, 'later.txt'));

  const counted = async (into: string): Promise<number> => {
    let fetchCount = 0;
    const fetchPack = async (descriptor: Parameters<typeof bytesOfPack>[1]): Promise<Uint8Array> => {
      fetchCount++;
      return bytesOfPack(trial.outbox, descriptor);
    };
    t.deepEqual((await trial.restore(staged, { to: into, fetchPack })).missing, []);
    return fetchCount;
  };
  t.true((await counted(to)) < (await counted(startTrial().folder)));
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: to }), []);
  t.false(readdirSync(to).includes('.drey-partial'));
});

test('of two restores into one folder at once one is refused, and the other is whole', async (t) => {
  const trial = startTrial();
  writeOddTree(trial.folder);
  const { staged } = await trial.snapshotter.snapshot();
  const to = startTrial().folder;
  const first = trial.restore(staged, { to });
  await t.throwsAsync(trial.restore(staged, { to }), { code: 'restore-folder-in-use' });
  t.deepEqual((await first).missing, []);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: to }), []);
});

test('a restore for which packs were out of reach goes on in its folder once they are there', async (t) => {
  const trial = startTrial();
  for (const name of ['a', 'b', 'c'])
    writeFileSync(join(trial.folder, `${name}.bin`), noise(20 * mebibyte, name.charCodeAt(0)));
  const { staged } = await trial.snapshotter.snapshot();
  const to = startTrial().folder;
  const lost = staged.packs.find(({ placementClass }) => placementClass !== 'small');
  const fetchPack = async (descriptor: NonNullable<typeof lost>): Promise<Uint8Array> => {
    if (descriptor.pack === lost?.pack) throw new Error('nobody has it');
    return bytesOfPack(trial.outbox, descriptor);
  };
  const cut = await trial.restore(staged, { to, fetchPack });
  t.true(cut.missing.length > 0);
  t.deepEqual(cut.remedies, ['machines']);
  t.deepEqual((await trial.restore(staged, { to })).missing, []);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: to }), []);
  t.false(readdirSync(to).includes('.drey-partial'));
});

test('what was changed in an unfinished restore is neither believed nor replaced', async (t) => {
  const trial = startTrial();
  for (const name of ['a', 'b']) writeFileSync(join(trial.folder, name), name);
  const { staged } = await trial.snapshotter.snapshot();
  const to = startTrial().folder;
  mkdirSync(join(to, '.drey-partial'));
  writeFileSync(join(to, '.drey-partial', 'snapshot'), staged.head.snapshot);
  writeFileSync(join(to, 'a'), 'x');
  const { missing } = await trial.restore(staged, { to });
  t.deepEqual(
    missing.map(({ path }) => path),
    ['a'],
  );
  t.deepEqual([readFileSync(join(to, 'a'), 'utf8'), readFileSync(join(to, 'b'), 'utf8')], ['x', 'b']);
});

test('without its root or tree a snapshot says that it cannot be opened', async (t) => {
  const trial = startTrial();
  writeOddTree(trial.folder);
  const { staged } = await trial.snapshotter.snapshot();
  for (const lost of staged.packs.filter(({ placementClass }) => placementClass === 'small')) {
    const fetchPack = async (descriptor: typeof lost): Promise<Uint8Array> => {
      if (descriptor.pack === lost.pack) throw new Error('nobody has it');
      return bytesOfPack(trial.outbox, descriptor);
    };
    await t.throwsAsync(trial.restore(staged, { fetchPack }), { code: 'snapshot-unreadable' });
  }
  const sealedRoot = staged.head.sealedRoot.slice();
  sealedRoot[20] = (sealedRoot[20] ?? 0) ^ 1;
  await t.throwsAsync(trial.restore(staged, { head: { ...staged.head, sealedRoot } }), {
    code: 'snapshot-unreadable',
  });
  const otherKey = trial.driveKey.toReversed();
  await t.throwsAsync(trial.restore(staged, { driveKey: otherKey }), { code: 'snapshot-unreadable' });
});

test('a folder that holds something is not restored into unasked', async (t) => {
  const trial = startTrial();
  writeOddTree(trial.folder);
  const { staged } = await trial.snapshotter.snapshot();
  const { to } = await trial.restore(staged);
  await t.throwsAsync(trial.restore(staged, { to }), { code: 'restore-folder-not-empty' });
  writeFileSync(join(to, 'run.sh'), 'changed since');
  const again = await trial.restore(staged, { to, overwrite: 'replace' });
  t.deepEqual(again.missing, []);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: to }), []);
  const file = join(to, 'run.sh');
  await t.throwsAsync(trial.restore(staged, { to: file }), { code: 'restore-folder-unusable' });
});

test('what a killed restore left behind is saved and comes back like anything else', async (t) => {
  const trial = startTrial();
  for (const name of ['.drey-partial', '.drey-partial-2']) {
    mkdirSync(join(trial.folder, name));
    writeFileSync(join(trial.folder, name, '0'), 'half of a file');
  }
  const { staged } = await trial.snapshotter.snapshot();
  const restored = await trial.restore(staged);
  t.deepEqual([restored.missing, restored.fileCount], [[], 2]);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: restored.to }), []);
});

test('nothing is written through a link that stands in the folder', async (t) => {
  const trial = startTrial();
  mkdirSync(join(trial.folder, 'inside'));
  writeFileSync(join(trial.folder, 'inside', 'file'), 'from the snapshot');
  const { staged } = await trial.snapshotter.snapshot();
  const elsewhere = startTrial().folder;
  const to = startTrial().folder;
  symlinkSync(elsewhere, join(to, 'inside'));
  const { missing } = await trial.restore(staged, { to, overwrite: 'replace' });
  t.deepEqual(missing.map(({ path }) => path).toSorted(), ['inside', 'inside/file']);
  t.deepEqual(readdirSync(elsewhere), []);
  t.true(lstatSync(join(to, 'inside')).isSymbolicLink());
});

import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { compareTrees } from '../../../agent/live/data-path/index.ts';
import { mebibyte } from '../../../datasets/index.ts';
import { newFolder, noise, writeManySmall, writeOddTree } from './odd-trees.ts';
import { startTrial, workers } from './trial.ts';

test('an odd tree comes back with every byte, mode, time and link', async (t) => {
  const trial = startTrial();
  writeOddTree(trial.folder);
  const { outcome, staged, unreadable } = await trial.snapshotter.snapshot();
  t.is(outcome, 'staged');
  t.deepEqual(unreadable, []);
  const restored = await trial.restore(staged);
  t.deepEqual([restored.missing, restored.imperfect], [[], []]);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: restored.to }), []);
  t.is(lstatSync(join(restored.to, 'first-name')).nlink, 3);
  t.is(restored.fileCount, staged.head.fileCount);
  t.is(restored.byteCount, staged.head.byteCount);
});

test('a large file and many small ones come back, and each pack is fetched once', async (t) => {
  const trial = startTrial();
  writeFileSync(join(trial.folder, 'large.bin'), noise(20 * mebibyte + 12_345, 7));
  writeManySmall(trial.folder, 1500);
  const progress: number[] = [];
  const { staged, sealedBytes } = await trial.snapshotter.snapshot(({ done }) => progress.push(done));
  t.true(sealedBytes > 20 * mebibyte);
  t.is(progress.at(-1), 1501);
  const fetched: string[] = [];
  const fetchPack = async (descriptor: { pack: string }): Promise<Uint8Array> => {
    fetched.push(descriptor.pack);
    return trial.outbox.packs.get(descriptor.pack as never)?.slice() ?? new Uint8Array();
  };
  const restored = await trial.restore(staged, { fetchPack });
  t.deepEqual(restored.missing, []);
  t.is(new Set(fetched).size, fetched.length);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: restored.to }), []);
});

test('an unchanged folder stages nothing, also after a new start', async (t) => {
  const trial = startTrial();
  writeOddTree(trial.folder);
  const first = await trial.snapshotter.snapshot();
  const packCount = trial.outbox.packs.size;
  for (const snapshotter of [trial.snapshotter, trial.next()]) {
    const again = await snapshotter.snapshot();
    t.is(again.outcome, 'unchanged');
    t.deepEqual(again.staged, first.staged);
  }
  t.is(trial.outbox.packs.size, packCount);
});

test('where nothing moved the short way is taken, and one changed mode or a touched state ends it', async (t) => {
  const trial = startTrial();
  writeOddTree(trial.folder);
  const still = join(trial.stateFolder, 'standstill.journal');
  // Until files are older than the grain of the disk's clock, a change could hide.
  while (!existsSync(still)) await trial.snapshotter.snapshot();
  const stamp = (): bigint => lstatSync(still, { bigint: true }).mtimeNs;
  const before = stamp();
  const { staged } = await trial.next().snapshot();
  t.is(stamp(), before);
  chmodSync(join(trial.folder, 'run.sh'), 0o700);
  const changed = await trial.snapshotter.snapshot();
  t.deepEqual([changed.outcome, changed.staged.snapshot === staged.snapshot], ['staged', false]);
  rmSync(join(trial.stateFolder, 'packs.journal'));
  const after = await trial.next().snapshot();
  const restored = await trial.restore(after.staged);
  t.deepEqual(restored.missing, []);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: restored.to }), []);
});

test('seven bytes put into a large file cost a few chunks, not the file', async (t) => {
  const trial = startTrial();
  const bytes = noise(20 * mebibyte, 3);
  writeFileSync(join(trial.folder, 'large.bin'), bytes);
  await trial.snapshotter.snapshot();
  const at = 9 * mebibyte + 17;
  const changed = Buffer.concat([bytes.subarray(0, at), Buffer.from('7 bytes'), bytes.subarray(at)]);
  writeFileSync(join(trial.folder, 'large.bin'), changed);
  const second = await trial.snapshotter.snapshot();
  t.is(second.outcome, 'staged');
  t.true(second.sealedBytes < 9 * mebibyte, `${second.sealedBytes} sealed bytes`);
  const restored = await trial.restore(second.staged);
  t.true(readFileSync(join(restored.to, 'large.bin')).equals(changed));
});

test('every earlier snapshot stays what it was, over many changes', async (t) => {
  const trial = startTrial();
  const taken = [];
  for (let round = 0; round < 6; round++) {
    writeFileSync(join(trial.folder, `file-${round}`), noise(5000, round));
    writeFileSync(join(trial.folder, 'same-name'), noise(300_000, round));
    if (round === 3) rmSync(join(trial.folder, 'file-0'));
    taken.push((await trial.next().snapshot()).staged);
  }
  for (const [round, staged] of taken.entries()) {
    const restored = await trial.restore(staged);
    t.deepEqual(restored.missing, []);
    t.true(readFileSync(join(restored.to, 'same-name')).equals(noise(300_000, round)));
    t.is(restored.fileCount, staged.head.fileCount);
  }
});

test('a new mode, time or name alone is a new snapshot without new content', async (t) => {
  const trial = startTrial();
  mkdirSync(join(trial.folder, 'sub'));
  writeFileSync(join(trial.folder, 'sub', 'file'), noise(2 * mebibyte, 4));
  await trial.snapshotter.snapshot();
  chmodSync(join(trial.folder, 'sub', 'file'), 0o600);
  utimesSync(join(trial.folder, 'sub'), 5, 6);
  renameSync(join(trial.folder, 'sub', 'file'), join(trial.folder, 'sub', 'renamed'));
  const second = await trial.snapshotter.snapshot();
  t.is(second.outcome, 'staged');
  t.true(second.staged.packs.every(({ placementClass }) => placementClass === 'small'));
  const restored = await trial.restore(second.staged);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: restored.to }), []);
});

test('an empty folder has a snapshot, and it restores to an empty folder', async (t) => {
  const trial = startTrial();
  const { staged, fileCount } = await trial.snapshotter.snapshot();
  t.is(fileCount, 0);
  const restored = await trial.restore(staged);
  t.deepEqual(restored.missing, []);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: restored.to }), []);
});

test('writes of a known file are counted under a keyed id, reads by access times', async (t) => {
  const trial = startTrial();
  writeFileSync(join(trial.folder, 'written'), 'one');
  writeFileSync(join(trial.folder, 'read'), 'two');
  t.deepEqual((await trial.snapshotter.snapshot()).accesses, []);
  writeFileSync(join(trial.folder, 'written'), 'three');
  const later = Date.now() / 1000 + 60;
  utimesSync(join(trial.folder, 'read'), later, lstatSync(join(trial.folder, 'read')).mtimeMs / 1000);
  const { accesses } = await trial.snapshotter.snapshot();
  t.deepEqual(
    accesses.map(({ reads, writes, byteCount }) => [reads, writes, byteCount]),
    [
      [1, 0, 3],
      [0, 1, 5],
    ],
  );
  for (const { file } of accesses) t.regex(file, /^[0-9a-f]{32}$/u);
});

test('only the paths asked for come back, with the folders above them', async (t) => {
  const trial = startTrial();
  writeOddTree(trial.folder);
  const { staged } = await trial.snapshotter.snapshot();
  const { to, missing, fileCount } = await trial.restore(staged, { paths: ['deep/er', '/deep/third-name'] });
  t.deepEqual(missing, []);
  t.is(fileCount, 2);
  t.is(readFileSync(join(to, 'deep', 'er', 'still', 'bottom.txt'), 'utf8'), 'at the bottom\n');
  t.true(readFileSync(join(to, 'deep', 'third-name')).equals(noise(1000, 1)));
  await t.throwsAsync(trial.restore(staged, { paths: ['not there'] }), { code: 'path-not-in-snapshot' });
});

test("the agent's own folder inside the protected one is not backed up", async (t) => {
  const trial = startTrial();
  writeOddTree(trial.folder);
  const own = join(trial.folder, 'deep', 'er');
  const snapshotter = trial.next({ exclude: [own, join(trial.folder, '..', 'elsewhere')], ignore: ['*.sh'] });
  const { staged } = await snapshotter.snapshot();
  const { to } = await trial.restore(staged);
  const differences = await compareTrees({ workers, left: trial.folder, right: to });
  t.deepEqual(
    differences.map(({ path }) => path),
    ['deep/er', 'deep/er/still', 'deep/er/still/bottom.txt', 'run.sh'],
  );
  writeFileSync(join(own, 'new'), 'one more pack');
  t.is((await snapshotter.snapshot()).outcome, 'unchanged');
});

test("the agent's own folders are not backed up where links lead to them", async (t) => {
  const trial = startTrial();
  writeOddTree(trial.folder);
  const [home, around] = [newFolder(), join(newFolder(), 'around')];
  symlinkSync(trial.folder, around);
  symlinkSync(join(trial.folder, 'empty'), join(home, 'shards'));
  const snapshotter = trial.next({ exclude: [join(around, 'deep'), join(home, 'shards')] });
  const { staged } = await snapshotter.snapshot();
  const { to } = await trial.restore(staged);
  const names = readdirSync(trial.folder).filter((name) => name !== 'deep' && name !== 'empty');
  t.deepEqual(readdirSync(to).toSorted(), names.toSorted());
  writeFileSync(join(home, 'shards', 'new'), 'one more shard');
  t.is((await snapshotter.snapshot()).outcome, 'unchanged');
});

test('a comparison finds each kind of difference', async (t) => {
  const trial = startTrial();
  writeOddTree(trial.folder);
  const { staged } = await trial.snapshotter.snapshot();
  const { to } = await trial.restore(staged);
  writeFileSync(join(to, 'extra'), '');
  rmSync(join(to, 'nothing'));
  const bottom = join(to, 'deep', 'er', 'still', 'bottom.txt');
  const { atimeMs, mtimeMs } = lstatSync(bottom);
  writeFileSync(bottom, 'at the BOTTOM\n');
  utimesSync(bottom, atimeMs / 1000, mtimeMs / 1000 + 2e-6);
  chmodSync(join(to, 'run.sh'), 0o700);
  const found = new Map(
    (await compareTrees({ workers, left: trial.folder, right: to })).map(({ path, reason }) => [
      path,
      reason,
    ]),
  );
  t.is(found.get('extra'), 'only in the second');
  t.is(found.get('nothing'), 'only in the first');
  t.is(found.get('run.sh'), 'mode 755 and 700');
  t.true(found.has('deep/er/still/bottom.txt'));
  t.false(found.has('first-name'));
});

test('a large file that grows while it is read is read once, up to where it ended', async (t) => {
  const trial = startTrial();
  const file = join(trial.folder, 'growing.log');
  const [length, more] = [64 * mebibyte, noise(mebibyte, 9)];
  writeFileSync(file, noise(length, 8));
  let readBytes = 0;
  const pace = {
    isReadingSlowed: true,
    beforeReading: async (byteCount: number) => {
      readBytes += byteCount;
      // As fast as it is read, until it is plain that the reader goes on and on.
      if (readBytes < 2 * length) appendFileSync(file, more);
    },
  };
  const { staged, unreadable } = await trial.next({ pace: () => pace }).snapshot();
  t.is(readBytes, length);
  t.deepEqual(unreadable, [{ path: 'growing.log', reason: 'it changed each time it was read' }]);
  const { to } = await trial.restore(staged);
  t.true(readFileSync(join(to, 'growing.log')).equals(readFileSync(file).subarray(0, length)));
  const next = await trial.next().snapshot();
  t.deepEqual(
    [next.byteCount, next.unreadable],
    [statSync(file).size, []],
    'the next one has what came since',
  );
});

test('a small file that grew once while it was read is read again', async (t) => {
  const trial = startTrial();
  const file = join(trial.folder, 'letter.txt');
  writeFileSync(file, 'Dear');
  let hasGrown = false;
  const pace = {
    isReadingSlowed: true,
    beforeReading: async () => {
      if (!hasGrown) appendFileSync(file, ' reader');
      hasGrown = true;
    },
  };
  const { staged, unreadable } = await trial.next({ pace: () => pace }).snapshot();
  t.deepEqual(unreadable, []);
  t.is(readFileSync(join((await trial.restore(staged)).to, 'letter.txt'), 'utf8'), 'Dear reader');
});

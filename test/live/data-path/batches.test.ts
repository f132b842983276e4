import test from 'ava';
import fc from 'fast-check';
import { batchesOf, batchFilesMax } from '../../../agent/live/data-path/batches.ts';
import { bytePath } from '../../../agent/live/data-path/path-bytes.ts';
import type { ScannedEntry } from '../../../agent/live/data-path/scan.ts';
import { packBytesTarget } from '../../../agent/limits.ts';

const filesOf = (sizes: readonly number[]): readonly ScannedEntry[] =>
  sizes.map((byteCount, index) => ({
    path: bytePath(String(index)),
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    byteCount,
    mtimeNs: 0n,
    ctimeNs: 0n,
    atimeMs: 0,
    inode: String(index),
    linkCount: 1,
    isSparse: false,
  }));
const bytesOf = (files: readonly ScannedEntry[]): number =>
  files.reduce((sum, { byteCount }) => sum + byteCount, 0);

test('every file is in one batch, and each batch but the last has a pack of bytes or all files that it may have', (t) => {
  const size = fc.oneof(
    fc.nat(100_000),
    fc.nat(3 * packBytesTarget),
    fc.integer({ min: packBytesTarget, max: 40 * packBytesTarget }),
  );
  fc.assert(
    fc.property(fc.array(size, { maxLength: 300 }), fc.integer({ min: 1, max: 16 }), (sizes, threadCount) => {
      const files = filesOf(sizes);
      const batches = batchesOf(files, threadCount);
      const batched = batches.flat().map(({ path }) => Number(path));
      t.deepEqual(
        batched.toSorted((a, b) => a - b),
        files.map((_, index) => index),
      );
      t.true(batches.every((batch) => batch.length > 0 && batch.length <= batchFilesMax));
      t.true(batches.slice(0, -1).every((batch) => bytesOf(batch) >= packBytesTarget));
    }),
  );
});

test('the largest file is read first, wherever it lies, and batches become smaller towards the end', (t) => {
  const small = Array.from({ length: 5000 }, () => 200_000);
  const [first, ...others] = batchesOf(filesOf([...small, 7 * packBytesTarget]), 2);
  t.is(first![0]!.byteCount, 7 * packBytesTarget);
  const sizes = others.map(bytesOf);
  t.true(sizes.at(-1)! < sizes[0]! / 2);
});

test('thousands of tiny files are divided by their number', (t) => {
  t.deepEqual(
    batchesOf(filesOf(Array.from({ length: 5000 }, () => 10)), 2).map(({ length }) => length),
    [batchFilesMax, batchFilesMax, 5000 - 2 * batchFilesMax],
  );
});

// Files of a large restore leave the page cache as it goes, and whatever became of them meanwhile is no matter.

import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { flushAll } from '../../../agent/live/data-path/flushing.ts';
import { SettledFiles } from '../../../agent/live/data-path/settled-files.ts';
import { cachedBytesOf, canLeaveCache } from '../../helpers/page-cache.ts';

function temporaryFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'drey-settled-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const bytes = Buffer.alloc(100_000, 7);

test('files leave the page cache together, once there is enough of them', (t) => {
  const folder = temporaryFolder(t);
  if (!canLeaveCache(t, folder)) return;
  const settled = new SettledFiles(() => flushAll(folder), 250_000);
  const files = ['one', 'two', 'three', 'four'].map((name) => join(folder, name));
  for (const file of files) {
    writeFileSync(file, bytes);
    if (file.endsWith('three')) t.true(cachedBytesOf(files[0]!) >= bytes.length);
    settled.add(Buffer.from(file), bytes.length);
  }
  t.deepEqual(files.slice(0, 3).map(cachedBytesOf), [0, 0, 0]);
  t.true(cachedBytesOf(files[3]!) >= bytes.length);
  for (const file of files) t.deepEqual(readFileSync(file), bytes);
});

test('a file that is gone, or became a link, is left alone', (t) => {
  const folder = temporaryFolder(t);
  if (!canLeaveCache(t, folder)) return;
  const [target, link] = [join(folder, 'target'), join(folder, 'link')];
  writeFileSync(target, bytes);
  symlinkSync(target, link);
  const settled = new SettledFiles(() => flushAll(folder), 1);
  t.notThrows(() => {
    settled.add(Buffer.from(join(folder, 'gone')), 1);
    settled.add(Buffer.from(link), 1);
  });
  t.true(cachedBytesOf(target) >= bytes.length);
});

test('a flush that failed on the way is told at the end, though the one at the end would not fail', (t) => {
  const folder = temporaryFolder(t);
  if (!canLeaveCache(t, folder)) return;
  let flushCount = 0;
  const settled = new SettledFiles(() => {
    if (++flushCount === 1) throw new Error('the disk lost some');
  }, 1);
  const file = join(folder, 'file');
  writeFileSync(file, bytes);
  t.notThrows(() => settled.add(Buffer.from(file), bytes.length));
  t.throws(() => settled.flush(), { message: 'the disk lost some' });
});

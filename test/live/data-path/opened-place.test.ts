// Which open files are the ones that a scan saw.

import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openFile } from '../../../agent/live/data-path/file-reader.ts';
import { placeCheck, wayInto } from '../../../agent/live/data-path/opened-place.ts';
import { bytePath, placeUnder } from '../../../agent/live/data-path/path-bytes.ts';
import { scanFolder } from '../../../agent/live/data-path/scan.ts';
import { newFolder } from './odd-trees.ts';

/** A folder with `sub/file`, and what of it can be opened as a scan saw it. */
function begin(folder = newFolder()) {
  mkdirSync(join(folder, 'sub'), { recursive: true });
  writeFileSync(join(folder, 'sub', 'file'), 'own');
  const { entries, way } = scanFolder(folder, () => false);
  const seen = entries.find(({ type }) => type === 'file')!;
  const isReadBy = (one: string | undefined): boolean => {
    const place = placeUnder(folder)(seen.path);
    using opened = openFile({ seen, place, isThere: placeCheck(one) });
    return opened !== undefined;
  };
  const isRead = (): boolean => isReadBy(way);
  return { folder, file: join(folder, 'sub', 'file'), way, isRead, isReadBy };
}

/** Another file with the same path takes its place. */
function replace(file: string): void {
  writeFileSync(`${file}.new`, 'other');
  renameSync(`${file}.new`, file);
}

const isTold = (t: ExecutionContext, way: string | undefined): boolean => {
  t.pass();
  if (way === undefined) t.log('skipped: this system does not tell where an open file is');
  return way !== undefined;
};

test('a file that an editor put in the place of another is read, where the system tells that it is there', (t) => {
  const { file, way, isRead } = begin();
  t.true(isRead());
  replace(file);
  if (isTold(t, way)) t.true(isRead());
});

test('where the system does not tell, only the file that was seen is read', (t) => {
  const { file, isReadBy } = begin();
  t.true(isReadBy(undefined));
  replace(file);
  t.false(isReadBy(undefined));
});

test('no file is read by a link that took the place of a folder, nor of the one that is protected', (t) => {
  for (const isTop of [false, true]) {
    const outside = newFolder();
    for (const folder of [outside, join(outside, 'sub')]) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'file'), 'theirs');
    }
    const { folder, isRead } = begin(join(newFolder(), 'top'));
    const replaced = isTop ? folder : join(folder, 'sub');
    renameSync(replaced, `${replaced}-moved`);
    symlinkSync(outside, replaced);
    t.false(isRead());
  }
});

test('a folder above which a link leads is read as any other', (t) => {
  const above = newFolder();
  symlinkSync(newFolder(), join(above, 'link'));
  mkdirSync(join(above, 'link', 'top'));
  t.true(begin(join(above, 'link', 'top')).isRead());
});

test('a file that was opened and then removed, and one by another of its names, are in their folder', (t) => {
  const { folder, file, way } = begin();
  if (!isTold(t, way)) return;
  const isThere = placeCheck(way);
  const handle = openSync(file, 'r');
  const check = (path: string): boolean =>
    isThere(handle, String(fstatSync(handle).ino), { path: bytePath(path), inode: 'another' });
  t.deepEqual(['sub/file', 'SUB/File', 'sub/other', 'file'].map(check), [true, true, false, false]);
  rmSync(file);
  t.deepEqual(['sub/file', 'sub/other'].map(check), [true, false]);
  closeSync(handle);
  t.is(wayInto(join(folder, 'not there')), undefined);
});

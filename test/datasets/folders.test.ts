import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { makeFolders } from '../../datasets/index.ts';

test('folders are made with all above them, a file in the way is told of', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'drey-folders-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const deep = join(folder, 'a', 'b', 'c');
  makeFolders(deep, 0o700);
  makeFolders(deep);
  t.is(statSync(deep).mode & 0o777, 0o700);
  writeFileSync(join(folder, 'file'), '');
  t.throws(() => makeFolders(join(folder, 'file', 'below')), { code: 'ENOTDIR' });
});

test('a place in which no folder can be made is told of at once', (t) => {
  if (existsSync('/proc/self')) t.throws(() => makeFolders('/proc/no/such'), { code: 'ENOENT' });
  else t.pass('no such place on this system');
});

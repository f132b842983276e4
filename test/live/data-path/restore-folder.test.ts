// The folder that a restore writes into: what it replaces is there until something else stands in its place.

import { mkdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { bytePath } from '../../../agent/live/data-path/path-bytes.ts';
import { RestoreFolder } from '../../../agent/live/data-path/restore-folder.ts';
import { systemCalls } from '../../../agent/live/data-path/system-calls.ts';
import { newFolder } from './odd-trees.ts';

const marks = {
  mode: 0o600,
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  mtimeNs: 10n ** 18n,
};
const [a, b] = [bytePath('a'), bytePath('b')];

function begin() {
  const to = newFolder();
  for (const name of ['a', 'b']) writeFileSync(join(to, name), 'before');
  const folder = new RestoreFolder({ to, overwrite: true, snapshot: 'a', names: new Set(['a', 'b']) });
  return { to, folder, textOf: (name: string) => readFileSync(join(to, name), 'utf8') };
}

test('what cannot be put in the place of something leaves it as it was', (t) => {
  const { folder, textOf } = begin();
  // Nothing was ever written of it.
  t.throws(() => folder.finishFile(folder.startFile(a, {}), 5, marks), { code: 'ENOENT' });
  t.throws(() => folder.makeSymlink(a, bytePath(''), marks), { code: 'ENOENT' });
  t.throws(() => folder.makeLink(a, bytePath('not there')), { code: 'ENOENT' });
  t.is(textOf('a'), 'before');
});

test('files, symlinks and further names stand in the place of what was there', (t) => {
  const { to, folder, textOf } = begin();
  const file = folder.startFile(a, {});
  writeFileSync(file.temporary, 'after');
  folder.finishFile(file, 5, marks);
  t.is(textOf('a'), 'after');
  folder.makeLink(b, a);
  t.is(statSync(join(to, 'b')).ino, statSync(join(to, 'a')).ino);
  folder.makeLink(b, a);
  t.is(textOf('b'), 'after', 'also where it was that before');
  folder.makeSymlink(b, a, marks);
  t.is(readlinkSync(join(to, 'b')), 'a');
  mkdirSync(join(to, 'c'));
  t.throws(() => folder.makeLink(bytePath('c'), a), { message: /of that name/u });
  folder.flush();
  folder.close('done');
  t.deepEqual(
    ['a', 'b'].map((name) => textOf(name)),
    ['after', 'after'],
  );
});

test('nobody hears that all is done where the disk does not say that it has it', (t) => {
  const { to, folder } = begin();
  rmSync(to, { recursive: true });
  if (systemCalls === undefined) t.notThrows(() => folder.flush());
  else t.throws(() => folder.flush(), { code: 'restore-not-flushed' });
});

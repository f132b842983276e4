// The folder that a restore writes into: what it replaces is there until something else stands in its place.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { bytePath } from '../../../agent/live/data-path/path-bytes.ts';
import { RestoreFolder } from '../../../agent/live/data-path/restore-folder.ts';
import { systemCalls } from '../../../agent/live/data-path/system-calls.ts';
import { GrowingFiles } from '../../../agent/live/data-path/growing-files.ts';
import { runnerText } from '../../../agent/live/data-path/unfinished-restore.ts';
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

test('a run in whose folder another begins puts nothing in place that the other may have written', (t) => {
  const { to, folder, textOf } = begin();
  const file = folder.startFile(a, {});
  writeFileSync(file.temporary, 'begun');
  const second = new RestoreFolder({ to, overwrite: true, snapshot: 'a', names: new Set(['a', 'b']) });
  writeFileSync(second.startFile(b, {}).temporary, 'other');
  using files = new GrowingFiles();
  t.throws(() => files.writeAt(file, Buffer.from('more'), 5), { code: 'ENOENT' });
  t.throws(() => folder.finishFile(file, 9, marks), { code: 'ENOENT' });
  t.is(textOf('a'), 'before');
});

test('a folder into which a living process restores is refused, one of a dead process is not', (t) => {
  const { to } = begin();
  const again = (): RestoreFolder =>
    new RestoreFolder({ to, overwrite: true, snapshot: 'a', names: new Set(['a', 'b']) });
  const runner = join(to, '.drey-partial', 'runner');
  writeFileSync(runner, runnerText(process.ppid));
  t.throws(again, { code: 'restore-folder-in-use' });
  t.is(readFileSync(runner, 'utf8'), runnerText(process.ppid), 'nothing of it is changed');
  const { pid } = spawnSync(process.execPath, ['--version']);
  writeFileSync(runner, runnerText(pid));
  t.notThrows(again);
});

test('files grow where the system opens only a few at once', (t) => {
  if (process.platform === 'win32') {
    t.pass();
    return;
  }
  const to = newFolder();
  const module = new URL('../../../agent/live/data-path/growing-files.ts', import.meta.url);
  const script = `import { GrowingFiles } from ${JSON.stringify(module.href)};
    const files = new GrowingFiles();
    for (const offset of [0, 1]) for (let at = 0; at < 100; at++)
      files.writeAt({ temporary: ${JSON.stringify(to)} + '/' + at }, Buffer.from('x'), offset);`;
  const node = [process.execPath, '--input-type=module', '-e', script];
  const ended = spawnSync('sh', ['-c', 'ulimit -n 60 && exec "$@"', 'sh', ...node], { encoding: 'utf8' });
  t.is(ended.status, 0, ended.stderr);
  for (let at = 0; at < 100; at++) t.is(readFileSync(join(to, String(at)), 'utf8'), 'xx');
});

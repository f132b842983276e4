// The folder that a restore writes into: what it replaces is there until something else stands in its place.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { setFileMarks, setFolderMarks } from '../../../agent/live/data-path/entry-marks.ts';
import { bytePath } from '../../../agent/live/data-path/path-bytes.ts';
import { writeFailure } from '../../../agent/live/data-path/place-task.ts';
import { RestoreFolder } from '../../../agent/live/data-path/restore-folder.ts';
import { systemCalls } from '../../../agent/live/data-path/system-calls.ts';
import { GrowingFiles } from '../../../agent/live/data-path/growing-files.ts';
import { runnerText } from '../../../agent/live/data-path/unfinished-restore.ts';
import { newFolder } from './odd-trees.ts';

const source = new URL('../../../agent/live/data-path/restore-folder.ts', import.meta.url).href;
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
  t.throws(() => folder.makeLink(a, bytePath('not there'), marks), { code: 'ENOENT' });
  t.is(textOf('a'), 'before');
});

test('files, symlinks and further names stand in the place of what was there', (t) => {
  const { to, folder, textOf } = begin();
  const file = folder.startFile(a, {});
  writeFileSync(file.temporary, 'after');
  folder.finishFile(file, 5, marks);
  t.is(textOf('a'), 'after');
  folder.makeLink(b, a, marks);
  t.is(statSync(join(to, 'b')).ino, statSync(join(to, 'a')).ino);
  folder.makeLink(b, a, marks);
  t.is(textOf('b'), 'after', 'also where it was that before');
  folder.makeSymlink(b, a, marks);
  t.is(readlinkSync(join(to, 'b')), 'a');
  mkdirSync(join(to, 'c'));
  t.throws(() => folder.makeLink(bytePath('c'), a, marks), { message: /of that name/u });
  folder.flush();
  folder.close('done');
  t.deepEqual(
    ['a', 'b'].map((name) => textOf(name)),
    ['after', 'after'],
  );
});

test('a disk that takes two names for one gets the first of them, and the other is refused', (t) => {
  const { to, folder, textOf } = begin();
  const put = (name: string, text: string): void => {
    const file = folder.startFile(bytePath(name), {});
    writeFileSync(file.temporary, text);
    folder.finishFile(file, text.length, marks);
  };
  put('a', 'lower');
  // As such a disk would show it.
  linkSync(join(to, 'a'), join(to, 'A'));
  t.throws(() => put('A', 'upper'), { message: /of that name/u });
  t.throws(() => folder.makeSymlink(bytePath('A'), b, marks), { message: /of that name/u });
  t.is(textOf('a'), 'lower');
  writeFileSync(join(to, 'B'), 'before');
  for (const name of ['b', 'B']) put(name, name);
  t.deepEqual(['b', 'B'].map(textOf), ['b', 'B'], 'on a disk that tells them apart both are replaced');
});

test('where a file can have no more names, another one is a copy with the same mode and time', (t) => {
  const { to, folder } = begin();
  const file = folder.startFile(a, {});
  writeFileSync(file.temporary, 'after');
  folder.finishFile(file, 5, marks);
  const links = newFolder();
  try {
    for (let count = 1; count <= 65_536; count++) linkSync(join(to, 'a'), join(links, String(count)));
    t.log('skipped: this disk has no such limit');
    t.pass();
  } catch {
    folder.makeLink(b, a, { ...marks, mode: 0o640 });
    const { ino, mode, mtimeMs } = statSync(join(to, 'b'));
    t.not(ino, statSync(join(to, 'a')).ino);
    t.deepEqual([mode & 0o7777, mtimeMs], [0o640, 1e12]);
  } finally {
    rmSync(links, { recursive: true });
  }
});

const modeOf = (place: string): number => lstatSync(place).mode & 0o7777;

/** Puts a file with this text into the folder; answers why it could not. */
function putFile(folder: RestoreFolder, path: string, text = 'restored'): string | undefined {
  const file = folder.startFile(bytePath(path), {});
  writeFileSync(file.temporary, text);
  try {
    return folder.finishFile(file, text.length, marks);
  } catch (error) {
    return (error as Error).message;
  }
}

test('nothing is written through a link that takes the place of a folder while the restore goes on', (t) => {
  const { to, folder } = begin();
  const outside = newFolder();
  for (const name of ['sub', 'sub/deep', 'other']) t.is(folder.makeFolder(bytePath(name)), undefined);
  t.is(putFile(folder, 'sub/deep/first'), undefined);
  renameSync(join(to, 'sub'), join(to, 'away'));
  mkdirSync(join(outside, 'deep'), { mode: 0o700 });
  writeFileSync(join(outside, 'deep', 'named'), 'theirs');
  const before = [outside, join(outside, 'deep')].map(modeOf);
  symlinkSync(outside, join(to, 'sub'));
  const reason = 'what should be the folder above it is something else';
  t.is(folder.refusal(bytePath('sub/deep/second')), reason);
  t.is(putFile(folder, 'sub/deep/second'), reason);
  t.throws(() => folder.makeSymlink(bytePath('sub/link'), b, marks), { message: reason });
  t.throws(() => folder.makeLink(bytePath('other/name'), bytePath('sub/deep/named'), marks), {
    message: reason,
  });
  t.is(folder.markFolder(bytePath('sub/deep'), { ...marks, mode: 0o777 }), reason);
  t.regex(folder.markFolder(bytePath('sub'), { ...marks, mode: 0o777 }) ?? '', /something else/u);
  t.deepEqual([readdirSync(outside), readdirSync(join(outside, 'deep'))], [['deep'], ['named']]);
  t.deepEqual([outside, join(outside, 'deep')].map(modeOf), before);
  t.deepEqual(readdirSync(join(to, 'other')), []);
});

test('a restore stays in its folder when another one takes the place of that', (t) => {
  if (process.platform !== 'linux') {
    t.log('skipped: only Linux has paths through an open folder');
    t.pass();
    return;
  }
  const { to, folder } = begin();
  const outside = newFolder();
  const moved = join(newFolder(), 'moved');
  renameSync(to, moved);
  symlinkSync(outside, to);
  t.is(putFile(folder, 'a'), undefined);
  folder.close('done');
  t.is(folder.markFolder(bytePath(''), { ...marks, mode: 0o750 }), undefined);
  t.deepEqual([readdirSync(moved).toSorted(), readdirSync(outside)], [['a', 'b'], []]);
  t.deepEqual([moved, outside].map(modeOf), [0o750, 0o700]);
});

test("a folder of another person is root's while root restores into it, and that person's again after it", (t) => {
  if (process.getuid?.() !== 0) {
    t.log('skipped: only root restores into the folders of others');
    t.pass();
    return;
  }
  const to = newFolder();
  chownSync(to, 65_534, 65_533);
  chmodSync(to, 0o2775);
  const state = (): readonly number[] => {
    const { uid, gid, mode } = lstatSync(to);
    return [uid, gid, mode & 0o7777];
  };
  const open = (): RestoreFolder =>
    new RestoreFolder({ to, overwrite: false, snapshot: 'a', names: new Set(['a']) });
  const [theirs, roots] = [
    [65_534, 65_533, 0o2775],
    [0, 0, 0o700],
  ];
  // Nobody gives it back: it was killed.
  t.is(putFile(open(), 'a'), undefined);
  t.deepEqual(state(), roots);
  {
    using second = open();
    t.true(second.goesOn);
    t.deepEqual(state(), roots);
  }
  t.deepEqual(state(), theirs, 'also after a run that failed');
  t.deepEqual(readdirSync(join(to, '.drey-partial')), ['snapshot']);
  {
    using third = open();
    third.close('done');
    t.is(third.giveBack(), undefined);
    t.deepEqual(state(), theirs);
  }
  t.deepEqual(readdirSync(to), ['a']);
  t.throws(open, { code: 'restore-folder-not-empty' });
  t.deepEqual(state(), theirs, 'a folder that is refused is not touched');
});

test('marks are set on no link, and on nothing of another kind', (t) => {
  const at = newFolder();
  const [file, folder, link, way] = ['file', 'folder', 'link', 'way'].map((name) => join(at, name)) as [
    string,
    string,
    string,
    string,
  ];
  writeFileSync(file, 'theirs', { mode: 0o600 });
  mkdirSync(folder, { mode: 0o700 });
  symlinkSync(file, link);
  symlinkSync(folder, way);
  const before = [file, folder].map(modeOf);
  const open = { ...marks, mode: 0o777 };
  for (const place of [link, way, folder])
    t.regex(setFileMarks(Buffer.from(place), open) ?? '', /else stands/u);
  for (const place of [link, way, file])
    t.regex(setFolderMarks(Buffer.from(place), open) ?? '', /else stands/u);
  t.deepEqual([file, folder].map(modeOf), before);
});

test("a file whose owner or group could not be set runs with nobody else's rights, and that is told", (t) => {
  if (process.platform === 'win32') {
    t.log('skipped: no such bits on this system');
    t.pass();
    return;
  }
  const at = newFolder();
  const [file, folder] = [join(at, 'file'), join(at, 'folder')];
  writeFileSync(file, 'a program');
  mkdirSync(folder);
  const { uid, gid } = lstatSync(file);
  // The system takes it for "leave it as it is", also from root.
  const nobody = 0xff_ff_ff_ff;
  const set = (owner: Partial<typeof marks>): readonly unknown[] => {
    const failure = setFileMarks(Buffer.from(file), { ...marks, uid, gid, mode: 0o6755, ...owner });
    return [failure, modeOf(file)];
  };
  t.deepEqual(set({}), [undefined, 0o6755]);
  const reason = "it no longer runs with its owner's rights: it has another owner here";
  t.deepEqual(set({ uid: nobody }), [reason, 0o755]);
  t.deepEqual(set({ gid: nobody }), [reason, 0o755]);
  t.deepEqual(set({ uid: nobody, mode: 0o1644 }), [undefined, 0o1644]);
  t.is(setFolderMarks(Buffer.from(folder), { ...marks, uid: nobody, gid, mode: 0o2775 }), undefined);
  t.is(modeOf(folder), 0o2775);
});

test('a restore goes on in folders that it has closed to its own person', (t) => {
  const to = newFolder();
  // Root is stopped by no mode.
  const asPerson = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;
  if (asPerson !== undefined) chownSync(to, asPerson.uid, asPerson.gid);
  const script = `
    import { writeFileSync } from 'node:fs';
    import { RestoreFolder } from ${JSON.stringify(source)};
    const [to, name] = process.argv.slice(1);
    const marks = { mode: 0o555, uid: process.getuid(), gid: process.getgid(), mtimeNs: 0n };
    const folder = new RestoreFolder({ to, overwrite: false, snapshot: 'a', names: new Set(['closed']) });
    folder.makeFolder('closed');
    const file = folder.startFile('closed/' + name, {});
    writeFileSync(file.temporary, name);
    folder.finishFile(file, name.length, marks);
    folder.close('cut off');
    for (const path of ['closed', '']) folder.markFolder(path, marks);`;
  for (const name of ['first', 'second']) {
    const line = ['--input-type=module', '--eval', script, to, name];
    const { status, stderr } = spawnSync(process.execPath, line, { ...asPerson, encoding: 'utf8' });
    if (/EACCES.*(import|open|scandir)|ERR_MODULE_NOT_FOUND/u.test(stderr) && name === 'first') {
      t.log('skipped: nobody else may read this checkout');
      t.pass();
      return;
    }
    t.is(status, 0, stderr);
  }
  t.deepEqual(readdirSync(join(to, 'closed')).toSorted(), ['first', 'second']);
  for (const place of [to, join(to, 'closed')]) t.is(statSync(place).mode & 0o7777, 0o555);
  // So that their own person can remove them.
  for (const place of [to, join(to, 'closed')]) chmodSync(place, 0o700);
});

test('a restore that goes on never takes its mark away, unless others could have put it there', (t) => {
  const to = newFolder();
  const options = { to, overwrite: false, snapshot: 'a', names: new Set(['a']) };
  const parts = join(to, '.drey-partial');
  const runOnce = (): bigint => {
    const folder = new RestoreFolder(options);
    if (!folder.goesOn) folder.makeSymlink(a, b, marks);
    const { ino } = statSync(join(parts, 'snapshot'), { bigint: true });
    writeFileSync(join(parts, 'left over'), '');
    folder.close('cut off');
    folder.giveBack();
    return ino;
  };
  const first = runOnce();
  t.is(runOnce(), first);
  t.deepEqual(readdirSync(parts), ['snapshot']);
  if (process.platform === 'win32') return;
  chmodSync(parts, 0o777);
  writeFileSync(join(parts, 'a guard'), '');
  runOnce();
  t.is(modeOf(parts), 0o700, 'made anew');
});

test('why something could not be written is said in words', (t) => {
  const reasonOf = (code: string): string =>
    writeFailure(Object.assign(new Error(code), { code, syscall: 'rename' }));
  t.is(reasonOf('EPERM'), 'no permission to write it');
  t.is(reasonOf('EIO'), 'the disk could not write it');
  t.is(reasonOf('ELOOP'), 'it became a link');
  t.is(reasonOf('EMFILE'), 'could not be written (EMFILE)');
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

// Extended attributes, access lists, holes, the drive's own folder: what `rsync -aHAX` would compare.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  closeSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { compareTrees } from '../../../agent/live/data-path/index.ts';
import { watchFolder } from '../../../agent/live/data-path/folder-events.ts';
import { bytePathOf, placeUnder } from '../../../agent/live/data-path/path-bytes.ts';
import { keptAttributes, systemCalls } from '../../../agent/live/data-path/system-calls.ts';
import { mebibyte } from '../../../datasets/index.ts';
import { newFolder, noise, writeOddTree } from './odd-trees.ts';
import { startTrial, workers } from './trial.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** acl(5) as the kernel stores it: version 2, then tag, permissions and id of each entry. */
function accessList(
  entries: readonly (readonly [tag: number, permissions: number, id: number])[],
): Uint8Array {
  const list = Buffer.alloc(4 + 8 * entries.length);
  list.writeUInt32LE(2, 0);
  for (const [at, [tag, permissions, id]] of entries.entries()) {
    list.writeUInt16LE(tag, 4 + 8 * at);
    list.writeUInt16LE(permissions, 6 + 8 * at);
    list.writeUInt32LE(id, 8 + 8 * at);
  }
  return new Uint8Array(list);
}

const nobody = 0xff_ff_ff_ff;
const acl = accessList([
  [0x01, 6, nobody],
  [0x02, 4, 12_345],
  [0x04, 4, nobody],
  [0x10, 4, nobody],
  [0x20, 0, nobody],
]);

/** Whether this system and the disk of temporary folders keep attributes; passes and says why not. */
function canKeep(t: ExecutionContext): boolean {
  t.pass();
  const place = Buffer.from(join(newFolder(), 'trial'));
  writeFileSync(place, '');
  try {
    systemCalls?.setAttribute(place, { name: 'user.drey', value: bytes('x') });
    systemCalls?.setAttribute(place, { name: 'system.posix_acl_access', value: acl });
  } catch (error) {
    t.log(`skipped: temporary folders here keep no attributes (${(error as NodeJS.ErrnoException).code})`);
    return false;
  }
  if (systemCalls === undefined) t.log('skipped: no call for extended attributes on this system');
  return systemCalls !== undefined;
}

const namesAt = (place: string): readonly string[] =>
  keptAttributes(Buffer.from(place)).map(({ name }) => name);

test('attributes and access lists of files and folders come back, also from a second snapshot that read nothing', async (t) => {
  if (!canKeep(t)) return;
  const trial = startTrial();
  writeOddTree(trial.folder);
  const [file, folder] = [join(trial.folder, 'run.sh'), join(trial.folder, 'deep')];
  const calls = systemCalls!;
  calls.setAttribute(Buffer.from(file), { name: 'user.comment', value: bytes('from the web') });
  calls.setAttribute(Buffer.from(file), { name: 'user.empty', value: bytes('') });
  calls.setAttribute(Buffer.from(file), { name: 'system.posix_acl_access', value: acl });
  calls.setAttribute(Buffer.from(folder), { name: 'system.posix_acl_default', value: acl });
  calls.setAttribute(Buffer.from(join(trial.folder, 'only-mine')), { name: 'user.mine', value: bytes('1') });
  const first = await trial.snapshotter.snapshot();
  writeFileSync(join(trial.folder, 'later'), 'later');
  const second = await trial.next().snapshot();
  for (const { staged, byteCount } of [first, second]) {
    const restored = await trial.restore(staged);
    t.deepEqual([restored.missing, restored.imperfect, restored.byteCount], [[], [], byteCount]);
    t.deepEqual(namesAt(join(restored.to, 'run.sh')), [
      'system.posix_acl_access',
      'user.comment',
      'user.empty',
    ]);
    t.deepEqual(namesAt(join(restored.to, 'deep')), ['system.posix_acl_default']);
    if (staged === second.staged)
      t.deepEqual(await compareTrees({ workers, left: trial.folder, right: restored.to }), []);
  }
});

test('a folder that hands its access lists down does not add them to what is restored into it', async (t) => {
  if (!canKeep(t)) return;
  const trial = startTrial();
  writeOddTree(trial.folder);
  systemCalls!.setAttribute(Buffer.from(join(trial.folder, 'run.sh')), {
    name: 'system.posix_acl_access',
    value: acl,
  });
  const { staged } = await trial.snapshotter.snapshot();
  const to = newFolder();
  systemCalls!.setAttribute(Buffer.from(to), { name: 'system.posix_acl_default', value: acl });
  t.deepEqual((await trial.restore(staged, { to })).imperfect, []);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: to }), []);
  t.deepEqual(namesAt(to), []);
});

test('several names of one link stay one, with the attributes that only root may give it', async (t) => {
  const trial = startTrial();
  const [first, second] = [join(trial.folder, 'b-first'), join(trial.folder, 'second')];
  symlinkSync('to nowhere', first);
  writeFileSync(join(trial.folder, 'file'), 'counted');
  try {
    linkSync(first, second);
    systemCalls!.setAttribute(Buffer.from(first), { name: 'trusted.drey', value: bytes('on a link') });
  } catch (error) {
    t.log(`skipped: not here, or not for this person (${(error as NodeJS.ErrnoException).code})`);
    t.pass();
    return;
  }
  const { staged } = await trial.snapshotter.snapshot();
  t.is(staged.head.fileCount, 1);
  const restored = await trial.restore(staged);
  t.deepEqual([restored.missing, restored.imperfect, restored.fileCount], [[], [], 1]);
  const [one, two] = ['b-first', 'second'].map((name) => lstatSync(join(restored.to, name)));
  t.deepEqual([one!.nlink, one!.ino], [2, two!.ino]);
  t.deepEqual(namesAt(join(restored.to, 'second')), ['trusted.drey']);
  const alone = await trial.restore(staged, { paths: ['second'] });
  t.is(readlinkSync(join(alone.to, 'second')), 'to nowhere');
});

test('an attribute that was set later is a change', async (t) => {
  if (!canKeep(t)) return;
  const trial = startTrial();
  const file = join(trial.folder, 'report');
  writeFileSync(file, 'the same bytes');
  utimesSync(file, 1, 1_600_000_000);
  await trial.snapshotter.snapshot();
  systemCalls!.setAttribute(Buffer.from(file), { name: 'user.tag', value: bytes('blue') });
  const { outcome, staged } = await trial.snapshotter.snapshot();
  t.is(outcome, 'staged');
  t.deepEqual(namesAt(join((await trial.restore(staged)).to, 'report')), ['user.tag']);
});

test('a file with holes comes back with its bytes and takes no more room', async (t) => {
  const trial = startTrial();
  const place = join(trial.folder, 'disk.img');
  const handle = openSync(place, 'w');
  writeSync(handle, noise(70_000, 2), 0, 70_000, 5 * mebibyte + 123);
  ftruncateSync(handle, 40 * mebibyte);
  closeSync(handle);
  const before = lstatSync(place);
  if (before.blocks * 512 > 20 * mebibyte) {
    t.log('skipped: the disk of temporary folders has no holes');
    t.pass();
    return;
  }
  const { staged } = await trial.snapshotter.snapshot();
  const restored = await trial.restore(staged);
  const after = lstatSync(join(restored.to, 'disk.img'));
  t.is(after.size, 40 * mebibyte);
  t.true(after.blocks * 512 < mebibyte, `${after.blocks} blocks`);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: restored.to }), []);
});

test('a hole is cut as the zeros that it stands for, and nobody reads it', async (t) => {
  const trial = startTrial();
  const place = join(trial.folder, 'disk.img');
  const handle = openSync(place, 'w');
  for (const [at, seed] of [12 * mebibyte + 77, 13 * mebibyte, 31 * mebibyte - 5].entries())
    writeSync(handle, noise(300_000, at), 0, 300_000, seed);
  ftruncateSync(handle, 50 * mebibyte + 1);
  t.true([undefined, 12 * mebibyte].includes(systemCalls?.dataFrom(handle, 0)));
  t.true([undefined, Infinity].includes(systemCalls?.dataFrom(handle, 40 * mebibyte)));
  closeSync(handle);
  await trial.snapshotter.snapshot();
  // Written again without a hole: all its chunks are known.
  writeFileSync(place, readFileSync(place));
  const { staged } = await trial.snapshotter.snapshot();
  t.deepEqual(
    staged.packs.filter(({ placementClass }) => placementClass === 'bulk'),
    [],
  );
});

test('the folder that is restored into gets mode and time of the drive, unless only a part is restored', async (t) => {
  const trial = startTrial();
  writeFileSync(join(trial.folder, 'one'), '1');
  chmodSync(trial.folder, 0o750);
  utimesSync(trial.folder, 1, 1_500_000_000);
  const { staged } = await trial.snapshotter.snapshot();
  const whole = lstatSync((await trial.restore(staged)).to);
  t.deepEqual([whole.mode & 0o777, whole.mtimeMs], [0o750, 1_500_000_000_000]);
  const part = lstatSync((await trial.restore(staged, { paths: ['one'] })).to);
  t.not(part.mtimeMs, 1_500_000_000_000);
});

test('a path of 4,096 bytes below the folder, longer than one system call takes, comes back', async (t) => {
  if (process.platform !== 'linux') {
    t.log('skipped: elsewhere the system itself has shorter limits');
    t.pass();
    return;
  }
  const trial = startTrial();
  // 20 names of 203 bytes, a name of 15 bytes, and 20 slashes between them.
  const script = `const { mkdirSync, writeFileSync } = require('node:fs');
    for (let at = 0; at < 20; at++) {
      const name = String.fromCharCode(97 + at).repeat(203);
      mkdirSync(name);
      process.chdir(name);
    }
    writeFileSync('at-the-bottom.x', 'deep down');`;
  execFileSync(process.execPath, ['-e', script], { cwd: trial.folder });
  const { staged, unreadable } = await trial.snapshotter.snapshot();
  t.deepEqual(unreadable, []);
  t.is(staged.head.fileCount, 1);
  const restored = await trial.restore(staged);
  t.deepEqual([restored.missing, restored.imperfect, restored.fileCount], [[], [], 1]);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: restored.to }), []);
});

/** Folders inside each other, each named by so many bytes, with a file in the last one; made from within, as no path leads there. */
function digDown(
  folder: string,
  { depth, nameBytes }: { readonly depth: number; readonly nameBytes: number },
): void {
  const script = `const { mkdirSync, writeFileSync } = require('node:fs');
    for (let at = 0; at < ${depth}; at++) {
      mkdirSync('n'.repeat(${nameBytes}));
      process.chdir('n'.repeat(${nameBytes}));
    }
    writeFileSync('bottom', 'deep down');`;
  execFileSync(process.execPath, ['-e', script], { cwd: folder });
}

test('paths far longer than a system call takes come back, two names of one file down there as well', async (t) => {
  if (process.platform !== 'linux') {
    t.log('skipped: elsewhere the system itself has shorter limits');
    t.pass();
    return;
  }
  const trial = startTrial();
  for (const name of ['one', 'two']) {
    mkdirSync(join(trial.folder, name));
    digDown(join(trial.folder, name), { depth: 60, nameBytes: 200 });
  }
  const place = placeUnder(trial.folder);
  const below = `${'n'.repeat(200)}/`.repeat(60);
  linkSync(place(bytePathOf(`one/${below}bottom`)), place(bytePathOf(`two/${below}other`)));
  const { staged, unreadable } = await trial.snapshotter.snapshot();
  t.deepEqual(unreadable, []);
  const restored = await trial.restore(staged);
  t.deepEqual([restored.missing, restored.imperfect, restored.fileCount], [[], [], 3]);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: restored.to }), []);
  const back = placeUnder(restored.to);
  t.is(lstatSync(back(bytePathOf(`two/${below}other`))).nlink, 2);
});

/** Those that this process has open, by where the system says that they are. */
const openIn = (folder: string): readonly string[] =>
  readdirSync('/proc/self/fd')
    .map((handle) => {
      try {
        return readlinkSync(`/proc/self/fd/${handle}`);
      } catch {
        // That of this very look.
        return '';
      }
    })
    .filter((place) => place.startsWith(`${folder}/`));

// By itself: others' work in the same threads would keep them open.
test.serial(
  'no folder stays open once it is saved, watched or restored into: its disk can be unmounted',
  async (t) => {
    if (process.platform !== 'linux') {
      t.log('skipped: elsewhere no folder is opened');
      t.pass();
      return;
    }
    const trial = startTrial();
    // Short enough for the system to tell where it is.
    digDown(trial.folder, { depth: 22, nameBytes: 190 });
    const events = await watchFolder({
      folder: trial.folder,
      isLeftOut: () => false,
      onChange: () => {},
      onFailure: () => {},
    });
    t.teardown(() => events.stop());
    const { staged } = await trial.snapshotter.snapshot();
    const { to, missing } = await trial.restore(staged);
    t.deepEqual(missing, []);
    t.deepEqual([openIn(trial.folder), openIn(to)], [[], []]);
  },
);

test('what no tree can hold is listed and costs nothing else', async (t) => {
  if (process.platform !== 'linux') {
    t.log('skipped: elsewhere the system itself has shorter limits');
    t.pass();
    return;
  }
  const trial = startTrial();
  writeFileSync(join(trial.folder, 'kept'), 'kept');
  digDown(trial.folder, { depth: 90, nameBytes: 200 });
  const { staged, unreadable } = await trial.snapshotter.snapshot();
  t.deepEqual(
    unreadable.map(({ path, reason }) => [path.length, reason]),
    [[82 * 201 - 1, 'its path is too long']],
  );
  const restored = await trial.restore(staged);
  t.deepEqual([restored.missing, restored.fileCount], [[], 1]);
});

test('rsync finds no difference between a tree and what comes back', async (t) => {
  const trial = startTrial();
  writeOddTree(trial.folder);
  writeFileSync(join(trial.folder, 'large.bin'), noise(3 * mebibyte, 9));
  const { staged } = await trial.snapshotter.snapshot();
  const { to } = await trial.restore(staged);
  let found: string;
  try {
    const options = ['-aHAX', '--checksum', '--dry-run', '--itemize-changes', '--delete'];
    found = execFileSync('rsync', [...options, `${trial.folder}/`, `${to}/`], { encoding: 'utf8' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    t.log('skipped: no rsync here');
    t.pass();
    return;
  }
  t.is(found, '');
});

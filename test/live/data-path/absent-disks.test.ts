// Disks that were mounted in a drive's folder and are gone: told of until somebody has seen to it.

import { execFileSync } from 'node:child_process';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { mountedDisks, rememberDisks } from '../../../agent/live/data-path/absent-disks.ts';
import { pathText } from '../../../agent/live/data-path/path-bytes.ts';
import { scanFolder } from '../../../agent/live/data-path/scan.ts';
import { newFolder } from './odd-trees.ts';
import { startTrial } from './trial.ts';

/** Paths of a walk of a folder in which these stand for mounts of another device. */
function look(
  { state, folder }: { readonly state: string; readonly folder: string },
  mounts: readonly string[],
): readonly string[] {
  const scan = scanFolder(folder, () => false);
  const isOn = (path: string): boolean => mounts.some((disk) => path === disk || path.startsWith(`${disk}/`));
  const entries = scan.entries.map((entry) =>
    isOn(entry.path) ? { ...entry, inode: `other:${entry.path}` } : entry,
  );
  const disks = mountedDisks(state, { ...scan, entries });
  rememberDisks(state, disks);
  return disks.absent.map(({ path }) => pathText(path));
}

test('an empty folder is told of as long as a disk was in its place before', (t) => {
  const place = { state: newFolder(), folder: newFolder() };
  for (const name of ['empty', 'disk/with', 'disk-2', 'last'])
    mkdirSync(join(place.folder, name), { recursive: true });
  writeFileSync(join(place.folder, 'last', 'file'), '');
  t.deepEqual(look(place, ['disk', 'last']), []);
  rmdirSync(join(place.folder, 'disk', 'with'));
  t.deepEqual(look(place, ['last']), ['disk']);
  t.deepEqual(
    look(place, []),
    ['disk'],
    'until somebody sees to it; who has files in his own folder is not told',
  );
  mkdirSync(join(place.folder, 'disk', 'with'));
  t.deepEqual(look(place, ['disk']), [], 'it is back');
  rmdirSync(join(place.folder, 'disk', 'with'));
  t.deepEqual(look(place, []), ['disk']);
  rmdirSync(join(place.folder, 'disk'));
  t.deepEqual(look(place, []), []);
  mkdirSync(join(place.folder, 'disk'));
  t.deepEqual(look(place, []), [], 'another folder, made since');
});

/** Whether this process may mount. */
function mount(t: ExecutionContext, folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'drey-test', folder], { stdio: 'ignore' });
    return true;
  } catch {
    t.log('skipped: this process may not mount');
    t.pass();
    return false;
  }
}

test('a disk that is not mounted any more is told of with each snapshot, also where nothing else changed', async (t) => {
  const { folder, snapshotter } = startTrial();
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  for (let at = 0; at < 30; at++) writeFileSync(join(folder, `file-${at}`), '');
  if (!mount(t, disk)) return;
  try {
    writeFileSync(join(disk, 'photo'), 'only there');
    t.deepEqual((await snapshotter.snapshot()).unreadable, []);
  } finally {
    execFileSync('umount', [disk]);
  }
  for (const outcome of ['staged', 'unchanged'] as const) {
    const found = await snapshotter.snapshot();
    t.deepEqual(
      [found.outcome, found.unreadable.map(({ path }) => path), found.fileCount],
      [outcome, ['disk'], 30],
    );
  }
});

// Trees that people really have, there and back, judged by tools that know nothing of Drey: `rsync -aHAX --checksum` must find nothing to
// do, `diff -r` no difference.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { startTrial } from './trial.ts';
import { takeTime } from '../../helpers/waiting.ts';

const project = fileURLToPath(new URL('../../..', import.meta.url));

const lacks = (tool: string): boolean => spawnSync(tool, ['--version']).error !== undefined;

/** What rsync would still have to do, a line for each; deletions too. */
function rsyncWork(left: string, right: string): readonly string[] {
  const args = ['-aHAX', '--checksum', '--dry-run', '--delete', '--itemize-changes', `${left}/`, `${right}/`];
  const { status, stdout, stderr } = spawnSync('rsync', args, { encoding: 'utf8' });
  if (status !== 0) return [stderr];
  return stdout.split('\n').filter((line) => line !== '');
}

function differences(left: string, right: string): readonly string[] {
  const args = ['-r', '--no-dereference', left, right];
  const { stdout, stderr } = spawnSync('diff', args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  return `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
}

async function comesBack(t: ExecutionContext, fill: (folder: string) => void): Promise<void> {
  const missingTool = ['rsync', 'diff'].find(lacks);
  if (missingTool !== undefined) {
    t.log(`skipped: ${missingTool} is not installed`);
    t.pass();
    return;
  }
  const trial = startTrial();
  fill(trial.folder);
  const { staged, unreadable } = await trial.snapshotter.snapshot();
  t.deepEqual(unreadable, []);
  t.true(staged.head.fileCount > 20);
  const restored = await trial.restore(staged);
  t.deepEqual([restored.missing, restored.imperfect], [[], []]);
  t.deepEqual(rsyncWork(trial.folder, restored.to), []);
  t.deepEqual(differences(trial.folder, restored.to), []);
}

const copyInto = (from: string) => (folder: string) =>
  cpSync(from, folder, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });

test('a git checkout with its .git comes back as rsync and diff see it', async (t) => {
  takeTime(t);
  const cloned = (folder: string): boolean =>
    spawnSync('git', ['clone', '--quiet', '--depth', '3', `file://${project}`, folder]).status === 0;
  await comesBack(t, (folder) => {
    // A project that was unpacked from an archive has no history: then one of two commits is made here.
    if (!cloned(join(folder, 'checkout'))) {
      copyInto(join(project, 'agent'))(folder);
      spawnSync('git', ['init', '--quiet', folder]);
      spawnSync('git', ['-C', folder, 'add', '.']);
    }
    t.true(existsSync(join(folder, 'checkout', '.git')) || existsSync(join(folder, '.git')));
  });
});

test('packages as npm installs them come back as rsync and diff see them', async (t) => {
  takeTime(t);
  await comesBack(t, (folder) => {
    copyInto(join(project, 'node_modules', '.bin'))(join(folder, '.bin'));
    for (const name of ['zod', 'commander', 'ava', '@libp2p'])
      copyInto(join(project, 'node_modules', name))(join(folder, name));
  });
});

test('documents of the system come back as rsync and diff see them', async (t) => {
  takeTime(t);
  const documents = ['/usr/share/doc/bash', '/usr/share/zoneinfo/Europe', '/usr/share/perl5'].filter(
    (place) => existsSync(place),
  );
  if (documents.length === 0) {
    t.log('skipped: this system has none of the folders');
    t.pass();
    return;
  }
  await comesBack(t, (folder) => {
    for (const [at, place] of documents.entries()) copyInto(place)(join(folder, `tree-${at}`));
  });
});

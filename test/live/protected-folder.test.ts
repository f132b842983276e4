// Which folders commands may touch.

import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  assertOutsideAgent,
  assertUsablePatterns,
  folderToProtect,
  overlapOf,
} from '../../agent/live/protected-folder.ts';
import { temporaryFolder } from '../helpers/agents.ts';

test("nothing is restored into the agent's own folder, by no link and not into a new folder in it", (t) => {
  const root = temporaryFolder(t, 'outside');
  const home = join(root, 'agent');
  mkdirSync(join(home, 'shards'), { recursive: true });
  symlinkSync(home, join(root, 'link'));
  for (const to of [home, join(home, 'new'), join(home, 'shards', 'a', 'b'), join(root, 'link', 'new')])
    t.throws(() => assertOutsideAgent(to, home), { code: 'folder-is-the-agents' }, to);
  for (const to of [root, join(root, 'agent-2'), join(root, 'back', 'deep')])
    t.notThrows(() => assertOutsideAgent(to, home), to);
});

test("shards on a disk of their own are the agent's too: nobody protects them, and nothing is restored into them", (t) => {
  const root = temporaryFolder(t, 'outside');
  const [home, disk] = [join(root, 'agent'), join(root, 'disk')];
  for (const folder of [home, join(disk, 'drey', 'held')]) mkdirSync(folder, { recursive: true });
  symlinkSync(join(disk, 'drey'), join(home, 'shards'));
  for (const folder of [join(disk, 'drey'), join(disk, 'drey', 'held'), join(home, 'shards')]) {
    t.throws(() => folderToProtect(folder, home), { code: 'folder-is-the-agents' }, folder);
    t.throws(() => assertOutsideAgent(join(folder, 'new'), home), { code: 'folder-is-the-agents' }, folder);
  }
  t.is(folderToProtect(disk, home), realpathSync(disk));
  t.notThrows(() => assertOutsideAgent(join(disk, 'new'), home));
});

test('a folder in a protected one is told, and so are protected ones in it, but not those that were left', (t) => {
  const drives = ['/a/b', '/a/b/c/d', '/a/b/c/e', '/a/b/c/left', '/a/bc'].map((folder) => ({
    stored: { folder, ...(folder.endsWith('left') ? { leftMs: 1 } : {}) },
  }));
  t.deepEqual(overlapOf('/a/b/c', drives), { inside: '/a/b', around: ['/a/b/c/d', '/a/b/c/e'] });
  t.deepEqual(overlapOf('/a', drives), { around: ['/a/b', '/a/b/c/d', '/a/b/c/e', '/a/bc'] });
  t.deepEqual(overlapOf('/a/b', drives), { around: ['/a/b/c/d', '/a/b/c/e'] }, 'nothing lies in itself');
  t.deepEqual(overlapOf('/z', drives), {});
});

test('a pattern that can fit nothing is refused; remarks and empty lines of a file of them are not', (t) => {
  for (const pattern of ['[', 'a[b', '/x/[', 'end\\', '!['])
    t.throws(() => assertUsablePatterns(['*.iso', pattern]), { code: 'ignore-unusable' }, pattern);
  t.notThrows(() => assertUsablePatterns(['*.iso', '# [', '', ' ', '[a-z]', '\\[', '!kept', 'é', 'a\\ ']));
});

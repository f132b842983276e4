// What a scan is told by the fast call must be what node:fs says: snapshots compare the one with the other.

import { execFileSync } from 'node:child_process';
import {
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type FileStats, statsOf } from '../../../agent/live/data-path/file-stats.ts';
import { statsAt, statsIn } from '../../../agent/live/data-path/path-stats.ts';
import { scanFolder } from '../../../agent/live/data-path/scan.ts';
import { statxBytes, StatxReader } from '../../../agent/live/data-path/statx.ts';
import { newFolder, writeOddTree } from './odd-trees.ts';

const byNode = (place: Buffer): FileStats => statsOf(lstatSync(place, { bigint: true }));

test('everything of an odd tree and of the system is told as node:fs tells it', (t) => {
  const folder = newFolder();
  writeOddTree(folder);
  const own = readdirSync(folder, { recursive: true, encoding: 'latin1' }).map((name) =>
    Buffer.from(join(folder, name), 'latin1'),
  );
  const system = ['/', '/dev/null', '/proc/self/status', '/tmp'].map((path) => Buffer.from(path));
  t.true(own.length > 10);
  for (const place of [...own, ...system]) {
    const { atimeMs: _, ...told } = statsAt(place);
    const { atimeMs: __, ...known } = byNode(place);
    t.deepEqual(told, known, place.toString());
  }
});

test('a file of more names than 16 bits can count is still one of many names', (t) => {
  const memory = new Uint8Array(statxBytes);
  new DataView(memory.buffer).setUint32(16, 65_537, true);
  t.is(new StatxReader(memory).read().linkCount, 65_537);
});

test('times before 1970, far times and nanoseconds are the same', (t) => {
  const file = join(newFolder(), 'file');
  writeFileSync(file, 'x');
  for (const seconds of [-1.5, -86_400.25, 0, 1.000_000_001, 4_294_967_296.5]) {
    lutimesSync(file, seconds < 0 ? new Date(seconds * 1000) : seconds, new Date(seconds * 1000));
    t.deepEqual(statsAt(Buffer.from(file)), byNode(Buffer.from(file)), String(seconds));
  }
});

test('a file that is gone, a path through a file and one that is too long have the codes of node:fs', (t) => {
  const folder = newFolder();
  writeFileSync(join(folder, 'file'), '');
  for (const name of ['absent', 'file/below', 'n'.repeat(300)]) {
    const place = Buffer.from(join(folder, name));
    const { code = 'none' } = t.throws<NodeJS.ErrnoException>(() => byNode(place));
    t.throws(() => statsAt(place), { code });
  }
});

test('a path in memory ends where it is said to end', (t) => {
  const folder = newFolder();
  mkdirSync(join(folder, 'ab'));
  writeFileSync(join(folder, 'a'), '12345');
  const memory = Buffer.from(`${join(folder, 'ab')}\0`);
  t.is(statsIn(memory, memory.length - 1).type, 'folder');
  t.is(statsIn(memory, memory.length - 2).byteCount, 5);
});

test('a scan finds in every folder what is there, below and beside long and deep names', (t) => {
  const folder = newFolder();
  // Beyond 4,095 bytes of path; `mkdir -p` and `find` go there step by step.
  const part = 'long-name-'.repeat(20);
  const deep = Array.from({ length: 24 }, () => part).join('/');
  execFileSync('sh', [
    '-c',
    `cd "$0" && for part in $(seq 24); do mkdir ${part} && cd -P ${part} && echo $part > own.txt; done`,
    folder,
  ]);
  mkdirSync(join(folder, 'a', 'b'), { recursive: true });
  writeFileSync(join(folder, 'a', 'b', 'one'), '1');
  writeFileSync(join(folder, 'a', 'two'), '22');
  writeFileSync(join(folder, 'z'), '333');
  linkSync(join(folder, 'z'), join(folder, 'a', 'z'));
  symlinkSync('nowhere', join(folder, 'a', 'link'));
  const { entries, unreadable } = scanFolder(folder, () => false);
  t.deepEqual(unreadable, []);
  const found = new Map(entries.map(({ path, byteCount }) => [String(path), byteCount]));
  t.deepEqual([found.get('a/b/one'), found.get('a/two'), found.get('z'), found.get('a/z')], [1, 2, 3, 3]);
  t.is(found.get(`${deep}/own.txt`), 3);
  t.is(entries.length, 2 * 24 + 7);
  t.is(entries.find(({ path }) => path === 'z')?.linkCount, 2);
});

// The database on a disk that others fill: what it confirmed is there after the next start, and it takes writes again once there is room.

import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Database } from '../../../agent/live/database.ts';
import { isFullError } from '../../../agent/live/disk-full.ts';
import { nameDamage, openStore } from '../../../agent/live/store.ts';
import type { DreyError } from '../../../datasets/index.ts';
import { fillDisk, mountSmallDisk } from '../../helpers/small-disk.ts';
import { temporaryFolder } from './small-fleet.ts';

const names = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(3, '0')}`);

/** One write after the other; answers the names of those that were confirmed. */
async function writeAll(
  database: Database,
  keys: readonly string[],
  byteCount: number,
): Promise<readonly string[]> {
  const table = database.table<Uint8Array>('row', 'view');
  const confirmed: string[] = [];
  for (const key of keys) {
    try {
      await database.write([{ table, key, value: new Uint8Array(randomBytes(byteCount)) }]);
      confirmed.push(key);
    } catch (error) {
      if (!isFullError(error)) throw error;
    }
  }
  return confirmed;
}

async function keysAfterStart(folder: string): Promise<readonly string[]> {
  const store = await openStore(join(folder, 'database'));
  const keys = await store.database.table('row', 'view').keys().all();
  await store.close();
  return keys;
}

test('what was written after a full disk had room again is there after the next start', async (t) => {
  const folder = temporaryFolder(t);
  if (!mountSmallDisk(t, folder, '32m')) return;
  const store = await openStore(join(folder, 'database'));
  const before = await writeAll(store.database, names('before', 20), 3000);
  const free = fillDisk(folder, 4096);
  t.true((await writeAll(store.database, names('full', 4), 9000)).length < 4);
  free();
  const after = await writeAll(store.database, names('then', 60), 3000);
  t.is(after.length, 60);
  await store.close();
  t.deepEqual(await keysAfterStart(folder), [...before, ...after].toSorted());
});

test('a disk that was too full for one of its tables is no end: it takes writes again', async (t) => {
  const folder = temporaryFolder(t);
  if (!mountSmallDisk(t, folder, '32m')) return;
  const store = await openStore(join(folder, 'database'));
  const table = store.database.table<Uint8Array>('row', 'view');
  const free = fillDisk(folder, 6_000_000);
  const before = await writeAll(store.database, names('before', 100), 60_000);
  t.true(before.length < 100);
  t.is((await table.get(before[0]!))?.length, 60_000, 'what is there can be read');
  free();
  const after = await writeAll(store.database, names('then', 10), 3000);
  t.is(after.length, 10);
  t.is((await table.get(after[0]!))?.length, 3000);
  await store.close();
  t.deepEqual(await keysAfterStart(folder), [...before, ...after].toSorted());
});

test('writes that come in together are all there, in their order', async (t) => {
  const folder = temporaryFolder(t);
  const store = await openStore(join(folder, 'database'));
  const table = store.database.table<number>('number', 'json');
  const changes = names('key', 300).map((key, value) => store.database.write([{ table, key, value }]));
  const [last, gone] = [store.database.write([{ table, key: 'key007', value: 1 }]), { table, key: 'key008' }];
  await Promise.all([...changes, last, store.database.note([gone])]);
  t.is(await table.get('key007'), 1);
  t.is(await table.get('key008'), undefined);
  t.is((await table.keys().all()).length, 299);
  const late = store.database.write([{ table, key: 'late', value: 1 }]);
  await store.close();
  await late;
  await t.throwsAsync(store.database.write([{ table, key: 'later', value: 1 }]));
});

/** A database with a table of its own on the disk, closed. */
async function tableOnDisk(folder: string): Promise<string> {
  const location = join(folder, 'database');
  const store = await openStore(location);
  await writeAll(store.database, names('row', 20), 1000);
  await store.close();
  // What lies in LevelDB's log goes into a table when it is opened again.
  await (await openStore(location)).close();
  return location;
}

const filesOf = (location: string, pattern: RegExp): readonly string[] =>
  readdirSync(location)
    .filter((name) => pattern.test(name))
    .map((name) => join(location, name));

test('a database of which a file is missing or cut is said to be damaged, and nothing of it is removed', async (t) => {
  for (const [pattern, harm] of [
    [/^CURRENT$/u, rmSync],
    [/^MANIFEST-/u, rmSync],
    [/\.ldb$/u, rmSync],
    [/^MANIFEST-/u, (file: string) => truncateSync(file, 20)],
  ] as const) {
    const location = await tableOnDisk(temporaryFolder(t));
    for (const file of filesOf(location, pattern)) harm(file);
    const tables = filesOf(location, /\.ldb$/u);
    await t.throwsAsync(openStore(location), { code: 'store-damaged' }, String(pattern));
    t.deepEqual(filesOf(location, /\.ldb$/u), tables);
  }
});

test('a table that is cut is found when it is read, and said to be damage', async (t) => {
  const location = await tableOnDisk(temporaryFolder(t));
  for (const file of filesOf(location, /\.ldb$/u)) truncateSync(file, 1000);
  const store = await openStore(location);
  t.teardown(() => store.close());
  const reading = store.database.table('row', 'view').keys().all();
  const error = nameDamage(await t.throwsAsync(reading));
  t.is((error as DreyError).code, 'store-damaged');
});

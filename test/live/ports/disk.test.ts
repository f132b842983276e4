// The live disk in a temporary folder: whole or not at all, after every kind of stop; quota; rebuilding and assembling.

import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { ShardOutcome } from '../../../agent/index.ts';
import {
  type LiveDisk,
  type LiveDiskOptions,
  openLiveDisk,
  ShardSink,
} from '../../../agent/live/disk/index.ts';
import { openStore, type Store } from '../../../agent/live/store.ts';
import type { ShardLocation, ShardPlace, StoredShard } from '../../../agent/ports.ts';
import { DreyError } from '../../../datasets/index.ts';
import { harm, storeShard, temporaryFolder, testPack, type TestPack } from './small-fleet.ts';

interface Opened {
  readonly folder: string;
  readonly store: Store;
  readonly disk: LiveDisk;
}

async function openAt(folder: string, options: Partial<LiveDiskOptions> = {}): Promise<Opened> {
  const store = await openStore(join(folder, 'database'));
  try {
    const disk = await openLiveDisk({
      folder: join(folder, 'shards'),
      database: store.database,
      quotaBytes: 10_000_000,
      ...options,
    });
    return { folder, store, disk };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openNew(t: ExecutionContext, options: Partial<LiveDiskOptions> = {}): Promise<Opened> {
  const opened = await openAt(temporaryFolder(t), options);
  t.teardown(() => opened.store.close());
  return opened;
}

/** Stops and starts again, as after a crash: nothing is flushed that was not. */
async function reopen(t: ExecutionContext, { folder, store }: Opened): Promise<Opened> {
  await store.close();
  const opened = await openAt(folder);
  t.teardown(() => opened.store.close());
  return opened;
}

const at = ({ descriptor }: TestPack, index: number, place: ShardPlace = 'held'): ShardLocation => ({
  place,
  pack: descriptor.pack,
  index,
});
const verify = (disk: LiveDisk, shard: ShardLocation): Promise<string> =>
  new Promise((resolve) => disk.verify(shard, resolve));
const remove = (disk: LiveDisk, shard: ShardLocation): Promise<string> =>
  new Promise((resolve) => disk.remove(shard, resolve));
const list = (disk: LiveDisk): Promise<readonly StoredShard[]> =>
  new Promise((resolve) => disk.list(resolve));
const rebuild = (disk: LiveDisk, { descriptor }: TestPack, index: number): Promise<ShardOutcome> =>
  new Promise((resolve) => disk.rebuild({ descriptor, index, place: 'held' }, resolve));
const listed = async (disk: LiveDisk): Promise<readonly string[]> =>
  (await list(disk)).map(({ place, index }) => `${place} ${index}`).toSorted();

const pack = testPack(600_000, { k: 2, n: 4 });

test('a shard that was stored is intact after a restart, scratch is gone', async (t) => {
  const opened = await openNew(t);
  t.is(await storeShard(opened.disk, pack, { index: 3 }), 'stored');
  t.is(await storeShard(opened.disk, pack, { index: 1, place: 'scratch' }), 'stored');
  await opened.disk.stage(pack.descriptor, pack.shards);
  const { disk } = await reopen(t, opened);
  t.deepEqual(await listed(disk), ['held 3', 'outbox 0']);
  t.deepEqual((await list(disk))[0]?.descriptor, pack.descriptor);
  t.is(await verify(disk, at(pack, 3)), 'intact');
  for (const index of [0, 1, 2, 3]) t.is(await verify(disk, at(pack, index, 'outbox')), 'intact');
  t.is(disk.usage().heldBytes, pack.descriptor.shardBytes);
  t.deepEqual(disk.repairs, { tornShards: 0, strayFiles: 0, packsTakenBack: 0 });
});

test('after a start a pack that its holders have is told from one that was lost', async (t) => {
  const opened = await openNew(t);
  const other = testPack(1000, { k: 1, n: 3 });
  for (const { descriptor, shards } of [pack, other]) await opened.disk.stage(descriptor, shards);
  const fileOf = ({ descriptor: { pack: id } }: TestPack): string =>
    join(opened.folder, 'shards', 'outbox', id.slice(0, 2), id);
  const bytes = readFileSync(fileOf(pack));
  await remove(opened.disk, at(pack, 0, 'outbox'));
  await opened.disk.discard(other.descriptor.pack);
  t.false(existsSync(fileOf(other)));
  // The end came between the word and the file.
  writeFileSync(fileOf(pack), bytes);
  await opened.store.close();
  const { disk, store } = await openAt(opened.folder, {
    stagedHere: () => [pack.descriptor, other.descriptor],
  });
  t.deepEqual(disk.repairs, { tornShards: 0, strayFiles: 1, packsTakenBack: 0 });
  const isHandedOver = ({ descriptor }: TestPack): boolean => disk.handedOver.has(descriptor.pack);
  t.deepEqual([isHandedOver(pack), isHandedOver(other)], [true, false]);
  await disk.stage(pack.descriptor, pack.shards);
  t.false(isHandedOver(pack), 'it waits again');
  await remove(disk, at(pack, 0, 'outbox'));
  await disk.handedOver.forget([pack.descriptor.pack]);
  const again = await reopen(t, { folder: opened.folder, store, disk });
  t.false(again.disk.handedOver.has(pack.descriptor.pack));
});

test('an empty folder in the place of the shards is no reason to forget them', async (t) => {
  const opened = await openNew(t);
  await storeShard(opened.disk, pack, { index: 0 });
  const shards = join(opened.folder, 'shards');
  renameSync(shards, `${shards}-away`);
  mkdirSync(shards);
  t.is(await verify(opened.disk, at(pack, 0)), 'unread', 'also while the agent runs');
  await opened.store.close();
  for (let start = 0; start < 2; start++) await t.throwsAsync(openAt(opened.folder), { code: 'shards-away' });
  t.deepEqual(readdirSync(shards), [], 'nothing is begun there');
  rmSync(shards, { recursive: true });
  await t.throwsAsync(openAt(opened.folder), { code: 'shards-away' });

  renameSync(`${shards}-away`, shards);
  const { disk, store } = await openAt(opened.folder);
  t.is(await verify(disk, at(pack, 0)), 'intact');
  rmSync(join(shards, 'held', pack.descriptor.pack.slice(0, 2)), { recursive: true });
  t.is(await verify(disk, at(pack, 0)), 'missing', 'one that is gone is gone');
  await store.close();

  rmSync(shards, { recursive: true });
  mkdirSync(shards);
  writeFileSync(join(shards, 'all-lost'), '');
  const anew = await reopen(t, { folder: opened.folder, store, disk });
  t.is(anew.disk.repairs.tornShards, 1);
  t.deepEqual(readdirSync(shards).toSorted(), ['arriving', 'copy', 'folder-id', 'held', 'outbox', 'scratch']);
});

test('an id of the folder that rotted is no reason to stop, and is mended; that of another folder is', async (t) => {
  const opened = await openNew(t);
  await storeShard(opened.disk, pack, { index: 0 });
  const file = join(opened.folder, 'shards', 'folder-id');
  const id = readFileSync(file, 'utf8');
  writeFileSync(file, `f${id.slice(1)}`.replace(/^ff/u, '0f'));
  t.is(await verify(opened.disk, at(pack, 1)), 'missing');
  const { disk, store, folder } = await reopen(t, opened);
  t.is(await verify(disk, at(pack, 0)), 'intact');
  t.is(readFileSync(file, 'utf8'), id);
  await store.close();
  writeFileSync(file, `${'0'.repeat(32)} ${'0'.repeat(32)}`);
  await t.throwsAsync(openAt(folder), { code: 'shards-away' });
});

test('a folder of shards from before folders had ids is taken as it is, an empty one is not', async (t) => {
  const opened = await openNew(t);
  await storeShard(opened.disk, pack, { index: 0 });
  const shards = join(opened.folder, 'shards');
  const rows = opened.store.database.table('shard-folder', 'view');
  await opened.store.database.write([{ table: rows, key: 'id' }]);
  rmSync(join(shards, 'folder-id'));
  renameSync(shards, `${shards}-away`);
  await opened.store.close();
  await t.throwsAsync(openAt(opened.folder), { code: 'shards-away' });
  renameSync(`${shards}-away`, shards);
  const { disk } = await reopen(t, opened);
  t.is(await verify(disk, at(pack, 0)), 'intact');
});

test('bytes that are wrong, too few or too many are not stored and leave nothing', async (t) => {
  const { folder, disk } = await openNew(t);
  const right = pack.shards[0]!;
  for (const bytes of [
    right.map((byte, index) => (index === 7 ? byte ^ 1 : byte)),
    right.subarray(1),
    Buffer.concat([right, right]),
  ]) {
    t.is(await storeShard(disk, pack, { index: 0, bytes }), 'damaged');
  }
  t.deepEqual(await list(disk), []);
  t.deepEqual(readdirSync(join(folder, 'shards', 'arriving')), []);
  t.is(await storeShard(disk, pack, { index: 0 }), 'stored');
});

test('a torn write, a file nobody knows and a file that is too short are put right at the start', async (t) => {
  const opened = await openNew(t);
  await storeShard(opened.disk, pack, { index: 0 });
  await storeShard(opened.disk, pack, { index: 1 });
  await storeShard(opened.disk, pack, { index: 2 });
  const unfinished = await opened.disk.openSink({ descriptor: pack.descriptor, index: 3, place: 'held' });
  t.true(unfinished instanceof ShardSink && (await unfinished.write(pack.shards[3]!.subarray(0, 1000))));
  const shards = join(opened.folder, 'shards');
  const fileOf = (index: number): string =>
    join(shards, 'held', pack.descriptor.pack.slice(0, 2), `${pack.descriptor.pack}-${index}`);
  truncateSync(fileOf(1), 10);
  rmSync(fileOf(2));
  mkdirSync(join(shards, 'held', 'ff'));
  writeFileSync(join(shards, 'held', 'ff', 'stray'), 'renamed, but its row was never flushed');
  const { disk } = await reopen(t, opened);
  t.deepEqual(disk.repairs, { tornShards: 2, strayFiles: 2, packsTakenBack: 0 });
  t.deepEqual(await listed(disk), ['held 0']);
  t.deepEqual(readdirSync(join(shards, 'arriving')), []);
  t.false(existsSync(fileOf(1)));
  t.is(await storeShard(disk, pack, { index: 1 }), 'stored');
});

test('a full quota refuses, loses nothing, and takes again after a removal', async (t) => {
  const { disk } = await openNew(t, { quotaBytes: 650_000 });
  t.is(await storeShard(disk, pack, { index: 0 }), 'stored');
  t.is(await storeShard(disk, pack, { index: 1 }), 'stored');
  t.is(await storeShard(disk, pack, { index: 2 }), 'full');
  t.is(await storeShard(disk, pack, { index: 0 }), 'stored', 'what is here already needs no more room');
  t.is(await storeShard(disk, pack, { index: 2, place: 'scratch' }), 'stored', 'a restore is not held up');
  t.is(await verify(disk, at(pack, 0)), 'intact');
  t.is(await remove(disk, at(pack, 0)), 'removed');
  t.is(await remove(disk, at(pack, 0)), 'removed');
  t.is(await storeShard(disk, pack, { index: 2 }), 'stored');
});

test('room is promised to shards that are still arriving', async (t) => {
  const { disk } = await openNew(t, { quotaBytes: 350_000 });
  const wanted = { descriptor: pack.descriptor, place: 'held' } as const;
  const first = await disk.openSink({ ...wanted, index: 0 });
  t.is(await disk.openSink({ ...wanted, index: 1 }), 'full');
  if (first instanceof ShardSink) await first.abandon();
  t.is(await storeShard(disk, pack, { index: 1 }), 'stored');
});

test('a disk without space beyond the reserve takes no pack into the outbox, with advice', async (t) => {
  const { disk } = await openNew(t, { reserveBytes: Number.MAX_SAFE_INTEGER });
  const error = await t.throwsAsync(disk.stage(pack.descriptor, pack.shards), { instanceOf: DreyError });
  t.is(error.code, 'disk-full');
  t.is(await storeShard(disk, pack, { index: 0 }), 'full');
  t.deepEqual(await list(disk), []);
});

test('verify tells damage from absence', async (t) => {
  const opened = await openNew(t);
  await storeShard(opened.disk, pack, { index: 0 });
  harm(opened, at(pack, 0));
  t.is(await verify(opened.disk, at(pack, 0)), 'damaged');
  t.is(await verify(opened.disk, at(pack, 1)), 'missing');
  t.is(await verify(opened.disk, at(pack, 99)), 'missing');
});

test('any k intact shards rebuild another and assemble the pack, damaged ones are passed over', async (t) => {
  const opened = await openNew(t);
  const { disk } = opened;
  await storeShard(disk, pack, { index: 0 });
  await storeShard(disk, pack, { index: 2, place: 'scratch' });
  await storeShard(disk, pack, { index: 3, place: 'scratch' });
  harm(opened, at(pack, 0));
  const whole = await disk.assemble(pack.descriptor);
  t.deepEqual(Buffer.from(whole), Buffer.concat(pack.shards.slice(0, 2)));
  t.is(await rebuild(disk, pack, 1), 'stored');
  t.is(await verify(disk, at(pack, 1)), 'intact');
  t.is(await rebuild(disk, pack, 0), 'stored', 'a damaged copy is written anew');
  t.is(await verify(disk, at(pack, 0)), 'intact');
});

test('scratch lies in memory while there is room, then in files, and is the same', async (t) => {
  const { disk, folder } = await openNew(t, { scratchMemoryBytes: pack.descriptor.shardBytes + 1 });
  const files = (): number => readdirSync(join(folder, 'shards', 'scratch'), { recursive: true }).length;
  t.is(await storeShard(disk, pack, { index: 1, place: 'scratch' }), 'stored');
  t.is(files(), 0);
  t.is(await storeShard(disk, pack, { index: 3, place: 'scratch' }), 'stored');
  t.not(files(), 0);
  t.is(await verify(disk, at(pack, 1, 'scratch')), 'intact');
  t.is(await verify(disk, at(pack, 3, 'scratch')), 'intact');
  const whole = await disk.assemble(pack.descriptor, 'scratch');
  t.deepEqual(Buffer.from(whole), Buffer.concat(pack.shards.slice(0, 2)));
  // What moved the bytes away must not have taken the shard with it.
  structuredClone(whole, { transfer: [whole.buffer as ArrayBuffer] });
  t.is(await rebuild(disk, pack, 0), 'stored');
  await disk.dropScratch(pack.descriptor.pack);
  t.deepEqual(await listed(disk), ['held 0']);
});

test('memory of scratch that went, or did not become whole, is free again', async (t) => {
  const { disk, folder } = await openNew(t, { scratchMemoryBytes: pack.descriptor.shardBytes });
  const wanted = { descriptor: pack.descriptor, index: 2, place: 'scratch' } as const;
  for (let round = 0; round < 3; round++) {
    const sink = await disk.openSink(wanted);
    if (sink instanceof ShardSink) await sink.abandon();
    t.is(await storeShard(disk, pack, { index: 2, place: 'scratch' }), 'stored');
    t.is(await remove(disk, at(pack, 2, 'scratch')), 'removed');
  }
  t.is(await storeShard(disk, pack, { index: 2, place: 'scratch' }), 'stored');
  t.deepEqual(readdirSync(join(folder, 'shards', 'scratch'), { recursive: true }), []);
});

test('too few shards rebuild nothing and assemble nothing', async (t) => {
  const { disk } = await openNew(t);
  await storeShard(disk, pack, { index: 3 });
  t.is(await rebuild(disk, pack, 0), 'damaged');
  const error = await t.throwsAsync(disk.assemble(pack.descriptor), { instanceOf: DreyError });
  t.is(error.code, 'pack-incomplete');
});

test('a pack leaves the outbox whole, and scratch of one pack can be dropped', async (t) => {
  const { folder, disk } = await openNew(t);
  const replica = testPack(50_000);
  await disk.stage(replica.descriptor, replica.shards);
  await disk.stage(replica.descriptor, replica.shards);
  t.deepEqual(await listed(disk), ['outbox 0']);
  t.is(await remove(disk, at(replica, 0, 'outbox')), 'removed');
  await storeShard(disk, replica, { index: 1, place: 'scratch' });
  await storeShard(disk, replica, { index: 2, place: 'held' });
  await disk.dropScratch(replica.descriptor.pack);
  t.deepEqual(await listed(disk), ['held 2']);
  const files = readdirSync(join(folder, 'shards'), { recursive: true, withFileTypes: true });
  const names = files.filter((entry) => entry.isFile()).map(({ name }) => name);
  t.is(names.filter((name) => name !== 'folder-id').length, 1);
});

test('a shard that the disk cannot read is damaged, and others are enough to rebuild from', async (t) => {
  const { folder, disk } = await openNew(t);
  for (const index of [0, 1, 2]) await storeShard(disk, pack, { index });
  const { pack: id } = pack.descriptor;
  const file = join(folder, 'shards', 'held', id.slice(0, 2), `${id}-0`);
  rmSync(file);
  // Reading a folder fails, as reading a bad sector does.
  mkdirSync(file);
  t.is(await verify(disk, at(pack, 0)), 'damaged');
  t.is(await rebuild(disk, pack, 3), 'stored');
  t.is((await disk.assemble(pack.descriptor)).length, pack.descriptor.packBytes);
});

test('with too many files open nothing is believed of a shard', async (t) => {
  if (process.platform === 'win32') return t.pass();
  const folder = temporaryFolder(t);
  const module = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
  const script = `
    const { openSync, closeSync } = await import('node:fs');
    const { openStore } = await import(${module('../../../agent/live/store.ts')});
    const { openLiveDisk } = await import(${module('../../../agent/live/disk/index.ts')});
    const { storeShard, testPack } = await import(${module('./small-fleet.ts')});
    const { database } = await openStore(${JSON.stringify(join(folder, 'database'))});
    const disk = await openLiveDisk({ folder: ${JSON.stringify(join(folder, 'shards'))}, database });
    const pack = testPack(1000, { k: 1, n: 2 });
    await storeShard(disk, pack, { index: 0 });
    const shard = { place: 'held', pack: pack.descriptor.pack, index: 0 };
    const ask = () => Promise.all([
      new Promise((resolve) => disk.verify(shard, resolve)),
      new Promise((resolve) => disk.prove(shard, 0, (proof) => resolve(typeof proof === 'string' ? proof : 'proved'))),
    ]);
    const open = [];
    try { for (;;) open.push(openSync('/dev/null')); } catch {}
    const outcomes = await ask();
    for (const handle of open) closeSync(handle);
    console.log([...outcomes, ...(await ask())].join());
    process.exit(0);`;
  const line = `ulimit -n 200; exec "$0" --input-type=module -e "$1"`;
  const said = execFileSync('sh', ['-c', line, process.execPath, script], { encoding: 'utf8' });
  t.is(said.trim(), 'unread,unread,intact,proved');
  return undefined;
});

test('shards that cannot be looked at when the agent starts are not taken for gone', async (t) => {
  const opened = await openNew(t);
  await storeShard(opened.disk, pack, { index: 0 });
  await opened.disk.stage(pack.descriptor, pack.shards);
  await opened.store.close();
  const name = pack.descriptor.pack.slice(0, 2);
  const held = join(opened.folder, 'shards', 'held', name);
  renameSync(held, `${held}-aside`);
  symlinkSync(name, held);
  await t.throwsAsync(openAt(opened.folder), { code: 'ELOOP' });
  rmSync(held);
  renameSync(`${held}-aside`, held);
  const { disk } = await reopen(t, opened);
  t.deepEqual(disk.repairs, { tornShards: 0, strayFiles: 0, packsTakenBack: 0 });
  t.is(await verify(disk, at(pack, 0)), 'intact');
});

test('a pack of the outbox whose row the database lost gets it back, as long as its drive counts on it', async (t) => {
  const { folder, store, disk } = await openNew(t);
  const other = testPack(5000, { k: 1, n: 3 }, 7);
  for (const { descriptor, shards } of [pack, other]) await disk.stage(descriptor, shards);
  const table = store.database.table<Uint8Array>('shard', 'view');
  for (const key of await table.keys().all()) await store.database.write([{ table, key }]);
  await store.close();
  const again = await openAt(folder, { stagedHere: () => [pack.descriptor] });
  t.teardown(() => again.store.close());
  t.deepEqual(again.disk.repairs, { tornShards: 0, strayFiles: 1, packsTakenBack: 1 });
  t.deepEqual(await listed(again.disk), ['outbox 0']);
  for (const index of [0, 3]) t.is(await verify(again.disk, at(pack, index, 'outbox')), 'intact');
});

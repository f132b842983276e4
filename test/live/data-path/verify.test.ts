import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { PackDescriptor } from '../../../agent/codec/index.ts';
import {
  type StagedSnapshot,
  type VerifyOptions,
  verifySnapshots,
} from '../../../agent/live/data-path/index.ts';
import { ChunkPlaces } from '../../../agent/live/data-path/chunk-places.ts';
import { chunkId } from '../../../agent/units.ts';
import { noise, writeManySmall } from './odd-trees.ts';
import { bytesOfPack, startTrial, type Trial, workers } from './trial.ts';

const optionsFor = (
  { outbox, driveKey }: Trial,
  depth: VerifyOptions['depth'],
  newest: StagedSnapshot,
  fetched: PackDescriptor[] = [],
): VerifyOptions => ({
  newest: newest.head,
  workers,
  driveKey,
  depth,
  fetchPack: async (descriptor) => {
    fetched.push(descriptor);
    return bytesOfPack(outbox, descriptor);
  },
  countShards: async (packs) =>
    packs.map(({ pack, redundancy }) => (outbox.packs.has(pack) ? redundancy.n : redundancy.k - 1)),
});

async function twoSnapshots(): Promise<{ trial: Trial; first: StagedSnapshot; second: StagedSnapshot }> {
  const trial = startTrial();
  writeManySmall(trial.folder, 200);
  writeFileSync(join(trial.folder, 'large.bin'), noise(3_000_000, 5));
  const first = (await trial.snapshotter.snapshot()).staged;
  rmSync(join(trial.folder, 'large.bin'));
  writeFileSync(join(trial.folder, 'other.bin'), noise(2_000_000, 6));
  return { trial, first, second: (await trial.snapshotter.snapshot()).staged };
}

const bulkOf = ({ packs }: StagedSnapshot): readonly PackDescriptor[] =>
  packs.filter(({ placementClass }) => placementClass === 'bulk');

test('whole snapshots have no problems; without data no pack of files is fetched, with data each once', async (t) => {
  const { trial, first, second } = await twoSnapshots();
  const fetched: PackDescriptor[] = [];
  const places = await verifySnapshots(
    [first.head, second.head],
    optionsFor(trial, 'places', second, fetched),
  );
  t.deepEqual([places.problems, places.checkedBytes, places.shortPackCount], [[], 0, 0]);
  t.is(places.fileCount, first.head.fileCount + second.head.fileCount);
  t.false(fetched.some(({ placementClass }) => placementClass === 'bulk'));

  const read: PackDescriptor[] = [];
  const data = await verifySnapshots([first.head, second.head], optionsFor(trial, 'data', second, read));
  t.deepEqual(data.problems, []);
  t.is(data.checkedBytes, first.head.byteCount + 2_000_000);
  const bulk = read.filter(({ placementClass }) => placementClass === 'bulk').map(({ pack }) => pack);
  t.is(new Set(bulk).size, bulk.length);
});

test('files with parts in a lost pack are named, by snapshot, at both depths', async (t) => {
  const { trial, first, second } = await twoSnapshots();
  for (const { pack } of bulkOf(second)) trial.outbox.packs.delete(pack);
  for (const depth of ['places', 'data'] as const) {
    const found = await verifySnapshots([first.head, second.head], optionsFor(trial, depth, second));
    t.deepEqual(
      found.problems.map(({ snapshot, path }) => [snapshot, path]),
      [[1, 'other.bin']],
    );
    t.is(found.shortPackCount, bulkOf(second).length);
  }
});

test('bytes that rotted are found only when they are read', async (t) => {
  const { trial, first } = await twoSnapshots();
  const [pack] = bulkOf(first);
  const bytes = trial.outbox.packs.get(pack!.pack)!;
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  t.deepEqual((await verifySnapshots([first.head], optionsFor(trial, 'places', first))).problems, []);
  const found = await verifySnapshots([first.head], optionsFor(trial, 'data', first));
  t.true(found.problemCount > 0);
  t.true(found.problems.every(({ snapshot, path }) => snapshot === 0 && path !== undefined));
});

test('a snapshot whose tree is lost is one problem, and the others are looked at', async (t) => {
  const { trial, first, second } = await twoSnapshots();
  for (const { pack, placementClass } of first.packs)
    if (placementClass === 'small') trial.outbox.packs.delete(pack);
  const found = await verifySnapshots([first.head, second.head], optionsFor(trial, 'data', second));
  const ofFirst = found.problems.filter(({ snapshot }) => snapshot === 0);
  t.is(ofFirst.length, 1);
  t.is(ofFirst[0]?.path, undefined);
  t.is(found.problems.filter(({ snapshot, path }) => snapshot === 1 && path === undefined).length, 0);
});

test('a snapshot that cannot be opened is one problem, also where it is the newest one', async (t) => {
  const { trial, first, second } = await twoSnapshots();
  trial.outbox.packs.clear();
  const found = await verifySnapshots([first.head, second.head], optionsFor(trial, 'places', second));
  t.deepEqual(
    found.problems.map(({ snapshot, path }) => [snapshot, path]),
    [
      [0, undefined],
      [1, undefined],
    ],
  );
  t.is(found.problemCount, 2);
});

test('places of chunks grow, keep their marks, and the newest segment is believed', (t) => {
  const places = new ChunkPlaces();
  const id = (number: number) => chunkId(number.toString(16).padStart(8, '0').repeat(8));
  places.beginSegment();
  for (let number = 0; number < 5000; number++) {
    places.add(id(number), 1, number);
    places.add(id(number), 2, number);
    if (number % 3 === 0) places.mark(places.find(id(number))!);
  }
  places.beginSegment();
  for (let number = 0; number < 6000; number++) places.add(id(number), 3, number);
  t.is(places.chunkCount, 6000);
  t.is(places.find(id(6001)), undefined);
  t.is([...places.markedSlots()].length, 1667);
  for (let number = 0; number < 6000; number++) {
    const slot = places.find(id(number))!;
    t.is(places.packAt(slot), number < 5000 ? 2 : 3);
    t.is(places.lengthAt(slot), number);
    t.is(places.isMarked(slot), number < 5000 && number % 3 === 0);
  }
});

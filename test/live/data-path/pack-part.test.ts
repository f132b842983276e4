// A few blobs of a large pack instead of all of it.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { PackDescriptor, PackRange } from '../../../agent/codec/index.ts';
import { mebibyte } from '../../../datasets/index.ts';
import { newFolder } from './odd-trees.ts';
import { bytesOfPack, startTrial, type Trial } from './trial.ts';

/** One pack of 6 MiB of bytes that do not shrink, and a small file in the middle of it. */
function fill(folder: string): void {
  for (const name of ['a', 'b', 'd', 'e']) writeFileSync(join(folder, name), randomBytes(1.5 * mebibyte));
  mkdirSync(join(folder, 'c'));
  writeFileSync(join(folder, 'c', 'letter.txt'), 'yesterday’s letter'.repeat(100));
}

interface Supply {
  readonly fetched: number[];
  readonly ranges: PackRange[];
  readonly fetchPack: (descriptor: PackDescriptor) => Promise<Uint8Array>;
  readonly fetchRange: (descriptor: PackDescriptor, range: PackRange) => Promise<Uint8Array | undefined>;
}

/** `show`: what becomes of a part on its way. */
function supplyOf(
  { outbox }: Trial,
  show: (bytes: Uint8Array, range: PackRange) => Uint8Array | undefined = (bytes) => bytes,
): Supply {
  const supply: Supply = {
    fetched: [],
    ranges: [],
    fetchPack: async (descriptor) => {
      supply.fetched.push(descriptor.packBytes);
      return bytesOfPack(outbox, descriptor);
    },
    fetchRange: async (descriptor, range) => {
      supply.ranges.push(range);
      const { offset, length } = range;
      return show(bytesOfPack(outbox, descriptor).slice(offset, offset + length), range);
    },
  };
  return supply;
}

async function restoreLetter(trial: Trial, supply: Supply): Promise<string> {
  const { staged } = await trial.snapshotter.snapshot();
  if (staged === undefined) throw new Error('nothing was saved');
  const { to, missing } = await trial.restore(staged, { ...supply, paths: ['c/letter.txt'] });
  if (missing.length > 0) throw new Error(missing[0]!.reason);
  return readFileSync(join(to, 'c', 'letter.txt'), 'utf8');
}

const bytesIn = (ranges: readonly PackRange[]): number => ranges.reduce((sum, { length }) => sum + length, 0);

test('a small file costs a small part of its pack', async (t) => {
  const folder = newFolder();
  fill(folder);
  const trial = startTrial(folder);
  const supply = supplyOf(trial);
  t.is(await restoreLetter(trial, supply), readFileSync(join(folder, 'c', 'letter.txt'), 'utf8'));
  t.true(supply.ranges.length > 0);
  t.true(bytesIn(supply.ranges) < mebibyte / 2, `${bytesIn(supply.ranges)} bytes`);
  t.true(
    supply.fetched.every((bytes) => bytes < mebibyte),
    'the pack of the files was not fetched whole',
  );
});

for (const [what, show] of [
  ['is refused', () => undefined],
  ['is cut short', (bytes: Uint8Array) => bytes.slice(1)],
  ['is altered', (bytes: Uint8Array) => bytes.map((byte) => byte ^ 1)],
  [
    'comes from another place',
    (bytes: Uint8Array, { offset }: PackRange) => (offset === 0 ? bytes : bytes.toReversed()),
  ],
] as const)
  test(`a part that ${what} costs the whole pack, and nothing else`, async (t) => {
    const folder = newFolder();
    fill(folder);
    const trial = startTrial(folder);
    const supply = supplyOf(trial, show);
    t.is(await restoreLetter(trial, supply), readFileSync(join(folder, 'c', 'letter.txt'), 'utf8'));
    t.true(supply.ranges.length > 0);
    t.true(supply.fetched.some((bytes) => bytes > 5 * mebibyte));
  });

test('only the last blob is altered, and the whole pack is fetched', async (t) => {
  const folder = newFolder();
  fill(folder);
  const trial = startTrial(folder);
  let asked = 0;
  const supply = supplyOf(trial, (bytes) => (++asked === 3 ? bytes.map((byte) => byte ^ 1) : bytes));
  t.is(await restoreLetter(trial, supply), readFileSync(join(folder, 'c', 'letter.txt'), 'utf8'));
  t.true(supply.ranges.length >= 3 && supply.fetched.some((bytes) => bytes > 5 * mebibyte));
});

test('what is much of a pack is fetched whole at once', async (t) => {
  const folder = newFolder();
  fill(folder);
  const trial = startTrial(folder);
  const supply = supplyOf(trial);
  const { staged } = await trial.snapshotter.snapshot();
  await trial.restore(staged, { ...supply });
  t.false(supply.ranges.some(({ length }) => length > mebibyte));
  t.true(supply.fetched.some((bytes) => bytes > 5 * mebibyte));
});

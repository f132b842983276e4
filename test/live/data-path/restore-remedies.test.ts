// What a restore that misses something needs to go on, and that the same restore then goes on in its folder.

import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { compareTrees } from '../../../agent/live/data-path/index.ts';
import { diskFull } from '../../../agent/live/disk-full.ts';
import { mebibyte } from '../../../datasets/index.ts';
import { noise } from './odd-trees.ts';
import { bytesOfPack, startTrial, workers } from './trial.ts';

test('a restore that could not write a file goes on in its folder once it can', async (t) => {
  const trial = startTrial();
  for (const name of ['a', 'b']) writeFileSync(join(trial.folder, name), name);
  const { staged } = await trial.snapshotter.snapshot();
  const to = startTrial().folder;
  const fetchPack = async (descriptor: Parameters<typeof bytesOfPack>[1]): Promise<Uint8Array> => {
    // Somebody makes a folder of the name of a file meanwhile.
    if (descriptor.placementClass === 'bulk') mkdirSync(join(to, 'a'), { recursive: true });
    return bytesOfPack(trial.outbox, descriptor);
  };
  const cut = await trial.restore(staged, { to, fetchPack });
  t.deepEqual([cut.missing.map(({ path }) => path), cut.remedies], [['a'], ['here']]);
  rmSync(join(to, 'a'), { recursive: true });
  const { missing, remedies } = await trial.restore(staged, { to });
  t.deepEqual([missing, remedies], [[], []]);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: to }), []);
});

test('what differs in time alone is said in seconds, whichever is the older one', async (t) => {
  const [left, right] = [startTrial().folder, startTrial().folder];
  for (const [folder, seconds] of [
    [left, 1000],
    [right, 1120.5],
  ] as const) {
    writeFileSync(join(folder, 'a'), 'same');
    for (const path of [join(folder, 'a'), folder]) utimesSync(path, seconds, seconds);
  }
  const differences = await compareTrees({ workers, left, right });
  const texts = differences.map(({ path, reason }) => `${path}: ${reason}`);
  t.true(texts.includes('a: times 120.500 s apart'), texts.join('; '));
});

test("where the agent's own disk is full no other machine is called for", async (t) => {
  const trial = startTrial();
  for (const name of ['a', 'b']) writeFileSync(join(trial.folder, name), noise(mebibyte, name.charCodeAt(0)));
  const { staged } = await trial.snapshotter.snapshot();
  const fetchPack = async (descriptor: Parameters<typeof bytesOfPack>[1]): Promise<Uint8Array> => {
    if (descriptor.placementClass === 'bulk') throw diskFull();
    return bytesOfPack(trial.outbox, descriptor);
  };
  const { missing, remedies } = await trial.restore(staged, { fetchPack });
  t.deepEqual([missing.length, remedies], [2, ['here']]);
});

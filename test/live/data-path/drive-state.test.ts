// What a drive remembers of its packs and its last snapshot, where a part of that is older than the rest: a damaged line, or a home folder that
// was copied back. What is staged afterwards must be whole all the same.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { StagedSnapshot } from '../../../agent/live/data-path/index.ts';
import { driveFiles } from '../../../agent/live/data-path/drive-state.ts';
import { noise } from './odd-trees.ts';
import { bytesOfPack, startTrial, type Trial } from './trial.ts';

const put = ({ folder }: Trial, name: string, seed: number): void =>
  writeFileSync(join(folder, name), noise(50_000, seed));

async function assertRestores(
  t: ExecutionContext,
  trial: Trial,
  staged: StagedSnapshot,
  newest = staged,
): Promise<void> {
  const { missing } = await trial.restore(staged, { newest: newest.head });
  t.deepEqual(missing, []);
}

/** Prunes to one snapshot; what is given up is gone at once. */
async function pruneTo(t: ExecutionContext, trial: Trial, { head }: StagedSnapshot): Promise<void> {
  await trial.next().prune({
    kept: [head],
    outbox: [],
    lost: [],
    fetchPack: async (descriptor) => bytesOfPack(trial.outbox, descriptor),
    giveUp: {
      intend: () => {},
      publish: async (packs) => {
        t.true(packs.length > 0);
        for (const pack of packs) trial.outbox.packs.delete(pack);
      },
    },
  });
}

test('where the journal of packs lost its end, the index tells of all that is staged from then on', async (t) => {
  const trial = startTrial();
  const { packsFile } = driveFiles(trial.stateFolder);
  put(trial, 'first', 1);
  await trial.snapshotter.snapshot();
  const older = readFileSync(packsFile);
  for (const seed of [2, 3, 4]) {
    put(trial, `later-${seed}`, seed);
    await trial.next().snapshot();
  }
  writeFileSync(packsFile, older);
  // Snapshots that end early, until there are more packs than the last commit had counted.
  trial.outbox.beforeStage = ({ placementClass }) => {
    if (placementClass === 'small') throw new Error('killed');
  };
  for (let seed = 10; seed < 22; seed++) {
    put(trial, `new-${seed}`, seed);
    await t.throwsAsync(trial.next().snapshot(), { message: 'killed' });
  }
  trial.outbox.beforeStage = () => {};
  const { staged, outcome } = await trial.next().snapshot();
  t.is(outcome, 'staged');
  await assertRestores(t, trial, staged);
  t.is((await trial.next().snapshot()).outcome, 'unchanged');
});

for (const lostCount of [1, 2, 3, 4, 5, 6])
  test(`a commit that comes back when ${lostCount} later ones are lost names nothing that was given up since`, async (t) => {
    const trial = startTrial();
    const { filesFile } = driveFiles(trial.stateFolder);
    const taken: { readonly staged: StagedSnapshot; readonly journal: Buffer }[] = [];
    for (let seed = 0; seed < 7; seed++) {
      put(trial, `file-${seed}`, seed);
      if (seed === 3) rmSync(join(trial.folder, 'file-1'));
      const { staged } = await trial.next().snapshot();
      taken.push({ staged, journal: readFileSync(filesFile) });
    }
    const newest = taken.at(-1)!.staged;
    await pruneTo(t, trial, newest);
    writeFileSync(filesFile, taken.at(-1 - lostCount)!.journal);
    const next = (await trial.next().snapshot()).staged;
    await assertRestores(t, trial, next);
    await assertRestores(t, trial, newest, next);
    put(trial, 'last', 100);
    const last = (await trial.next().snapshot()).staged;
    await assertRestores(t, trial, last);
    await assertRestores(t, trial, newest, last);
  });

test('a folder that is again as an older commit knew it gets a snapshot of its own where that one was given up', async (t) => {
  const trial = startTrial();
  const { filesFile } = driveFiles(trial.stateFolder);
  put(trial, 'stays', 1);
  await trial.snapshotter.snapshot();
  const older = readFileSync(filesFile);
  put(trial, 'goes', 2);
  const newest = (await trial.next().snapshot()).staged;
  await pruneTo(t, trial, newest);
  writeFileSync(filesFile, older);
  rmSync(join(trial.folder, 'goes'));
  const { staged, outcome } = await trial.next().snapshot();
  t.is(outcome, 'staged');
  await assertRestores(t, trial, staged);
});

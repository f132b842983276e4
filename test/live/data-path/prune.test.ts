// Packs that no kept snapshot needs: given up, emptied, and every kept snapshot restored afterwards from what is left.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  chunkIdOf,
  describePack,
  OpenPack,
  type PackDescriptor,
  PackWriter,
} from '../../../agent/codec/index.ts';
import { createRandom } from '../../../datasets/index.ts';
import type { PackId } from '../../../agent/index.ts';
import type { ChunkId } from '../../../agent/units.ts';
import {
  compareTrees,
  type PruneOptions,
  type Snapshotter,
  type StagedSnapshot,
  verifySnapshots,
} from '../../../agent/live/data-path/index.ts';
import { driveFiles } from '../../../agent/live/data-path/drive-state.ts';
import { encodeLine, readJournal, rewriteJournal } from '../../../agent/live/data-path/line-journal.ts';
import { packLine } from '../../../agent/live/data-path/packer.ts';
import { identityOf, scanFolder } from '../../../agent/live/data-path/scan.ts';
import { noise } from './odd-trees.ts';
import { bytesOfPack, startTrial, type Trial, workers } from './trial.ts';

interface Taken {
  readonly staged: StagedSnapshot;
  /** What it restored to then. */
  readonly copy: string;
}

async function take(trial: Trial, snapshotter: Snapshotter = trial.snapshotter): Promise<Taken> {
  const { staged } = await snapshotter.snapshot();
  return { staged, copy: (await trial.restore(staged)).to };
}

const prune = (
  { outbox, snapshotter }: Trial,
  kept: readonly Taken[],
  giveUp?: PruneOptions['giveUp'],
  by: Snapshotter = snapshotter,
  wish: Partial<Pick<PruneOptions, 'isLast' | 'lost'>> = {},
) =>
  by.prune({
    lost: [],
    ...wish,
    kept: kept.map(({ staged }) => staged.head),
    outbox: [],
    fetchPack: async (descriptor) => bytesOfPack(outbox, descriptor),
    ...(giveUp === undefined ? {} : { giveUp }),
  });

/** Holders that free at once what is given up. */
const freeing = ({ outbox }: Trial): NonNullable<PruneOptions['giveUp']> => ({
  intend: () => {},
  publish: async (packs) => {
    for (const pack of packs) outbox.packs.delete(pack);
  },
});

async function assertAllRestore(t: ExecutionContext, trial: Trial, kept: readonly Taken[]): Promise<void> {
  const newest = kept.at(-1)!.staged.head;
  for (const { staged, copy } of kept) {
    const restored = await trial.restore(staged, { newest });
    t.deepEqual(restored.missing, []);
    t.deepEqual(await compareTrees({ workers, left: copy, right: restored.to }), []);
  }
  const [first, ...rest] = kept.map(({ staged }) => staged.head);
  const verified = await verifySnapshots([first!, ...rest], {
    workers,
    driveKey: trial.driveKey,
    newest,
    depth: 'data',
    fetchPack: async (descriptor) => bytesOfPack(trial.outbox, descriptor),
    countShards: async (packs) => packs.map(({ pack }) => (trial.outbox.packs.has(pack) ? 4 : 0)),
  });
  t.deepEqual(verified.problems, []);
}

test('packs of forgotten snapshots are dead, are given up once, and the kept ones restore without them', async (t) => {
  const trial = startTrial();
  writeFileSync(join(trial.folder, 'stays.bin'), noise(300_000, 1));
  const first = await take(trial);
  writeFileSync(join(trial.folder, 'goes.bin'), noise(700_000, 2));
  const second = await take(trial);
  rmSync(join(trial.folder, 'goes.bin'));
  const third = await take(trial);

  const all = await prune(trial, [first, second, third]);
  t.deepEqual([all.dead, all.counts.deadPackCount], [[], 0]);
  const without = await prune(trial, [first, third]);
  t.true(without.counts.deadPackBytes > 700_000, 'a look counts and changes nothing');
  t.deepEqual(without.dead.toSorted(), (await prune(trial, [first, third])).dead.toSorted());

  const given: PackId[] = [];
  const done = await prune(trial, [first, third], {
    intend: (packs) => void given.push(...packs),
    publish: freeing(trial).publish,
  });
  t.deepEqual(given, [...done.dead]);
  await assertAllRestore(t, trial, [first, third]);
  t.deepEqual((await prune(trial, [first, third])).dead, []);

  writeFileSync(join(trial.folder, 'again.bin'), noise(700_000, 2));
  const fourth = await take(trial);
  await assertAllRestore(t, trial, [first, third, fourth]);
});

test('a mostly dead pack is emptied at once, and given up when the next snapshot says where its chunks are', async (t) => {
  const trial = startTrial();
  for (let file = 0; file < 20; file++)
    writeFileSync(join(trial.folder, `file-${file}`), noise(60_000, file));
  const first = await take(trial);
  for (let file = 2; file < 20; file++) rmSync(join(trial.folder, `file-${file}`));
  const second = await take(trial);
  rmSync(join(trial.folder, 'file-1'));
  const third = await take(trial);
  const kept = [second, third];
  t.is((await prune(trial, kept)).counts.repackCount, 1);
  const packCount = trial.outbox.packs.size;
  const left = await prune(trial, kept, { ...freeing(trial), publish: async () => {} }, trial.snapshotter, {
    isLast: true,
  });
  t.deepEqual(
    [left.counts.repackCount, left.repackedCount, trial.outbox.packs.size],
    [1, 0, packCount],
    'no snapshot comes that could name new packs',
  );

  const emptied = await prune(trial, kept, freeing(trial));
  t.is(emptied.repackedCount, 1);
  const bulk = first.staged.packs.find(({ placementClass }) => placementClass === 'bulk')!;
  t.false(emptied.dead.includes(bulk.pack), 'nothing says yet where its chunks are');
  await assertAllRestore(t, trial, kept);
  t.is((await prune(trial, kept, freeing(trial))).repackedCount, 0, 'not twice');

  const fourth = await take(trial, trial.next());
  t.not(fourth.staged.snapshot, third.staged.snapshot, 'a new root although the tree is the same');
  const last = await prune(trial, [...kept, fourth], freeing(trial));
  t.true(last.dead.includes(bulk.pack));
  await assertAllRestore(t, trial, [...kept, fourth]);
  t.is((await trial.next().snapshot()).outcome, 'unchanged');
});

/** As if the drive's first snapshot had been taken when chunks had other names: its files are known by those, and lie in such a pack. */
function makeOld({ folder, stateFolder, driveKey, outbox }: Trial, { staged }: Taken): PackDescriptor {
  const now = staged.packs.find(({ placementClass }) => placementClass === 'bulk')!;
  const opened = OpenPack.open(bytesOfPack(outbox, now), driveKey);
  if (!opened.ok) throw new Error(opened.rejection.reason);
  const salt = new Uint8Array(16);
  const writer = new PackWriter({ driveKey, drive: staged.drive, keyEpoch: 1, salt, version: 1 });
  const names = new Map<string, ChunkId>();
  for (const entry of opened.value.entries) {
    const read = opened.value.read(entry);
    if (!read.ok) throw new Error(read.rejection.reason);
    names.set(entry.chunk, chunkIdOf(driveKey, read.value, 1));
    writer.add(names.get(entry.chunk)!, read.value);
  }
  const { bytes, entries } = writer.finish();
  const { descriptor } = describePack(bytes, now);
  outbox.packs.set(descriptor.pack, bytes.slice());
  const { packsFile, filesFile } = driveFiles(stateFolder);
  rewriteJournal(packsFile, [packLine({ descriptor, entries })]);
  const scanned = new Map<string, string>(
    scanFolder(folder, () => false).entries.map((entry) => [entry.path, identityOf(entry)]),
  );
  const lines = [...readJournal(filesFile)] as {
    kind: string;
    files?: [string, string, number, string[]][];
  }[];
  const kept = lines.filter(({ kind }) => kind !== 'commit');
  for (const file of kept.flatMap(({ files = [] }) => files)) {
    file[1] = scanned.get(file[0])!;
    file[3] = file[3].map((chunk) => names.get(chunk)!);
  }
  rewriteJournal(filesFile, kept.map(encodeLine));
  return descriptor;
}

test('a mostly dead pack of an earlier version is emptied too, and its chunks keep their names', async (t) => {
  const trial = startTrial();
  for (let file = 0; file < 20; file++)
    writeFileSync(join(trial.folder, `file-${file}`), noise(60_000, file));
  const old = makeOld(trial, await take(trial));
  const first = await take(trial, trial.next());
  t.false(
    first.staged.packs.some(({ pack, placementClass }) => placementClass === 'bulk' && pack !== old.pack),
    'nothing is read again',
  );
  for (let file = 2; file < 20; file++) rmSync(join(trial.folder, `file-${file}`));
  const second = await take(trial, trial.next());
  t.is((await prune(trial, [second], freeing(trial))).repackedCount, 1);
  const third = await take(trial, trial.next());
  const last = await prune(trial, [second, third], freeing(trial));
  t.true(last.dead.includes(old.pack));
  t.is(last.repackedCount, 0);
  await assertAllRestore(t, trial, [second, third]);
});

test('a lost pack is given up once no kept snapshot needs it, and stays where an older one may still get it back', async (t) => {
  const trial = startTrial();
  const takeNext = (): Promise<Taken> => take(trial, trial.next());
  writeFileSync(join(trial.folder, 'stays.bin'), noise(300_000, 1));
  writeFileSync(join(trial.folder, 'goes.bin'), noise(300_000, 2));
  const first = await takeNext();
  rmSync(join(trial.folder, 'goes.bin'));
  const second = await takeNext();
  const lost = first.staged.packs
    .filter(({ placementClass }) => placementClass === 'bulk')
    .map(({ pack }) => pack);
  const judge = async (kept: readonly Taken[]) =>
    (await prune(trial, kept, freeing(trial), trial.next(), { lost })).dead.filter((pack) =>
      lost.includes(pack),
    );
  for (const pack of lost) trial.outbox.packs.delete(pack);
  await trial.next().lose(lost);
  t.deepEqual(await judge([first, second]), [], 'nothing says yet where else its chunks are');
  const third = await takeNext();
  t.true(lost.length > 0 && third.staged.packs.length > 0);
  t.deepEqual(await judge([first, second, third]), [], 'the first needs what is in no other pack');
  t.deepEqual(await judge([second, third]), lost);
  await assertAllRestore(t, trial, [second, third]);
});

test('nothing is judged while a newer snapshot is on its way, or when a kept one cannot be read', async (t) => {
  const trial = startTrial();
  writeFileSync(join(trial.folder, 'a'), 'a');
  const first = await take(trial);
  writeFileSync(join(trial.folder, 'b'), 'b');
  const second = await take(trial);
  await t.throwsAsync(prune(trial, [first], freeing(trial)), { code: 'snapshot-unreadable' });
  const small = first.staged.packs.filter(({ placementClass }) => placementClass === 'small');
  for (const { pack } of small) trial.outbox.packs.delete(pack);
  await t.throwsAsync(prune(trial, [first, second], freeing(trial)), { code: 'snapshot-unreadable' });
});

test('what is noted as given up is counted on no more, also where the state could not be written just then', async (t) => {
  const trial = startTrial();
  const file = join(trial.folder, 'goes.bin');
  writeFileSync(join(trial.folder, 'stays.bin'), noise(300_000, 1));
  writeFileSync(file, noise(700_000, 2));
  const first = await take(trial);
  rmSync(file);
  const second = await take(trial);
  const obstacle = `${driveFiles(trial.stateFolder).packsFile}.new`;
  const noted: PackId[] = [];
  const failing = prune(trial, [second], {
    intend: (packs) => {
      noted.push(...packs);
      mkdirSync(obstacle);
    },
    publish: () => Promise.reject(new Error('nothing was dropped yet')),
  });
  await t.throwsAsync(failing, { message: /EISDIR/u });
  t.true(noted.length > 0 && noted.length < first.staged.packs.length + second.staged.packs.length);

  // Its person puts the file back.
  writeFileSync(file, noise(700_000, 2));
  await t.throwsAsync(trial.snapshotter.snapshot(), { message: /EISDIR/u });
  rmSync(obstacle, { recursive: true });
  const third = await take(trial);
  // The next start of the agent says what was noted, and a week later it is freed.
  await freeing(trial).publish(noted);
  await assertAllRestore(t, trial, [second, third]);
});

for (const seed of [1, 2, 3, 4]) {
  test(`over a long history of changes, forgetting and kills, every kept snapshot stays whole, seed ${seed}`, async (t) => {
    const random = createRandom(seed);
    const trial = startTrial();
    let kept: Taken[] = [];
    let [givenUp, kills] = [0, 0];
    const intended: PackId[] = [];
    for (let day = 0; day < 14; day++) {
      // The next start says what the last one intended.
      await freeing(trial).publish(intended.splice(0));
      changeSome(trial.folder, random);
      const taken = await take(trial, trial.next());
      if (taken.staged.snapshot !== kept.at(-1)?.staged.snapshot) kept.push(taken);
      // The newest stays, and of the others some go.
      kept = kept.filter((one) => one === taken || random.fraction() < 0.7);
      if (kept.at(-1) !== taken) kept.push(taken);
      const { publish } = freeing(trial);
      const killAt = (['intend', 'publish', 'never', 'never'] as const)[random.below(4)];
      const work = prune(
        trial,
        kept,
        {
          intend: () => {
            if (killAt === 'intend') throw new Error('killed');
          },
          publish: async (packs) => {
            givenUp += packs.length;
            if (killAt === 'publish') intended.push(...packs);
            if (killAt === 'publish') throw new Error('killed');
            await publish(packs);
          },
        },
        trial.next(),
      );
      await work.catch((error: unknown) => {
        if (!(error instanceof Error && error.message === 'killed')) throw error;
        kills++;
      });
    }
    t.true(givenUp > 5, `${givenUp} given up`);
    t.true(kills > 0 || seed !== 1);
    await assertAllRestore(t, trial, kept);
  });
}

/** Adds, changes and removes files of a few kilobytes up to a megabyte; some bytes come back. */
function changeSome(folder: string, random: ReturnType<typeof createRandom>): void {
  const place = join(folder, `part-${random.below(3)}`);
  mkdirSync(place, { recursive: true });
  for (let count = 1 + random.below(6); count > 0; count--)
    writeFileSync(
      join(place, `file-${random.below(12)}`),
      noise(1000 + random.below(random.fraction() < 0.2 ? 900_000 : 60_000), random.below(30)),
    );
  for (const name of readdirSync(place)) if (random.fraction() < 0.3) rmSync(join(place, name));
}

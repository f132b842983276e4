// A drive that gets a new key: what is saved from then on does not open with the old one, what was saved before is not saved again, and
// whoever has the newest key restores all of it.

import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  createDriveKey,
  type DriveKeys,
  keysIn,
  nextKeys,
  openFormerKeys,
  OpenPack,
  openSmall,
  readPackHeader,
  sealFormerKeys,
} from '../../../agent/codec/index.ts';
import { compareTrees, type Snapshotter, verifySnapshots } from '../../../agent/live/data-path/index.ts';
import { noise } from './odd-trees.ts';
import { bytesOfPack, startTrial, type Trial, workers } from './trial.ts';

const epochOf = (pack: Uint8Array): number => {
  const header = readPackHeader(pack);
  return header.ok ? header.value.keyEpoch : -1;
};

const packsOfEpoch = ({ outbox }: Trial, keyEpoch: number): readonly Uint8Array[] =>
  [...outbox.packs.values()].filter((pack) => epochOf(pack) === keyEpoch);

/** The trial's drive with a second key. */
function rekeyed(trial: Trial): { readonly keys: DriveKeys; readonly snapshotter: Snapshotter } {
  const keys = nextKeys({ driveKey: trial.driveKey });
  return { keys, snapshotter: trial.next({ ...keysIn(keys), keyEpoch: 2 }) };
}

test('after a new key nothing new opens with the old one, and nothing old is saved again', async (t) => {
  const trial = startTrial();
  writeFileSync(join(trial.folder, 'large.bin'), noise(6_000_000, 1));
  const first = await trial.snapshotter.snapshot();
  const oldBytes = [...trial.outbox.packs.values()].reduce((sum, { length }) => sum + length, 0);

  const { keys, snapshotter } = rekeyed(trial);
  writeFileSync(join(trial.folder, 'new.txt'), 'said after somebody was put out');
  appendFileSync(join(trial.folder, 'large.bin'), 'one more line');
  const second = await snapshotter.snapshot();

  const fresh = packsOfEpoch(trial, 2);
  t.true(fresh.length > 0);
  t.is(fresh.length + packsOfEpoch(trial, 1).length, trial.outbox.packs.size);
  for (const pack of fresh) t.false(OpenPack.open(pack, trial.driveKey).ok);
  t.false(openSmall(trial.driveKey, 'root', second.staged.head.sealedRoot).ok);
  t.is(second.staged.head.keyEpoch, 2);
  const newBytes = fresh.reduce((sum, { length }) => sum + length, 0);
  // The appended file's last chunk, and a little around it.
  t.log(`${newBytes} of ${oldBytes} bytes`);
  t.true(newBytes < oldBytes / 4, `${newBytes} of ${oldBytes} bytes`);

  for (const { staged } of [first, second]) {
    const restored = await trial.restore(staged, { ...keys, newest: second.staged.head });
    t.deepEqual(restored.missing, []);
  }
  const all = await trial.restore(second.staged, keys);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: all.to }), []);
  const withOld = await trial.restore(first.staged);
  t.deepEqual(withOld.missing, [], 'who had the old key reads what was saved then');
  await t.throwsAsync(trial.restore(second.staged), { code: 'snapshot-unreadable' });
});

test('packs of several keys are judged, emptied and verified like those of one', async (t) => {
  const trial = startTrial();
  for (let file = 0; file < 12; file++)
    writeFileSync(join(trial.folder, `${file}.bin`), noise(900_000, file));
  await trial.snapshotter.snapshot();
  const { keys, snapshotter } = rekeyed(trial);
  for (let file = 1; file < 12; file++) rmSync(join(trial.folder, `${file}.bin`));
  const kept = await snapshotter.snapshot();
  const fetchPack = async (descriptor: Parameters<typeof bytesOfPack>[1]): Promise<Uint8Array> =>
    bytesOfPack(trial.outbox, descriptor);
  const prune = () =>
    snapshotter.prune({
      kept: [kept.staged.head],
      outbox: [],
      lost: [],
      fetchPack,
      giveUp: {
        intend: () => {},
        publish: async (packs) => {
          for (const pack of packs) trial.outbox.packs.delete(pack);
        },
      },
    });
  t.true((await prune()).repackedCount > 0, 'the large old pack is mostly dead');
  const last = await snapshotter.snapshot();
  await snapshotter.prune({ kept: [last.staged.head], outbox: [], lost: [], fetchPack });
  const verified = await verifySnapshots([last.staged.head], {
    workers,
    ...keys,
    newest: last.staged.head,
    depth: 'data',
    fetchPack,
    countShards: async (packs) => packs.map(({ pack }) => (trial.outbox.packs.has(pack) ? 4 : 0)),
  });
  t.deepEqual(verified.problems, []);
  const restored = await trial.restore(last.staged, keys);
  t.deepEqual(await compareTrees({ workers, left: trial.folder, right: restored.to }), []);
});

test('the newest key of a record opens all older ones, and no older one opens a newer', (t) => {
  const first = { driveKey: createDriveKey() };
  const second = nextKeys(first);
  const third = nextKeys(second);
  const sealedFormer = sealFormerKeys(third)!;
  const opened = openFormerKeys({ keyEpoch: 3, sealedFormer }, third.driveKey);
  t.deepEqual(opened.ok && keysIn(opened.value), third);
  t.false(openFormerKeys({ keyEpoch: 3, sealedFormer }, second.driveKey).ok);
  t.false(openFormerKeys({ keyEpoch: 4, sealedFormer }, third.driveKey).ok, 'a record that counts otherwise');
  t.is(sealFormerKeys(first), undefined);
});

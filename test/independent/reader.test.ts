// What the product wrote is read by somebody who has only agent/codec/FORMATS.md (reader.ts), with as few shards as may be.

import { lstatSync, readFileSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  createMachineKey,
  createRecoveryPhrase,
  type DriveKeys,
  driveRecordFor,
  keysIn,
  machineRecipient,
  nextKeys,
  noBatchHash,
  personFromPhrase,
  sealSmall,
  signBatch,
} from '../../agent/codec/index.ts';
import type { StagedSnapshot } from '../../agent/live/data-path/index.ts';
import { mebibyte, unixMs } from '../../datasets/index.ts';
import { noise, writeManySmall, writeOddTree } from '../live/data-path/odd-trees.ts';
import { startTrial, type Trial } from '../live/data-path/trial.ts';
import { type Given, readNewest } from './reader.ts';

/** What the owner's log and the holders' disks have: of each pack k shards, the last ones. */
function givenOf(
  trial: Trial,
  staged: readonly StagedSnapshot[],
  shards: Map<string, Uint8Array>,
  newest: DriveKeys = { driveKey: trial.driveKey },
): Given {
  const words = createRecoveryPhrase();
  const key = createMachineKey();
  const { recipient: person } = personFromPhrase(words);
  const { drive } = staged[0]!.head;
  const sealedName = sealSmall(trial.driveKey, 'name', new TextEncoder().encode('Documents'));
  const recordOf = (keys: DriveKeys, keyEpoch: number) =>
    driveRecordFor(keys, { drive, keyEpoch, sealedName, person, machine: machineRecipient(key).recipient });
  const drives = [recordOf({ driveKey: trial.driveKey }, 1)];
  if (newest.formerKeys !== undefined) drives.push(recordOf(newest, 1 + newest.formerKeys.length));
  const heads = staged.map(({ head }) => ({ ...head, receiptsDigest: '0'.repeat(64) }));
  const batch = signBatch({
    key,
    stream: 'facts',
    sequence: 0,
    previous: noBatchHash,
    atMs: unixMs(1_800_000_000_000),
    records: [...drives, ...heads],
  });
  return { words, batches: [batch.bytes], shards };
}

/** A trial whose staged shards are kept as holders would: only the last k of each pack. */
function keepShards(): { readonly trial: Trial; readonly shards: Map<string, Uint8Array> } {
  const trial = startTrial();
  const shards = new Map<string, Uint8Array>();
  trial.outbox.onShards = ({ pack, redundancy: { k, n } }, all) => {
    for (const [index, shard] of all.entries())
      if (index >= n - k) shards.set(`${pack}-${index}`, shard.slice());
  };
  return { trial, shards };
}

function isAsOnDisk(t: ExecutionContext, folder: string, given: Given): void {
  const entries = readNewest(given);
  for (const entry of entries) {
    const place = Buffer.concat([Buffer.from(`${folder}/`), entry.path]);
    const stats = lstatSync(place, { bigint: true });
    const name = Buffer.from(entry.path).toString('latin1');
    t.is(BigInt(entry.mode), stats.mode & 0o7777n, name);
    t.is(BigInt(entry.seconds) * 1_000_000_000n + BigInt(entry.nanoseconds), stats.mtimeNs, name);
    if (entry.kind === 'file') t.true(readFileSync(place).equals(entry.bytes ?? Buffer.alloc(1)), name);
    if (entry.kind === 'folder') t.true(stats.isDirectory(), name);
    if (entry.kind === 'symlink')
      t.deepEqual(readlinkSync(place, 'buffer'), Buffer.from(entry.target ?? []), name);
    if (entry.kind === 'hardLink') {
      const first = Buffer.concat([Buffer.from(`${folder}/`), entry.target ?? Buffer.alloc(0)]);
      t.is(lstatSync(first, { bigint: true }).ino, stats.ino, name);
    }
  }
}

test('files, links, modes and times are read from words, log and the last k shards of each pack', async (t) => {
  const { trial, shards } = keepShards();
  writeOddTree(trial.folder);
  writeManySmall(trial.folder, 200);
  writeFileSync(join(trial.folder, 'large.bin'), noise(9 * mebibyte + 5, 4));
  const { staged } = await trial.snapshotter.snapshot();
  const given = givenOf(trial, [staged], shards);
  t.is(
    readNewest(given).filter(({ kind }) => kind === 'file' || kind === 'hardLink').length,
    staged.head.fileCount,
  );
  isAsOnDisk(t, trial.folder, given);
});

test('the newest of several snapshots is read, from packs that several snapshots made', async (t) => {
  const { trial, shards } = keepShards();
  const large = join(trial.folder, 'large.bin');
  writeFileSync(large, noise(6 * mebibyte, 5));
  const first = await trial.snapshotter.snapshot();
  truncateSync(large, 5 * mebibyte);
  writeFileSync(join(trial.folder, 'later.txt'), 'later');
  const second = await trial.snapshotter.snapshot();
  isAsOnDisk(t, trial.folder, givenOf(trial, [first.staged, second.staged], shards));
});

test('a drive that got a new key is read from the record of that key, older packs too', async (t) => {
  const { trial, shards } = keepShards();
  writeFileSync(join(trial.folder, 'large.bin'), noise(6 * mebibyte, 5));
  const first = await trial.snapshotter.snapshot();
  const keys = nextKeys({ driveKey: trial.driveKey });
  writeFileSync(join(trial.folder, 'later.txt'), 'later');
  const second = await trial.next({ ...keysIn(keys), keyEpoch: 2 }).snapshot();
  isAsOnDisk(t, trial.folder, givenOf(trial, [first.staged, second.staged], shards, keys));
});

test('one altered shard too many is noticed, not read', async (t) => {
  const { trial, shards } = keepShards();
  writeManySmall(trial.folder, 20);
  const { staged } = await trial.snapshotter.snapshot();
  for (const shard of shards.values()) shard[7]! ^= 1;
  t.throws(() => readNewest(givenOf(trial, [staged], shards)), { message: /^0 whole shards/u });
});

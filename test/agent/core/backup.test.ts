// What leaves the outbox, and when: besides packs of which every slot's machine has signed, those that their owner gave up.

import test from 'ava';
import { bytesOfHex, describePack, type Stream } from '../../../agent/codec/index.ts';
import { Backup } from '../../../agent/core/backup.ts';
import type { StagedSnapshot } from '../../../agent/core/index.ts';
import { Keepers } from '../../../agent/core/keepers.ts';
import { Shelf } from '../../../agent/core/shelf.ts';
import { driveId, snapshotId } from '../../../agent/units.ts';
import {
  batchOf,
  certificateOf,
  headOf,
  machines,
  membershipOf,
  planBatch,
  planOf,
  revocationOf,
  startMs,
} from './fleet-of-four.ts';

const [self, other] = [machines[0], machines[1]];
const drive = driveId('0'.repeat(32));
const { descriptor } = describePack(new Uint8Array(100).fill(1), {
  owner: self.peer,
  drive,
  placementClass: 'small',
  redundancy: { k: 1, n: 3 },
});
const { pack } = descriptor;
const forget = { kind: 'forget', drive, snapshots: new Uint8Array(), packs: bytesOfHex(pack) } as const;

/** An owner whose pack lies whole in its outbox, as an older image of its disk may have it. */
function ownerOf(staged: readonly StagedSnapshot[]) {
  const shelf = new Shelf();
  const membership = membershipOf(self);
  const keepers = new Keepers(membership, shelf);
  const backup = new Backup({ membership, shelf, ownLog: { isSure: true }, keepers });
  shelf.usePlan(planOf(other, 1), planBatch);
  const known = shelf.describe(descriptor);
  known.isInOutbox = true;
  backup.handle({ kind: 'started', stored: [], staged, heard: [], now: startMs });
  return { backup, known, membership };
}

test('a snapshot that lost a pack is never published, nor are later ones of its drive; others are', (t) => {
  const { receiptsDigest: _, ...head } = headOf(drive);
  const stagedOf = (digit: string, of: typeof drive, packs: StagedSnapshot['packs']): StagedSnapshot => {
    const snapshot = snapshotId(digit.repeat(64));
    return { snapshot, drive: of, startedMs: startMs, packs, head: { ...head, drive: of, snapshot } };
  };
  const others = stagedOf('c', driveId('1'.repeat(32)), []);
  const { backup, known } = ownerOf([stagedOf('a', drive, [pack]), stagedOf('b', drive, []), others]);
  const effects = backup.handle({ kind: 'outboxLost', drive, packs: [pack], now: startMs });
  t.false(known.isInOutbox);
  t.deepEqual(backup.staged, [others]);
  t.like(effects[0], { kind: 'appendRecords', records: [{ kind: 'head', snapshot: others.snapshot }] });
  t.is(effects.length, 1);
});

test('what was given up does not wait for receipts that nobody gives', (t) => {
  const { backup, known } = ownerOf([]);
  backup.handle({ kind: 'batchStored', batch: batchOf(other, [forget]), now: startMs });
  t.true(known.isInOutbox, 'nobody else gives it up');
  const effects = backup.handle({ kind: 'batchStored', batch: batchOf(self, [forget]), now: startMs });
  t.deepEqual(effects, [{ kind: 'removeShard', shard: { place: 'outbox', pack, index: 0 } }]);
  t.false(known.isInOutbox);
});

test('a pack that a snapshot on its way needs stays in the outbox, whatever was given up', (t) => {
  const { receiptsDigest: _, ...head } = headOf(drive);
  const snapshot = snapshotId('a'.repeat(64));
  const { backup, known } = ownerOf([{ snapshot, drive, startedMs: startMs, packs: [pack], head }]);
  t.deepEqual(backup.handle({ kind: 'batchStored', batch: batchOf(self, [forget]), now: startMs }), []);
  t.true(known.isInOutbox);
});

/** An owner whose head stands in its log, and what others say of what they have of it. */
function publisherOf() {
  const { receiptsDigest, ...head } = headOf(drive);
  const { snapshot } = head;
  const { backup, membership } = ownerOf([{ snapshot, drive, startedMs: startMs, packs: [], head }]);
  const published = batchOf(self, [{ ...head, receiptsDigest }]);
  backup.handle({ kind: 'batchStored', batch: published, now: startMs });
  const says = (from: typeof self, stream: Stream = 'facts'): readonly string[] =>
    backup
      .handle({
        kind: 'message',
        from: from.peer,
        message: { kind: 'logStored', stream, next: 1 },
        now: startMs,
      })
      .map(({ kind }) => kind);
  return { membership, says };
}

test('a machine that was put out counts no more among those who know a head', (t) => {
  const { membership, says } = publisherOf();
  t.deepEqual(says(other), []);
  const statements = [...machines.map((key) => certificateOf(key)), revocationOf(other)];
  const said = batchOf(
    self,
    statements.map((bytes) => ({ kind: 'statement', bytes })),
  );
  membership.handle({ kind: 'batchStored', batch: said, now: startMs });
  t.true(membership.isRevoked(other.peer));
  t.deepEqual(says(machines[2]), []);
  t.deepEqual(says(machines[3]), [], 'two who are in it and one who is out are too few');
});

test('who has the telemetry of a machine does not count as one who knows a head', (t) => {
  const { says } = publisherOf();
  for (const one of machines.slice(1)) t.deepEqual(says(one, 'telemetry'), []);
  t.deepEqual(says(machines[1]), []);
  t.deepEqual(says(machines[2]), []);
  t.deepEqual(says(machines[3]), ['snapshotAcknowledged']);
});

// When an agent proves that its own drives can be restored, and which shards count for it.

import test from 'ava';
import { Catalogue } from '../../../agent/core/catalogue.ts';
import type { CoreEvent, DriveProof, ProofResult } from '../../../agent/core/index.ts';
import { Proving } from '../../../agent/core/proving.ts';
import { proofBytesPerDay, proofEveryMs, proofRetryMs, proofSettleMs } from '../../../agent/limits.ts';
import { driveId, snapshotId } from '../../../agent/units.ts';
import { days, hours, minutes, type UnixMs, unixMs } from '../../../datasets/index.ts';
import {
  batchOf,
  certificatesOf,
  headOf,
  machines,
  membershipOf,
  startMs,
  tellMachines,
} from './fleet-of-four.ts';

const [self, second] = machines;
const drive = driveId('1'.repeat(32));
const foreign = driveId('2'.repeat(32));
const snapshot = snapshotId('a'.repeat(64));

const recordsOf = (id: typeof drive) =>
  [
    { kind: 'drive', drive: id, keyEpoch: 1, sealedName: new Uint8Array(), wrappedKeys: [] },
    headOf(id),
  ] as const;

function provingOf() {
  const membership = membershipOf(self);
  const catalogue = new Catalogue();
  const statements = certificatesOf(machines);
  membership.handle({ kind: 'batchStored', batch: batchOf(self, statements), now: startMs });
  for (const [key, id] of [
    [self, drive],
    [second, foreign],
  ] as const)
    catalogue.handle({ kind: 'batchStored', batch: batchOf(key, recordsOf(id)), now: startMs });
  const proving = new Proving(membership, catalogue);
  const handle = (event: CoreEvent) => tellMachines([membership, proving], event);
  /** When it orders a proof, if it does until then. */
  const orderUntil = (fromMs: number, toMs: number): UnixMs | undefined => {
    for (let atMs = fromMs; atMs <= toMs; atMs += minutes(1)) {
      const [effect] = handle({ kind: 'tick', now: unixMs(atMs) });
      if (effect?.kind === 'proveDrive' && effect.drive === drive) return unixMs(atMs);
    }
    return undefined;
  };
  return { proving, catalogue, handle, orderUntil };
}

const resultAt = (atMs: number, parts: Partial<ProofResult> = {}): ProofResult => ({
  snapshot,
  atMs: unixMs(atMs),
  fileCount: 5,
  byteCount: 100,
  fetchedBytes: 1000,
  machineCount: 3,
  comparedCount: 5,
  verdict: 'proven',
  reasons: [],
  ...parts,
});

const proofOf = (last: ProofResult): DriveProof => ({ drive, last, proven: undefined });

test('an own drive is proven a little after its first snapshot, then once a day; nobody else’s is', (t) => {
  const { proving, handle, orderUntil } = provingOf();
  handle({ kind: 'connected', peer: second.peer, now: startMs });
  const first = orderUntil(startMs, startMs + hours(2));
  t.is(first, unixMs(startMs + proofSettleMs));
  t.is(orderUntil(first! + minutes(1), first! + hours(2)), undefined, 'one at a time');
  const proof = proofOf(resultAt(first!));
  t.deepEqual(handle({ kind: 'driveProved', proof, now: first! }), []);
  t.is(proving.proofOf(drive), proof);
  const next = orderUntil(first! + minutes(1), first! + days(2));
  t.true(next! >= first! + proofEveryMs && next! < first! + proofEveryMs + minutes(5));
});

test('what a clock dated that was a year ahead puts no proof off: neither the last one, nor the first snapshot', (t) => {
  const after = provingOf();
  const now = unixMs(startMs + days(2));
  const proofs = [proofOf(resultAt(now + days(365)))];
  after.handle({ kind: 'started', stored: [], staged: [], heard: [], proofs, now });
  after.handle({ kind: 'connected', peer: second.peer, now });
  const again = after.orderUntil(now, now + hours(2));
  t.is(again, now);
  after.handle({ kind: 'driveProved', proof: proofOf(resultAt(again!)), now: again! });
  const next = after.orderUntil(again! + minutes(1), again! + days(2));
  t.true(next! >= again! + proofEveryMs, 'and then once a day');

  const first = provingOf();
  const ahead = { ...headOf(drive), atMs: unixMs(startMs + days(365)) };
  const { catalogue } = first;
  catalogue.handle({ kind: 'batchStored', batch: batchOf(self, [ahead], 1), now: startMs });
  first.handle({ kind: 'connected', peer: second.peer, now: startMs });
  const proven = first.orderUntil(startMs, startMs + hours(2));
  t.true(proven !== undefined && proven <= startMs + proofSettleMs + minutes(1));
});

test('a drive that is saved every few minutes is proven all the same', (t) => {
  const { catalogue, handle, orderUntil } = provingOf();
  handle({ kind: 'connected', peer: second.peer, now: startMs });
  t.is(orderUntil(startMs, startMs + minutes(5)), undefined);
  for (let count = 1; count <= 3; count++) {
    const atMs = startMs + count * minutes(5);
    const head = { ...headOf(drive), snapshot: snapshotId(`${count}`.repeat(64)), atMs: unixMs(atMs) };
    catalogue.handle({ kind: 'batchStored', batch: batchOf(self, [head], count), now: unixMs(atMs) });
    const ordered = orderUntil(atMs + minutes(1), atMs + minutes(5));
    if (ordered !== undefined) {
      t.true(ordered <= startMs + proofSettleMs + minutes(2));
      return;
    }
  }
  t.fail('no proof was ordered');
});

test('a drive of which no proof ever comes back does not keep the others from theirs', (t) => {
  const { catalogue, handle, orderUntil } = provingOf();
  handle({ kind: 'connected', peer: second.peer, now: startMs });
  const mute = driveId('0'.repeat(32));
  catalogue.handle({ kind: 'batchStored', batch: batchOf(self, recordsOf(mute), 1), now: startMs });
  const first = orderUntil(startMs, startMs + days(2));
  t.not(first, undefined);
  handle({ kind: 'driveProved', proof: proofOf(resultAt(first!)), now: first! });
  const next = orderUntil(first! + minutes(1), first! + days(4));
  t.true(next !== undefined && next - first! < days(2));
});

test('a proof that cost more than a day may is followed by a longer pause', (t) => {
  const { handle, orderUntil } = provingOf();
  handle({ kind: 'connected', peer: second.peer, now: startMs });
  const proof = proofOf(resultAt(startMs, { fetchedBytes: 3 * proofBytesPerDay }));
  handle({ kind: 'started', stored: [], staged: [], heard: [], proofs: [proof], now: startMs });
  const next = orderUntil(startMs, startMs + days(5));
  t.is(next, unixMs(startMs + days(3)));
});

test('one that failed is told once and tried again soon', (t) => {
  const { handle, orderUntil } = provingOf();
  handle({ kind: 'connected', peer: second.peer, now: startMs });
  const failed = { verdict: 'wrong', fileCount: 2, reasons: ['a part of it was altered'] } as const;
  const told = handle({ kind: 'driveProved', proof: proofOf(resultAt(startMs, failed)), now: startMs });
  t.deepEqual(
    told.map((effect) => (effect.kind === 'report' ? effect.level : effect.kind)),
    ['problem'],
  );
  const next = orderUntil(startMs + minutes(1), startMs + days(1));
  t.is(next, unixMs(startMs + proofRetryMs));
  const again = resultAt(next!, failed);
  t.deepEqual(handle({ kind: 'driveProved', proof: proofOf(again), now: next! }), []);
});

test('on battery, and while nobody is there, nothing is proven', (t) => {
  const { handle, orderUntil } = provingOf();
  t.is(orderUntil(startMs, startMs + days(1)), undefined);
  handle({ kind: 'connected', peer: second.peer, now: startMs });
  handle({ kind: 'powerChanged', source: 'battery', now: startMs });
  t.is(orderUntil(startMs + days(1), startMs + days(2)), undefined);
  handle({ kind: 'powerChanged', source: 'mains', now: startMs });
  t.not(orderUntil(startMs + days(2), startMs + days(2) + hours(1)), undefined);
});

// While a start reads its log again, plans of the past come by in turn: the core acts under the newest only, when all was read.

import test from 'ava';
import { describePack } from '../../../agent/codec/index.ts';
import { AgentCore, type Effects, type StagedSnapshot } from '../../../agent/core/index.ts';
import { ownLogSettleMs } from '../../../agent/limits.ts';
import type { ShardPlace } from '../../../agent/ports.ts';
import { driveId, type PeerId, snapshotId } from '../../../agent/units.ts';
import { createRandom, days, unixMs } from '../../../datasets/index.ts';
import type { Plan } from '../../../optimizer/index.ts';
import { batchOf, certificatesOf, fleet, machines, planOf, startMs } from './fleet-of-four.ts';

const [first, second, third, self] = machines.map(({ peer }) => peer) as [PeerId, PeerId, PeerId, PeerId];
const author = machines[0];
const { descriptor } = describePack(new Uint8Array(100).fill(1), {
  owner: self,
  drive: driveId('0'.repeat(32)),
  placementClass: 'small',
  redundancy: { k: 1, n: 3 },
});

function planWith(epoch: number, members: readonly PeerId[]): Plan {
  const plan = planOf(author, epoch);
  const [placementClass] = plan.classes;
  const [group] = placementClass!.groups;
  return { ...plan, classes: [{ ...placementClass!, groups: [{ ...group!, members }] }] };
}

/** A machine with a pack in one place of its disk starts and reads certificates and plans; what it orders by and by, and then. */
function started(
  place: ShardPlace,
  plans: readonly Plan[],
): {
  readonly core: AgentCore;
  readonly whileReading: Effects;
  readonly withTick: Effects;
} {
  const core = new AgentCore({ self, fleet, fraction: () => 0.5 });
  const stored = [{ place, descriptor, index: 0 }];
  const whileReading = [...core.handle({ kind: 'started', stored, staged: [], heard: [], now: startMs })];
  const certificates = certificatesOf(machines);
  const records = [certificates, ...plans.map((plan) => [{ kind: 'plan', plan } as const])];
  for (const [sequence, words] of records.entries())
    whileReading.push(
      ...core.handle({ kind: 'batchStored', batch: batchOf(author, words, sequence), now: startMs }),
    );
  return { core, whileReading, withTick: core.handle({ kind: 'tick', now: startMs }) };
}

const isOfShards = ({ kind }: Effects[number]): boolean =>
  kind === 'rebuildShard' || kind === 'removeShard' || kind === 'computePlan';

const past = planWith(5, [first, self, third]);
const newest = planWith(6, [first, second, third]);

test('an owner that has a slot under an old plan makes no shard for it when it starts', (t) => {
  const { core, whileReading, withTick } = started('outbox', [past, newest]);
  t.deepEqual(whileReading.filter(isOfShards), []);
  t.deepEqual(withTick.filter(isOfShards), []);
  t.is(core.shelf.plan?.epoch, 6);
});

test('an owner that has a slot under the newest plan makes its shard once all was read', (t) => {
  const { whileReading, withTick } = started('outbox', [newest, planWith(7, [first, self, third])]);
  t.deepEqual(whileReading.filter(isOfShards), []);
  t.deepEqual(withTick.filter(isOfShards), [{ kind: 'rebuildShard', descriptor, index: 1, place: 'held' }]);
});

test('a copy that the newest plan wants stays, though those before it did not', (t) => {
  const copy = {
    pack: descriptor.pack,
    owner: self,
    packClass: 'small',
    redundancy: descriptor.redundancy,
    machine: self,
    bytes: 100,
    untilMs: startMs + days(1),
    reason: { site: 'hall', reads: 3, farShare: 1 },
  } as const;
  const wanting = { ...newest, popular: { copies: [copy], rooms: [{ machine: self, bytes: 1000 }] } };
  const { core, whileReading, withTick } = started('copy', [past, wanting]);
  t.deepEqual(whileReading.filter(isOfShards), []);
  t.deepEqual(withTick.filter(isOfShards), []);
  t.is(core.copies.counts.copies, 1);
});

test('whatever plans a log holds, in whatever order, a start acts as if there were the newest alone', (t) => {
  for (let seed = 0; seed < 50; seed++) {
    const random = createRandom(`plans ${seed}`);
    const plans = Array.from({ length: 1 + random.below(5) }, (_, index) => {
      const members = [first, second, third, self].filter((_peer, at) => at !== random.below(4)).slice(0, 3);
      return members.length === 3 ? planWith(5 + index, members) : newest;
    });
    const last = plans.reduce((best, plan) => (plan.epoch > best.epoch ? plan : best));
    const mixed = plans.toSorted(() => random.fraction() - 0.5);
    for (const place of ['held', 'outbox', 'copy'] as const) {
      const { whileReading, withTick, core } = started(place, mixed);
      t.deepEqual(whileReading.filter(isOfShards), []);
      t.deepEqual(withTick.filter(isOfShards), started(place, [last]).withTick.filter(isOfShards));
      t.deepEqual(core.shelf.plan, last);
    }
  }
});

test('heads that stand in the own log already are not written again, however many wait for others to know them', (t) => {
  const core = new AgentCore({ self, fleet, fraction: () => 0.5 });
  const staged = ['1', '2', '3', '4'].map((digit): StagedSnapshot => {
    const snapshot = snapshotId(digit.repeat(64));
    const head = {
      kind: 'head',
      drive: descriptor.drive,
      snapshot,
      atMs: startMs,
      keyEpoch: 0,
      sealedRoot: new Uint8Array(),
      fileCount: 0,
      byteCount: 0,
      packCount: 0,
    } as const;
    return { snapshot, drive: descriptor.drive, startedMs: startMs, packs: [], head };
  });
  const heads = staged.map(({ head }) => ({ ...head, receiptsDigest: '0'.repeat(64) }));
  core.handle({ kind: 'started', stored: [], staged, heard: [], now: startMs });
  const certificates = certificatesOf(machines);
  core.handle({ kind: 'batchStored', batch: batchOf(author, certificates), now: startMs });
  const written: string[] = [];
  const note = (effects: Effects): void => {
    const records = effects.flatMap((effect) => (effect.kind === 'appendRecords' ? effect.records : []));
    for (const record of records) if (record.kind === 'head') written.push(record.snapshot);
  };
  const own = machines[3];
  const read = (sequence: number): void =>
    note(
      core.handle({ kind: 'batchStored', batch: batchOf(own, [heads[sequence]!], sequence), now: startMs }),
    );
  // Two are on the disk, the third is given back by another machine; nobody has the fourth.
  for (const sequence of [0, 1]) read(sequence);
  note(core.handle({ kind: 'tick', now: startMs }));
  const message = { kind: 'logStored', stream: 'facts', next: 3 } as const;
  for (const { peer } of machines.slice(0, 2)) {
    note(core.handle({ kind: 'connected', peer, now: startMs }));
    note(core.handle({ kind: 'message', from: peer, message, now: startMs }));
  }
  read(2);
  t.deepEqual(written, []);
  for (const ms of [0, ownLogSettleMs, 2 * ownLogSettleMs])
    note(core.handle({ kind: 'tick', now: unixMs(startMs + ms) }));
  t.deepEqual(written, [staged[3]!.snapshot]);
});

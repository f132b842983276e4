// While a start reads its log again, plans of the past come by in turn: the core acts under the newest only, when all was read.

import test from 'ava';
import { describePack } from '../../../agent/codec/index.ts';
import { AgentCore, type Effects } from '../../../agent/core/index.ts';
import type { ShardPlace } from '../../../agent/ports.ts';
import { driveId, type PeerId } from '../../../agent/units.ts';
import { createRandom, days } from '../../../datasets/index.ts';
import type { Plan } from '../../../optimizer/index.ts';
import { batchOf, certificateOf, fleet, machines, planOf, startMs } from './fleet-of-four.ts';

const [first, second, third, self] = machines.map(({ peer }) => peer) as [PeerId, PeerId, PeerId, PeerId];
const author = machines[0]!;
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
  const certificates = machines.map((key) => ({ kind: 'statement', bytes: certificateOf(key) }) as const);
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

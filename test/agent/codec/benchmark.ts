// Prints the numbers of agent/codec/README.md: megabytes a second, best of five, and how long plan records get.
// Run: npx node test/agent/codec/benchmark.ts

import { createHash } from 'node:crypto';
import {
  type AgentRecord,
  cutPoint,
  describePack,
  encodeShards,
  machineKeyFromSeed,
  noBatchHash,
  rebuildShard,
  shardHashOf,
  signBatch,
} from '../../../agent/codec/index.ts';
import type { PlacementGroup } from '../../../optimizer/index.ts';
import { atMs, drive, owner, plan, seedOf } from './samples.ts';
import { createSplitMix } from './split-mix.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function bestMs(work: () => void): number {
  const times = Array.from({ length: 6 }, () => {
    const from = performance.now();
    work();
    return performance.now() - from;
  });
  // The first run is slower: the compiler has not seen the code.
  return Math.min(...times.slice(1));
}

const pack = createSplitMix(1n)(16 * 1024 * 1024);
const throughput = (name: string, work: () => void): void =>
  say(`${name}: ${Math.round(pack.length / 1000 / bestMs(work))} MB/s`);

throughput('cut', () => {
  for (let at = 0; at < pack.length;) at = cutPoint(pack, at, pack.length);
});
for (const [k, parity] of [
  [2, 2],
  [4, 2],
  [10, 4],
] as const) {
  throughput(`encode ${k} + ${parity}`, () => void encodeShards(pack, { k, n: k + parity }));
}

const { descriptor, shards } = describePack(pack, {
  owner: owner.peer,
  drive,
  placementClass: 'bulk',
  redundancy: { k: 4, n: 6 },
});
throughput('hash of a shard', () => void shardHashOf(pack));
throughput('plain SHA-256 beside it', () => void createHash('sha256').update(pack).digest());

const some = new Map([...shards.entries()].slice(2));
say(`rebuild one shard of 4 + 2: ${bestMs(() => void rebuildShard(descriptor, some, 0)).toFixed(1)} ms`);

const peers = Array.from({ length: 200 }, (_, index) => machineKeyFromSeed(seedOf(`machine ${index}`)).peer);
function groupOf(index: number, n: number): PlacementGroup {
  const members = peers.slice(index % 190, (index % 190) + n);
  return {
    id: `g${index}`,
    members,
    weight: 1.123,
    unavailability: 0.0123,
    unavailabilityAt: { '03:00': 0.0123, '10:00': 0.001_23 },
    reasons: members.map((machine) => ({
      machine,
      availability: 0.981_23,
      domain: 'domain 7',
      swapLoss: 1.2345,
      runnerUp: peers[0]!,
      binding: 'veto',
    })),
  };
}

for (const [groupCount, n] of [
  [333, 3],
  [500, 6],
  [1333, 3],
  [10_000, 3],
] as const) {
  const groups = Array.from({ length: groupCount }, (_, index) => groupOf(index, n));
  const record: AgentRecord = {
    kind: 'plan',
    plan: { ...plan, classes: [{ name: 'bulk', redundancy: { k: 1, n }, groups }] },
  };
  const { bytes } = signBatch({
    key: owner,
    stream: 'facts',
    sequence: 0,
    previous: noBatchHash,
    atMs,
    records: [record],
  });
  say(`a plan of ${groupCount} groups of ${n}: ${Math.round(bytes.length / 1000)} kB`);
}

// The erasure code alone: encoding a pack and rebuilding one shard, beside copying the same bytes once, in one thread.

import { describePack, createMachineKey, rebuildShard } from '../../../agent/codec/index.ts';
import { driveId } from '../../../agent/index.ts';
import { mebibyte } from '../../../datasets/index.ts';
import type { Row } from './bench.ts';

const packBytes = 16 * mebibyte;
const codes = [
  { k: 2, n: 4 },
  { k: 4, n: 6 },
  { k: 10, n: 14 },
] as const;

/** Seconds of one run; one thread, so CPU and wall are the same. */
function secondsOf(work: () => void): number {
  const startMs = performance.now();
  work();
  return (performance.now() - startMs) / 1000;
}

export function erasureRows(rounds: number): readonly Row[] {
  const pack = new Uint8Array(packBytes).map((_, at) => (at * 2_654_435_761) >>> 24);
  const parts = {
    owner: createMachineKey().peer,
    drive: driveId('0'.repeat(32)),
    placementClass: 'bulk' as const,
  };
  return codes.flatMap((redundancy) => {
    const name = `${redundancy.k} of ${redundancy.n}`;
    const { descriptor, shards } = describePack(pack, { ...parts, redundancy });
    const left = new Map([...shards.entries()].slice(1));
    const works = {
      [`encode and hash, ${name}`]: () => void describePack(pack, { ...parts, redundancy }),
      [`rebuild a shard, ${name}`]: () => void rebuildShard(descriptor, left, 0),
    };
    return Object.entries(works).flatMap(([work, once]) => {
      const own: number[] = [];
      const copy: number[] = [];
      for (let round = 0; round < rounds; round++) {
        own.push(secondsOf(once));
        copy.push(secondsOf(() => void pack.slice()));
      }
      const row = { work, peakBytes: 0, storedBytes: packBytes };
      return [
        { ...row, tool: 'drey', wallSeconds: own, cpuSeconds: own },
        { ...row, tool: 'memcpy', wallSeconds: copy, cpuSeconds: copy },
      ];
    });
  });
}

// How long it takes to find the groups of packs under a plan that has just come: `npx node test/benchmarks/pack-lookup.ts GROUPS PACKS`.
// Every agent does so for all packs that it knows, with every plan. Prints one line of JSON; times depend on the machine.

import { createRandom, machineId } from '../../datasets/index.ts';
import { groupForPack, type PlacementClass } from '../../optimizer/index.ts';

const [groupCount = 3000, packCount = 1000] = process.argv.slice(2).map(Number);
const random = createRandom(1);
const hex = (digits: number): string =>
  Array.from({ length: digits }, () => random.below(16).toString(16)).join('');
const placementClass: PlacementClass = {
  name: 'bulk',
  redundancy: { k: 1, n: 3 },
  groups: Array.from({ length: groupCount }, (_, at) => ({
    id: `g${at}`,
    members: [0, 1, 2].map((step) => machineId(`m${at + step}`)),
    weight: 1,
    unavailability: 0,
    unavailabilityAt: {},
    reasons: [],
  })),
};
const packs = Array.from({ length: packCount }, () => hex(64));
const owner = machineId('m0');
const startMs = performance.now();
for (const packId of packs) groupForPack({ packId, owner, placementClass });
const ms = performance.now() - startMs;
process.stdout.write(
  `${JSON.stringify({ groupCount, packCount, ms: Math.round(ms), msPerPack: ms / packCount })}\n`,
);

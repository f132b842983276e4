// Repair where half of the machines are off every night and the others have outages of their own: thin groups are many, and whoever helps
// for a night stays. npx node test/benchmarks/repair-nights.ts MACHINES COPIES [SEED]. Prints a line of JSON a policy. Not a test.

import { createRandom, type FleetHistory, machineId, slotUp, unixMs } from '../../datasets/index.ts';
import {
  departuresOf,
  originsOf,
  policiesNamed,
  replayOrigin,
  type Scenario,
} from '../../optimizer/index.ts';

const [machineCount = 20, copies = 2, seed = 1] = process.argv.slice(2).map(Number);
const weeks = 8;
const hours = weeks * 168;
const random = createRandom(seed).fork('outages');

/** Even machines are off from 20 to 8 h; odd ones fail once in five days, for 3 to 40 hours. */
function hoursUp(machine: number): Uint8Array {
  const up = new Uint8Array(hours).fill(slotUp);
  if (machine % 2 === 0) return up.map((state, hour) => (hour % 24 < 8 || hour % 24 >= 20 ? 0 : state));
  const gap = (): number => -120 * Math.log(1 - random.fraction());
  for (let from = gap(), to = 0; from < hours; from = to + gap()) {
    to = from + 3 + 37 * random.fraction();
    up.fill(0, Math.floor(from), Math.min(hours, Math.floor(to)));
  }
  return up;
}

const rows = Array.from({ length: machineCount }, (_, machine) => hoursUp(machine));
const up = new Uint8Array(machineCount * hours);
for (const [machine, row] of rows.entries()) up.set(row, machine * hours);
const history: FleetHistory = {
  startMs: unixMs(Date.UTC(2026, 0, 5)),
  slotMs: 3_600_000,
  slotCount: hours,
  machines: rows.map((_, machine) => ({
    machine: machineId(`m${machine}`),
    attributes: {},
    utcOffsetMs: 0,
  })),
  up,
  access: [],
};
const rules = {
  redundancy: { k: 1, n: copies },
  capacityFactor: 1.5,
  trainWeeks: 4,
  testWeeks: 2,
  origins: 2,
  repair: 'on',
  patienceMs: 90 * 3_600_000,
  seed,
} as const;
const scenario: Scenario = { history, rules, departures: departuresOf(history) };
for (const policy of policiesNamed([
  'best-k with swaps',
  'best-k with swaps + repair by margin',
  'independence',
  'independence + repair by margin',
])) {
  let [unavailable, fileHours, moved, stored] = [0, 0, 0, 0];
  for (const [index, origin] of originsOf(history, rules).entries()) {
    const { account } = await replayOrigin(scenario, policy, { origin, index, stopwatch: () => 0 });
    unavailable += account.unavailableFileSlots;
    fileHours += account.fileSlots;
    moved += account.movedBytes;
    stored += account.storedBytes;
  }
  const line = {
    policy: policy.name,
    unavailable: (unavailable / fileHours).toExponential(1),
    moved: (moved / stored).toPrecision(2),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

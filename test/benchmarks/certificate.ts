// How long certified groups take and how far they are from the best, on a made-up fleet:
// npx node test/benchmarks/certificate.ts N K n. Prints one line of JSON. Not a test: times depend on the machine.

import {
  capacitiesFor,
  certifiedGroups,
  certify,
  chooseGroups,
  groupCountFor,
  loadSolver,
  statesFromForecast,
} from '../../optimizer/index.ts';
import { fleetForecast } from '../optimizer/fleet-forecast.ts';

const [machineCount = 200, k = 1, n = 3] = process.argv.slice(2).map(Number);
const forecast = fleetForecast({ machineCount, shockCount: Math.min(40, Math.ceil(machineCount / 6)) });
const states = statesFromForecast(forecast);
const groupCount = groupCountFor(machineCount, { k, n });
const quotas = forecast.machines.map(() => 1);
const question = {
  states,
  redundancy: { k, n },
  groupCount,
  capacities: capacitiesFor(quotas, { groupCount, n }),
  seed: 1,
};
const seconds = (sinceMs: number): number => Math.round(performance.now() - sinceMs) / 1000;

const solver = await loadSolver();
const climbStartMs = performance.now();
const climbed = chooseGroups(question);
const climbSeconds = seconds(climbStartMs);
const startMs = performance.now();
const { groups, certificate } = certifiedGroups({ ...question, solver, start: climbed });
const programSeconds = seconds(startMs);
// The climb's certificate has the bound computed anew, from the prices alone.
const checkStartMs = performance.now();
const before = certify(question, { groups: climbed, prices: certificate.prices }).certificate;
const checkSeconds = seconds(checkStartMs);
const answer = {
  machineCount,
  code: `${k} of ${n}`,
  states: states.weights.length,
  groupCount,
  distinctGroups: new Set(groups.map((members) => members.toSorted((a, b) => a - b).join(' '))).size,
  climb: before.value.toExponential(3),
  climbGap: Number(before.gap.toFixed(4)),
  value: certificate.value.toExponential(3),
  lowerBound: certificate.lowerBound.toExponential(3),
  boundChecked: before.lowerBound.toExponential(3),
  gap: Number(certificate.gap.toFixed(4)),
  climbSeconds,
  programSeconds,
  checkSeconds,
  // Wall time depends on what else runs; this is the whole process, start to end.
  processorSeconds: Math.round(process.resourceUsage().userCPUTime / 1e6),
  memoryMiBMax: Math.round(process.resourceUsage().maxRSS / 1024),
};
process.stdout.write(`${JSON.stringify(answer)}\n`);

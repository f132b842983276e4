// How long a climb takes and how good its groups are, on a made-up fleet: npx node test/optimizer/climb-benchmark.ts N K n
// Prints one line of JSON. Not a test: times depend on the machine.

import {
  capacitiesFor,
  chooseGroups,
  computePlan,
  groupCountFor,
  statesFromForecast,
  unavailability,
} from '../../optimizer/index.ts';
import { fleetForecast } from './fleet-forecast.ts';

const [machineCount = 60, k = 4, n = 6] = process.argv.slice(2).map(Number);
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

function measure(method: 'climb' | 'best-k' | 'random'): {
  readonly seconds: number;
  readonly meanOdds: string;
} {
  const startMs = performance.now();
  const groups = chooseGroups({ ...question, method });
  const seconds = Math.round(performance.now() - startMs) / 1000;
  const sum = groups.reduce((total, members) => total + unavailability(states, { members, k }), 0);
  return { seconds, meanOdds: (sum / groups.length).toExponential(3) };
}

const startMs = performance.now();
const machines = forecast.machines.map((machine) => ({ machine, quotaBytes: 1 }));
const plan = computePlan({ machines, forecast, author: machines[0]!.machine, nowMs: 0, seed: 1 });
const planSeconds = Math.round(performance.now() - startMs) / 1000;
const answer = {
  machineCount,
  states: states.weights.length,
  groupCount,
  random: measure('random'),
  bestK: measure('best-k'),
  climb: measure('climb'),
  planSeconds,
  planBytes: JSON.stringify(plan).length,
};
process.stdout.write(`${JSON.stringify(answer)}\n`);

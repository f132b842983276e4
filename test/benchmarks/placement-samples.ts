// Policies on many small samples of one trace, two copies: a single replay fails a handful of times and says little, fifty of them
// say more. npx node test/benchmarks/placement-samples.ts TRACE.avt SAMPLES [MACHINES [BLOCK [ORIGINS [LABELS.csv]]]], or "generated"
// in place of a trace: fleets of 60 machines with labels site and subnet. Prints lines of JSON. Not a test: what it says is for people.

import { type FleetHistory, generateFleet, unixMs } from '../../datasets/index.ts';
import { habitForecast } from '../../models/index.ts';
import {
  departuresOf,
  loadLabels,
  loadTrace,
  type OriginResult,
  originsOf,
  policiesNamed,
  replayOrigin,
  type Scenario,
  statesFromForecast,
  theBar,
} from '../../optimizer/index.ts';

type Policy = ReturnType<typeof theBar>;

/** What Drey places by where neither network nor shocks passed their gates. */
const habits: Policy = {
  name: 'habits, and hours that were',
  needs: 'past',
  learn: ({ past }) => {
    const forecast = habitForecast(past);
    return {
      states: statesFromForecast(forecast),
      method: 'climb',
      goneOdds: forecast.goneProbability,
    };
  },
};

const [file = 'generated', count = '8', machines = '150', block = '50', origins = '1', labelsFile] =
  process.argv.slice(2);
const redundancy = { k: 1, n: 2 } as const;
/** Added to both sides of a ratio: one file for ten hours. */
const fileHoursFloor = 10;

const labelColumn = (history: FleetHistory, name: 'site' | 'subnet'): Int32Array => {
  const values = [...new Set(history.machines.map(({ attributes }) => attributes[name] ?? ''))];
  return Int32Array.from(history.machines, ({ attributes }) =>
    attributes[name] === undefined ? -1 : values.indexOf(attributes[name]),
  );
};

/** One seed: its machines, and their labels where there are some. */
async function sampleOf(seed: number): Promise<Pick<Scenario, 'history' | 'labels'>> {
  if (file === 'generated') {
    const { history } = generateFleet({
      seed,
      machineCount: 60,
      weeks: 6,
      startMs: unixMs(Date.UTC(2026, 0, 5)),
      siteLabels: 'present',
    });
    const hidden = history.machines.map((machine) => ({ ...machine, attributes: {} }));
    const columns = [labelColumn(history, 'site'), labelColumn(history, 'subnet')];
    // With one site for most machines, keeping sites apart keeps nobody apart.
    const labels = columns.filter((column) => new Set(column).size > 3);
    return { history: { ...history, machines: hidden }, labels };
  }
  const history = await loadTrace({
    file,
    format: 'avt',
    machineCount: Number(machines),
    block: Number(block),
    seed,
    stepMs: 3_600_000,
    trainWeeks: 3,
  });
  if (labelsFile === undefined) return { history };
  const ids = history.machines.map(({ machine }) => machine);
  return { history, labels: await loadLabels(labelsFile, ids, redundancy.n) };
}

interface Tally {
  unavailable: number;
  fileHours: number;
  readonly logRatios: number[];
}

const tallies = new Map<string, Tally>();

/** Adds an origin of a policy to its tally, beside what the bar came to there. */
function add(name: string, { account }: OriginResult, ofBar: number): void {
  const tally = tallies.get(name) ?? { unavailable: 0, fileHours: 0, logRatios: [] };
  tally.unavailable += account.unavailableFileSlots;
  tally.fileHours += account.fileSlots;
  const own = account.unavailableFileSlots + fileHoursFloor;
  tally.logRatios.push(Math.log((ofBar + fileHoursFloor) / own));
  tallies.set(name, tally);
}

for (let seed = 1001; seed < 1001 + Number(count); seed++) {
  const sample = await sampleOf(seed);
  const rules = {
    redundancy,
    capacityFactor: 1.5,
    trainWeeks: file === 'generated' ? 4 : 3,
    testWeeks: 2,
    origins: Number(origins),
    repair: 'on',
    patienceMs: 90 * 3_600_000,
    seed,
  } as const;
  const scenario: Scenario = { ...sample, rules, departures: departuresOf(sample.history) };
  const bar = theBar((sample.labels?.length ?? 0) > 0);
  const rivals = policiesNamed(['best-k', 'best-k with swaps', 'raw co-failure', 'independence', 'oracle']);
  const entrants = [...rivals.filter(({ name }) => name !== bar.name), habits];
  for (const [index, origin] of originsOf(sample.history, rules).entries()) {
    const turn = { origin, index, stopwatch: () => 0 };
    const ofBar = await replayOrigin(scenario, bar, turn);
    add('the bar', ofBar, ofBar.account.unavailableFileSlots);
    for (const policy of entrants)
      add(policy.name, await replayOrigin(scenario, policy, turn), ofBar.account.unavailableFileSlots);
  }
}
const unavailableOfBar = tallies.get('the bar')!.unavailable;
for (const [policy, { unavailable, fileHours, logRatios }] of tallies) {
  const mean = logRatios.reduce((sum, value) => sum + value, 0) / logRatios.length;
  const line = {
    policy,
    unavailable: (unavailable / fileHours).toExponential(1),
    timesFewerPooled: ((unavailableOfBar + fileHoursFloor) / (unavailable + fileHoursFloor)).toPrecision(3),
    timesFewerMean: Math.exp(mean).toPrecision(3),
    worst: Math.exp(Math.min(...logRatios)).toPrecision(2),
    won: logRatios.filter((value) => value > 0).length,
    lost: logRatios.filter((value) => value < 0).length,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

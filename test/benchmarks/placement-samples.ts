// Policies on many small samples of one trace: a single replay fails a handful of times and says little, fifty of them say more.
// npx node test/benchmarks/placement-samples.ts --trace TRACE.avt --samples S [--machines 60 --block 20 --origins 1 --replicas 2 --first 3001
// --labels LABELS.csv --learned --turns]; without a trace, generated fleets with labels site and subnet. Prints lines of JSON. Not a test: what it says is for people.

import { parseArgs } from 'node:util';
import { createRandom, type FleetHistory, generateFleet, unixMs } from '../../datasets/index.ts';
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

/** What Drey places and repairs by where neither network nor shocks passed their gates. Names are part of the seed. */
const habits = (name: string, needs: Policy['needs']): Policy => ({
  name,
  needs,
  learn: ({ past, labels }) => {
    const forecast = habitForecast(past);
    return {
      states: statesFromForecast(forecast),
      method: 'climb',
      goneOdds: forecast.goneProbability,
      ...(forecast.presence === undefined ? {} : { presence: forecast.presence }),
      ...(labels === undefined ? {} : { apart: labels }),
    };
  },
});

const { values: asked } = parseArgs({
  options: {
    trace: { type: 'string' },
    samples: { type: 'string', default: '8' },
    machines: { type: 'string', default: '60' },
    block: { type: 'string', default: '20' },
    origins: { type: 'string', default: '1' },
    replicas: { type: 'string', default: '2' },
    first: { type: 'string', default: '3001' },
    labels: { type: 'string' },
    learned: { type: 'boolean', default: false },
    turns: { type: 'boolean', default: false },
  },
});
const [samples, machineCount, first] = [asked.samples, asked.machines, asked.first].map(Number) as [
  number,
  number,
  number,
];
const redundancy = { k: 1, n: Number(asked.replicas) } as const;
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
  if (asked.trace === undefined) {
    const { history } = generateFleet({
      seed,
      machineCount,
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
    file: asked.trace,
    format: 'avt',
    machineCount,
    block: Number(asked.block),
    seed,
    stepMs: 3_600_000,
    trainWeeks: 3,
  });
  if (asked.labels === undefined) return { history };
  const ids = history.machines.map(({ machine }) => machine);
  const { columns } = await loadLabels(asked.labels, ids, redundancy.n);
  return { history, labels: columns };
}

/** One origin of one sample. */
interface Turn {
  readonly seed: number;
  readonly origin: number;
  readonly unavailable: number;
  readonly fileHours: number;
  readonly lostFiles: number;
  readonly movedShare: number;
}

/** By policy, in the order in which the turns were played. */
const turns = new Map<string, Turn[]>();

function add(name: string, seed: number, { origin, account, sources }: OriginResult): void {
  const { unavailableFileSlots, fileSlots, lostFiles, movedBytes, storedBytes } = account;
  const turn = {
    seed,
    origin,
    unavailable: unavailableFileSlots,
    fileHours: fileSlots,
    lostFiles,
    movedShare: movedBytes / Math.max(1, storedBytes),
  };
  turns.set(name, [...(turns.get(name) ?? []), turn]);
  if (asked.turns) process.stderr.write(`${JSON.stringify({ policy: name, ...turn, sources })}\n`);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const unavailableIn = (some: readonly Turn[]): number => sum(some.map(({ unavailable }) => unavailable));
const fileHoursIn = (some: readonly Turn[]): number => sum(some.map(({ fileHours }) => fileHours));

/** Times fewer than the bar, all these turns together, as if both had counted as many file-hours as they did on average. */
function pooledRatio(own: readonly Turn[], ofBar: readonly Turn[]): number {
  const mean = (fileHoursIn(own) + fileHoursIn(ofBar)) / 2;
  const side = (some: readonly Turn[]): number =>
    (unavailableIn(some) * mean) / Math.max(1, fileHoursIn(some));
  return (side(ofBar) + fileHoursFloor) / (side(own) + fileHoursFloor);
}

const bootstraps = 2000;

/**
 * 95 % of draws of the samples and of the origins, both with return (Owen, 2007): one outage of a trace is in all samples of its origin, and
 * drawing turns alone would count it once a sample.
 */
function intervalOf(own: readonly Turn[], ofBar: readonly Turn[]): readonly [string, string] {
  const random = createRandom(1).fork('turns');
  const drawOf = (keys: readonly number[]): readonly number[] => {
    const all = [...new Set(keys)];
    return all.map(() => all[random.below(all.length)]!);
  };
  const place = new Map(own.map(({ seed, origin }, at) => [`${seed} ${origin}`, at]));
  const ratios = Array.from({ length: bootstraps }, () => {
    const origins = drawOf(own.map(({ origin }) => origin));
    const seeds = drawOf(own.map(({ seed }) => seed));
    const drawn = seeds.flatMap((seed) => origins.flatMap((origin) => place.get(`${seed} ${origin}`) ?? []));
    return pooledRatio(
      drawn.map((at) => own[at]!),
      drawn.map((at) => ofBar[at]!),
    );
  }).toSorted((a, b) => a - b);
  const at = (share: number): string => ratios[Math.floor(share * bootstraps)]!.toPrecision(2);
  return [at(0.025), at(0.975)];
}

for (let seed = first; seed < first + samples; seed++) {
  const sample = await sampleOf(seed);
  const hasLabels = (sample.labels?.length ?? 0) > 0;
  const rules = {
    redundancy,
    capacityFactor: 1.5,
    trainWeeks: asked.trace === undefined ? 4 : 3,
    testWeeks: 2,
    origins: Number(asked.origins),
    repair: 'on',
    patienceMs: 90 * 3_600_000,
    seed,
  } as const;
  const scenario: Scenario = { ...sample, rules, departures: departuresOf(sample.history) };
  const bar = theBar(hasLabels);
  const entrants = [
    ...policiesNamed([`${bar.name} + repair by margin`]),
    habits('habits', 'past'),
    ...(hasLabels ? [habits('habits with labels', 'labels')] : []),
    ...(asked.learned ? policiesNamed(['learned']) : []),
  ];
  for (const [index, origin] of originsOf(sample.history, rules).entries()) {
    const turn = { origin, index, stopwatch: () => 0 };
    add('the bar', seed, await replayOrigin(scenario, bar, turn));
    for (const policy of entrants) {
      const isOfBar = policy.name.startsWith(bar.name);
      const name = isOfBar ? 'the bar + repair by margin' : policy.name;
      add(name, seed, await replayOrigin(scenario, policy, turn));
    }
  }
}
const ofBar = turns.get('the bar')!;
for (const [policy, own] of turns) {
  const logRatios = own.map((turn, at) => Math.log(pooledRatio([turn], [ofBar[at]!])));
  const line = {
    policy,
    unavailable: (unavailableIn(own) / fileHoursIn(own)).toExponential(1),
    timesFewerPooled: pooledRatio(own, ofBar).toPrecision(3),
    interval: intervalOf(own, ofBar),
    timesFewerMean: Math.exp(sum(logRatios) / own.length).toPrecision(3),
    worst: Math.exp(Math.min(...logRatios)).toPrecision(2),
    won: logRatios.filter((value) => value > 0).length,
    lost: logRatios.filter((value) => value < 0).length,
    lostFiles: sum(own.map(({ lostFiles }) => lostFiles)),
    moved: (sum(own.map(({ movedShare }) => movedShare)) / own.length).toPrecision(2),
    turns: own.length,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

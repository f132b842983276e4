// Odds of groups against what came, pooled over many samples: of triples of any machines by the power of ten of their odds, and of groups as the
// optimizer chooses them (who chooses by odds chooses errors too). By habits and shocks, without networks: a second or two a sample.
// npx node test/benchmarks/group-odds.ts --first 101 --samples 16 [--unseen off --trace TRACE.avt --machines 100 --block 20 --train 3 --test 2]; without a trace,
// generated fleets of 60, five weeks and the one after; `--unseen off` leaves out causes that were not seen yet. Prints lines of JSON. Not a test: what it says is for people.

import { parseArgs } from 'node:util';
import { mean } from 'simple-statistics';
import {
  createRandom,
  type FleetHistory,
  generateFleet,
  sliceHistory,
  slotDown,
  slotUp,
  unixMs,
} from '../../datasets/index.ts';
import { openBackend } from '../../models/backend.ts';
import { adjustedRandIndex, type FailureForecast } from '../../models/index.ts';
import { forecastLikelihoods } from '../../models/forecast-likelihood.ts';
import {
  betaBinomialLikelihood,
  biExponentialLikelihood,
  independenceLikelihood,
} from '../../models/joint-baselines.ts';
import { fitShockMixture, meanLogLikelihood, type ShockMixture } from '../../models/joint-failure.ts';
import { forecastOf } from '../../models/serving-forecast.ts';
import { unseenOrigin } from '../../models/unseen-shocks.ts';
import { loadTrace, statesFromForecast, unavailability } from '../../optimizer/index.ts';
import { Roster } from '../../optimizer/replay/roster.ts';
import { chosenGroups, type Groups, triplesOf, withoutAttributes } from './judged-groups.ts';

const { values: asked } = parseArgs({
  options: {
    trace: { type: 'string' },
    first: { type: 'string', default: '101' },
    samples: { type: 'string', default: '16' },
    machines: { type: 'string', default: '100' },
    block: { type: 'string', default: '20' },
    train: { type: 'string', default: '3' },
    test: { type: 'string', default: '2' },
    unseen: { type: 'string', default: 'on' },
  },
});
const [week, day] = [168, 24];
const tripleCount = 10_000;
const { tf } = await openBackend();

interface Sample {
  readonly past: FleetHistory;
  readonly future: FleetHistory;
  /** Of generated fleets the hidden domain of each machine, or −1. */
  readonly domainOfMachine?: Int32Array;
}

/** Each sample of a trace begins in another week, if there are more than are needed; its machines are those that were up at least once in the past. */
async function sampleOf(seed: number): Promise<Sample> {
  if (asked.trace === undefined) {
    const fleet = generateFleet({ seed, machineCount: 60, weeks: 6, startMs: unixMs(Date.UTC(2026, 0, 5)) });
    const history = withoutAttributes(fleet.history);
    return {
      past: sliceHistory(history, { fromSlot: 0, toSlot: 5 * week }),
      future: sliceHistory(history, { fromSlot: 5 * week, toSlot: 6 * week }),
      domainOfMachine: fleet.truth.domainOfMachine,
    };
  }
  const [train, test] = [Number(asked.train), Number(asked.test)];
  const history = await loadTrace({
    file: asked.trace,
    format: 'avt',
    machineCount: Number(asked.machines),
    block: Number(asked.block),
    seed,
    stepMs: 3_600_000,
    trainWeeks: train,
  });
  const spareWeeks = Math.floor(history.slotCount / week) - train - test;
  const fromSlot =
    week *
    createRandom(seed)
      .fork('week')
      .below(Math.max(1, spareWeeks + 1));
  const split = fromSlot + train * week;
  const roster = new Roster(history);
  roster.lookUntil(split);
  const rows = roster.seenSince(fromSlot);
  const toSlot = Math.min(history.slotCount, split + test * week);
  return { past: roster.past(rows, fromSlot), future: roster.future(rows, toSlot) };
}

/** Shocks serve where they win the last week of the past, as in a training. */
async function forecastFrom(past: FleetHistory): Promise<FailureForecast> {
  const fit = (history: FleetHistory): Promise<ShockMixture> =>
    fitShockMixture(history, { tf, steps: 150, onStep: async () => undefined });
  const split = past.slotCount - week;
  const before = sliceHistory(past, { fromSlot: 0, toSlot: split });
  const last = sliceHistory(past, { fromSlot: split, toSlot: past.slotCount });
  const tried = await fit(before);
  const best = Math.max(
    independenceLikelihood(tried.marginals, last),
    betaBinomialLikelihood(before, last),
    biExponentialLikelihood(before, last),
  );
  const serves = meanLogLikelihood(tf, tried, last) > best;
  const forecast = forecastOf(past, {
    source: 'habits and shocks',
    mixture: serves ? await fit(past) : undefined,
  });
  const shocks = forecast.shocks.filter(({ origin }) => asked.unseen === 'on' || origin !== unseenOrigin);
  return { ...forecast, shocks };
}

/** Group-hours that were said to be out of reach, and that were, by day. */
interface Tally {
  groups: number;
  readonly hours: Float64Array;
  readonly said: Float64Array;
  readonly came: Float64Array;
}

function tallies(
  forecast: FailureForecast,
  { slotCount, up }: FleetHistory,
  { groups, nameOf }: { readonly groups: Groups; readonly nameOf: (odds: number) => string },
): ReadonlyMap<string, Tally> {
  const states = statesFromForecast(forecast);
  const found = new Map<string, Tally>();
  const days = (): Float64Array => new Float64Array(Math.ceil(slotCount / day));
  for (const members of groups) {
    const odds = unavailability(states, { members, k: 1 });
    const name = nameOf(odds);
    const tally = found.get(name) ?? { groups: 0, hours: days(), said: days(), came: days() };
    found.set(name, tally);
    tally.groups++;
    for (let slot = 0; slot < slotCount; slot++) {
      const seen = members.map((row) => up[row * slotCount + slot]!);
      if (seen.some((state) => state > slotUp)) continue;
      const at = Math.floor(slot / day);
      tally.hours[at]!++;
      tally.said[at]! += odds;
      if (seen.every((state) => state === slotDown)) tally.came[at]!++;
    }
  }
  return found;
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
const draws = 1000;

/** Said by came, with 95 % of draws of the samples and of the days, both with return (Owen, 2007): one outage makes many groups fail. */
function print(kind: string, samples: readonly ReadonlyMap<string, Tally>[]): void {
  const names = [...new Set(samples.flatMap((sample) => [...sample.keys()]))];
  const random = createRandom('draws');
  for (const name of names.toSorted()) {
    const own = samples.flatMap((sample) => sample.get(name) ?? []);
    const total = (of: 'hours' | 'said' | 'came'): number => own.reduce((all, one) => all + sum(one[of]), 0);
    const days = Math.max(...own.map(({ said }) => said.length));
    const ratios = Array.from({ length: draws }, () => {
      const drawnDays = Array.from({ length: days }, () => random.below(days));
      let [said, came] = [0, 0];
      for (const sample of samples.map(() => samples[random.below(samples.length)]!.get(name))) {
        for (const at of drawnDays) {
          said += sample?.said[at] ?? 0;
          came += sample?.came[at] ?? 0;
        }
      }
      return said / came;
    })
      .filter((ratio) => !Number.isNaN(ratio))
      .toSorted((a, b) => a - b);
    const line = {
      groups: own.reduce((all, one) => all + one.groups, 0),
      said: (total('said') / total('hours')).toExponential(1),
      came: (total('came') / total('hours')).toExponential(1),
      ratio: (total('said') / total('came')).toPrecision(2),
      interval: [0.025, 0.975].map((share) => ratios[Math.floor(share * ratios.length)]!.toPrecision(2)),
    };
    process.stdout.write(`${JSON.stringify({ kind, about: name, ...line })}\n`);
  }
}

const [first, samples] = [Number(asked.first), Number(asked.samples)];
const [anyTriples, threes, twos]: Map<string, Tally>[][] = [[], [], []];
const likelihoods: number[] = [];
/** Of the fleets where shocks serve. */
const randIndices: number[] = [];
/** Who is in no domain is one alone. */
const clustersOf = (domains: Int32Array): readonly number[] =>
  Array.from(domains, (domain, row) => (domain < 0 ? domains.length + row : domain));
for (let seed = first; seed < first + samples; seed++) {
  const { past, future, domainOfMachine } = await sampleOf(seed);
  const forecast = await forecastFrom(past);
  const inTens = (odds: number): string => `1e${Math.round(Math.log10(Math.max(1e-9, odds)))}`;
  const of = (groups: Groups, nameOf: (odds: number) => string): Map<string, Tally> =>
    new Map(tallies(forecast, future, { groups, nameOf }));
  anyTriples!.push(
    of(triplesOf(past.machines.length, tripleCount, createRandom(seed).fork('triples')), inTens),
  );
  threes!.push(of(chosenGroups(forecast, 3), () => 'all'));
  twos!.push(of(chosenGroups(forecast, 2), () => 'all'));
  likelihoods.push(sum(forecastLikelihoods(forecast, future)) / future.slotCount);
  if (domainOfMachine !== undefined && forecast.domainOfMachine.some((domain) => domain >= 0))
    randIndices.push(adjustedRandIndex(clustersOf(forecast.domainOfMachine), clustersOf(domainOfMachine)));
}
print('any triple', anyTriples!);
print('chosen, three copies', threes!);
print('chosen, two copies', twos!);
const last = {
  samples,
  logLikelihoodOfAnHour: mean(likelihoods).toFixed(3),
  ...(randIndices.length === 0
    ? {}
    : { adjustedRandIndex: mean(randIndices).toFixed(3), randIndices: randIndices.length }),
};
process.stdout.write(`${JSON.stringify(last)}\n`);

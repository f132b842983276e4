// How well common causes are learned, on generated fleets whose truth is known, and on a trace: domains found without labels, odds
// of whole groups failing against what came, machines of day 0. npx node test/benchmarks/joint-failure.ts [--trace FILE] [SEED …].
// Prints lines of JSON. Not a test: what it says is for people.

import {
  createRandom,
  type FleetHistory,
  generateFleet,
  sliceHistory,
  slotDown,
  slotUnknown,
  unixMs,
} from '../../datasets/index.ts';
import { adjustedRandIndex, type FailureForecast, trainModels } from '../../models/index.ts';
import { loadTrace, replayGroups, statesFromForecast, unavailability } from '../../optimizer/index.ts';
import { chosenGroups, triplesOf, withoutAttributes } from './judged-groups.ts';

const startMs = unixMs(Date.UTC(2026, 0, 5));
const redundancy = { k: 1, n: 3 } as const;

/** Learned from all but the last week. */
const learn = async (
  history: FleetHistory,
): Promise<{ readonly forecast: FailureForecast; readonly future: FleetHistory }> => {
  const split = history.slotCount - 168;
  const past = sliceHistory(history, { fromSlot: 0, toSlot: split });
  const { forecast } = await trainModels({ history: past, seed: 1, nowMs: 0 });
  return { forecast, future: sliceHistory(history, { fromSlot: split, toSlot: history.slotCount }) };
};

/** Share of group-hours unavailable. */
function realised(groups: readonly (readonly number[])[], future: FleetHistory): number {
  let [lost, seen] = [0, 0];
  for (const { all } of replayGroups(groups, future, redundancy.k)) {
    lost += all.lost;
    seen += all.seen;
  }
  return seen === 0 ? 0 : lost / seen;
}

/** Triples by the power of ten of their predicted odds: mean prediction beside mean outcome. */
function calibration(
  forecast: FailureForecast,
  future: FleetHistory,
  triples: readonly (readonly number[])[],
): readonly object[] {
  const states = statesFromForecast(forecast);
  const bins = new Map<number, { predicted: number; came: number; count: number }>();
  for (const members of triples) {
    const odds = unavailability(states, { members, k: 1 });
    const bin = Math.round(Math.log10(Math.max(1e-9, odds)));
    const sums = bins.get(bin) ?? { predicted: 0, came: 0, count: 0 };
    bins.set(bin, {
      predicted: sums.predicted + odds,
      came: sums.came + realised([members], future),
      count: sums.count + 1,
    });
  }
  return [...bins]
    .toSorted((a, b) => b[0] - a[0])
    .map(([bin, { predicted, came, count }]) => ({
      bin: `1e${bin}`,
      triples: count,
      predicted: Number((predicted / count).toExponential(2)),
      came: Number((came / count).toExponential(2)),
      ratio: Number((predicted / Math.max(1e-12, came)).toPrecision(3)),
    }));
}

/** One machine in ten has no past at all; its odds of each kind of hour beside those of the others, by the Brier score of the week. */
async function dayZero(history: FleetHistory): Promise<object> {
  const split = history.slotCount - 168;
  const isCold = (row: number): boolean => row % 10 === 7;
  const up = Uint8Array.from(history.up, (state, at) =>
    isCold(Math.floor(at / history.slotCount)) && at % history.slotCount < split ? slotUnknown : state,
  );
  const warm = await learn(history);
  const cold = await learn({ ...history, up });
  const brier = ({ forecast, future }: typeof warm): number => {
    let [sum, count] = [0, 0];
    const mean = forecast.machines.map((_, row) =>
      forecast.strata.reduce(
        (total, { weight, downProbability }) => total + weight * downProbability[row]!,
        0,
      ),
    );
    for (const [row, odds] of mean.entries()) {
      if (!isCold(row)) continue;
      for (const state of future.up.subarray(row * future.slotCount, (row + 1) * future.slotCount)) {
        if (state === slotUnknown) continue;
        sum += (odds - Number(state === slotDown)) ** 2;
        count++;
      }
    }
    return sum / count;
  };
  return {
    coldBrier: Number(brier(cold).toPrecision(3)),
    sameMachinesWarm: Number(brier(warm).toPrecision(3)),
  };
}

const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const [flag, file, ...rest] = process.argv.slice(2);
if (flag === '--trace' && file !== undefined) {
  for (const seed of rest.length === 0 ? ['1'] : rest) {
    const history = await loadTrace({
      file,
      format: 'avt',
      machineCount: 300,
      block: 100,
      seed,
      stepMs: 3_600_000,
      trainWeeks: 4,
    });
    const { forecast, future } = await learn(
      sliceHistory(history, { fromSlot: 0, toSlot: Math.min(5 * 168, history.slotCount) }),
    );
    const random = createRandom(seed);
    print({
      seed,
      chosen: calibration(forecast, future, chosenGroups(forecast, redundancy.n)),
      random: calibration(forecast, future, triplesOf(forecast.machines.length, 20_000, random)),
    });
  }
} else {
  for (const seed of process.argv.length > 2 ? process.argv.slice(2) : ['1', '2', '3']) {
    const { history, truth } = generateFleet({ seed, machineCount: 60, weeks: 6, startMs });
    const hidden = await learn(withoutAttributes(history));
    const labelled = await learn(history);
    const found = [...hidden.forecast.domainOfMachine].map((domain, row) =>
      domain < 0 ? 1000 + row : domain,
    );
    const real = [...truth.domainOfMachine].map((domain, row) => (domain < 0 ? 1000 + row : domain));
    print({
      seed,
      adjustedRandIndex: Number(adjustedRandIndex(found, real).toPrecision(3)),
      hidden: realised(chosenGroups(hidden.forecast, redundancy.n), hidden.future),
      labelled: realised(chosenGroups(labelled.forecast, redundancy.n), labelled.future),
      random: realised(triplesOf(60, 20_000, createRandom(seed)), hidden.future),
      dayZero: await dayZero(history),
      calibration: calibration(hidden.forecast, hidden.future, triplesOf(60, 20_000, createRandom(seed))),
    });
  }
}

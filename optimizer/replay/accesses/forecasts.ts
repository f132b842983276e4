// Forecasts of demand as the replay asks for them: fitted once on the hours before a moment, then told each hour as it passes. The gate
// lets serve what needed the least WAN in hours that none of them was fitted to.

import { type AccessTrace, hourMs } from '../../../datasets/index.ts';
import {
  AccessMemory,
  decayedDemand,
  examplesOf,
  type FittedPopularity,
  fitPopularity,
  judgeDemand,
  openBackend,
  pairRowsAt,
  type PairRows,
  type PopularityJudgement,
  predictDemand,
} from '../../../models/index.ts';
import {
  type AccessResult,
  type AccessRules,
  type AccessScene,
  cacheNames,
  type DemandForecast,
  replayCache,
  replayPushes,
} from './replay-accesses.ts';

export interface FittedForecasts {
  /** Decayed counts, linear Hawkes, learned; empty where there is too little access. */
  readonly forecasts: readonly (() => DemandForecast)[];
  /** How they rank files from `untilHour` to the trace's end. */
  readonly judgement?: PopularityJudgement;
}

export interface FitWish {
  readonly untilHour: number;
  readonly seed: number | string;
  readonly epochs: number;
}

/** Fits all forecasts to the hours before `untilHour`. */
export async function fitForecasts(
  { trace, rules }: AccessScene,
  { untilHour, seed, epochs }: FitWish,
): Promise<FittedForecasts> {
  const { tf } = await openBackend();
  const { stepHours, horizonHours } = rules;
  const fitted = await fitPopularity(
    trace,
    { stepHours, horizonHours, untilHour },
    { tf, seed, epochs, onEpoch: async () => {} },
  );
  if (fitted === undefined) return { forecasts: [] };
  const moments = examplesOf(trace, {
    stepHours,
    horizonHours,
    fromHour: untilHour,
    toHour: trace.hourCount,
    seed,
    countMax: Number.POSITIVE_INFINITY,
  });
  const judgement = judgeDemand(tf, fitted, moments);
  const rates: Readonly<Record<string, (rows: PairRows) => Float32Array>> = ratesOf(fitted, (model, rows) =>
    predictDemand(tf, model, rows),
  );
  return {
    forecasts: Object.entries(rates).map(
      ([name, rate]) =>
        () =>
          followed({ name, trace, horizonHours, rate, echo: fitted.decayed.scale }),
    ),
    ...(judgement === undefined ? {} : { judgement }),
  };
}

type Predict = (model: FittedPopularity['model'], rows: PairRows) => Float32Array;

const ratesOf = (
  { model, hawkes, decayed }: FittedPopularity,
  predict: Predict,
): Readonly<Record<string, (rows: PairRows) => Float32Array>> => ({
  'pushes by decayed counts': (rows) => decayedDemand(decayed, rows),
  'pushes by linear Hawkes': (rows) => predict(hawkes, rows),
  'pushes by the model': (rows) => predict(model, rows),
});

interface Following {
  readonly name: string;
  readonly trace: AccessTrace;
  readonly horizonHours: number;
  readonly rate: (rows: PairRows) => Float32Array;
  readonly echo: number;
}

/** A memory that is told every row before the hour that is asked for; hours must not go back. */
function followed({ name, trace, horizonHours, rate, echo }: Following): DemandForecast {
  const memory = new AccessMemory(trace);
  const startHour = trace.startMs / hourMs;
  let next = 0;
  return {
    name,
    echo,
    at: (hour) => {
      const now = startHour + hour;
      while (next < trace.rows.length && trace.rows[next]!.hourMs < now * hourMs)
        memory.add(trace.rows[next++]!);
      const rows = pairRowsAt(memory, memory.pairs(now), { hour: now, horizonHours });
      const reads = rate(rows);
      return rows.pairs.map((pair, at) => ({ ...pair, reads: reads[at]! }));
    },
  };
}

export interface GateResult {
  /** Name of the policy that serves. */
  readonly serves: string;
  readonly reason: string;
}

/** Of caches and pushes, the one with the least WAN between two hours before anything is judged. */
export async function gateOf(
  { trace, rules }: { readonly trace: AccessTrace; readonly rules: AccessRules },
  wish: FitWish,
): Promise<GateResult> {
  const { forecasts } = await fitForecasts({ trace, rules }, { ...wish, untilHour: rules.fromHour });
  const results: readonly AccessResult[] = [
    ...cacheNames.filter((name) => name !== 'Belady').map((name) => replayCache({ trace, rules }, name)),
    ...forecasts.map((make) => replayPushes({ trace, rules }, make())),
  ];
  const [best, second] = results.toSorted((a, b) => a.wanBytes - b.wanBytes);
  if (best!.bytes === 0)
    return {
      serves: best!.policy,
      reason: `in the last ${rules.toHour - rules.fromHour} hours before the judged ones nothing was read, so it is the first of equals`,
    };
  const share = ({ wanBytes, bytes }: AccessResult): string => `${((100 * wanBytes) / bytes).toFixed(1)} %`;
  return {
    serves: best!.policy,
    reason: `before the judged hours ${best!.policy} brought ${share(best!)} of the bytes over the WAN, ${second!.policy} ${share(second!)}`,
  };
}

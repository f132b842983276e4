// Promise 6 at the level of plans: a learned forecast places nothing when its groups did worse on held-out hours than those
// of the best baseline. Then that baseline's forecast and way of choosing serve, and the plan says so.

import type { FailureForecast } from '../models/index.ts';
import { causesOf } from './causes.ts';
import type { GroupsQuestion } from './groups.ts';
import type { PolicyScore } from './plan.ts';

export interface GateQuestion {
  readonly forecast: FailureForecast;
  /** What serves where the learned forecast lost. Default: the same forecast without common shocks. */
  readonly baseline?: FailureForecast;
  readonly heldOut?: readonly PolicyScore[];
}

export interface Serving {
  readonly forecast: FailureForecast;
  readonly method: NonNullable<GroupsQuestion['method']>;
  readonly source: string;
  readonly notes: readonly string[];
}

const percent = (share: number): string => `${(100 * share).toFixed(3)} %`;

/** The forecast and the way of choosing groups that may serve. A tie goes to the learned one, as does no comparison at all. */
export function chooseServing({ forecast, baseline, heldOut = [] }: GateQuestion): Serving {
  const learned = heldOut.find(({ policy }) => policy === 'learned');
  const best = heldOut
    .filter(({ policy }) => policy !== 'learned')
    .toSorted((a, b) => a.unavailableShare - b.unavailableShare)[0];
  if (learned === undefined || best === undefined || learned.unavailableShare <= best.unavailableShare)
    return { forecast, method: 'climb', source: forecast.source, notes: [] };
  const serving = baseline ?? withoutShocks(forecast);
  return {
    forecast: serving,
    method: best.policy === 'random' || best.policy === 'best-k' ? best.policy : 'climb',
    source: `${best.policy} (baseline)`,
    notes: [
      `The learned placement was unavailable ${percent(learned.unavailableShare)} of the held-out time, ${best.policy} ${percent(best.unavailableShare)}: the baseline serves.`,
    ],
  };
}

/** Each machine as often down as before, but independently of the others. */
export function withoutShocks(forecast: FailureForecast): FailureForecast {
  const { folded } = causesOf(forecast.shocks, 1);
  const spared = Float64Array.from(forecast.machines, (_, row) =>
    folded.reduce((up, { shock, probability }) => up * (1 - probability * shock.strike[row]!), 1),
  );
  const strata = forecast.strata.map((stratum) => ({
    ...stratum,
    downProbability: stratum.downProbability.map((down, row) => 1 - (1 - down) * spared[row]!),
  }));
  return { ...forecast, strata, shocks: [] };
}

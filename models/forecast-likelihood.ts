// How likely a forecast finds hours that came: the exact likelihood of what the optimizer gets, kinds of hour and shocks, at most
// one shock an hour. It judges numbers of any origin, a model's or a baseline's.

import { type FleetHistory, slotDown, slotUp } from '../datasets/index.ts';
import type { FailureForecast } from './forecast.ts';
import { hourKinds, kindOf, weekHours } from './hours.ts';
import { clampOdds } from './log-odds.ts';

/** Machines that a shock strikes, with how hard. */
interface Reach {
  readonly logOdds: number;
  readonly members: readonly { readonly row: number; readonly strike: number }[];
}

/**
 * T values, ln P(y_t), y_t the machines known in slot t:
 *   ln [ (1 − Σ_d π_d) Π_i Bern(y_i; p_i) + Σ_d π_d Π_i Bern(y_i; p_i + q_di − p_i q_di) ]
 * with p the odds of being down in that kind of hour, π_d the probability of shock d, q_d how hard it strikes. The history's
 * machines must be the forecast's, in its order.
 */
export function forecastLikelihoods(forecast: FailureForecast, history: FleetHistory): Float64Array {
  const hours = weekHours(history);
  const odds = hourKinds.map(
    ({ name }) =>
      (forecast.strata.find((stratum) => stratum.name === name) ?? forecast.strata[0]!).downProbability,
  );
  const quiet = Math.max(1e-9, 1 - forecast.shocks.reduce((sum, { probability }) => sum + probability, 0));
  const reaches = forecast.shocks.map(({ probability, strike }): Reach => ({
    logOdds: Math.log(Math.max(1e-12, probability) / quiet),
    members: [...strike].flatMap((value, row) => (value > 0 ? [{ row, strike: clampOdds(value) }] : [])),
  }));
  return Float64Array.from({ length: history.slotCount }, (_, slot) => {
    const p = odds[kindOf(hours[slot]!)]!;
    const stateOf = (row: number): number => history.up[row * history.slotCount + slot]!;
    let own = Math.log(quiet);
    for (let row = 0; row < p.length; row++) own += logBernoulli(stateOf(row), clampOdds(p[row]!));
    const gains = reaches.map(({ logOdds, members }) =>
      members.reduce((sum, { row, strike }) => {
        const before = clampOdds(p[row]!);
        const struck = clampOdds(before + strike - before * strike);
        return sum + logBernoulli(stateOf(row), struck) - logBernoulli(stateOf(row), before);
      }, logOdds),
    );
    return own + logSumExp([0, ...gains]);
  });
}

/** The same odds of each machine, but each by itself: what its shocks must beat. */
export function withoutCommonCauses(forecast: FailureForecast): FailureForecast {
  const spared = Float64Array.from(forecast.machines, (_, row) =>
    forecast.shocks.reduce((up, { probability, strike }) => up - probability * strike[row]!, 1),
  );
  const strata = forecast.strata.map((stratum) => ({
    ...stratum,
    downProbability: stratum.downProbability.map((down, row) => 1 - (1 - down) * spared[row]!),
  }));
  return { ...forecast, strata, shocks: [] };
}

function logBernoulli(state: number, down: number): number {
  if (state > slotUp) return 0;
  return Math.log(state === slotDown ? down : 1 - down);
}

function logSumExp(values: readonly number[]): number {
  const most = Math.max(...values);
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

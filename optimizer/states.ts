// Soft states of a fleet: every kind of hour, quiet or under one shock, with its weight and each machine's odds of being
// down. Expected survival is a sum over them, so odds of 1e-9 come out without sampling.

import type { FailureForecast } from '../models/index.ts';
import type { MachineId } from '../datasets/index.ts';

export interface States {
  /** N machines: the columns. */
  readonly machines: readonly MachineId[];
  /** K weights that sum to 1. */
  readonly weights: Float64Array;
  /** K rows of N: P(machine i down | state k). */
  readonly down: readonly Float64Array[];
  /** K: index into `hours`. */
  readonly hourOfState: Int32Array;
  /** The kinds of hour, by name. */
  readonly hours: readonly { readonly name: string; readonly isBusinessHour: boolean }[];
}

/** Shocks together are on in at most this share of hours: beyond it "at most one at a time" makes no sense. */
const shockShareMax = 0.9;

/**
 * Kinds of hour × (quiet, or one of the shocks): w = weight × P(shock), Q = 1 − (1 − p)(1 − strike)(1 − gone).
 * `machines` picks and orders the columns; a machine that the forecast does not know gets the fleet's mean.
 */
export function statesFromForecast(
  forecast: FailureForecast,
  machines: readonly MachineId[] = forecast.machines,
): States {
  const column = new Map(forecast.machines.map((machine, index) => [machine, index]));
  const columns = machines.map((machine) => column.get(machine));
  const total = forecast.shocks.reduce((sum, { probability }) => sum + probability, 0);
  const scale = total > shockShareMax ? shockShareMax / total : 1;
  const causes = [
    { probability: 1 - total * scale, strike: undefined },
    ...forecast.shocks.map(({ probability, strike }) => ({ probability: probability * scale, strike })),
  ];
  const weights: number[] = [];
  const down: Float64Array[] = [];
  const hourOfState: number[] = [];
  for (const [hour, stratum] of forecast.strata.entries()) {
    const mean =
      stratum.downProbability.reduce((sum, p) => sum + p, 0) / Math.max(1, stratum.downProbability.length);
    for (const { probability, strike } of causes) {
      weights.push(stratum.weight * probability);
      hourOfState.push(hour);
      down.push(
        Float64Array.from(columns, (index) => {
          if (index === undefined) return mean;
          const up = (1 - stratum.downProbability[index]!) * (1 - (strike?.[index] ?? 0));
          return 1 - up * (1 - (forecast.goneProbability[index] ?? 0));
        }),
      );
    }
  }
  const hours = forecast.strata.map(({ name, isBusinessHour }) => ({ name, isBusinessHour }));
  return {
    machines,
    weights: Float64Array.from(weights),
    down,
    hourOfState: Int32Array.from(hourOfState),
    hours,
  };
}

/** Only the states of the hours that `isWanted` says, weighted to sum to 1; undefined when there are none. */
export function statesOfHours(
  states: States,
  isWanted: (hour: States['hours'][number]) => boolean,
): States | undefined {
  const kept = states.hours.map((hour) => isWanted(hour));
  const weights = states.weights.map((weight, state) =>
    kept[states.hourOfState[state]!] === true ? weight : 0,
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return sum === 0 ? undefined : { ...states, weights: weights.map((weight) => weight / sum) };
}

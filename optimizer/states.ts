// Soft states of a fleet: every kind of hour, quiet or under one shock, with its weight and each machine's odds of being
// down. Expected survival is a sum over them, so odds of 1e-9 come out without sampling.

import type { MachineId } from '../datasets/index.ts';
import type { FailureForecast, HourStratum, Shock } from '../models/index.ts';
import { causesOf } from './causes.ts';

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

/** States beyond this are not worth their time; shocks without a state of their own are folded into all others. */
export const stateCountMax = 800;

/** P(machine i down) = 1 − (1 − p)(1 − gone) Π (1 − strike) over the shocks that are on. */
interface Columns {
  readonly forecast: FailureForecast;
  /** N: row of the forecast; undefined for a machine that it does not know. */
  readonly columns: readonly (number | undefined)[];
  /** N: P(up) that is left by the shocks without states. */
  readonly foldedUp: Float64Array;
}

/**
 * Kinds of hour × (quiet, one shock, or a likely pair of shocks), and the hours that were, where the forecast has some. `machines` picks and orders the columns; a machine that
 * the forecast does not know gets the fleet's mean, and no shock. At most `stateCountMax` states, or one per kind of hour.
 */
export function statesFromForecast(
  forecast: FailureForecast,
  machines: readonly MachineId[] = forecast.machines,
): States {
  const row = new Map(forecast.machines.map((machine, index) => [machine, index]));
  const columns = machines.map((machine) => row.get(machine));
  const { pastHours } = forecast;
  const modelled = stateCountMax - (pastHours?.down.length ?? 0);
  const causeCountMax = Math.max(1, Math.floor(modelled / Math.max(1, forecast.strata.length)));
  const modelShare = 1 - (pastHours?.share ?? 0);
  const { shown, folded } = causesOf(forecast.shocks, causeCountMax);
  const foldedUp = Float64Array.from(columns, (index) =>
    folded.reduce((up, { shock, probability }) => up * (1 - probability * strikeOf(shock, index)), 1),
  );
  const weights: number[] = [];
  const down: Float64Array[] = [];
  const hourOfState: number[] = [];
  for (const [hour, stratum] of forecast.strata.entries()) {
    for (const { probability, shocks } of shown) {
      weights.push(modelShare * stratum.weight * probability);
      hourOfState.push(hour);
      down.push(downIn({ forecast, columns, foldedUp }, stratum, shocks));
    }
  }
  const meanGone = meanOf(forecast.goneProbability);
  for (const [hour, odds] of (pastHours?.down ?? []).entries()) {
    weights.push(pastHours!.share / pastHours!.down.length);
    hourOfState.push(pastHours!.stratumOf[hour]!);
    const mean = meanOf(odds);
    down.push(
      Float64Array.from(columns, (index) => {
        const gone = index === undefined ? meanGone : forecast.goneProbability[index]!;
        return 1 - (1 - (index === undefined ? mean : odds[index]!)) * (1 - gone);
      }),
    );
  }
  return {
    machines,
    weights: Float64Array.from(weights),
    down,
    hourOfState: Int32Array.from(hourOfState),
    hours: forecast.strata.map(({ name, isBusinessHour }) => ({ name, isBusinessHour })),
  };
}

function downIn(
  { forecast, columns, foldedUp }: Columns,
  { downProbability }: HourStratum,
  shocks: readonly Shock[],
): Float64Array {
  const mean = downProbability.length === 0 ? 0.5 : meanOf(downProbability);
  const meanGone = meanOf(forecast.goneProbability);
  return Float64Array.from(columns, (index, machine) => {
    const gone = index === undefined ? meanGone : forecast.goneProbability[index]!;
    const own = index === undefined ? mean : downProbability[index]!;
    const up = shocks.reduce((odds, shock) => odds * (1 - strikeOf(shock, index)), (1 - own) * (1 - gone));
    return 1 - up * foldedUp[machine]!;
  });
}

const strikeOf = ({ strike }: Shock, index: number | undefined): number =>
  index === undefined ? 0 : strike[index]!;

const meanOf = (values: Float64Array): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

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

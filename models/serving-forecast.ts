// The forecast that serves: what the models and the past make of the coming weeks, as the plain numbers of `forecast.ts`.

import { createRandom, type FleetHistory, slotDown, slotUp } from '../datasets/index.ts';
import { predictAvailability, type Weights } from './availability.ts';
import { takeExamples } from './availability-examples.ts';
import { calibrated, type Calibration } from './availability-judgement.ts';
import type { Tf } from './backend.ts';
import { beats, type ModelCard, pairText } from './card.ts';
import type { FailureForecast } from './forecast.ts';
import { hourKinds, kindOf, weekHours } from './hours.ts';
import { type ShockMixture, shocksOf } from './joint-failure.ts';
import { goneOdds } from './departures.ts';
import { baselineForecast, habitsOf, strataOf } from './marginals.ts';
import { pastHoursOf } from './past-hours.ts';
import { fitReturnHazard } from './return-hazard.ts';
import { clampOdds, logit, sigmoid } from './log-odds.ts';
import { unseenShocks } from './unseen-shocks.ts';

/** A fitted availability network. */
export interface Network {
  readonly weights: Weights;
  readonly calibration: Calibration;
}

/** A history, and N × kinds: what its habits come to (`habitsOf`). */
export interface Past {
  readonly history: FleetHistory;
  readonly coming: Float64Array;
}

/** N × kinds: P(down) in the coming week, by the network from the last day's moments, averaged by kind of hour. */
export function weekAhead(
  tf: Tf,
  { weights, calibration }: Network,
  { history, coming }: Past,
): Float64Array {
  const toSlot = history.slotCount;
  const examples = takeExamples(history, {
    random: createRandom(1),
    countMax: 400_000,
    fromSlot: Math.max(0, toSlot - 168),
    toSlot,
    horizons: [168],
    outcomes: 'all',
  });
  const odds = calibrated(predictAvailability(tf, weights, examples), calibration);
  const kinds = hourKinds.length;
  const hours = weekHours(history, 200);
  const [sums, counts] = [
    new Float64Array(history.machines.length * kinds),
    new Float64Array(history.machines.length * kinds),
  ];
  for (const [index, up] of odds.entries()) {
    const at = examples.machineOf[index]! * kinds + kindOf(hours[examples.slotOf[index]! + 168]!);
    sums[at]! += 1 - up;
    counts[at]!++;
  }
  // Half habit, half forecast: the network sees a week ahead only dimly, and habits are never wholly wrong.
  return sums.map((sum, at) =>
    counts[at] === 0 ? coming[at]! : 0.5 * (sum / counts[at]!) + 0.5 * coming[at]!,
  );
}

/** Mean log loss of known hours under odds by machine and kind of hour, N × kinds, in nats. */
function logLossOf(odds: Float64Array, history: FleetHistory): number {
  const kinds = weekHours(history).map((hour) => kindOf(hour));
  let [sum, known] = [0, 0];
  for (let row = 0; row < history.machines.length; row++) {
    for (let slot = 0; slot < history.slotCount; slot++) {
      const state = history.up[row * history.slotCount + slot]!;
      if (state > slotUp) continue;
      const p = clampOdds(odds[row * hourKinds.length + kinds[slot]!]!);
      sum -= Math.log(state === slotDown ? p : 1 - p);
      known++;
    }
  }
  return known === 0 ? Number.NaN : sum / known;
}

export interface WeekAheadScore {
  /** Mean log loss of an hour of the held-out week. */
  readonly network: number;
  readonly habit: number;
}

/** The odds that place shards are those of a week ahead: how good they are beside habit alone, on hours that neither saw. */
export function judgeWeekAhead(
  tf: Tf,
  network: Network,
  { past, future }: { readonly past: FleetHistory; readonly future: FleetHistory },
): WeekAheadScore {
  const { coming } = habitsOf(past);
  return {
    network: logLossOf(weekAhead(tf, network, { history: past, coming }), future),
    habit: logLossOf(coming, future),
  };
}

/** A network that wins a day ahead serves only if it also says more than habit a week ahead: plans are made for that long. */
export function withWeekAhead<Card extends Pick<ModelCard, 'details' | 'serves' | 'reason'>>(
  card: Card,
  ahead: WeekAheadScore,
): Card {
  const details = {
    ...card.details,
    'log loss a week ahead': ahead.network,
    'the same by habit alone': ahead.habit,
  };
  if (card.serves === 'baseline' || beats(ahead.network, ahead.habit, 'lower')) return { ...card, details };
  const [network, habit] = pairText(ahead.network, ahead.habit);
  const reason = `it wins a day ahead, but a week ahead, for which plans are made, its log loss is ${network} and that of habit ${habit}`;
  return { ...card, details, serves: 'baseline', reason };
}

export interface Serving {
  readonly source: string;
  readonly mixture: ShockMixture | undefined;
  readonly up?: (past: Past) => Float64Array;
  /** Who has left for good is judged by the return hazard as well. Default no. */
  readonly knowsReturns?: boolean;
}

/** Habits of each machine and hours that were, without anything learned: what may be said at any time and at no cost. */
export const habitForecast = (history: FleetHistory): FailureForecast =>
  forecastOf(history, { source: 'habits, and hours that were', mixture: undefined });

/** What serves, from a history: habits or the network's week ahead, shocks where a mixture serves, and hours that were. */
export function forecastOf(
  history: FleetHistory,
  { source, mixture, up, knowsReturns }: Serving,
): FailureForecast {
  const habits = habitsOf(history);
  const base = baselineForecast(history, habits);
  const goneProbability =
    knowsReturns === true ? goneOdds(history, fitReturnHazard(history)) : base.goneProbability;
  const N = history.machines.length;
  const { coming } = habits;
  const own = up === undefined ? coming : up({ history, coming });
  const pastHours = pastHoursOf(history, coming);
  const unseen = unseenShocks(history);
  if (mixture === undefined)
    return { ...base, strata: strataOf(N, own), shocks: unseen, pastHours, goneProbability, source };
  const { shocks, domainOfMachine } = shocksOf(mixture, N);
  // What shocks explain is taken off the machine's own odds.
  const kinds = hourKinds.length;
  const quiet = own.map((p, at) => sigmoid(logit(clampOdds(p)) + mixture.shifts[Math.floor(at / kinds)]!));
  return {
    machines: base.machines,
    strata: strataOf(N, quiet),
    shocks: [...shocks, ...unseen],
    pastHours,
    domainOfMachine,
    goneProbability,
    ...(base.presence === undefined ? {} : { presence: base.presence }),
    source,
  };
}

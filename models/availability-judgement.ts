// Availability on held-out hours: the model beside baselines that need no learning, and the calibration of its odds.

import type { FleetHistory } from '../datasets/index.ts';
import { slotUp } from '../datasets/index.ts';
import type { Examples } from './availability-examples.ts';
import { tournamentOdds } from './availability-tournament.ts';
import { weekHours } from './hours.ts';
import type { ReliabilityBin, Score } from './card.ts';
import { brierScore, calibrationError, logLoss, reliabilityBins } from './scores.ts';
import { sigmoid } from './log-odds.ts';

/** Platt scaling (1999): odds = σ(scale · z + shift), fitted by Newton's method; keeps the order of forecasts. */
export interface Calibration {
  readonly scale: number;
  readonly shift: number;
}

/** Strength of the pull to the identity, in examples. */
const pull = 100;

export function fitCalibration(logOdds: Float32Array, outcomes: Float32Array): Calibration {
  let [scale, shift] = [1, 0];
  for (let step = 0; step < 25; step++) {
    // Gradient and Hessian with a pull to the identity as strong as a few days of one machine: few examples change little.
    let [g0, g1, h00, h01, h11] = [pull * (scale - 1), pull * shift, pull, 0, pull];
    for (const [index, z] of logOdds.entries()) {
      const p = sigmoid(scale * z + shift);
      const error = p - outcomes[index]!;
      const weight = p * (1 - p);
      g0 += error * z;
      g1 += error;
      h00 += weight * z * z;
      h01 += weight * z;
      h11 += weight;
    }
    const determinant = h00 * h11 - h01 * h01;
    const [d0, d1] = [(h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant];
    // Newton's method may leap where almost all outcomes are the same.
    scale = Math.min(2, Math.max(0.25, scale - d0));
    shift = Math.min(2, Math.max(-2, shift - d1));
    if (Math.abs(d0) + Math.abs(d1) < 1e-9) break;
  }
  return { scale, shift };
}

export const calibrated = (logOdds: Float32Array, { scale, shift }: Calibration): number[] =>
  Array.from(logOdds, (z) => sigmoid(scale * z + shift));

interface Tables {
  readonly fleetByHour: Float64Array;
  readonly machineMean: Float64Array;
  readonly fleetMean: number;
}

/** Shares of up in [0, toSlot), smoothed by one good and one bad hour. */
function countTables(history: FleetHistory, toSlot: number): Tables {
  const N = history.machines.length;
  const hours = weekHours(history);
  const sums = { hour: new Float64Array(168).fill(1), hourKnown: new Float64Array(168).fill(2) };
  const machine = { up: new Float64Array(N).fill(1), known: new Float64Array(N).fill(2) };
  for (let row = 0; row < N; row++) {
    for (let slot = 0; slot < toSlot; slot++) {
      const state = history.up[row * history.slotCount + slot]!;
      if (state > slotUp) continue;
      const hour = hours[slot]!;
      sums.hour[hour]! += state;
      sums.hourKnown[hour]!++;
      machine.up[row]! += state;
      machine.known[row]!++;
    }
  }
  const mean = machine.up.map((up, row) => up / machine.known[row]!);
  return {
    fleetByHour: sums.hour.map((up, hour) => up / sums.hourKnown[hour]!),
    machineMean: mean,
    fleetMean: mean.reduce((sum, value) => sum + value, 0) / N,
  };
}

/** P(up) of each example by means of the history before `toSlot`, and by predictors that learn up to each forecast's moment. */
export function baselineOdds(
  history: FleetHistory,
  toSlot: number,
  examples: Examples,
): Readonly<Record<string, number[]>> {
  const tables = countTables(history, toSlot);
  const hours = weekHours(history, 200);
  const at = <Value>(of: (row: { readonly machine: number; readonly hour: number }) => Value): Value[] =>
    Array.from({ length: examples.count }, (_, index) => {
      const machine = examples.machineOf[index]!;
      const slot = examples.slotOf[index]!;
      return of({ machine, hour: hours[slot + examples.horizonOf[index]!]! });
    });
  const halves = ({ machine, hour }: { readonly machine: number; readonly hour: number }): number =>
    (tables.machineMean[machine]! + tables.fleetByHour[hour]!) / 2;
  return {
    'global mean': at(() => tables.fleetMean),
    'hour of week': at(({ hour }) => tables.fleetByHour[hour]!),
    "each machine's mean": at(({ machine }) => tables.machineMean[machine]!),
    'half and half': at(halves),
    ...tournamentOdds(history, examples),
  };
}

export interface Judgement {
  readonly score: Score;
  readonly details: Readonly<Record<string, number>>;
  readonly reliability: readonly ReliabilityBin[];
}

/** Brier score of the examples 24 h ahead, with log loss and calibration error as details. */
export function judgeAvailability(
  odds: readonly number[],
  examples: Examples,
  baselines: Readonly<Record<string, readonly number[]>>,
): Judgement {
  const outcomes = Array.from(examples.outcomes);
  if (examples.count === 0) {
    return {
      score: { metric: 'Brier score, 24 h ahead', value: Number.NaN, better: 'lower', baselines: [] },
      details: {},
      reliability: [],
    };
  }
  const scored = Object.entries(baselines).map(([name, values]) => ({
    name,
    value: brierScore(values, outcomes),
  }));
  const value = brierScore(odds, outcomes);
  const best = Math.min(...scored.map((baseline) => baseline.value));
  return {
    score: { metric: 'Brier score, 24 h ahead', value, better: 'lower', baselines: scored },
    details: {
      'log loss': logLoss(odds, outcomes),
      'calibration error, 15 bins': calibrationError(odds, outcomes),
      'skill over the best baseline': 1 - value / best,
      examples: examples.count,
    },
    reliability: reliabilityBins(odds, outcomes),
  };
}

// What the availability network sees: rows of what was known of a machine at a moment, and what came h hours later. What it did
// lately and in such hours before, where the clock stands, how the fleet does, and what simpler predictors say. Point in time: no
// feature looks past its moment.

import { type FleetHistory, type Random, slotUp } from '../datasets/index.ts';
import { type ForecastMoments, tournamentOdds } from './availability-tournament.ts';
import { kindOf, weekHours } from './hours.ts';
import { logit } from './log-odds.ts';

export const horizons = [1, 4, 12, 24, 48, 72, 168] as const;

/** Predictors of the tournament whose log odds are features: the network starts from the best that is known without it. */
const experts = [
  'hybrid',
  'history',
  'twiddled history',
  'linear',
  'seasonal, smoothed',
  'logistic of each machine',
] as const;

/** Days before the target's hour, and weeks before it, whose states are features. */
const lags = { days: 7, weeks: 4 } as const;
const ownFeatureCount = 25 + lags.days + lags.weeks;
export const featureCount = ownFeatureCount + experts.length + 1;
/** The last feature: log odds by habit. The network learns what to add to it, so it starts as good as the habit. */
export const habitFeature = featureCount - 1;

/** Rows of features with what came of them. */
export interface Examples extends ForecastMoments {
  /** count × featureCount. */
  readonly features: Float32Array;
  /** 1 up, 0 down. */
  readonly outcomes: Float32Array;
}

const averages = [4, 24, 168, 672] as const;
/** Slots that are remembered one by one: four weeks and a horizon. */
const rememberedSlots = 1024;

interface Moment {
  readonly weekHour: number;
  readonly targetHour: number;
  readonly horizon: number;
  readonly siteUp: number;
}

/** Running knowledge of one machine: everything that features need, slot by slot. */
class Memory {
  readonly #ewma = new Float64Array(averages.length).fill(0.5);
  readonly #byHour = { up: new Float64Array(168), known: new Float64Array(168) };
  readonly #byKind = { up: new Float64Array(16), known: new Float64Array(16) };
  /** −1 down, 1 up, 0 unknown. */
  readonly #ring = new Int8Array(rememberedSlots);
  #slot = -1;
  /** How often the state changes, fading over a week. */
  #changes = 0;
  #state = 0.5;
  #since = 0;
  #up = 1;
  #known = 2;

  see(state: number, weekHour: number): void {
    this.#slot++;
    this.#ring[this.#slot % rememberedSlots] = state > slotUp ? 0 : state * 2 - 1;
    if (state > slotUp) return;
    this.#changes += (Number(state !== this.#state) - this.#changes) / 168;
    this.#since = state === this.#state ? this.#since + 1 : 0;
    this.#state = state;
    for (const [index, hours] of averages.entries())
      this.#ewma[index]! += (state - this.#ewma[index]!) / Math.min(hours, this.#known);
    this.#byHour.up[weekHour]! += state;
    this.#byHour.known[weekHour]!++;
    this.#byKind.up[kindOf(weekHour)]! += state;
    this.#byKind.known[kindOf(weekHour)]!++;
    this.#up += state;
    this.#known++;
  }

  get isUp(): number {
    return this.#state;
  }

  /** Share of such hours in which it was up, drawn to the share of the kind of hour, and that to its mean. */
  seasonal(weekHour: number): { readonly hour: number; readonly kind: number; readonly mean: number } {
    const mean = this.#up / this.#known;
    const kind =
      (this.#byKind.up[kindOf(weekHour)]! + 6 * mean) / (this.#byKind.known[kindOf(weekHour)]! + 6);
    const hour = (this.#byHour.up[weekHour]! + 2 * kind) / (this.#byHour.known[weekHour]! + 2);
    return { hour, kind, mean };
  }

  /** Of a slot from the first one on until now; 0 for any other. */
  #signAt(slot: number): number {
    return slot < 0 || slot > this.#slot ? 0 : this.#ring[slot % rememberedSlots]!;
  }

  /** Signs at the target's hour, one, two, … periods before it, as far as they are past. */
  #lags(horizon: number, period: number, count: number): readonly number[] {
    const first = this.#slot + horizon - period * Math.ceil(horizon / period);
    return Array.from({ length: count }, (_, back) => this.#signAt(first - period * back));
  }

  /** Mean sign of the five hours around the target's, a period before. */
  #around(horizon: number, period: number): number {
    const centre = this.#slot + horizon - period * Math.ceil(horizon / period);
    let sum = 0;
    for (let offset = -2; offset <= 2; offset++) sum += this.#signAt(centre + offset);
    return sum / 5;
  }

  /** All features but those of the experts. */
  write(into: Float32Array, at: number, { weekHour, targetHour, horizon, siteUp }: Moment): void {
    const { hour, kind, mean } = this.seasonal(targetHour);
    const angle = (2 * Math.PI * (targetHour % 24)) / 24;
    const weekAngle = (2 * Math.PI * targetHour) / 168;
    const decay = Math.exp(-horizon / 12);
    const state = this.#state * 2 - 1;
    const since = Math.log1p(this.#since) / 5;
    into.set(
      [
        state,
        state * decay,
        since,
        state * since * decay,
        ...this.#ewma.map((value) => value * 2 - 1),
        hour * 2 - 1,
        kind * 2 - 1,
        mean * 2 - 1,
        siteUp * 2 - 1,
        logit(hour) / 4,
        Math.sin(angle),
        Math.cos(angle),
        Math.sin(2 * angle),
        Math.sin(weekAngle),
        Math.cos(weekAngle),
        targetHour >= 120 ? 1 : 0,
        weekHour >= 120 ? 1 : 0,
        Math.log(horizon) / 5,
        decay,
        ...this.#lags(horizon, 24, lags.days),
        ...this.#lags(horizon, 168, lags.weeks),
        this.#around(horizon, 24),
        this.#around(horizon, 168),
        10 * this.#changes,
      ],
      at,
    );
    into[at + habitFeature] = logit(bounded(kind));
  }
}

/** Log odds of 0.5 % to 99.5 %: no habit of a few weeks is surer than that. */
const bounded = (odds: number): number => Math.min(0.995, Math.max(0.005, odds));

export interface Sampling {
  readonly random: Random;
  /** Keep about this many examples. */
  readonly countMax: number;
  /** Moments from which forecasts are made: [fromSlot, toSlot). */
  readonly fromSlot: number;
  readonly toSlot: number;
  /** Only these horizons. */
  readonly horizons: readonly number[];
  /** `known`: only where the outcome is in the history. `all`: outcomes beyond its end are left at 0. */
  readonly outcomes: 'known' | 'all';
}

/** Walks through the history once and takes examples at random moments, each with what was known then. */
export function takeExamples(history: FleetHistory, sampling: Sampling): Examples {
  const { slotCount } = history;
  const N = history.machines.length;
  const hours = weekHours(history, 200);
  const memories = Array.from({ length: N }, () => new Memory());
  const possible = N * (sampling.toSlot - sampling.fromSlot) * sampling.horizons.length;
  const share = Math.min(1, sampling.countMax / Math.max(1, possible));
  const features = new Float32Array(
    Math.ceil(Math.min(possible, sampling.countMax * 1.1 + 1000)) * featureCount,
  );
  const [outcomes, horizonOf, machineOf, slotOf]: number[][] = [[], [], [], []];
  let count = 0;
  const isSkipped = (): boolean =>
    (share < 1 && sampling.random.fraction() >= share) || (count + 1) * featureCount > features.length;
  const take = (moment: {
    readonly machine: number;
    readonly slot: number;
    readonly horizon: number;
    readonly siteUp: number;
  }): void => {
    const { machine, slot, horizon, siteUp } = moment;
    const outcome = history.up[machine * slotCount + slot + horizon];
    const isKnown = slot + horizon < slotCount && outcome! <= slotUp;
    if (!isKnown && sampling.outcomes === 'known') return;
    const at = { weekHour: hours[slot]!, targetHour: hours[slot + horizon]!, horizon, siteUp };
    memories[machine]!.write(features, count * featureCount, at);
    outcomes!.push(isKnown ? outcome! : 0);
    horizonOf!.push(horizon);
    machineOf!.push(machine);
    slotOf!.push(slot);
    count++;
  };
  for (let slot = 0; slot < sampling.toSlot; slot++) {
    for (let machine = 0; machine < N; machine++)
      memories[machine]!.see(history.up[machine * slotCount + slot]!, hours[slot]!);
    if (slot < sampling.fromSlot) continue;
    const siteUp = memories.reduce((sum, memory) => sum + memory.isUp, 0) / N;
    const pairs = history.machines.flatMap((_, machine) =>
      sampling.horizons.map((horizon) => ({ machine, slot, horizon, siteUp })),
    );
    for (const pair of pairs) if (!isSkipped()) take(pair);
  }
  const moments = {
    count,
    horizonOf: Int32Array.from(horizonOf!),
    machineOf: Int32Array.from(machineOf!),
    slotOf: Int32Array.from(slotOf!),
  };
  writeExperts(features, history, moments);
  return {
    ...moments,
    features: features.subarray(0, count * featureCount),
    outcomes: Float32Array.from(outcomes!),
  };
}

/** What the simpler predictors said at each moment. */
function writeExperts(features: Float32Array, history: FleetHistory, moments: ForecastMoments): void {
  const odds = tournamentOdds(history, moments);
  for (const [which, name] of experts.entries())
    for (const [row, up] of odds[name]!.entries())
      features[row * featureCount + ownFeatureCount + which] = logit(bounded(up)) / 3;
}

// The predictors of Mickens & Noble (NSDI'06) and two habits, each up to date at the very moment of every forecast: they learn from
// every outcome as soon as it is there. What a learned model has to beat; nothing here needs TensorFlow.

import { type FleetHistory, slotDown, slotUp } from '../datasets/index.ts';
import { kindOf, weekHours } from './hours.ts';

/** What was known of one machine when a forecast was made. */
interface Moment {
  readonly machine: number;
  /** Last known state, 0 or 1. */
  readonly state: 0 | 1;
  /** The last five known states as bits, the newest lowest. */
  readonly pattern: number;
  /** −2..2: steps up in hours up, down in hours down. */
  readonly counter: number;
  /** Known slots in this state, from 0. */
  readonly since: number;
  /** State at the target's hour of yesterday and of last week, 0 or 1. */
  readonly dayBefore: number;
  readonly weekBefore: number;
  /** Hour of the week that the forecast is for. */
  readonly targetHour: number;
}

/** Gives P(up) at a moment's target; is told later what came. */
interface Predictor {
  odds(moment: Moment): number;
  learn(moment: Moment, outcome: 0 | 1): void;
}

/** Shares of up by number, each drawn to a wider one by `weight` outcomes. */
class Shares {
  readonly #up: Float64Array;
  readonly #known: Float64Array;

  constructor(count: number) {
    this.#up = new Float64Array(count);
    this.#known = new Float64Array(count);
  }

  add(index: number, outcome: number): void {
    this.#up[index]! += outcome;
    this.#known[index]!++;
  }

  up(index: number): number {
    return this.#up[index]!;
  }

  known(index: number): number {
    return this.#known[index]!;
  }

  share(index: number, wider: number, weight: number): number {
    return (this.#up[index]! + weight * wider) / (this.#known[index]! + weight);
  }
}

/** One table for all machines, by what `indexOf` reads from the moment. */
function tabled(size: number, indexOf: (moment: Moment) => number): Predictor {
  const shares = new Shares(size);
  return {
    odds: (moment) => shares.share(indexOf(moment), 0.5, 2),
    learn: (moment, outcome) => shares.add(indexOf(moment), outcome),
  };
}

const patterns = 32;
const patternWeight = 4;

/** Each machine's own share after its last five states; twiddled: patterns that differ in one bit count as well. */
function history(machineCount: number, flips: readonly number[]): Predictor {
  const all = new Shares(patterns);
  const own = new Shares(machineCount * patterns);
  return {
    odds({ machine, pattern }) {
      const wider = all.share(pattern, 0.5, 2);
      let [up, known] = [patternWeight * wider, patternWeight];
      for (const flip of flips) {
        const at = machine * patterns + (pattern ^ flip);
        up += own.up(at);
        known += own.known(at);
      }
      return up / known;
    },
    learn({ machine, pattern }, outcome) {
      all.add(pattern, outcome);
      own.add(machine * patterns + pattern, outcome);
    },
  };
}

/** A machine's share in that hour of the week, drawn to that of the kind of hour, and that to its mean. */
function seasonal(machineCount: number): Predictor {
  const [hour, kind, mean] = [
    new Shares(machineCount * 168),
    new Shares(machineCount * 16),
    new Shares(machineCount),
  ];
  const at = ({ machine, targetHour }: Moment): readonly [number, number] => [
    machine * 168 + targetHour,
    machine * 16 + kindOf(targetHour),
  ];
  return {
    odds(moment) {
      const [hourAt, kindAt] = at(moment);
      return hour.share(hourAt, kind.share(kindAt, mean.share(moment.machine, 0.5, 2), 6), 2);
    },
    learn(moment, outcome) {
      const [hourAt, kindAt] = at(moment);
      hour.add(hourAt, outcome);
      kind.add(kindAt, outcome);
      mean.add(moment.machine, outcome);
    },
  };
}

type Signals = (moment: Moment) => readonly number[];

const bits = (moment: Moment): readonly number[] =>
  [0, 1, 2, 3, 4].map((bit) => ((moment.pattern >> bit) & 1) * 2 - 1);

const lately: Signals = (moment) => [1, ...bits(moment), moment.dayBefore * 2 - 1, moment.weekBefore * 2 - 1];

const calendar: Signals = (moment) => {
  const angle = (2 * Math.PI * (moment.targetHour % 24)) / 24;
  const state = moment.state * 2 - 1;
  return [
    1,
    state,
    (state * Math.log1p(moment.since)) / 5,
    moment.dayBefore * 2 - 1,
    moment.weekBefore * 2 - 1,
    Math.sin(angle),
    Math.cos(angle),
    moment.targetHour >= 120 ? 1 : 0,
  ];
};

/** The one for all machines learns from many more outcomes than one each: smaller steps do. */
const stepSize = { linear: 0.001, logistic: 0.02 } as const;

/** Fitted by a small step after every outcome; linear: one for all machines, logistic: one each. */
function fitted(machineCount: number, signals: Signals, link: 'linear' | 'logistic'): Predictor {
  const isShared = link === 'linear';
  const weights = Array.from({ length: isShared ? 1 : machineCount }, () => new Float64Array(8));
  const weightsOf = (machine: number): Float64Array => weights[isShared ? 0 : machine]!;
  const odds = (moment: Moment): number => {
    const own = weightsOf(moment.machine);
    const sum = signals(moment).reduce((total, value, index) => total + value * own[index]!, 0);
    return link === 'linear' ? Math.min(1, Math.max(0, 0.5 + sum)) : 1 / (1 + Math.exp(-sum));
  };
  return {
    odds,
    learn(moment, outcome) {
      const own = weightsOf(moment.machine);
      const error = outcome - odds(moment);
      for (const [index, value] of signals(moment).entries()) own[index]! += stepSize[link] * error * value;
    },
  };
}

/** For each machine whichever of the others did best lately (the paper's hybrid). */
function hybrid(machineCount: number, others: readonly Predictor[]): Predictor {
  const errors = others.map(() => new Float64Array(machineCount));
  return {
    odds(moment) {
      let best = 0;
      for (let index = 1; index < others.length; index++)
        if (errors[index]![moment.machine]! < errors[best]![moment.machine]!) best = index;
      return others[best]!.odds(moment);
    },
    learn(moment, outcome) {
      for (const [index, other] of others.entries()) {
        const before = errors[index]![moment.machine]!;
        errors[index]![moment.machine] = before + ((other.odds(moment) - outcome) ** 2 - before) / 168;
      }
    },
  };
}

function entrants(machineCount: number): Readonly<Record<string, Predictor>> {
  const now = tabled(2, ({ state }) => state);
  const counter = tabled(5, (moment) => moment.counter + 2);
  const past = history(machineCount, [0]);
  const twiddled = history(machineCount, [0, 1, 2, 4, 8, 16]);
  const linear = fitted(machineCount, lately, 'linear');
  return {
    // First, so that it is judged before the others learn the outcome that it is judged on.
    hybrid: hybrid(machineCount, [now, counter, past, twiddled, linear]),
    'right now': now,
    'saturating counter': counter,
    history: past,
    'twiddled history': twiddled,
    linear,
    'seasonal, smoothed': seasonal(machineCount),
    'logistic of each machine': fitted(machineCount, calendar, 'logistic'),
  };
}

/** Walks one machine's states into moments. */
class Trail {
  #state: 0 | 1 = 0;
  #pattern = 0;
  #counter = 0;
  #since = 0;
  readonly #week = new Uint8Array(168);
  readonly #machine: number;

  constructor(machine: number) {
    this.#machine = machine;
  }

  see(state: 0 | 1, weekHour: number): void {
    this.#since = state === this.#state ? this.#since + 1 : 0;
    this.#state = state;
    this.#pattern = ((this.#pattern << 1) | state) % patterns;
    this.#counter = Math.max(-2, Math.min(2, this.#counter + (state === 1 ? 1 : -1)));
    this.#week[weekHour] = state;
  }

  moment(targetHour: number): Moment {
    return {
      machine: this.#machine,
      state: this.#state,
      pattern: this.#pattern,
      counter: this.#counter,
      since: this.#since,
      dayBefore: this.#week[(targetHour + 144) % 168]!,
      weekBefore: this.#week[targetHour]!,
      targetHour,
    };
  }
}

/** Forecasts by what they are made from: machine, slot, and hours ahead. */
export interface ForecastMoments {
  readonly count: number;
  readonly horizonOf: Int32Array;
  readonly machineOf: Int32Array;
  readonly slotOf: Int32Array;
}

/** P(up) of each forecast by each entrant, by what was known at its moment. */
export function tournamentOdds(
  fleet: FleetHistory,
  moments: ForecastMoments,
): Readonly<Record<string, number[]>> {
  const odds = Object.fromEntries(
    Object.keys(entrants(0)).map((name) => [name, Array.from({ length: moments.count }, () => 0)]),
  );
  for (const horizon of new Set(moments.horizonOf)) playHorizon(fleet, moments, { horizon, odds });
  return odds;
}

interface Round {
  readonly horizon: number;
  readonly odds: Readonly<Record<string, number[]>>;
}

/** The entrants learn from outcomes this far ahead, and answer for the moments of that horizon. */
function playHorizon(fleet: FleetHistory, moments: ForecastMoments, { horizon, odds }: Round): void {
  const { slotCount } = fleet;
  const N = fleet.machines.length;
  const hours = weekHours(fleet, horizon);
  const field = new Field(N, odds);
  const asked = byPlace(moments, horizon, slotCount);
  const trails = fleet.machines.map((_, machine) => new Trail(machine));
  const waiting = Array.from({ length: horizon }, (): (Moment | undefined)[] => []);
  const last = moments.slotOf.reduce((most, slot) => Math.max(most, slot), 0);
  for (let slot = 0; slot <= last; slot++) {
    const due = waiting[slot % horizon]!;
    for (let machine = 0; machine < N; machine++) {
      const state = fleet.up[machine * slotCount + slot]!;
      if (state === slotDown || state === slotUp) {
        field.learn(due[machine], state);
        trails[machine]!.see(state, hours[slot]!);
      }
      const moment = trails[machine]!.moment(hours[slot + horizon]!);
      due[machine] = moment;
      field.answer(moment, asked.get(machine * slotCount + slot) ?? []);
    }
  }
}

/** All entrants side by side, with their answers. */
class Field {
  readonly #odds: Round['odds'];
  readonly #predictors: readonly (readonly [string, Predictor])[];

  constructor(machineCount: number, odds: Round['odds']) {
    this.#odds = odds;
    this.#predictors = Object.entries(entrants(machineCount));
  }

  learn(moment: Moment | undefined, outcome: 0 | 1): void {
    if (moment === undefined) return;
    for (const [, predictor] of this.#predictors) predictor.learn(moment, outcome);
  }

  answer(moment: Moment, rows: readonly number[]): void {
    for (const row of rows)
      for (const [name, predictor] of this.#predictors) this.#odds[name]![row] = predictor.odds(moment);
  }
}

/** Rows of one horizon by machine and slot. */
function byPlace(
  { count, horizonOf, machineOf, slotOf }: ForecastMoments,
  horizon: number,
  slotCount: number,
): ReadonlyMap<number, readonly number[]> {
  const places = new Map<number, number[]>();
  for (let row = 0; row < count; row++) {
    if (horizonOf[row] !== horizon) continue;
    const place = machineOf[row]! * slotCount + slotOf[row]!;
    const there = places.get(place);
    if (there === undefined) places.set(place, [row]);
    else there.push(row);
  }
  return places;
}

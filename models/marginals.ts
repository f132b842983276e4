// How often each machine is down in each kind of hour, smoothed: the honest baseline, and the start of every model.

import { dayMs, type FleetHistory, slotDown, slotUp } from '../datasets/index.ts';
import { goneOdds } from './departures.ts';
import type { FailureForecast } from './forecast.ts';
import { drifted, type HabitDrift, habitDrift } from './habit-drift.ts';
import { fleetOffsetMs, hourKinds, kindOf, weekHours } from './hours.ts';
import { presenceForecast } from './presence-forecast.ts';
import { clampOdds, logit, sigmoid } from './log-odds.ts';

/** Weight of what is expected against what was seen in one kind of hour, in days. */
const smoothingDays = 1;

/** Whole hours of one machine in each kind of hour, a day counting once: the hours of a day are hardly more than one observation. */
interface KindTally {
  /** Sum over days of the share of the kind's hours that the machine was down. */
  readonly downDays: Float64Array;
  readonly days: Float64Array;
  /** Known hours, and those of them down. */
  readonly hours: { readonly known: number; readonly down: number };
}

function tallyByKind(row: Uint8Array, kinds: Int32Array, days: Int32Array): KindTally {
  const count = hourKinds.length;
  const [down, known] = [new Float64Array(count), new Float64Array(count)];
  const tally = { downDays: new Float64Array(count), days: new Float64Array(count) };
  const closeDay = (): void => {
    for (let kind = 0; kind < count; kind++) {
      if (known[kind] === 0) continue;
      tally.downDays[kind]! += down[kind]! / known[kind]!;
      tally.days[kind]!++;
    }
    down.fill(0);
    known.fill(0);
  };
  let [downAll, knownAll] = [0, 0];
  for (const [slot, state] of row.entries()) {
    if (slot > 0 && days[slot] !== days[slot - 1]) closeDay();
    if (state > slotUp) continue;
    known[kinds[slot]!]!++;
    knownAll++;
    if (state !== slotDown) continue;
    down[kinds[slot]!]!++;
    downAll++;
  }
  closeDay();
  return { ...tally, hours: { known: knownAll, down: downAll } };
}

const meanOf = (values: readonly number[]): number =>
  clampOdds(values.length === 0 ? 0.5 : values.reduce((sum, value) => sum + value, 0) / values.length);

/** Weight of what a machine's like do against its own hours, in hours; and of the fleet against a few of its like, in machines. */
const likeWeight = { hours: 2, machines: 3 } as const;

/**
 * N values: P(down) over all hours. A machine is expected to be like those that share its attributes (the mean over the attributes, in
 * log odds), and those like the fleet: so a newcomer has a habit on its first day.
 */
function meansOf({ machines }: FleetHistory, tallies: readonly KindTally[]): readonly number[] {
  const known = tallies.flatMap(({ hours }, row) =>
    hours.known === 0 ? [] : [{ row, share: hours.down / hours.known }],
  );
  const fleet = meanOf(known.map(({ share }) => share));
  const groups = new Map<string, number[]>();
  const keysOf = (row: number): readonly string[] =>
    Object.entries(machines[row]!.attributes).map(([name, value]) => `${name}=${value}`);
  for (const { row, share } of known)
    for (const key of keysOf(row)) groups.set(key, [...(groups.get(key) ?? []), share]);
  const likeness = new Map(
    [...groups].map(([key, shares]) => {
      const sum = shares.reduce((total, share) => total + share, 0);
      return [key, (sum + likeWeight.machines * fleet) / (shares.length + likeWeight.machines)] as const;
    }),
  );
  return tallies.map(({ hours }, row) => {
    const like = keysOf(row).map((key) => logit(clampOdds(likeness.get(key) ?? fleet)));
    const prior = like.length === 0 ? fleet : sigmoid(like.reduce((sum, z) => sum + z, 0) / like.length);
    return (hours.down + likeWeight.hours * prior) / (hours.known + likeWeight.hours);
  });
}

/** What the fleet does in each kind of hour: the mean over the machines that were seen in it, and over all hours. */
function fleetOdds(
  tallies: readonly KindTally[],
  means: readonly number[],
): {
  readonly byKind: readonly number[];
  readonly mean: number;
} {
  const byKind = hourKinds.map((_, kind) =>
    meanOf(
      tallies
        .filter(({ days }) => days[kind]! > 0)
        .map(({ downDays, days }) => downDays[kind]! / days[kind]!),
    ),
  );
  return { byKind, mean: meanOf(means) };
}

/**
 * N × kinds: P(down), row by row. A machine is expected to be as much better or worse than the fleet in each kind of hour as it is
 * over all hours, in log odds; that expectation counts as one day against the days that were seen.
 */
export function downByKind(history: FleetHistory): Float64Array {
  const kinds = weekHours(history).map((hour) => kindOf(hour));
  const offsetMs = fleetOffsetMs(history);
  const days = Int32Array.from(kinds, (_, slot) =>
    Math.floor((history.startMs + slot * history.slotMs + offsetMs) / dayMs),
  );
  const tallies = history.machines.map((_, row) =>
    tallyByKind(history.up.subarray(row * history.slotCount, (row + 1) * history.slotCount), kinds, days),
  );
  const means = meansOf(history, tallies);
  const fleet = fleetOdds(tallies, means);
  const odds = tallies.flatMap(({ downDays, days: seen }, row) =>
    hourKinds.map((_, kind) => {
      const expected = sigmoid(
        logit(fleet.byKind[kind]!) + logit(clampOdds(means[row]!)) - logit(fleet.mean),
      );
      return clampOdds((downDays[kind]! + smoothingDays * expected) / (seen[kind]! + smoothingDays));
    }),
  );
  return Float64Array.from(odds);
}

export interface Habits {
  /** N × kinds: `downByKind`. */
  readonly habit: Float64Array;
  readonly drift: HabitDrift;
  /** N × kinds: the same as odds of the weeks to come, as far as habits were seen to hold. */
  readonly coming: Float64Array;
}

/** Goes through the history once for itself, and once for each week that habits are tried on. */
export function habitsOf(history: FleetHistory): Habits {
  const habit = downByKind(history);
  const drift = habitDrift(history, downByKind);
  return { habit, drift, coming: habit.map((odds) => drifted(drift, odds)) };
}

/** N × kinds as strata of a forecast. */
export function strataOf(machineCount: number, oddsByKind: Float64Array): FailureForecast['strata'] {
  const kinds = hourKinds.length;
  return hourKinds.map(({ name, isBusinessHour, hours }, kind) => ({
    name,
    isBusinessHour,
    weight: hours.length / 168,
    downProbability: Float64Array.from({ length: machineCount }, (_, machine) =>
      clampOdds(oddsByKind[machine * kinds + kind]!),
    ),
  }));
}

/** The forecast without learning: smoothed odds by kind of hour, no shocks. For short histories and as the fallback. */
export function baselineForecast(history: FleetHistory, habits = habitsOf(history)): FailureForecast {
  const machineCount = history.machines.length;
  return {
    machines: history.machines.map(({ machine }) => machine),
    strata: strataOf(machineCount, habits.coming),
    shocks: [],
    domainOfMachine: new Int32Array(machineCount).fill(-1),
    goneProbability: goneOdds(history),
    presence: presenceForecast(history, habits),
    source: 'hour-of-week baseline',
  };
}

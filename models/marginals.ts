// How often each machine is down in each kind of hour, smoothed: the honest baseline, and the start of every model.

import { dayMs, type FleetHistory, slotDown, slotUp } from '../datasets/index.ts';
import { goneOdds } from './departures.ts';
import type { FailureForecast } from './forecast.ts';
import { fleetOffsetMs, hourKinds, kindOf, weekHours } from './hours.ts';

const clampOdds = (p: number): number => Math.min(1 - 1e-6, Math.max(1e-6, p));
const logit = (p: number): number => Math.log(p / (1 - p));
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

/** Weight of what is expected against what was seen in one kind of hour, in days. */
const smoothingDays = 1;

/** Whole hours of one machine in each kind of hour, a day counting once: the hours of a day are hardly more than one observation. */
interface KindTally {
  /** Sum over days of the share of the kind's hours that the machine was down. */
  readonly downDays: Float64Array;
  readonly days: Float64Array;
  /** P(down) over all known hours, with one good and one bad hour added (Laplace). */
  readonly mean: number;
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
  let [downAll, knownAll] = [1, 2];
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
  return { ...tally, mean: downAll / knownAll };
}

/** What the fleet does in each kind of hour: the mean over the machines that were seen in it, and over all hours. */
function fleetOdds(tallies: readonly KindTally[]): {
  readonly byKind: readonly number[];
  readonly mean: number;
} {
  const meanOf = (values: readonly number[]): number =>
    clampOdds(values.length === 0 ? 0.5 : values.reduce((sum, value) => sum + value, 0) / values.length);
  const byKind = hourKinds.map((_, kind) =>
    meanOf(
      tallies
        .filter(({ days }) => days[kind]! > 0)
        .map(({ downDays, days }) => downDays[kind]! / days[kind]!),
    ),
  );
  return { byKind, mean: meanOf(tallies.map(({ mean }) => mean)) };
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
  const fleet = fleetOdds(tallies);
  const odds = tallies.flatMap(({ downDays, days: seen, mean }) =>
    hourKinds.map((_, kind) => {
      const expected = sigmoid(logit(fleet.byKind[kind]!) + logit(clampOdds(mean)) - logit(fleet.mean));
      return clampOdds((downDays[kind]! + smoothingDays * expected) / (seen[kind]! + smoothingDays));
    }),
  );
  return Float64Array.from(odds);
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
export function baselineForecast(history: FleetHistory): FailureForecast {
  const machineCount = history.machines.length;
  return {
    machines: history.machines.map(({ machine }) => machine),
    strata: strataOf(machineCount, downByKind(history)),
    shocks: [],
    domainOfMachine: new Int32Array(machineCount).fill(-1),
    goneProbability: goneOdds(history),
    source: 'hour-of-week baseline',
  };
}

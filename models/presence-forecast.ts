// Who is here now, and who will be in some hours: one machine's odds of being down at each coming hour, by whether it is up or for how
// long it has been away. Habits and absences only, so that it holds where no model was trained; it learns no common cause.

import { type FleetHistory, hourMs, type MachineId, slotDown, slotUp } from '../datasets/index.ts';
import { drifted, type HabitDrift } from './habit-drift.ts';
import { fleetOffsetMs, hourKinds, kindOf } from './hours.ts';
import { hoursDown } from './departures.ts';
import { fitReturnHazard, frailtyReturns, oddsOfReturn, type ReturnHazard } from './return-hazard.ts';

export interface PresenceForecast {
  /** N machines, the order of all that follows. */
  readonly machines: readonly MachineId[];
  readonly hazard: ReturnHazard;
  /** N × kinds of hour: P(down) by what was seen. */
  readonly habit: Float64Array;
  /** How far habits hold. Absent: as in forecasts made before it was learned, for good. */
  readonly drift?: HabitDrift;
  /** N values: P(down) over all hours of the week. */
  readonly downShare: Float64Array;
  /** N values: P(down in the next hour | up). */
  readonly leaving: Float64Array;
  /** Of the fleet's clocks. */
  readonly utcOffsetMs: number;
  /** N values: known hours since the machine was last up when this was made; and when that was. */
  readonly hoursAway: Float64Array;
  readonly madeMs: number;
}

/** Hours up that are expected of every machine before its own count: nobody is known by one day. */
const leavingHours = 48;

/** From what was seen; `habit` are its odds by kind of hour, N × kinds, `drift` how far they hold. */
export function presenceForecast(
  history: FleetHistory,
  { habit, drift }: Required<Pick<PresenceForecast, 'habit' | 'drift'>>,
): PresenceForecast {
  const kinds = hourKinds.length;
  return {
    machines: history.machines.map(({ machine }) => machine),
    hazard: fitReturnHazard(history),
    habit,
    drift,
    downShare: Float64Array.from(history.machines, (_, row) =>
      hourKinds.reduce(
        (sum, { hours }, kind) => sum + (hours.length / weekHourCount) * habit[row * kinds + kind]!,
        0,
      ),
    ),
    leaving: leavingRates(history),
    utcOffsetMs: fleetOffsetMs(history),
    hoursAway: Float64Array.from(hoursDown(history), (slots) => (slots * history.slotMs) / hourMs),
    madeMs: history.startMs + history.slotCount * history.slotMs,
  };
}

/** The forecast of these machines, in this order. One that it does not know has the fleet's mean habits, and was seen when it was made. */
export function selectPresence(presence: PresenceForecast, machines: readonly MachineId[]): PresenceForecast {
  const kinds = hourKinds.length;
  const rowOf = new Map(presence.machines.map((machine, row) => [machine, row]));
  const rows = machines.map((machine) => rowOf.get(machine));
  const pick = (values: Float64Array, unknown: number): Float64Array =>
    Float64Array.from(rows, (row) => (row === undefined ? unknown : values[row]!));
  const habit = hourKinds.map((_, kind) =>
    meanOf(presence.machines.map((__, row) => presence.habit[row * kinds + kind]!)),
  );
  const { hazard } = presence;
  return {
    ...presence,
    machines,
    hazard: {
      hourly: hazard.hourly,
      returns: pick(hazard.returns, frailtyReturns),
      expected: pick(hazard.expected, frailtyReturns),
    },
    habit: Float64Array.from(
      rows.flatMap((row) =>
        row === undefined ? habit : [...presence.habit.subarray(row * kinds, (row + 1) * kinds)],
      ),
    ),
    downShare: pick(presence.downShare, meanOf(presence.downShare)),
    leaving: pick(presence.leaving, meanOf(presence.leaving)),
    hoursAway: pick(presence.hoursAway, 0),
  };
}

const meanOf = (values: ArrayLike<number>): number =>
  values.length === 0 ? 0.5 : Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

const weekHourCount = 168;

/** P(down in the next hour | up) of each machine, drawn to the fleet's. */
function leavingRates({ machines, slotCount, slotMs, up }: FleetHistory): Float64Array {
  const hoursPerSlot = slotMs / hourMs;
  const counts = machines.map((_, row) => {
    let [hours, leaves] = [0, 0];
    for (let slot = 1; slot < slotCount; slot++) {
      const [before, after] = [up[row * slotCount + slot - 1]!, up[row * slotCount + slot]!];
      if (before !== slotUp || (after !== slotUp && after !== slotDown)) continue;
      hours += hoursPerSlot;
      if (after === slotDown) leaves++;
    }
    return { hours, leaves };
  });
  const hours = counts.reduce((sum, count) => sum + count.hours, 0);
  const leaves = counts.reduce((sum, count) => sum + count.leaves, 0);
  const mean = (leaves + 1) / (hours + leavingHours);
  return Float64Array.from(counts, (count) =>
    Math.min(0.9, (count.leaves + leavingHours * mean) / (count.hours + leavingHours)),
  );
}

export interface PresenceNow {
  /** Known hours since the machine was last up; 0 for one that is up. */
  readonly hoursAway: number;
  /** Hour of the week that comes next, in the fleet's time, 0..167. */
  readonly weekHour: number;
}

export interface ComingHours {
  /** For each of the asked hours P(down then). */
  readonly down: Float64Array;
  /** For each of the asked hours P(up at least once by then); 1 where it is up now. */
  readonly back: Float64Array;
  /** For each of the asked hours P(down then) by habit alone, as it was seen. */
  readonly habit: Float64Array;
  /** The same as far as habits hold. */
  readonly settled: Float64Array;
}

/**
 * The odds of one machine (a row of the forecast) so many hours from now, `hoursAhead` ascending and ≥ 1. One that is away is
 * down until the return hazard brings it back, and by its habit, as far as that holds, from then on. One that is up leaves at its own rate
 * towards it: P(down at t) = q(t) (1 − e^(−at/q)), q its odds of being down, a its rate of leaving (two states, Markov).
 */
export function comingHours(
  presence: PresenceForecast,
  row: number,
  { now, hoursAhead }: { readonly now: PresenceNow; readonly hoursAhead: readonly number[] },
): ComingHours {
  const { hoursAway, weekHour } = now;
  const kinds = hourKinds.length;
  const habitAt = (hours: number): number =>
    presence.habit[row * kinds + kindOf((weekHour + hours - 1) % weekHourCount)]!;
  const habit = Float64Array.from(hoursAhead, habitAt);
  const { drift = { floor: 0, share: 1 } } = presence;
  const settled = habit.map((odds) => drifted(drift, odds));
  if (hoursAway <= 0) {
    const rate = presence.leaving[row]! / Math.max(1e-6, drifted(drift, presence.downShare[row]!));
    const down = settled.map((odds, at) => odds * -Math.expm1(-rate * hoursAhead[at]!));
    return { down, back: new Float64Array(hoursAhead.length).fill(1), habit, settled };
  }
  const back = Float64Array.from(
    oddsOfReturn(presence.hazard, { machine: row, hoursAway, weekHour }, hoursAhead),
  );
  return {
    down: back.map((odds, at) => 1 - odds + odds * settled[at]!),
    back,
    habit,
    settled,
  };
}

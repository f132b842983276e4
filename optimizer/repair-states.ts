// States of the coming two weeks, given who is here now: what a machine that takes over a shard is chosen by. Half of them are the
// hours ahead, half the states of always, so that it is up now, stays up, and does not fail with the others.

import { comingHours, type PresenceForecast } from '../models/index.ts';
import { hoursAhead, hoursOfStep, repairPricesDefault } from './repair-urgency.ts';
import type { States } from './states.ts';
import { unavailability } from './survival.ts';

/** How much of all states the hours ahead are. */
const aheadShare = 0.5;

export interface NowKnown {
  /** Rows in the order of the states' machines. */
  readonly presence: PresenceForecast;
  /** For each of them the known hours since it was last up; 0 for one that is up. */
  readonly hoursAway: readonly number[];
  /** Hour of the week that comes next, in the fleet's time, 0..167. */
  readonly weekHour: number;
}

/** The same machines; weights sum to 1. */
export function statesFromNow(states: States, { presence, hoursAway, weekHour }: NowKnown): States {
  const curves = hoursAway.map(
    (hours, machine) =>
      comingHours(presence, machine, { now: { hoursAway: hours, weekHour }, hoursAhead }).down,
  );
  const total = hoursOfStep.reduce((sum, hours) => sum + hours, 0);
  const ahead = hoursOfStep.map((_, step) => Float64Array.from(curves, (curve) => curve[step]!));
  return {
    machines: states.machines,
    weights: Float64Array.from([
      ...states.weights.map((weight) => (1 - aheadShare) * weight),
      ...hoursOfStep.map((hours) => (aheadShare * hours) / total),
    ]),
    down: [...states.down, ...ahead],
    hourOfState: Int32Array.from([...states.hourOfState, ...ahead.map(() => states.hours.length)]),
    hours: [...states.hours, { name: 'the next two weeks', isBusinessHour: false }],
  };
}

/**
 * Capacities in which a machine that is away keeps what it has and takes nothing more. Where the others have too little room for all
 * open slots (−1), each of them may take one slot more.
 */
export function capacitiesOfThoseHere(
  capacities: readonly number[],
  groups: readonly (readonly number[])[],
  hoursAway: readonly number[],
): readonly number[] {
  const loads = new Int32Array(capacities.length);
  let [openCount, room] = [0, 0];
  for (const member of groups.flat()) {
    if (member < 0) openCount++;
    else loads[member]!++;
  }
  const isHere = (machine: number): boolean => hoursAway[machine] === 0;
  for (const [machine, capacity] of capacities.entries())
    if (isHere(machine)) room += Math.max(0, capacity - loads[machine]!);
  const more = room < roomFactor * openCount ? 1 : 0;
  return capacities.map((capacity, machine) =>
    isHere(machine) ? Math.max(capacity, loads[machine]!) + more : loads[machine]!,
  );
}

/** The same where all slots are chosen anew: whoever is away for more than a day takes nothing more, unless nobody else is left. */
export function capacitiesOfThoseBack(
  capacities: readonly number[],
  groups: readonly (readonly number[])[],
  hoursAway: readonly number[],
): readonly number[] {
  const loads = new Int32Array(capacities.length);
  for (const member of groups.flat()) if (member >= 0) loads[member]!++;
  const limited = capacities.map((capacity, machine) =>
    hoursAway[machine]! > newcomerHoursMax ? Math.min(capacity, loads[machine]!) : capacity,
  );
  const sum = (of: readonly number[]): number => of.reduce((total, one) => total + one, 0);
  return sum(limited) < roomShareMin * sum(capacities) ? capacities : limited;
}

/** A night and the morning after it. */
const newcomerHoursMax = 24;
/** With fewer slots than this share of them groups could not be filled. */
const roomShareMin = 0.75;

/** Room for twice the open slots: some of it is in machines that the group has already. */
const roomFactor = 2;

/** As long as hours are looked ahead: who helps may stay for longer than until the next plan. */
const stayHours = 336;
/** Half a week until the next plan, in the mean: it can give the slot back, for the price of one more shard. */
const untilPlanHours = 84;

/**
 * Whether filling slots of a group anew is worth it though who helps stays when the absent machine is back: what it gains until then must
 * be more than what the group loses by the states of always from then on, or until the next plan puts it right for one more shard.
 */
export const isWorthItsStay = (
  always: States,
  {
    before,
    after,
    k,
    gainHours,
  }: {
    readonly before: readonly number[];
    readonly after: readonly number[];
    readonly k: number;
    readonly gainHours: number;
  },
): boolean => {
  const worse =
    unavailability(always, { members: after, k }) - unavailability(always, { members: before, k });
  return gainHours > Math.min(stayHours * worse, untilPlanHours * worse + repairPricesDefault.hoursPerShard);
};

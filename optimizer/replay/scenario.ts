// One trial of the replay: which machines, which hours to learn from and to live through, and what everybody must keep to. It
// also knows what nobody in the replay may know: which machines leave for good.

import {
  countText,
  DreyError,
  type FleetHistory,
  hourMs,
  slotUnknown,
  slotUp,
  weekMs,
} from '../../datasets/index.ts';
import type { Redundancy } from '../plan.ts';

export interface ReplayRules {
  readonly redundancy: Redundancy;
  /** Slots that a machine may take, relative to the mean. */
  readonly capacityFactor: number;
  readonly trainWeeks: number;
  readonly testWeeks: number;
  readonly origins: number;
  readonly repair: 'on' | 'off';
  /** A machine that is down for longer is given up: what it held is made again elsewhere. */
  readonly patienceMs: number;
  readonly seed: number | string;
}

/** Files for each machine of the fleet. */
export const filesPerMachine = 3;
/** Each file, before redundancy: a pack of Drey. */
export const fileBytes = 16 * 1024 * 1024;
/** A machine that is not seen any more for at least this long before the trace ends has left for good; later ones may return. */
export const departedMsMin = weekMs;

export interface Scenario {
  /** All machines and hours of the trace that may be used. */
  readonly history: FleetHistory;
  /** Columns of labels by machine, −1 for none; absent when the trace has no labels. */
  readonly labels?: readonly Int32Array[];
  readonly rules: ReplayRules;
  /** N slots: the first in which a machine is gone with its disk; beyond the history for those that stay. */
  readonly departures: Int32Array;
}

export interface Origin {
  readonly trainFromSlot: number;
  readonly fromSlot: number;
  readonly toSlot: number;
}

/** The slot after the last in which each machine was up, where it never came back; beyond the end for all others. */
export function departuresOf(history: FleetHistory): Int32Array {
  const { slotCount, slotMs, up } = history;
  const silentSlots = departedMsMin / slotMs;
  return Int32Array.from(history.machines, (_, row) => {
    let last = slotCount - 1;
    let silence = 0;
    for (; last >= 0 && up[row * slotCount + last] !== slotUp; last--)
      if (up[row * slotCount + last] !== slotUnknown) silence++;
    return last >= 0 && silence >= silentSlots ? last + 1 : slotCount + 1;
  });
}

/** Share of the slots in which nobody looked at any machine: whatever happened then counts for no policy. */
export function unseenShare({ slotCount, machines, up }: FleetHistory): number {
  let unseen = 0;
  for (let slot = 0; slot < slotCount; slot++)
    if (machines.every((_, row) => up[row * slotCount + slot] === slotUnknown)) unseen++;
  return unseen / slotCount;
}

/** Beginnings are looked for where at least this share of the machines is seen that are seen at most. */
const seenShareMin = 0.5;

/**
 * From the first slot to the last in which about the whole fleet is looked at: a trace over years, whose machines come and go, would else
 * begin with hours of nobody. All of the trace where that is too short.
 */
function seenStretch(
  { slotCount, machines, up }: FleetHistory,
  slotsMin: number,
): { readonly fromSlot: number; readonly toSlot: number } {
  const seen = new Int32Array(slotCount);
  for (let row = 0; row < machines.length; row++)
    for (let slot = 0; slot < slotCount; slot++)
      if (up[row * slotCount + slot] !== slotUnknown) seen[slot]!++;
  const enough = seenShareMin * seen.reduce((most, count) => Math.max(most, count), 0);
  const fromSlot = seen.findIndex((count) => count >= enough);
  const toSlot = 1 + seen.findLastIndex((count) => count >= enough);
  return toSlot - fromSlot >= slotsMin ? { fromSlot, toSlot } : { fromSlot: 0, toSlot: slotCount };
}

/** Where the test weeks begin: evenly from the first possible to the last. Throws `trace-too-short`. */
export function originsOf(history: FleetHistory, rules: ReplayRules): readonly Origin[] {
  const { slotCount, slotMs } = history;
  const slots = (weeks: number): number => Math.round((weeks * weekMs) / slotMs);
  const [train, test] = [slots(rules.trainWeeks), slots(rules.testWeeks)];
  if (train + test > slotCount || train < 1 || test < 1) {
    const wish = `${countText(rules.trainWeeks, 'week')} to learn from and ${rules.testWeeks} to live through`;
    throw new DreyError({
      code: 'trace-too-short',
      message:
        train + test > slotCount
          ? `the trace has ${countText(Number(((slotCount * slotMs) / weekMs).toPrecision(3)), 'week')}, ${wish} are more`
          : `${wish}: one of them has no hour`,
      advice:
        train + test > slotCount
          ? 'Ask for fewer weeks with --train and --test.'
          : 'Ask for more weeks with --train and --test.',
    });
  }
  const stretch = seenStretch(history, train + test);
  const room = stretch.toSlot - stretch.fromSlot - train - test;
  const count = Math.max(1, Math.min(rules.origins, 1 + Math.floor(room / Math.max(1, hourMs / slotMs))));
  return Array.from({ length: count }, (_, at): Origin => {
    const trainFromSlot = stretch.fromSlot + (count === 1 ? 0 : Math.round((at * room) / (count - 1)));
    const fromSlot = trainFromSlot + train;
    return { trainFromSlot, fromSlot, toSlot: fromSlot + test };
  });
}

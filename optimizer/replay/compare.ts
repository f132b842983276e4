// The same held-out hours under each policy: which share of group-hours could not have been served. The first room of the
// closed-loop replay; it neither repairs nor plans again.

import { type FleetHistory, hourOfWeek, slotUnknown, slotUp } from '../../datasets/index.ts';
import type { PolicyScore } from '../plan.ts';
import { policies, type PolicyQuestion } from './policies.ts';

export interface Comparison extends PolicyQuestion {
  /** The hours after `past`, of the same machines in the same order. */
  readonly future: FleetHistory;
}

/** Random placement is judged by the mean of this many draws. */
const draws = 8;

interface Counts {
  lost: number;
  seen: number;
}

interface Tally {
  readonly all: Counts;
  readonly business: Counts;
}

/** Offset from UTC that most machines have: the fleet's own time. */
function fleetOffsetMs({ machines }: FleetHistory): number {
  const counts = new Map<number, number>();
  for (const { utcOffsetMs } of machines) counts.set(utcOffsetMs, (counts.get(utcOffsetMs) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0] ?? 0;
}

function isBusinessHour(hour: number): boolean {
  return hour < 5 * 24 && hour % 24 >= 8 && hour % 24 < 18;
}

/** Whether fewer than k members were up. Undefined when one was not seen: counting only what decides would flatter. */
function isUnavailable(
  { up, slotCount }: FleetHistory,
  group: readonly number[],
  at: { readonly slot: number; readonly k: number },
): boolean | undefined {
  let upCount = 0;
  for (const machine of group) {
    const state = up[machine * slotCount + at.slot];
    if (state === slotUnknown) return undefined;
    if (state === slotUp) upCount++;
  }
  return upCount < at.k;
}

/** Unavailable and seen group-hours of these groups over a history; columns are its rows. */
export function replayGroups(
  groups: readonly (readonly number[])[],
  history: FleetHistory,
  k: number,
): Tally {
  const tally: Tally = { all: { lost: 0, seen: 0 }, business: { lost: 0, seen: 0 } };
  const offsetMs = fleetOffsetMs(history);
  for (let slot = 0; slot < history.slotCount; slot++) {
    const hour = hourOfWeek(history.startMs + slot * history.slotMs, offsetMs);
    for (const group of groups) {
      const isLost = isUnavailable(history, group, { slot, k });
      if (isLost === undefined) continue;
      count(tally.all, isLost);
      if (isBusinessHour(hour)) count(tally.business, isLost);
    }
  }
  return tally;
}

function count(counts: Counts, isLost: boolean): void {
  counts.seen++;
  if (isLost) counts.lost++;
}

const share = ({ lost, seen }: Counts): number => (seen === 0 ? 0 : lost / seen);

/** One score a policy, in the order of `policies`. Every policy sees `past` only. */
export function comparePolicies(comparison: Comparison): readonly PolicyScore[] {
  const { future, redundancy, seed } = comparison;
  return Object.entries(policies).map(([policy, groupsOf]) => {
    const drawCount = policy === 'random' ? draws : 1;
    const tallies = Array.from({ length: drawCount }, (_, draw) =>
      replayGroups(groupsOf({ ...comparison, seed: `${seed} ${draw}` }), future, redundancy.k),
    );
    const mean = (which: keyof Tally): number =>
      tallies.reduce((sum, tally) => sum + share(tally[which]), 0) / drawCount;
    return { policy, unavailableShare: mean('all'), unavailableShareBusiness: mean('business') };
  });
}

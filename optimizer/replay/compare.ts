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

const isBusinessHour = (history: FleetHistory, slot: number): boolean => {
  const hour = hourOfWeek(history.startMs + slot * history.slotMs, history.machines[0]?.utcOffsetMs ?? 0);
  return hour < 5 * 24 && hour % 24 >= 8 && hour % 24 < 18;
};

interface Counts {
  lost: number;
  seen: number;
}

/** Whether fewer than k members were up; undefined when what was not seen could decide it. */
function isUnavailable(
  history: FleetHistory,
  group: readonly number[],
  at: { readonly slot: number; readonly k: number },
): boolean | undefined {
  let [up, unknown] = [0, 0];
  for (const machine of group) {
    const state = history.up[machine * history.slotCount + at.slot];
    if (state === slotUp) up++;
    if (state === slotUnknown) unknown++;
  }
  if (up >= at.k) return false;
  return up + unknown >= at.k ? undefined : true;
}

function scoreGroups(
  groups: readonly (readonly number[])[],
  { future, redundancy }: Comparison,
): readonly [Counts, Counts] {
  const all: Counts = { lost: 0, seen: 0 };
  const business: Counts = { lost: 0, seen: 0 };
  for (let slot = 0; slot < future.slotCount; slot++) {
    const counted = isBusinessHour(future, slot) ? [all, business] : [all];
    for (const group of groups) {
      const lost = isUnavailable(future, group, { slot, k: redundancy.k });
      if (lost === undefined) continue;
      for (const counts of counted) {
        counts.seen++;
        if (lost) counts.lost++;
      }
    }
  }
  return [all, business];
}

const share = ({ lost, seen }: Counts): number => (seen === 0 ? 0 : lost / seen);

/** One score a policy, in the order of `policies`. */
export function comparePolicies(comparison: Comparison): readonly PolicyScore[] {
  return Object.entries(policies).map(([policy, groupsOf]) => {
    const count = policy === 'random' ? draws : 1;
    const scores = Array.from({ length: count }, (_, draw) =>
      scoreGroups(groupsOf({ ...comparison, seed: `${comparison.seed} ${draw}` }), comparison),
    );
    const mean = (which: 0 | 1): number => scores.reduce((sum, pair) => sum + share(pair[which]), 0) / count;
    return { policy, unavailableShare: mean(0), unavailableShareBusiness: mean(1) };
  });
}

// The same held-out hours under each policy: which share of group-hours could not have been served. The first room of the
// closed-loop replay; it neither repairs nor plans again.

import { type FleetHistory, hourOfWeek, sliceHistory, slotUnknown, slotUp } from '../../datasets/index.ts';
import { type FailureForecast, fleetOffsetMs } from '../../models/index.ts';
import { chooseGroups } from '../groups.ts';
import type { PolicyScore, Redundancy } from '../plan.ts';
import { capacitiesFor, groupCountFor } from '../redundancy.ts';
import { statesFromForecast } from '../states.ts';
import { isBusinessHour } from './calendar.ts';
import { bestK, bestKWithSwaps } from './policies/best-k.ts';
import { independence } from './policies/independence.ts';
import type { Belief } from './policies/policy.ts';
import { random } from './policies/random.ts';

export interface HeldOut {
  readonly history: FleetHistory;
  /** The learned forecast, made from the slots before `heldOutFromSlot`. */
  readonly heldOutForecast: FailureForecast;
  readonly heldOutFromSlot: number;
  readonly redundancy: Redundancy;
  readonly seed: number | string;
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
  /** Hours in which exactly k members were up: one more failure, and the group is gone. */
  readonly near: Counts;
  /** Members down, of all members seen. */
  readonly members: Counts;
}

/** How many members were up. Undefined when one was not seen: counting only what decides would flatter. */
function upMembers(
  { up, slotCount }: FleetHistory,
  group: readonly number[],
  slot: number,
): number | undefined {
  let upCount = 0;
  for (const machine of group) {
    const state = up[machine * slotCount + slot];
    if (state === slotUnknown) return undefined;
    if (state === slotUp) upCount++;
  }
  return upCount;
}

/** Unavailable and seen group-hours of these groups over a history; columns are its rows. */
export function replayGroups(
  groups: readonly (readonly number[])[],
  history: FleetHistory,
  k: number,
): Tally {
  const none = (): Counts => ({ lost: 0, seen: 0 });
  const tally: Tally = { all: none(), business: none(), near: none(), members: none() };
  const offsetMs = fleetOffsetMs(history);
  for (let slot = 0; slot < history.slotCount; slot++) {
    const hour = hourOfWeek(history.startMs + slot * history.slotMs, offsetMs);
    for (const group of groups) {
      const upCount = upMembers(history, group, slot);
      if (upCount === undefined) continue;
      count(tally.all, upCount < k);
      count(tally.near, upCount === k);
      tally.members.seen += group.length;
      tally.members.lost += group.length - upCount;
      if (isBusinessHour(hour)) count(tally.business, upCount < k);
    }
  }
  return tally;
}

function count(counts: Counts, isLost: boolean): void {
  counts.seen++;
  if (isLost) counts.lost++;
}

const share = ({ lost, seen }: Counts): number => (seen === 0 ? 0 : lost / seen);

/** The simple policies that a learned forecast must not lose against, before it may serve. */
const rivals = [random, bestK, bestKWithSwaps, independence];

/** One score a policy, the learned one last: each saw the past only and is judged by the slots from `heldOutFromSlot` on. */
export async function compareHeldOut(heldOut: HeldOut): Promise<readonly PolicyScore[]> {
  const { history, heldOutFromSlot, heldOutForecast, redundancy, seed } = heldOut;
  const past = sliceHistory(history, { fromSlot: 0, toSlot: heldOutFromSlot });
  const future = sliceHistory(history, { fromSlot: heldOutFromSlot, toSlot: history.slotCount });
  const learned: Belief = { states: statesFromForecast(heldOutForecast), method: 'climb' };
  const beliefs = await Promise.all(
    rivals.map(async (policy) => ({
      policy: policy.name,
      belief: await policy.learn({ past, redundancy, seed }),
    })),
  );
  return [...beliefs, { policy: 'learned', belief: learned }].map(({ policy, belief }): PolicyScore => {
    const drawCount = belief.method === 'random' ? draws : 1;
    const tallies = Array.from({ length: drawCount }, (_, draw) =>
      replayGroups(groupsFor(belief, redundancy, `${seed} ${draw}`), future, redundancy.k),
    );
    const mean = (which: keyof Tally): number =>
      tallies.reduce((sum, tally) => sum + share(tally[which]), 0) / drawCount;
    const risk = mean('all') + mean('near') * mean('members');
    return { policy, unavailableShare: mean('all'), unavailableShareBusiness: mean('business'), risk };
  });
}

/** Groups of a whole fleet whose machines all give the same. */
function groupsFor(
  { states, ...belief }: Belief,
  redundancy: Redundancy,
  seed: number | string,
): readonly (readonly number[])[] {
  const groupCount = groupCountFor(states.machines.length, redundancy);
  const capacities = capacitiesFor(
    states.machines.map(() => 1),
    { groupCount, n: redundancy.n },
  );
  return chooseGroups({ ...belief, states, redundancy, groupCount, capacities, seed });
}

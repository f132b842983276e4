// The same held-out hours under each policy: which share of group-hours could not have been served. The first room of the
// closed-loop replay; it neither repairs nor plans again.

import {
  createRandom,
  dayMs,
  type FleetHistory,
  hourOfWeek,
  type Random,
  sliceHistory,
  slotUnknown,
  slotUp,
} from '../../datasets/index.ts';
import { type FailureForecast, fleetOffsetMs, habitForecast } from '../../models/index.ts';
import { chooseGroups } from '../groups.ts';
import { habitsPolicy, isClearlyLower } from '../plan-gate.ts';
import type { PolicyScore, Redundancy } from '../plan.ts';
import { capacitiesFor, groupCountFor } from '../redundancy.ts';
import { statesFromForecast } from '../states.ts';
import { isBusinessHour } from './calendar.ts';
import { bestK, bestKWithSwaps } from './policies/best-k.ts';
import { independence } from './policies/independence.ts';
import type { Belief, Policy } from './policies/policy.ts';
import { random as byChance } from './policies/random.ts';

export interface HeldOut {
  readonly history: FleetHistory;
  /** The learned forecast, made from the slots before `heldOutFromSlot`. */
  readonly heldOutForecast: FailureForecast;
  readonly heldOutFromSlot: number;
  readonly redundancy: Redundancy;
  readonly seed: number | string;
}

/**
 * Each policy is judged by the mean of so many draws of its groups: which of many equally good groups meets an outage is luck, and the
 * best of four rivals must not be the luckiest. What is learned has hundreds of states and takes longest.
 */
const draws = { random: 8, rival: 4, learned: 2 } as const;

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

const noTally = (): Tally => {
  const none = (): Counts => ({ lost: 0, seen: 0 });
  return { all: none(), business: none(), near: none(), members: none() };
};

/** Unavailable and seen group-hours of these groups over a history, day by day; columns are its rows. */
export function replayGroups(
  groups: readonly (readonly number[])[],
  history: FleetHistory,
  k: number,
): readonly Tally[] {
  const slotsPerDay = Math.max(1, Math.round(dayMs / history.slotMs));
  const days = Array.from({ length: Math.ceil(history.slotCount / slotsPerDay) }, noTally);
  const offsetMs = fleetOffsetMs(history);
  for (let slot = 0; slot < history.slotCount; slot++) {
    const hour = hourOfWeek(history.startMs + slot * history.slotMs, offsetMs);
    const tally = days[Math.floor(slot / slotsPerDay)]!;
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
  return days;
}

function count(counts: Counts, isLost: boolean): void {
  counts.seen++;
  if (isLost) counts.lost++;
}

/** Share of lost among seen, over some tallies. */
function shareOf(tallies: readonly Tally[], which: keyof Tally): number {
  let [lost, seen] = [0, 0];
  for (const tally of tallies) {
    lost += tally[which].lost;
    seen += tally[which].seen;
  }
  return seen === 0 ? 0 : lost / seen;
}

const riskOf = (tallies: readonly Tally[]): number =>
  shareOf(tallies, 'all') + shareOf(tallies, 'near') * shareOf(tallies, 'members');

const bootstraps = 400;

/**
 * How sure it is that one policy's risk is clearly lower than another's: share of bootstrap draws of days (Efron, 1979) in which it is. Both
 * lists hold the tallies of each day.
 */
function surenessOf(
  rival: readonly (readonly Tally[])[],
  learned: readonly (readonly Tally[])[],
  random: Random,
): number {
  let lower = 0;
  for (let draw = 0; draw < bootstraps; draw++) {
    const days = rival.map(() => random.below(rival.length));
    const drawn = (of: readonly (readonly Tally[])[]): number => riskOf(days.flatMap((day) => of[day] ?? []));
    if (isClearlyLower(drawn(rival), drawn(learned))) lower++;
  }
  return lower / bootstraps;
}

/** Drey without anything learned: what a learned forecast must beat before it may serve. */
const habits: Policy = {
  name: habitsPolicy,
  needs: 'past',
  learn: ({ past }) => ({ states: statesFromForecast(habitForecast(past)), method: 'climb' }),
};

/** The simple policies that it must not clearly lose against. */
const rivals = [byChance, bestK, bestKWithSwaps, independence, habits];

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
  const played = [...beliefs, { policy: 'learned', belief: learned }].map(({ policy, belief }) => {
    const kind = policy === 'learned' ? 'learned' : belief.method === 'random' ? 'random' : 'rival';
    const tallies = Array.from({ length: draws[kind] }, (_, draw) =>
      replayGroups(groupsFor(belief, redundancy, `${seed} ${draw}`), future, redundancy.k),
    );
    return { policy, days: tallies[0]!.map((_, day) => tallies.map((tally) => tally[day]!)) };
  });
  const random = createRandom(seed).fork('days');
  const own = played.at(-1)!.days;
  return played.map(({ policy, days }): PolicyScore => ({
    policy,
    unavailableShare: shareOf(days.flat(), 'all'),
    unavailableShareBusiness: shareOf(days.flat(), 'business'),
    risk: riskOf(days.flat()),
    ...(policy === 'learned' ? {} : { sureness: surenessOf(days, own, random.fork(policy)) }),
  }));
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

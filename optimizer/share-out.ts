// Whoever holds much less than an equal share (a machine that came, or is trusted again) gets slots of those that hold more. A climb alone would
// leave it without any: all slots are taken, and one machine for another like it gains nothing. It moves no more than that takes, nowhere at a high price in odds.

import { createRandom } from '../datasets/index.ts';
import { isApart } from './group-filling.ts';
import { type GroupLimits, MoveBudget, type SlotMove } from './group-limits.ts';
import { GroupSearch } from './group-search.ts';
import { moveGainMin } from './groups.ts';
import type { Redundancy } from './plan.ts';
import { sharesOf } from './redundancy.ts';
import type { States } from './states.ts';

type Groups = readonly (readonly number[])[];

export interface ShareQuestion extends Omit<GroupLimits, 'scatterMin'> {
  readonly states: States;
  readonly redundancy: Redundancy;
  /** N values: bytes that each machine gives; 0 for one that may hold nothing. */
  readonly givenBytes: readonly number[];
  /** Whole groups, columns slot by slot. */
  readonly groups: Groups;
  /** The groups of the plan before: what budgets of moves are counted from. */
  readonly previous: Groups;
  readonly seed: number | string;
}

/** Everybody holds at least this part of an equal share, as everybody may hold 1.5 of them. */
export const leastShare = 0.5;
/** A slot may cost its group this part of the mean group's odds: half of what the climb asks for to move it again. */
const slotCostMax = moveGainMin / 2;
/** And all slots together this part of all odds: a fleet that doubles in a day learns about its new machines first. */
const allCostMax = 0.1;
/** Slots that one machine looks at, each time; more are sampled. */
const looksMax = 128;

/**
 * N values: slots that each machine holds at least, unless that costs too much: half of its share by what it gives, at least one. None for one whose share is
 * less than one slot, nor beyond its capacity.
 */
export function leastSlots({
  givenBytes,
  capacities,
  groups,
  redundancy,
}: Pick<ShareQuestion, 'givenBytes' | 'capacities' | 'groups' | 'redundancy'>): readonly number[] {
  return sharesOf(givenBytes, { groupCount: groups.length, n: redundancy.n }).map((share, machine) =>
    share < 1 || givenBytes[machine] === 0
      ? 0
      : Math.min(capacities[machine]!, Math.max(1, Math.floor(leastShare * share))),
  );
}

interface Sharing {
  readonly question: ShareQuestion;
  readonly search: GroupSearch;
  readonly budget: MoveBudget;
  readonly shares: readonly number[];
  readonly meanOdds: number;
  /** Odds that may still be given up. */
  costLeft: number;
}

/** The groups with as few slots changed as everybody's least share takes; the same ones where nobody lacks any. */
export function shareOut(question: ShareQuestion): Groups {
  const { groups, states, redundancy, givenBytes, seed } = question;
  const least = leastSlots(question);
  const loads = new Int32Array(states.machines.length);
  for (const member of groups.flat()) if (member >= 0) loads[member]!++;
  const isLacking = (machine: number): boolean => loads[machine]! < least[machine]!;
  let lacking = [...loads.keys()].filter(isLacking);
  if (lacking.length === 0 || groups.some((members) => members.includes(-1))) return groups;
  const search = new GroupSearch(
    states,
    redundancy,
    groups.map((members) => [...members]),
  );
  const allOdds = search.odds.reduce((sum, odds) => sum + odds, 0);
  const sharing: Sharing = {
    question,
    search,
    budget: new MoveBudget(question, question.previous, groups),
    shares: sharesOf(givenBytes, { groupCount: groups.length, n: redundancy.n }),
    meanOdds: allOdds / groups.length,
    costLeft: allCostMax * allOdds,
  };
  const random = createRandom(seed).fork('share out');
  // One slot each in turn, so that nobody takes what another one lacks more.
  while (lacking.length > 0) {
    const served = lacking.filter((machine) => giveSlot(sharing, machine, random));
    lacking = served.filter((machine) => search.loads[machine]! < least[machine]!);
  }
  return search.members;
}

interface Offer {
  readonly move: SlotMove;
  readonly cost: number;
  /** Slots of whoever gives it, as a multiple of its share. */
  readonly load: number;
}

/** Gives the machine the cheapest slot of somebody above its share; false where there is none at a fair price. */
function giveSlot(sharing: Sharing, machine: number, random: ReturnType<typeof createRandom>): boolean {
  let best: Offer | undefined;
  for (const move of slotsFor(sharing, machine, random)) {
    const offer = offerOf(sharing, move);
    if (offer !== undefined && (best === undefined || isBetter(offer, best, sharing.meanOdds))) best = offer;
  }
  if (best === undefined) return false;
  sharing.budget.spendAll([best.move]);
  sharing.costLeft -= Math.max(0, best.cost);
  sharing.search.put(best.move.place, machine);
  return true;
}

/** Prices within a hundredth of the mean group's odds are alike: then who is fullest gives. */
function isBetter(a: Offer, b: Offer, meanOdds: number): boolean {
  const grain = meanOdds / 100;
  const [costOfA, costOfB] = [a, b].map(({ cost }) => (grain > 0 ? Math.round(cost / grain) : 0));
  return costOfA! < costOfB! || (costOfA === costOfB && a.load > b.load);
}

/** Slots of machines above their shares in groups without this one, in a random order. */
function slotsFor(
  { search, shares }: Sharing,
  machine: number,
  random: ReturnType<typeof createRandom>,
): readonly SlotMove[] {
  const slots = search.members.flatMap((members, at) =>
    members.includes(machine)
      ? []
      : members.flatMap((from, slot): readonly SlotMove[] =>
          search.loads[from]! > shares[from]! ? [{ place: { at, slot }, from, to: machine }] : [],
        ),
  );
  for (let drawn = 0; drawn < Math.min(looksMax, slots.length); drawn++) {
    const other = drawn + random.below(slots.length - drawn);
    [slots[drawn], slots[other]] = [slots[other]!, slots[drawn]!];
  }
  return slots.slice(0, looksMax);
}

/** Undefined where a limit forbids the move, or its price is too high. */
function offerOf(sharing: Sharing, move: SlotMove): Offer | undefined {
  const { search, budget, shares, meanOdds, costLeft } = sharing;
  const { place, from, to } = move;
  if (budget.isPinned(place) || !budget.affordsAll([move])) return undefined;
  const others = search.members[place.at]!.filter((_, slot) => slot !== place.slot);
  if (!isApart(sharing.question.apart, others, to)) return undefined;
  const cost = search.oddsWith(place, to) - search.odds[place.at]!;
  if (cost > slotCostMax * meanOdds || cost > costLeft) return undefined;
  return { move, cost, load: search.loads[from]! / shares[from]! };
}

// Which machines form groups: a balanced start, then moves and swaps that lower the total unavailability under every
// machine's capacity, until none helps (after Douceur & Wattenhofer, DISC'01). Distinct members always; same seed, same groups.

import { createRandom, type Random } from '../datasets/index.ts';
import { isApart, startingGroups } from './group-filling.ts';
import { type GroupLimits, MoveBudget, type SlotMove } from './group-limits.ts';
import { GroupSearch, type SlotPlace } from './group-search.ts';
import type { Redundancy } from './plan.ts';
import { Neighbours, widen } from './scatter.ts';
import { alignedTo } from './slot-order.ts';
import type { States } from './states.ts';

/** Capacities must sum to n × groupCount or more. */
export interface GroupsQuestion extends GroupLimits {
  readonly states: States;
  readonly redundancy: Redundancy;
  readonly groupCount: number;
  /** Members (columns) of the groups so far, slot by slot; −1 for a machine that is no longer there. */
  readonly previous?: readonly (readonly number[])[];
  /** Groups to start from where there are no previous ones, gaps as −1 or missing: nothing keeps their members in place. */
  readonly start?: readonly (readonly number[])[];
  readonly seed: number | string;
  /** `open slots`: members of the previous groups stay; only the slots that nobody has are chosen. Default `all slots`. */
  readonly scope?: 'all slots' | 'open slots';
  /** `random` and `best-k` only fill the slots that are open: baselines. Default `climb`. */
  readonly method?: 'climb' | 'best-k' | 'random';
}

/**
 * Each slot of a previous plan that changes must gain this share of its group's odds, or of the mean group's where that is
 * more: moving shards costs bandwidth, and groups that are good already are not worth any.
 */
export const moveGainMin = 0.4;
/** Any other change must gain more than rounding. */
const gainMin = 1e-9;
/** Sweeps over all slots; small fleets settle in a few. */
const sweepsMax = 24;
/** Multiplications of one climb, about ten seconds of one core. Large fleets stop here, with most of the gain made. */
const workMax = 4e9;
/** Candidates that a slot looks at; more machines are sampled, anew for every slot and sweep. */
const candidatesMax = 256;
/** Full candidates that a slot tries to swap with, best first. */
const swapCandidates = 12;

/**
 * Groups of n distinct machines as columns of the states, slot by slot. Throws nothing: an impossible question (fewer
 * than n machines) gives no groups.
 */
export function chooseGroups(question: GroupsQuestion): readonly (readonly number[])[] {
  const random = createRandom(question.seed).fork('groups');
  const members = startingGroups(question, random.fork('start'));
  const { scatterMin = 0, capacities, apart } = question;
  const isBaseline = question.method === 'best-k' || question.method === 'random';
  if (isBaseline && scatterMin === 0) return members;
  const search = new GroupSearch(question.states, question.redundancy, members);
  const slots = members.flatMap((group, at) => group.map((_, slot) => ({ at, slot })));
  const budget = new MoveBudget(question, question.previous, members);
  const neighbours = scatterMin === 0 ? undefined : new Neighbours(search.machineCount, members, scatterMin);
  if (neighbours !== undefined && question.scope !== 'open slots') {
    const mayJoin = (others: readonly number[], machine: number): boolean => isApart(apart, others, machine);
    widen({ search, neighbours, budget, capacities, mayJoin });
  }
  if (isBaseline) return members;
  const order = shuffled(search.machineCount, random.fork('order'));
  const climb: Climb = {
    question,
    search,
    budget,
    ...(neighbours === undefined ? {} : { neighbours }),
    random: random.fork('candidates'),
    order,
    meanOdds: 0,
  };
  // What is new finds its place first, so that old slots do not move to make up for it.
  const fresh = slots.filter((place) => !isOld(climb, place));
  const turns = question.scope === 'open slots' ? [fresh] : [fresh, slots];
  for (const some of fresh.length < slots.length ? turns : [slots]) improveInSweeps(climb, some);
  return members.map((group, at) => alignedTo(question.previous?.[at] ?? [], group));
}

interface Climb {
  readonly question: GroupsQuestion;
  readonly search: GroupSearch;
  readonly budget: MoveBudget;
  /** Present where nobody may have fewer neighbours than a limit. */
  readonly neighbours?: Neighbours;
  readonly random: Random;
  /** N places of the machines in a random order. */
  readonly order: Int32Array;
  /** Mean odds of a group when the sweeps began. */
  readonly meanOdds: number;
}

function improveInSweeps(begun: Climb, slots: readonly SlotPlace[]): void {
  const { odds } = begun.search;
  const climb = { ...begun, meanOdds: odds.reduce((sum, value) => sum + value, 0) / odds.length };
  for (let sweep = 0; sweep < sweepsMax; sweep++) {
    // Worst groups first: that is where the odds are.
    const order = slots.toSorted((a, b) => odds[b.at]! - odds[a.at]! || a.at - b.at || a.slot - b.slot);
    if (!improveAll(climb, order)) break;
  }
}

/** One sweep; false when nothing changed or the work is used up. */
function improveAll(climb: Climb, order: readonly SlotPlace[]): boolean {
  let changes = 0;
  for (const place of order) {
    if (climb.search.work > workMax) return false;
    if (!climb.budget.isPinned(place) && improveSlot(climb, place)) changes++;
  }
  return changes > 0;
}

function shuffled(count: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: count }, (_, index) => index);
  for (let at = count - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [order[at], order[other]] = [order[other]!, order[at]!];
  }
  return order;
}

/**
 * Among equals chance decides, anew for each slot. Never the lowest number: machines that never failed are all equal, and neighbours in a list
 * often stand in one room.
 */
function turnsFrom({ order, random }: Climb): (machine: number) => number {
  const from = random.below(order.length);
  return (machine) => (order[machine]! - from + order.length) % order.length;
}

interface Candidate {
  readonly machine: number;
  /** Odds of the group with it in the slot. */
  readonly odds: number;
}

/** Makes the move or swap at this slot that lowers the total odds most; false when none does. */
function improveSlot(climb: Climb, place: SlotPlace): boolean {
  const { search, question } = climb;
  const from = search.members[place.at]![place.slot]!;
  const now = search.odds[place.at]!;
  const mustGo = isClashing(climb, place);
  const goal = now - gainAsked(climb, place);
  const turnOf = turnsFrom(climb);
  const better = candidatesFor(climb, place)
    .map((machine): Candidate => ({ machine, odds: search.oddsWith(place, machine) }))
    .filter(({ odds }) => odds < goal)
    .toSorted((a, b) => a.odds - b.odds || turnOf(a.machine) - turnOf(b.machine));
  const free = better.find(
    ({ machine }) =>
      search.loads[machine]! < question.capacities[machine]! &&
      isAllowed(climb, [{ place, from, to: machine }]),
  );
  const full = better.filter(
    ({ machine, odds }) =>
      search.loads[machine]! >= question.capacities[machine]! && odds < (free?.odds ?? goal),
  );
  const swap = bestSwap(climb, place, full.slice(0, swapCandidates));
  const freeGain = now - (free?.odds ?? (mustGo ? Number.POSITIVE_INFINITY : now));
  if (swap !== undefined && swap.gain > freeGain) {
    makeMoves(climb, swap.moves);
    return true;
  }
  if (free === undefined) return false;
  makeMoves(climb, [{ place, from, to: free.machine }]);
  return true;
}

const othersAt = ({ search }: Climb, { at, slot }: SlotPlace): readonly number[] =>
  search.members[at]!.filter((_, other) => other !== slot);

/** Whether budgets and neighbours allow it; slots and labels were looked at before. */
function isAllowed(climb: Climb, moves: readonly SlotMove[]): boolean {
  const { budget, neighbours } = climb;
  if (!budget.affordsAll(moves)) return false;
  if (neighbours === undefined) return true;
  return neighbours.effectOf(moves.map((move) => ({ ...move, others: othersAt(climb, move.place) }))) <= 0;
}

function makeMoves(climb: Climb, moves: readonly SlotMove[]): void {
  climb.budget.spendAll(moves);
  for (const move of moves) {
    climb.neighbours?.make({ ...move, others: othersAt(climb, move.place) });
    climb.search.put(move.place, move.to);
  }
}

/** Machines outside the group: all of a small fleet, a sample of a large one. */
function candidatesFor({ question, search, random }: Climb, { at, slot }: SlotPlace): readonly number[] {
  const { machineCount, members } = search;
  const group = members[at]!;
  const drawn =
    machineCount <= candidatesMax
      ? Array.from({ length: machineCount }, (_, machine) => machine)
      : [...new Set(Array.from({ length: candidatesMax }, () => random.below(machineCount)))];
  const others = group.filter((_, other) => other !== slot);
  return drawn.filter((machine) => !group.includes(machine) && isApart(question.apart, others, machine));
}

interface Swap {
  readonly moves: readonly SlotMove[];
  /** Sum of both groups' odds before, less the sum after. */
  readonly gain: number;
}

/** The exchange of the slot's member with a full machine of another group that gains most over both groups. */
function bestSwap(climb: Climb, here: SlotPlace, candidates: readonly Candidate[]): Swap | undefined {
  const { search, budget } = climb;
  const gainFloor = isClashing(climb, here) ? Number.NEGATIVE_INFINITY : 0;
  const member = search.members[here.at]![here.slot]!;
  let best: Swap | undefined;
  for (const { machine, odds } of candidates) {
    for (const at of search.groupsOf[machine]!) {
      if (search.groupsOf[member]!.has(at)) continue;
      const there = { at, slot: search.members[at]!.indexOf(machine) };
      const others = search.members[at]!.filter((_, slot) => slot !== there.slot);
      if (budget.isPinned(there) || !isApart(climb.question.apart, others, member)) continue;
      const before = search.odds[here.at]! + search.odds[at]!;
      const gain = before - odds - search.oddsWith(there, member);
      const asked = gainAsked(climb, here) + gainAsked(climb, there);
      if (gain <= asked || gain <= (best?.gain ?? gainFloor)) continue;
      const moves = [
        { place: here, from: member, to: machine },
        { place: there, from: machine, to: member },
      ];
      if (isAllowed(climb, moves)) best = { moves, gain };
    }
  }
  return best;
}

/** Whether the member shares a label with another of its group that are to be kept apart: where labels came later than the groups. */
const isClashing = (climb: Climb, place: SlotPlace): boolean => {
  const { apart } = climb.question;
  const member = climb.search.members[place.at]![place.slot]!;
  return apart !== undefined && member >= 0 && !isApart(apart, othersAt(climb, place), member);
};

/** By how much the odds must fall for this slot to change; going back to the previous machine is free, and who may not stay goes at any price. */
function gainAsked(climb: Climb, place: SlotPlace): number {
  if (isClashing(climb, place)) return Number.NEGATIVE_INFINITY;
  const now = climb.search.odds[place.at]!;
  return isOld(climb, place) ? moveGainMin * Math.max(now, climb.meanOdds) : gainMin * now;
}

const isOld = ({ question, search }: Climb, { at, slot }: SlotPlace): boolean =>
  question.previous?.[at]?.[slot] === search.members[at]![slot];

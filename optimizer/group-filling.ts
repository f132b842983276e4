// Whole groups to start from: what is left of the previous ones, gaps filled by the machines with the most room. Nobody
// gets more slots than its capacity as long as the capacities allow it at all, and no group has a machine twice.

import { Heap, type Random } from '../datasets/index.ts';
import type { SlotPlace } from './group-search.ts';
import type { GroupsQuestion } from './groups.ts';
import { availabilities } from './survival.ts';

/** A slot that nobody has. */
const nobody = -1;

/** Whether a machine shares no label with any of these. */
export function isApart(apart: GroupsQuestion['apart'], others: readonly number[], machine: number): boolean {
  if (apart === undefined) return true;
  return apart.every((labels) => {
    const label = labels[machine]!;
    return label < 0 || !others.some((other) => other >= 0 && labels[other] === label);
  });
}

interface Filling {
  readonly groups: number[][];
  readonly loads: Int32Array;
  readonly capacities: readonly number[];
  readonly up: Float64Array;
  readonly method: NonNullable<GroupsQuestion['method']>;
  readonly random: Random;
  readonly apart: GroupsQuestion['apart'];
  readonly traffic: Traffic;
  /** Present in large fleets, once the known members are in their slots. */
  ranking?: Ranking;
}

/** Slots that machines got that they did not have, and gave away, beside what they may. */
interface Traffic {
  readonly taken: Int32Array;
  readonly takenMax: readonly number[] | undefined;
  readonly given: Int32Array;
  readonly givenMax: readonly number[] | undefined;
}

/**
 * The previous groups with their gaps filled, and new ones, up to `groupCount`. Fewer than n machines give none.
 * Capacities that sum to less than n × groupCount, or fewer than n that are above 0, are exceeded as little as chance allows.
 */
export function startingGroups(question: GroupsQuestion, random: Random): number[][] {
  const { states, redundancy, capacities, groupCount } = question;
  const known = question.start ?? question.previous;
  if (states.machines.length < redundancy.n) return [];
  const filling: Filling = {
    groups: Array.from({ length: groupCount }, (_, at) =>
      Array.from({ length: redundancy.n }, (__, slot) => known?.[at]?.[slot] ?? nobody),
    ),
    loads: new Int32Array(states.machines.length),
    capacities,
    up: availabilities(states),
    method: question.method ?? 'climb',
    random,
    apart: question.apart,
    traffic: {
      taken: new Int32Array(states.machines.length),
      takenMax: question.takenSlotsMax,
      given: new Int32Array(states.machines.length),
      givenMax: question.givenSlotsMax,
    },
  };
  for (const group of filling.groups) takeOver(filling, group);
  if (filling.loads.length > scannedMachinesMax) filling.ranking = new Ranking(filling);
  const slots = filling.groups.flatMap((group, at) => group.map((_, slot) => ({ at, slot })));
  for (const place of slots) fillFromRoom(filling, place);
  for (const place of slots) {
    while (isOpen(filling, place)) if (!fillFromRoom(filling, place)) fillByExchange(filling, place);
  }
  return withoutTooMuch(filling, question.previous?.length ?? 0);
}

/** Slots of lost machines must be filled; new groups wait until their members may take so much in. */
function withoutTooMuch({ groups, traffic }: Filling, knownCount: number): number[][] {
  const { taken, takenMax } = traffic;
  if (takenMax === undefined) return groups;
  const isOver = (): boolean => takenMax.some((most, machine) => taken[machine]! > most);
  while (groups.length > knownCount && isOver()) for (const member of groups.pop()!) taken[member]!--;
  return groups;
}

/**
 * Keeps a previous group's members, but those who stand in it twice or have all their slots by now; and even these as long as
 * they may not give more away.
 */
function takeOver({ loads, capacities, traffic }: Filling, group: number[]): void {
  const { given, givenMax } = traffic;
  for (const [slot, member] of group.entries()) {
    if (member === nobody) continue;
    const isTwice = group.indexOf(member) < slot;
    const mayGive = givenMax === undefined || given[member]! < givenMax[member]!;
    if (isTwice || (loads[member]! >= capacities[member]! && mayGive)) {
      group[slot] = nobody;
      given[member]!++;
    } else loads[member]!++;
  }
}

const isOpen = ({ groups }: Filling, { at, slot }: SlotPlace): boolean => groups[at]![slot] === nobody;

/** Gives an open slot to the best machine with room; false when everybody with room is in the group already. */
function fillFromRoom(filling: Filling, place: SlotPlace): boolean {
  const group = filling.groups[place.at]!;
  if (!isOpen(filling, place)) return true;
  const machine = bestWithRoom(filling, group);
  if (machine === undefined) return false;
  group[place.slot] = machine;
  filling.loads[machine]!++;
  filling.traffic.taken[machine]!++;
  filling.ranking?.put(machine);
  return true;
}

/** Above it an open slot does not look at every machine: that would cost the square of the fleet. */
const scannedMachinesMax = 2048;

interface Ranked {
  readonly machine: number;
  readonly score: number;
}

/** In large fleets, all machines by what the filling says of them, best first. */
class Ranking {
  readonly #heap = new Heap<Ranked>((a, b) => a.score > b.score);
  readonly #filling: Filling;

  constructor(filling: Filling) {
    this.#filling = filling;
    for (let machine = 0; machine < filling.loads.length; machine++) this.put(machine);
  }

  /** Anew, by what it has now; a machine without room is out. */
  put(machine: number): void {
    const { loads, capacities } = this.#filling;
    if (loads[machine]! >= capacities[machine]!) return;
    this.#heap.push({ machine, score: scoreNow(this.#filling, machine) });
  }

  /** The best that fits, taken out; the ones before it stay. Undefined where none does. */
  take(fits: (machine: number) => boolean): number | undefined {
    const passed: number[] = [];
    let found: number | undefined;
    for (let best = this.#heap.pop(); best !== undefined; best = this.#heap.pop()) {
      if (fits(best.machine)) {
        found = best.machine;
        break;
      }
      passed.push(best.machine);
    }
    for (const machine of passed) this.put(machine);
    return found;
  }
}

/** The best machine with room outside the group, of those that may still take something in where there is one; undefined when there is none. */
function bestWithRoom(filling: Filling, group: readonly number[]): number | undefined {
  const { loads, capacities, ranking } = filling;
  const mayTake = (machine: number): boolean =>
    loads[machine]! < capacities[machine]! &&
    !group.includes(machine) &&
    isApart(filling.apart, group, machine);
  if (ranking !== undefined) return ranking.take(mayTake);
  let best: number | undefined;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (let machine = 0; machine < loads.length; machine++) {
    if (!mayTake(machine)) continue;
    const score = scoreNow(filling, machine);
    if (score > bestScore) [best, bestScore] = [machine, score];
  }
  return best;
}

/** Scores are between 0 and 1.1: who may take nothing more in comes after all others. */
function scoreNow(filling: Filling, machine: number): number {
  const { taken, takenMax } = filling.traffic;
  const isOver = takenMax !== undefined && taken[machine]! >= takenMax[machine]!;
  return fillingScore(filling, machine) - (isOver ? 2 : 0);
}

/** Best-k asks for availability, the others for room relative to capacity, a climb for some of both; chance decides among equals. */
function fillingScore({ method, loads, capacities, up, random }: Filling, machine: number): number {
  if (method === 'best-k') return up[machine]! + 1e-9 * random.fraction();
  const room = (capacities[machine]! - loads[machine]!) / capacities[machine]!;
  return room + 0.02 * random.fraction() + (method === 'climb' ? 0.05 * up[machine]! : 0);
}

/**
 * Everybody with room is in the group already. One of them goes into a group without it: into an open slot there, or for
 * a member that comes here. A whole group cannot have all its members from this one, so this fills one slot each time.
 */
function fillByExchange(filling: Filling, { at, slot }: SlotPlace): void {
  const { groups, loads, capacities } = filling;
  const here = groups[at]!;
  const spare = here.find((member) => member !== nobody && loads[member]! < capacities[member]!);
  const there = spare === undefined ? undefined : groups.find((group) => !group.includes(spare));
  if (spare === undefined || there === undefined) {
    here[slot] = leastOver(filling, here);
    loads[here[slot]]!++;
    filling.traffic.taken[here[slot]]!++;
    return;
  }
  const open = there.indexOf(nobody);
  const place = open >= 0 ? open : there.findIndex((member) => !here.includes(member));
  if (open < 0) here[slot] = there[place]!;
  there[place] = spare;
  loads[spare]!++;
  // Who went from there to here took a slot in and gave one away; this is rare and counted to its cost.
  filling.traffic.taken[spare]!++;
  if (open < 0) filling.traffic.taken[here[slot]!]!++;
}

/** Capacities are too small for so many groups: whoever is least above its own takes the slot. */
function leastOver({ loads, capacities }: Filling, group: readonly number[]): number {
  let best = nobody;
  let bestScore = Number.POSITIVE_INFINITY;
  for (let machine = 0; machine < loads.length; machine++) {
    const score = (loads[machine]! + 1) / Math.max(0.5, capacities[machine]!);
    if (!group.includes(machine) && score < bestScore) [best, bestScore] = [machine, score];
  }
  return best;
}

// A plan without models, for simulated fleets: groups of machines in shuffled order, kept where all their machines stay.
// It optimises nothing on purpose: the core must keep its promises under any valid plan.

import type { Random, UnixMs } from '../../datasets/index.ts';
import {
  type ClassShape,
  groupCountFor,
  type PlacementClass,
  type PlacementGroup,
  type Plan,
  redundancyForFleet,
} from '../../optimizer/index.ts';
import type { RepairWish } from '../core/index.ts';
import type { PeerId } from '../units.ts';
import type { Faults } from './options.ts';

export interface PlanRequest {
  /** Machines that may hold, in order of id. */
  readonly machines: readonly PeerId[];
  readonly previous: Plan | undefined;
  readonly author: PeerId;
  readonly now: UnixMs;
  readonly random: Random;
  /** Only these slots are to be filled, by machines that are up. */
  readonly repair?: RepairWish;
}

export type Planner = (request: PlanRequest) => Plan;

/** As long as a plan takes at least. */
const planMsLeast = 2000;

/** How long the next one takes; chance is asked only where it may differ. */
export const planMsOf = ({ planMsMax }: { readonly planMsMax: number }, random: Random): number =>
  planMsMax === 0 ? planMsLeast : planMsLeast + random.fraction() * planMsMax;

/** Share of groups that exchange one member although nothing forces them: makes moves. */
const restlessShare = 0.05;

/** The planner of a fleet whose plans also make moves that nothing forces them to, or find domains; the plain one where they do not. */
export function plannerOf({
  exchangeShare,
  swapShare,
  domainCount,
}: Pick<Faults, 'exchangeShare' | 'swapShare' | 'domainCount'>): Planner {
  if (exchangeShare === 0 && swapShare === 0 && domainCount === 0) return shuffledPlan;
  return (request) => {
    const { machines, random } = request;
    const plan = shuffledPlan(request);
    const classes = plan.classes.map((one) => {
      const groups = exchangeShare === 0 ? one.groups : exchanged(one.groups, random, exchangeShare);
      return { ...one, groups: swapShare === 0 ? groups : swapped(groups, random, swapShare) };
    });
    return { ...plan, classes, domains: domainCount === 0 ? plan.domains : domainsOf(machines, domainCount) };
  };
}

/** In some groups two members take each other's slots. */
const swapped = (
  groups: readonly PlacementGroup[],
  random: Random,
  share: number,
): readonly PlacementGroup[] =>
  groups.map((group) => {
    const { id, members } = group;
    if (members.length < 2 || random.fraction() >= share) return group;
    const from = random.below(members.length);
    const to = (from + 1 + random.below(members.length - 1)) % members.length;
    return groupOf(id, members.with(from, members[to]!).with(to, members[from]!));
  });

/** Each machine keeps its domain, whoever comes. */
const domainsOf = (machines: readonly PeerId[], count: number): Plan['domains'] =>
  Object.fromEntries(machines.map((machine) => [machine, `domain ${Buffer.from(machine).at(-1)! % count}`]));

/** Neighbouring groups exchange the first members that the other does not have: two plans that both do so are as before. */
function exchanged(
  groups: readonly PlacementGroup[],
  random: Random,
  share: number,
): readonly PlacementGroup[] {
  const after = [...groups];
  for (let at = 0; at + 1 < after.length; at += 2) {
    if (random.fraction() >= share) continue;
    const [a, b] = [after[at]!, after[at + 1]!];
    const ofA = a.members.findIndex((member) => !b.members.includes(member));
    const ofB = b.members.findIndex((member) => !a.members.includes(member));
    if (ofA < 0 || ofB < 0) continue;
    after[at] = groupOf(a.id, a.members.with(ofA, b.members[ofB]!));
    after[at + 1] = groupOf(b.id, b.members.with(ofB, a.members[ofA]!));
  }
  return after;
}

export const shuffledPlan: Planner = (request) => {
  const { previous, author, now, machines, repair } = request;
  if (previous !== undefined && repair !== undefined) return repairedPlan(previous, request, repair);
  return {
    epoch: (previous?.epoch ?? 0) + 1,
    author,
    computedMs: now,
    classes: shapesOf(machines.length, previous).map((shape) => classOf(shape, request)),
    domains: {},
    modelSource: 'simulation: shuffled groups',
    heldOut: [],
    notes: [],
  };
};

/** The previous plan with its open slots filled, by machines that are up and have the fewest slots. */
function repairedPlan(previous: Plan, { machines, random, author }: PlanRequest, repair: RepairWish): Plan {
  const open = new Set(repair.open.map(({ group, slot }) => `${group} ${slot}`));
  const classes = previous.classes.map((one): PlacementClass => {
    const load = new Map(
      machines.filter((_, at) => repair.hoursAway[at] === 0).map((machine) => [machine, 0]),
    );
    for (const { members } of one.groups)
      for (const member of members) if (load.has(member)) load.set(member, load.get(member)! + 1);
    return { ...one, groups: one.groups.map((group) => refilled(group, { open, load, random })) };
  });
  return { ...previous, epoch: previous.epoch + 1, author, classes, notes: repair.notes };
}

function refilled(
  group: PlacementGroup,
  { open, load, random }: Omit<Filling, 'members'> & { readonly open: ReadonlySet<string> },
): PlacementGroup {
  const isOpen = (slot: number): boolean => open.has(`${group.id} ${slot}`);
  if (!group.members.some((_, slot) => isOpen(slot))) return group;
  // Those who stay count already: only what is new adds to a load.
  const others = new Map([...load].filter(([machine]) => !group.members.includes(machine)));
  const openCount = group.members.filter((_, slot) => isOpen(slot)).length;
  if (others.size < openCount) return group;
  const filled = fill({
    members: group.members.map((member, slot) => (isOpen(slot) ? undefined : member)),
    load: others,
    random,
  });
  for (const [slot, member] of filled.entries()) if (isOpen(slot)) load.set(member, load.get(member)! + 1);
  return groupOf(group.id, filled);
}

/** Classes for new packs, then those that only older packs use: without one nobody would keep those in order (decision 0004). */
function shapesOf(machineCount: number, previous: Plan | undefined): readonly ClassShape[] {
  const wanted = redundancyForFleet(machineCount);
  const older = (previous?.classes ?? []).filter(
    (known) =>
      !wanted.some(
        ({ name, redundancy: { k, n } }) =>
          name === known.name && k === known.redundancy.k && n === known.redundancy.n,
      ),
  );
  return [...wanted, ...older];
}

function classOf({ name, redundancy }: ClassShape, request: PlanRequest): PlacementClass {
  const { machines, previous, random } = request;
  const { n } = redundancy;
  const before = previous?.classes.find(
    (known) => known.name === name && known.redundancy.k === redundancy.k && known.redundancy.n === n,
  );
  // Too few machines for the code: the groups stay, with whoever is missing.
  if (before !== undefined && machines.length < n) return before;
  const count = Math.max(before?.groups.length ?? 0, groupCountFor(machines.length, redundancy));
  const load = new Map(machines.map((machine) => [machine, 0]));
  const least = load.size > drawnEachMax ? new LeastLoaded(load) : undefined;
  const groups = Array.from({ length: count }, (_, index): PlacementGroup => {
    const kept = (before?.groups[index]?.members ?? []).map((member) =>
      load.has(member) ? member : undefined,
    );
    if (kept.length === n && random.fraction() < restlessShare) kept[random.below(n)] = undefined;
    return groupOf(
      `${name}-${redundancy.k}-${n}-${index}`,
      fill({ members: Array.from({ length: n }, (__, slot) => kept[slot]), load, random, least }),
    );
  });
  return { name, redundancy, groups };
}

/** Of larger fleets not every machine draws for each slot; smaller ones keep what their seeds always gave. */
const drawnEachMax = 256;

interface Filling {
  readonly members: (PeerId | undefined)[];
  readonly load: Map<PeerId, number>;
  readonly random: Random;
  /** In large fleets. */
  readonly least?: LeastLoaded | undefined;
}

/** Fills empty slots with the machines that have the fewest, ties by chance. */
function fill({ members, load, random, least }: Filling): readonly PeerId[] {
  for (const member of members)
    if (member !== undefined && load.has(member)) load.set(member, load.get(member)! + 1);
  return members.map((member, slot) => {
    if (member !== undefined) return member;
    const best = least?.take(members, random) ?? leastDrawn({ members, load, random });
    members[slot] = best;
    load.set(best, load.get(best)! + 1);
    return best;
  });
}

/** Each draws, and the lowest sum of load and draw wins. */
function leastDrawn({ members, load, random }: Filling): PeerId {
  let [best, bestLoad] = ['' as PeerId, Number.POSITIVE_INFINITY];
  for (const [machine, count] of load) {
    const weighed = count + random.fraction();
    if (weighed < bestLoad && !members.includes(machine)) [best, bestLoad] = [machine, weighed];
  }
  return best;
}

/** One of those with the fewest, by one draw: a draw of each of thousands for each slot would be most of a run. */
class LeastLoaded {
  readonly #load: ReadonlyMap<PeerId, number>;
  #level = -1;
  /** Machines that had this load when they were last gone through. */
  #pool: PeerId[] = [];

  constructor(load: ReadonlyMap<PeerId, number>) {
    this.#load = load;
  }

  /** Not one of the members; empty where there is nobody else. */
  take(members: readonly (PeerId | undefined)[], random: Random): PeerId {
    const found = this.#draw(members, random);
    if (found !== undefined) return found;
    const others = [...this.#load].filter(([machine]) => !members.includes(machine));
    this.#level = others.reduce((least, [, count]) => Math.min(least, count), Number.POSITIVE_INFINITY);
    this.#pool = others.filter(([, count]) => count === this.#level).map(([machine]) => machine);
    return this.#draw(members, random) ?? ('' as PeerId);
  }

  #draw(members: readonly (PeerId | undefined)[], random: Random): PeerId | undefined {
    const passed: PeerId[] = [];
    let found: PeerId | undefined;
    while (found === undefined && this.#pool.length > 0) {
      const at = random.below(this.#pool.length);
      const machine = this.#pool[at]!;
      this.#pool[at] = this.#pool.at(-1)!;
      this.#pool.pop();
      if (this.#load.get(machine) !== this.#level) continue;
      if (members.includes(machine)) passed.push(machine);
      else found = machine;
    }
    this.#pool.push(...passed);
    return found;
  }
}

const groupOf = (id: string, members: readonly PeerId[]): PlacementGroup => ({
  id,
  members,
  weight: 1,
  unavailability: 0,
  unavailabilityAt: {},
  reasons: members.map((machine) => ({ machine, availability: 1, swapLoss: 1 })),
});

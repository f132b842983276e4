// With how many others each machine shares groups (its scatter width), and groups in which nobody has fewer than a limit: they rebuild
// what it loses, so few of them are slow. Who has no slot needs no neighbours.

import type { MoveBudget } from './group-limits.ts';
import type { GroupSearch, SlotPlace } from './group-search.ts';

/** One slot goes from a machine to another; the other members of its group stay. */
export interface SlotChange {
  readonly others: readonly number[];
  readonly from: number;
  readonly to: number;
}

export class Neighbours {
  readonly #widthMin: number;
  /** For each machine, in how many groups it meets each other one. */
  readonly #meetings: readonly Map<number, number>[];
  readonly #loads: Int32Array;

  constructor(machineCount: number, groups: readonly (readonly number[])[], widthMin: number) {
    this.#widthMin = widthMin;
    this.#meetings = Array.from({ length: machineCount }, () => new Map<number, number>());
    this.#loads = new Int32Array(machineCount);
    for (const members of groups) for (const member of members) this.#join(members, member);
  }

  #join(members: readonly number[], member: number): void {
    this.#loads[member]!++;
    for (const other of members) if (other !== member) this.#count(member, other, 1);
  }

  /** How many neighbours a machine lacks; 0 for one without slots. */
  lackOf(machine: number): number {
    return this.#loads[machine] === 0 ? 0 : Math.max(0, this.#widthMin - this.#meetings[machine]!.size);
  }

  /** By how much the lacks of all machines grow (above 0) or shrink (below) with these changes. */
  effectOf(changes: readonly SlotChange[]): number {
    const touched = [...new Set(changes.flatMap(({ others, from, to }) => [...others, from, to]))];
    const lack = (): number => touched.reduce((sum, machine) => sum + this.lackOf(machine), 0);
    const before = lack();
    for (const change of changes) this.make(change);
    const after = lack();
    for (const { others, from, to } of changes) this.make({ others, from: to, to: from });
    return after - before;
  }

  make({ others, from, to }: SlotChange): void {
    for (const other of others) {
      this.#count(other, from, -1);
      this.#count(from, other, -1);
      this.#count(other, to, 1);
      this.#count(to, other, 1);
    }
    this.#loads[from]!--;
    this.#loads[to]!++;
  }

  #count(machine: number, other: number, by: number): void {
    const meetings = this.#meetings[machine]!;
    const count = (meetings.get(other) ?? 0) + by;
    if (count === 0) meetings.delete(other);
    else meetings.set(other, count);
  }
}

export interface Widening {
  readonly search: GroupSearch;
  readonly neighbours: Neighbours;
  readonly budget: MoveBudget;
  readonly capacities: readonly number[];
  /** Whether labels let a machine into a group of these others. */
  readonly mayJoin: (others: readonly number[], machine: number) => boolean;
}

/** Rounds over those who lack neighbours; a few settle what can be settled. */
const roundsMax = 12;
/** Changes looked at for one machine. */
const looksMax = 20_000;

/** Gives those who lack neighbours other groups, each time the change that mends most, the cheapest among equals. */
export function widen(widening: Widening): void {
  for (let round = 0; round < roundsMax; round++) {
    let changed = false;
    for (let machine = 0; machine < widening.search.machineCount; machine++)
      changed = widenOne(widening, machine) || changed;
    if (!changed) return;
  }
}

/** Steps for one machine as long as they mend anything; whether there was one. */
function widenOne(widening: Widening, machine: number): boolean {
  let changed = false;
  while (widening.neighbours.lackOf(machine) > 0) {
    const best = bestStep(widening, machine);
    if (best === undefined) break;
    makeStep(widening, best);
    changed = true;
  }
  return changed;
}

interface Step {
  readonly puts: readonly { readonly place: SlotPlace; readonly from: number; readonly to: number }[];
  readonly effect: number;
  readonly odds: number;
}

/** The step that lets this machine into one more group, or out of one for another; undefined where none mends anything. */
function bestStep(widening: Widening, machine: number): Step | undefined {
  let best: Step | undefined;
  let looks = 0;
  for (const puts of stepsFor(widening, machine)) {
    if (++looks > looksMax) break;
    const step = stepOf(widening, puts);
    if (step === undefined) continue;
    const isBetter =
      best === undefined ||
      step.effect < best.effect ||
      (step.effect === best.effect && step.odds < best.odds);
    if (isBetter) best = step;
  }
  return best;
}

/** All slots of groups without the machine: taken by it, or exchanged for one of its own. */
function* stepsFor({ search, capacities }: Widening, machine: number): Generator<Step['puts']> {
  const own = [...search.groupsOf[machine]!].map((at) => ({
    at,
    slot: search.members[at]!.indexOf(machine),
  }));
  const hasRoom = search.loads[machine]! < capacities[machine]!;
  const places = search.members.flatMap((members, at) =>
    members.includes(machine) ? [] : members.map((from, slot) => ({ place: { at, slot }, from })),
  );
  for (const { place, from } of places) {
    const here = { place, from, to: machine };
    if (hasRoom) yield [here];
    const others = own.filter(({ at }) => !search.groupsOf[from]!.has(at));
    for (const there of others) yield [here, { place: there, from: machine, to: from }];
  }
}

/** Undefined where a pin, a label or a budget forbids it. */
function stepOf({ search, neighbours, budget, mayJoin }: Widening, puts: Step['puts']): Step | undefined {
  if (puts.some(({ place }) => budget.isPinned(place)) || !budget.affordsAll(puts)) return undefined;
  const changes = puts.map(({ place, from, to }) => ({
    others: search.members[place.at]!.filter((_, slot) => slot !== place.slot),
    from,
    to,
  }));
  if (changes.some(({ others, to }) => !mayJoin(others, to))) return undefined;
  const effect = neighbours.effectOf(changes);
  if (effect >= 0) return undefined;
  const odds = puts.reduce(
    (sum, { place, to }) => sum + search.oddsWith(place, to) - search.odds[place.at]!,
    0,
  );
  return { puts, effect, odds };
}

function makeStep({ search, neighbours, budget }: Widening, { puts }: Step): void {
  budget.spendAll(puts);
  for (const { place, from, to } of puts) {
    const others = search.members[place.at]!.filter((_, slot) => slot !== place.slot);
    search.put(place, to);
    neighbours.make({ others, from, to });
  }
}

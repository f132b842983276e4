// Groups in which no machine meets more than so many others. A machine in p different sets of n meets at most p (n − 1), so the sets are
// chosen like groups, by the same climb, with p as everybody's capacity; where that makes fewer sets than groups, groups share them.

import { chooseGroups, type GroupsQuestion } from './groups.ts';
import { alignedTo } from './slot-order.ts';

type Groups = readonly (readonly number[])[];

/** What `chooseGroups` gives, within the limit; fewer groups than asked for where these machines cannot keep to it. */
export function groupsWithin(question: GroupsQuestion, scatterMax: number): Groups {
  const { capacities, groupCount } = question;
  const { n } = question.redundancy;
  const setsMax = n === 1 ? groupCount : Math.floor(scatterMax / (n - 1));
  const limited = capacities.map((capacity) => Math.min(capacity, setsMax));
  const setCount = Math.floor(limited.reduce((sum, capacity) => sum + capacity, 0) / n);
  if (setCount >= groupCount) return chooseGroups({ ...question, capacities: limited });
  if (setCount === 0) return [];
  return sharedSets({ ...question, capacities: limited }, { capacities, setCount });
}

interface Sharing {
  readonly capacities: readonly number[];
  readonly setCount: number;
}

function sharedSets(question: GroupsQuestion, { capacities, setCount }: Sharing): Groups {
  const { groupCount, previous = [], pins = [] } = question;
  const known = knownSets(previous).slice(0, setCount);
  const usesMax = known.reduce((most, { uses }) => Math.max(most, uses.length), 1);
  const perSet = (slots: number): number => Math.floor(slots / usesMax);
  const setOf = new Map(known.flatMap(({ uses }, set) => uses.map((at) => [at, set] as const)));
  const { movedSlotsMax, takenSlotsMax, givenSlotsMax } = question;
  const sets = chooseGroups({
    ...question,
    groupCount: setCount,
    previous: known.map(({ members }) => members),
    pins: pins.flatMap(({ at, slot }) => {
      const set = setOf.get(at);
      const inSet = set === undefined ? -1 : known[set]!.members.indexOf(previous[at]![slot]!);
      return set === undefined || inSet < 0 ? [] : [{ at: set, slot: inSet }];
    }),
    ...(movedSlotsMax === undefined ? {} : { movedSlotsMax: perSet(movedSlotsMax) }),
    ...(takenSlotsMax === undefined ? {} : { takenSlotsMax: takenSlotsMax.map(perSet) }),
    ...(givenSlotsMax === undefined ? {} : { givenSlotsMax: givenSlotsMax.map(perSet) }),
  });
  return sharedOut({ sets, setOf, capacities, previous, groupCount });
}

interface KnownSet {
  /** Slot by slot, −1 for a machine that is lost. */
  readonly members: readonly number[];
  /** Groups that have it. */
  readonly uses: readonly number[];
}

/** The different sets of these groups: whole ones first, the most used first. */
function knownSets(previous: Groups): readonly KnownSet[] {
  const sets = new Map<string, { readonly members: readonly number[]; readonly uses: number[] }>();
  for (const [at, members] of previous.entries()) {
    const key = members.toSorted((a, b) => a - b).join(' ');
    const known = sets.get(key);
    if (known === undefined) sets.set(key, { members, uses: [at] });
    else known.uses.push(at);
  }
  const gaps = ({ members }: KnownSet): number => members.filter((member) => member < 0).length;
  return [...sets.values()].toSorted((a, b) => gaps(a) - gaps(b) || b.uses.length - a.uses.length);
}

interface SharingOut {
  readonly sets: Groups;
  readonly setOf: ReadonlyMap<number, number>;
  readonly capacities: readonly number[];
  readonly previous: Groups;
  readonly groupCount: number;
}

/** Each group the set that it had, as long as everybody has slots left; the others the set with fewest groups that has room. */
function sharedOut({ sets, setOf, capacities, previous, groupCount }: SharingOut): Groups {
  const room = [...capacities];
  const groups: (readonly number[])[] = [];
  const uses = new Map<readonly number[], number>();
  const take = (at: number, set: readonly number[]): void => {
    for (const member of set) room[member]!--;
    uses.set(set, (uses.get(set) ?? 0) + 1);
    groups[at] = alignedTo(previous[at] ?? [], set);
  };
  const roomOf = (set: readonly number[]): number =>
    Math.min(...set.map((member) => room[member]! / Math.max(1, capacities[member]!)));
  for (const [at, set] of setOf) {
    const members = sets[set];
    if (at < groupCount && members !== undefined && roomOf(members) > 0) take(at, members);
  }
  for (let at = 0; at < groupCount; at++) {
    if (groups[at] !== undefined) continue;
    const best = sets
      .filter((set) => roomOf(set) > 0)
      .toSorted((a, b) => (uses.get(a) ?? 0) - (uses.get(b) ?? 0) || roomOf(b) - roomOf(a))[0];
    if (best === undefined) return [];
    take(at, best);
  }
  return groups;
}

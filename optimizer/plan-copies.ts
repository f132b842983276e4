// Popular copies as a part of the plan: which packs get a whole copy on which machine near their readers, until when, and why. It asks
// `choosePopularCopies` and counts bytes; no group changes by it, and no odds of a pack are better by it.

import { days, type MachineId } from '../datasets/index.ts';
import type { CopyReason, PopularPart, PlacementGroup, Plan, PlannedCopy, Redundancy } from './plan.ts';
import { BringBudget, nameOf, type WeekLimits, withCountedCopies } from './copy-traffic.ts';
import { choosePopularCopies, type CopyDemand, type PopularCopy } from './popular-copies.ts';
import { groupOfPack } from './rendezvous.ts';
import type { States } from './states.ts';
import { availabilities, downTails } from './survival.ts';

/** Copies in one plan: about 200 kB of its record. */
export const copiesMax = 1000;
/** Wishes that are weighed, those with the most bytes to save first. */
const demandsMax = 5000;
/** A copy is for a week, and a plan may be a day late. */
const copyLifeMs = days(8);
/** One that is still worth it is renewed when so little is left: a plan a day would else change each day. */
const renewLeftMs = days(3);
/** Of what a machine gives, and of what its disk has left: copies are an extra, shards come first. */
const quotaShareMax = 0.05;
const freeShareMax = 0.25;
/** A site that reads a pack less often than once in four weeks needs no copy, though one that is there would cost nothing more. */
const weeklyReadsMin = 0.25;
/** Of a byte: over a line between sites, within a site, and brought ahead of its reads. */
const costs = { wan: 1, lan: 0.1, push: 1 };

/** What the machines of one site are expected to read of one pack within a week. */
export interface PackDemand {
  /** 64 hex digits. */
  readonly pack: string;
  readonly owner: MachineId;
  readonly packClass: PlannedCopy['packClass'];
  readonly redundancy: Redundancy;
  readonly packBytes: number;
  readonly site: string;
  /** ≥ 0. */
  readonly reads: number;
}

/** A machine that may hold copies. */
export interface CopyPlace {
  readonly machine: MachineId;
  readonly site: string;
  /** Bytes that its person lets the fleet use, and that its disk has left. */
  readonly quotaBytes: number;
  readonly freeBytes?: number;
  /** Bytes that plans may still make it take in, and give out, this week; absent where nobody limits that. */
  readonly takenBytesMax?: number;
  readonly givenBytesMax?: number;
}

export interface CopiesQuestion {
  readonly plan: Plan;
  /** The plan before, or the same: what its copies brought need not be brought again. */
  readonly previous: Plan | undefined;
  readonly demands: readonly PackDemand[];
  /** What the demands come from and why, for a note of the plan. */
  readonly demandSource?: string;
  /** In the order of the states' columns. */
  readonly places: readonly CopyPlace[];
  readonly states: States;
  readonly nowMs: number;
  /** Bytes that plans may still move this week to do better; absent where nobody limits that. */
  readonly movedBytesMax?: number;
  /** What admins limit, for the plan to say; what of it is left is above. */
  readonly limits?: WeekLimits;
}

/** Bytes of k shards. */
export const copyBytesOf = (packBytes: number, { k }: Redundancy): number => k * Math.ceil(packBytes / k);

/**
 * The plan with the copies that are worth their bytes, with those of before that have not run out. The very same object when that changes
 * nothing; else with the next epoch, unless it is a new plan anyway.
 */
export function planWithCopies(question: CopiesQuestion & { readonly author: MachineId }): Plan {
  const { plan, previous, author, nowMs } = question;
  const popular = popularPartFor(question);
  const isNew = plan.epoch !== previous?.epoch;
  if (!isNew && !isOtherThan(popular, previous.popular, nowMs)) return plan;
  const { popular: _asBefore, ...rest } = plan;
  const withCopies =
    popular.copies.length === 0
      ? { ...rest, notes: notesAbout(plan, undefined) }
      : { ...rest, notes: notesAbout(plan, question.demandSource), popular };
  const counted = withCountedCopies(withCopies, previous, { nowMs, limits: question.limits ?? {} });
  // Its age is that of the whole plan: copies do not put the next one off.
  return isNew ? counted : { ...counted, epoch: plan.epoch + 1, author };
}

const sourceNote = 'Popular copies follow ';

/** One note on what the copies follow, in the place of an earlier one. */
const notesAbout = ({ notes }: Plan, source: string | undefined): readonly string[] => [
  ...notes.filter((note) => !note.startsWith(sourceNote)),
  ...(source === undefined ? [] : [`${sourceNote}${source}.`]),
];

/** Whether anything is to be brought, renewed or dropped; what runs out by itself is no news. */
function isOtherThan(popular: PopularPart, before: PopularPart | undefined, nowMs: number): boolean {
  const known = new Map((before?.copies ?? []).map((copy) => [nameOf(copy), copy.untilMs]));
  const left = (before?.copies ?? []).filter(({ untilMs }) => untilMs > nowMs);
  const wanted = new Set(popular.copies.map(nameOf));
  return (
    popular.copies.some((copy) => known.get(nameOf(copy)) !== copy.untilMs) ||
    left.some((copy) => !wanted.has(nameOf(copy)))
  );
}

/** All copies for the coming week: the chosen ones, then those of before whose time is not over, where there is room for them. */
export function popularPartFor(question: CopiesQuestion): PopularPart {
  const { previous, places, nowMs } = question;
  const rooms = new Map(places.map((place) => [place.machine, roomOf(place)]));
  const left = (previous?.popular?.copies ?? []).filter(
    ({ machine, untilMs }) => untilMs > nowMs && rooms.has(machine),
  );
  const chosen = chosenCopies(question, left).slice(0, copiesMax);
  const maxOf = (of: 'takenBytesMax' | 'givenBytesMax'): ReadonlyMap<MachineId, number> =>
    new Map(
      places.flatMap((place) => (place[of] === undefined ? [] : [[place.machine, place[of]] as const])),
    );
  const budget = new BringBudget(
    question.plan,
    {
      takenBytesMax: maxOf('takenBytesMax'),
      givenBytesMax: maxOf('givenBytesMax'),
      ...(question.movedBytesMax === undefined ? {} : { movedBytesMax: question.movedBytesMax }),
    },
    left,
  );
  const used = new Map<MachineId, number>();
  const copies: PlannedCopy[] = [];
  const taken = new Set<string>();
  for (const copy of [...chosen, ...left]) {
    const bytes = (used.get(copy.machine) ?? 0) + copy.bytes;
    if (taken.has(nameOf(copy)) || bytes > rooms.get(copy.machine)! || copies.length >= copiesMax) continue;
    if (!budget.affords(copy)) continue;
    taken.add(nameOf(copy));
    used.set(copy.machine, bytes);
    copies.push(copy);
  }
  return {
    copies,
    rooms: [...used.keys()].map((machine) => ({ machine, bytes: rooms.get(machine)! })),
  };
}

const roomOf = ({ quotaBytes, freeBytes }: CopyPlace): number =>
  Math.floor(Math.min(quotaShareMax * quotaBytes, freeShareMax * (freeBytes ?? Number.POSITIVE_INFINITY)));

interface Wish {
  readonly demand: PackDemand;
  readonly group: PlacementGroup;
  readonly bytes: number;
  readonly farShare: number;
}

function chosenCopies(question: CopiesQuestion, left: readonly PlannedCopy[]): readonly PlannedCopy[] {
  const { places, states, nowMs } = question;
  const up = availabilities(states);
  const column = new Map(places.map(({ machine }, at) => [machine, at]));
  const sites = [...new Set(places.map(({ site }) => site))];
  const heldBy = new Map<string, number[]>();
  for (const { pack, machine } of left) heldBy.set(pack, [...(heldBy.get(pack) ?? []), column.get(machine)!]);
  const leftBytes = new Map<MachineId, number>();
  for (const { machine, bytes } of left) leftBytes.set(machine, (leftBytes.get(machine) ?? 0) + bytes);
  const untilMs = new Map(left.map((copy) => [nameOf(copy), copy.untilMs]));
  const wishes = wishesOf(question, column);
  const demandOf = ({ demand, group, bytes, farShare }: Wish): CopyDemand => ({
    site: sites.indexOf(demand.site),
    reads: demand.reads,
    byteCount: bytes,
    absence: farShare,
    heldBy: heldBy.get(demand.pack) ?? [],
    // A replica is a whole copy as it is.
    barred: demand.redundancy.k > 1 ? [] : group.members.flatMap((member) => column.get(member) ?? []),
  });
  const copies = choosePopularCopies({
    demands: wishes.map(demandOf),
    hosts: places.map((place, at) => ({
      site: sites.indexOf(place.site),
      // What is there need not be brought.
      spareBytes: Math.min(
        roomOf(place),
        (leftBytes.get(place.machine) ?? 0) + (place.takenBytesMax ?? Number.POSITIVE_INFINITY),
      ),
      down: 1 - up[at]!,
    })),
    costs,
  });
  return copies.map(({ demand, host }: PopularCopy): PlannedCopy => {
    const { demand: wanted, bytes, farShare } = wishes[demand]!;
    const { pack, owner, packClass, redundancy, site, reads } = wanted;
    const copy = { pack, machine: places[host]!.machine };
    const knownMs = untilMs.get(nameOf(copy)) ?? 0;
    return {
      ...copy,
      owner,
      packClass,
      redundancy,
      bytes,
      untilMs: knownMs - nowMs > renewLeftMs ? knownMs : Math.floor(nowMs + copyLifeMs),
      reason: { site, reads, farShare },
    };
  });
}

/** Demands that copies could serve, at most `demandsMax`. */
function wishesOf(
  { plan, demands, places, states }: CopiesQuestion,
  column: ReadonlyMap<MachineId, number>,
): readonly Wish[] {
  const farShares = new Map<string, number>();
  const wishes = demands.flatMap((demand): Wish[] => {
    const group = groupOfPack(plan, demand);
    if (group === undefined || demand.reads < weeklyReadsMin) return [];
    const { redundancy, site, packBytes } = demand;
    const key = `${group.id} ${site}`;
    const near = group.members.flatMap((member) => {
      const at = column.get(member);
      return at !== undefined && places[at]!.site === site ? [at] : [];
    });
    const farShare = farShares.get(key) ?? farShareOf(states, near, redundancy.k);
    farShares.set(key, farShare);
    return [{ demand, group, farShare, bytes: copyBytesOf(packBytes, redundancy) }];
  });
  const savedBytes = ({ demand, bytes, farShare }: Wish): number => demand.reads * bytes * farShare;
  return wishes.toSorted((a, b) => savedBytes(b) - savedBytes(a)).slice(0, demandsMax);
}

/** Share of k shards that a site has to bring from elsewhere, on average over all states, when these of its machines hold one each. */
export function farShareOf(states: States, near: readonly number[], k: number): number {
  if (near.length === 0) return 1;
  let share = 0;
  for (const [state, down] of states.down.entries()) {
    const weight = states.weights[state]!;
    if (weight === 0) continue;
    // E[max(0, k − up)] = Σ_{c ≤ k} P(fewer than c are up) = Σ_c P(at least near − c + 1 are down).
    const tails = downTails(near.map((machine) => down[machine]!));
    for (let count = 1; count <= k; count++) share += (weight * (tails[near.length - count + 1] ?? 1)) / k;
  }
  return Math.min(1, Math.max(0, share));
}

/** What must hold of the copies of any plan, whoever made it. */
export function copyProblems({ popular }: Plan): readonly string[] {
  if (popular === undefined) return [];
  const { copies, rooms } = popular;
  const problems: string[] = [];
  const room = new Map(rooms.map(({ machine, bytes }) => [machine, bytes]));
  if (room.size !== rooms.length) problems.push('a machine has two rooms for popular copies');
  if (copies.length > copiesMax) problems.push(`${copies.length} popular copies are more than ${copiesMax}`);
  const names = new Set<string>();
  const used = new Map<MachineId, number>();
  for (const copy of copies) {
    const { k, n } = copy.redundancy;
    const short = copy.pack.slice(0, 12);
    if (names.has(nameOf(copy))) problems.push(`${copy.machine} is to hold two copies of pack ${short}`);
    names.add(nameOf(copy));
    if (!(k >= 1 && k <= n && n <= 32)) problems.push(`the copy of pack ${short} asks for ${k} of ${n}`);
    if (!Number.isSafeInteger(copy.bytes) || copy.bytes <= 0 || copy.bytes % k !== 0)
      problems.push(
        `the copy of pack ${short} is said to take ${copy.bytes} bytes, which are no ${k} shards`,
      );
    if (!(copy.reason.reads >= 0) || !(copy.reason.farShare >= 0 && copy.reason.farShare <= 1))
      problems.push(`the copy of pack ${short} has no reason that can be`);
    used.set(copy.machine, (used.get(copy.machine) ?? 0) + copy.bytes);
  }
  for (const [machine, bytes] of used)
    if (bytes > (room.get(machine) ?? 0))
      problems.push(
        `popular copies take ${bytes} bytes on ${machine}, which has room for ${room.get(machine) ?? 0}`,
      );
  return problems;
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

/** Why a copy is there, in words that follow "because". */
export const copyReasonText = ({ site, reads, farShare }: CopyReason): string =>
  `${site} is expected to read it ${reads.toFixed(1)} times a week, and without copies ${percent(farShare)} of each read would come from elsewhere`;

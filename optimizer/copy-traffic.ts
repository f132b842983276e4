// What bringing popular copies moves: it counts against the limits of a week beside what slots move, in the same rows of the plan, so that
// anybody can add it up. A copy that is there was counted when it was brought.

import type { MachineId } from '../datasets/index.ts';
import { movedBefore, type PlacementLimits } from './placement-limits.ts';
import { addRows, type MachineTraffic, rowsOf, trafficAt, trafficOf, trafficOfWeek } from './plan-limits.ts';
import type { Plan, PlannedCopy } from './plan.ts';
import { groupOfPack } from './rendezvous.ts';

/** Which copy of which pack. */
export const nameOf = ({ pack, machine }: Pick<PlannedCopy, 'pack' | 'machine'>): string =>
  `${pack} ${machine}`;

const shardBytesOf = ({ bytes, redundancy }: PlannedCopy): number => bytes / redundancy.k;

/** Who is asked for a shard of it: a copy is put together from k of the members of its pack's group, and nobody knows which. */
export const sourcesOf = (plan: Plan, copy: PlannedCopy): readonly MachineId[] =>
  (groupOfPack(plan, copy)?.members ?? []).filter((member) => member !== copy.machine);

/** Copies of a plan that the one before it does not have. */
export function broughtCopies({ popular }: Plan, before: Plan | undefined): readonly PlannedCopy[] {
  const known = new Set((before?.popular?.copies ?? []).map(nameOf));
  return (popular?.copies ?? []).filter((copy) => !known.has(nameOf(copy)));
}

/** Bytes that these copies make machines take in and give out. */
export function copyTraffic(plan: Plan, copies: readonly PlannedCopy[]): Map<MachineId, MachineTraffic> {
  const traffic = new Map<MachineId, MachineTraffic>();
  for (const copy of copies) {
    trafficAt(traffic, copy.machine).takenBytes += copy.bytes;
    for (const machine of sourcesOf(plan, copy)) trafficAt(traffic, machine).givenBytes += shardBytesOf(copy);
  }
  return traffic;
}

/** What plans may still do with copies this week; absent where nobody limits that. */
export interface BringLimits {
  /** By machine; a machine that is absent may take in, or give out, what it likes. */
  readonly takenBytesMax: ReadonlyMap<MachineId, number>;
  readonly givenBytesMax: ReadonlyMap<MachineId, number>;
  readonly movedBytesMax?: number;
}

/** Says which copies can be brought within the limits, one after the other. */
export class BringBudget {
  readonly #plan: Plan;
  readonly #limits: BringLimits;
  readonly #held: ReadonlySet<string>;
  readonly #taken = new Map<MachineId, number>();
  readonly #given = new Map<MachineId, number>();
  #moved = 0;

  constructor(plan: Plan, limits: BringLimits, held: readonly PlannedCopy[]) {
    this.#plan = plan;
    this.#limits = limits;
    this.#held = new Set(held.map(nameOf));
  }

  /** Whether a copy is there or can be brought; if so it is paid for. */
  affords(copy: PlannedCopy): boolean {
    if (this.#held.has(nameOf(copy))) return true;
    const { takenBytesMax, givenBytesMax, movedBytesMax = Number.POSITIVE_INFINITY } = this.#limits;
    const sources = sourcesOf(this.#plan, copy);
    const shardBytes = shardBytesOf(copy);
    const fits = (used: ReadonlyMap<MachineId, number>, machine: MachineId, more: number): boolean => {
      const most = used === this.#taken ? takenBytesMax : givenBytesMax;
      return (used.get(machine) ?? 0) + more <= (most.get(machine) ?? Number.POSITIVE_INFINITY);
    };
    if (!fits(this.#taken, copy.machine, copy.bytes)) return false;
    if (!sources.every((machine) => fits(this.#given, machine, shardBytes))) return false;
    if (this.#moved + copy.bytes > movedBytesMax) return false;
    this.#moved += copy.bytes;
    this.#taken.set(copy.machine, (this.#taken.get(copy.machine) ?? 0) + copy.bytes);
    for (const machine of sources) this.#given.set(machine, (this.#given.get(machine) ?? 0) + shardBytes);
    return true;
  }
}

/** Limits of a week by machine, as admins set them; absent where nobody limits that. */
export type WeekLimits = Pick<
  PlacementLimits,
  'takenBytesPerWeek' | 'givenBytesPerWeek' | 'movedBytesPerWeek'
>;

/** A plan with its copies, and with what they bring counted in its week where admins limit that. */
export function withCountedCopies(
  plan: Plan,
  before: Plan | undefined,
  { nowMs, limits }: { readonly nowMs: number; readonly limits: WeekLimits },
): Plan {
  const brought = broughtCopies(plan, before);
  const { takenBytesPerWeek, givenBytesPerWeek, movedBytesPerWeek } = limits;
  const isMachineLimited = takenBytesPerWeek !== undefined || givenBytesPerWeek !== undefined;
  const isCounted = plan.limits?.moves !== undefined || isMachineLimited;
  const isWeekKept = plan.weekMoved !== undefined || movedBytesPerWeek !== undefined || isCounted;
  if (brought.length === 0 || !isWeekKept) return plan;
  const week = movedBefore(plan, nowMs);
  const bytes = brought.reduce((sum, copy) => sum + copy.bytes, week.bytes);
  const counted = { ...plan, weekMoved: { ...week, bytes } };
  if (!isCounted) return counted;
  const isSameWeek = week.fromMs === plan.weekMoved?.fromMs;
  const traffic = copyTraffic(plan, brought);
  if (isSameWeek) addRows(traffic, plan.limits?.before ?? []);
  return {
    ...counted,
    limits: {
      ...plan.limits,
      ...(takenBytesPerWeek === undefined ? {} : { takenBytesMax: takenBytesPerWeek }),
      ...(givenBytesPerWeek === undefined ? {} : { givenBytesMax: givenBytesPerWeek }),
      moves: isSameWeek ? (plan.limits?.moves ?? []) : [],
      before: rowsOf(traffic),
    },
  };
}

/** Sums in another order differ by far less than a byte in so many. */
const roundingShare = 1e-9;

/** Copies that a plan brings and does not count in its week, as far as it counts one. */
export function uncountedCopies(plan: Plan, before: Plan): readonly string[] {
  if (plan.limits?.moves === undefined) return [];
  const brought = copyTraffic(plan, broughtCopies(plan, before));
  const said = trafficOf(plan);
  const isSameWeek = plan.weekMoved?.fromMs === before.weekMoved?.fromMs;
  const earlier = isSameWeek ? trafficOfWeek(before, before.weekMoved?.fromMs ?? 0) : new Map<never, never>();
  return [...brought].flatMap(([machine, bytes]) => {
    const isShort = (of: 'takenBytes' | 'givenBytes'): boolean =>
      bytes[of] > 0 &&
      (said.get(machine)?.[of] ?? 0) < (bytes[of] + (earlier.get(machine)?.[of] ?? 0)) * (1 - roundingShare);
    return isShort('takenBytes') || isShort('givenBytes')
      ? [`popular copies make ${machine} take in or give out bytes that the plan does not count`]
      : [];
  });
}

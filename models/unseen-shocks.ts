// Common causes that have not been seen yet: a history of weeks shows most of them once or never. How much is still unseen is told by
// what was seen only once (Good, 1953). It names no machine: such a cause may strike anybody.

import { type FleetHistory, slotDown, slotUp } from '../datasets/index.ts';
import { fallOdds } from './co-failure.ts';
import type { Shock } from './forecast.ts';
import { weekHours } from './hours.ts';

/** Machines that fell at once, more than their habits explain. */
export interface CommonFall {
  /** Rows of the history, ascending. */
  readonly members: readonly number[];
  /** Share of the machines that were up before, beyond what habits explain, 0..1. */
  readonly strike: number;
  /** Median slots until a member was up again. */
  readonly slots: number;
}

/** Origin of these shocks: neither learned nor of an attribute. */
export const unseenOrigin = 'unseen';

/** An hour is one of a common fall if so many more machines fell than expected: three, and this many standard deviations. */
const excess = { machines: 2.5, sigmas: 4 } as const;
/** A fall is over after a day: who is away for longer has habits and departures of its own. */
const slotsMax = 24;
const strikeMax = 0.97;
/** Of larger falls so many members, evenly, stand for all pairs. */
const comparedMembersMax = 100;

interface Falling {
  readonly rows: readonly number[];
  readonly expected: number;
  readonly upBefore: number;
}

/** In the order of time. Falls in hours that follow each other are one: machines of one cause go down minutes apart. */
export function commonFalls(history: FleetHistory): readonly CommonFall[] {
  const { machines, slotCount, up } = history;
  const hours = weekHours(history);
  const odds = machines.map((_, row) => fallOdds(up.subarray(row * slotCount, (row + 1) * slotCount), hours));
  const falls: CommonFall[] = [];
  let open: { readonly fromSlot: number; readonly falling: Falling } | undefined;
  for (let slot = 1; slot <= slotCount; slot++) {
    const now = slot < slotCount ? fallingIn(history, slot, (row) => odds[row]![hours[slot]!]!) : undefined;
    const isCommon = now !== undefined && isBeyondHabit(now);
    if (isCommon && open === undefined) open = { fromSlot: slot, falling: now };
    else if (isCommon) open = { fromSlot: open!.fromSlot, falling: joined(open!.falling, now) };
    else if (open !== undefined) {
      falls.push(fallOf(history, open));
      open = undefined;
    }
  }
  return falls;
}

function fallingIn(
  { machines, slotCount, up }: FleetHistory,
  slot: number,
  oddsOf: (row: number) => number,
): Falling {
  const rows: number[] = [];
  let [expected, upBefore] = [0, 0];
  for (let row = 0; row < machines.length; row++) {
    const [before, now] = [up[row * slotCount + slot - 1]!, up[row * slotCount + slot]!];
    if (before !== slotUp || now > slotUp) continue;
    upBefore++;
    expected += oddsOf(row);
    if (now === slotDown) rows.push(row);
  }
  return { rows, expected, upBefore };
}

const isBeyondHabit = ({ rows, expected }: Falling): boolean =>
  rows.length - expected > Math.max(excess.machines, excess.sigmas * Math.sqrt(expected));

const joined = (first: Falling, second: Falling): Falling => ({
  rows: [...first.rows, ...second.rows],
  expected: first.expected + second.expected,
  upBefore: first.upBefore,
});

function fallOf(
  { slotCount, up }: FleetHistory,
  { fromSlot, falling }: { readonly fromSlot: number; readonly falling: Falling },
): CommonFall {
  const { rows, expected, upBefore } = falling;
  const members = [...new Set(rows)].toSorted((a, b) => a - b);
  const lengths = members
    .map((row) => {
      const own = up.subarray(row * slotCount + fromSlot, (row + 1) * slotCount);
      const fell = own.indexOf(slotDown);
      const back = own.indexOf(slotUp, fell);
      return (back < 0 ? own.length : back) - fell;
    })
    .toSorted((a, b) => a - b);
  const share = (members.length - expected) / Math.max(1, upBefore - expected);
  return {
    members,
    strike: Math.min(strikeMax, Math.max(0, share)),
    slots: Math.min(slotsMax, lengths[Math.floor(lengths.length / 2)]!),
  };
}

/** For each fall the share of its pairs of members, 0..1, that are in no other one: what a forecast made without it could not know. */
export function noveltiesOf(falls: readonly Pick<CommonFall, 'members'>[]): readonly number[] {
  const sets = falls.map(({ members }) => new Set(members));
  return falls.map(({ members }, own) => {
    const some = evenly(members, comparedMembersMax);
    const others = sets.filter((_, at) => at !== own);
    const fallsOf = some.map((row) => others.filter((set) => set.has(row)));
    let [pairs, fresh] = [0, 0];
    for (const [a, ofFirst] of fallsOf.entries()) {
      for (const second of some.slice(a + 1)) {
        pairs++;
        if (!ofFirst.some((set) => set.has(second))) fresh++;
      }
    }
    return pairs === 0 ? 0 : fresh / pairs;
  });
}

const evenly = (rows: readonly number[], countMax: number): readonly number[] =>
  rows.length <= countMax
    ? rows
    : Array.from({ length: countMax }, (_, at) => rows[Math.floor((at * rows.length) / countMax)]!);

/**
 * Shocks on any machines: of each common fall its novelty counts, for as long as it lasted. Good and Turing: what was seen once is as likely as all that was
 * never seen. Falls of about the same strike (within a doubling) are one shock; none where nothing common was seen.
 */
export function unseenShocks(history: FleetHistory): readonly Shock[] {
  const falls = commonFalls(history);
  const sizes = new Map<number, { probability: number; struck: number }>();
  for (const [at, novelty] of noveltiesOf(falls).entries()) {
    const { strike, slots } = falls[at]!;
    const probability = (novelty * slots) / history.slotCount;
    if (probability === 0 || strike === 0) continue;
    const size = Math.round(Math.log2(strike));
    const sums = sizes.get(size) ?? { probability: 0, struck: 0 };
    sizes.set(size, {
      probability: sums.probability + probability,
      struck: sums.struck + probability * strike,
    });
  }
  return [...sizes]
    .toSorted(([a], [b]) => b - a)
    .map(([, { probability, struck }]) => {
      const strike = struck / probability;
      return {
        name: `a cause not seen yet, ${Math.round(100 * strike)} % of the machines`,
        origin: unseenOrigin,
        probability,
        strike: new Float64Array(history.machines.length).fill(strike),
      };
    });
}

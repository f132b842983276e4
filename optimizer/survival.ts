// Exact odds that a group cannot serve: fewer than k of its n members up, over all states. For k = 1 a product, for k of n
// a Poisson–binomial tail by dynamic programming (Barlow & Heidtmann, 1984).

import type { States } from './states.ts';

/**
 * tails[c] = P(at least c of these machines are down) in one state, for c = 0..count.
 * `odds` are the machines' own odds of being down, independent within the state.
 */
export function downTails(odds: readonly number[]): Float64Array {
  const exactly = new Float64Array(odds.length + 1);
  exactly[0] = 1;
  for (const [index, q] of odds.entries()) {
    for (let count = index + 1; count > 0; count--)
      exactly[count] = exactly[count]! * (1 - q) + exactly[count - 1]! * q;
    exactly[0] *= 1 - q;
  }
  for (let count = odds.length - 1; count >= 0; count--) exactly[count]! += exactly[count + 1]!;
  return exactly;
}

export interface GroupOdds {
  /** Columns of the states. */
  readonly members: readonly number[];
  readonly k: number;
}

/** P(fewer than k members are up) over all states; 0..1, and 1 for fewer than k members. */
export function unavailability(states: States, { members, k }: GroupOdds): number {
  const failing = members.length - k + 1;
  if (failing <= 0) return 1;
  let sum = 0;
  for (const [state, down] of states.down.entries()) {
    const weight = states.weights[state]!;
    if (weight === 0) continue;
    sum +=
      weight *
      (k === 1 ? product(down, members) : downTails(members.map((member) => down[member]!))[failing]!);
  }
  return Math.min(1, Math.max(0, sum));
}

function product(down: Float64Array, members: readonly number[]): number {
  let odds = 1;
  for (const member of members) odds *= down[member]!;
  return odds;
}

/** How a group's odds depend on who takes one slot: U(i) = base + Σ_k slope_k · Q_ki. */
export interface SlotOdds {
  readonly base: number;
  readonly slope: Float64Array;
}

/** The odds as a linear function of the machine in the slot, given the others: scores all candidates by one product. */
export function slotOdds(states: States, others: readonly number[], k: number): SlotOdds {
  const failing = others.length + 1 - k + 1;
  const slope = new Float64Array(states.down.length);
  let base = 0;
  for (const [state, down] of states.down.entries()) {
    const weight = states.weights[state]!;
    if (weight === 0) continue;
    if (k === 1) {
      slope[state] = weight * product(down, others);
      continue;
    }
    const tails = downTails(others.map((member) => down[member]!));
    const without = tails[failing] ?? 0;
    base += weight * without;
    slope[state] = weight * (tails[failing - 1]! - without);
  }
  return { base, slope };
}

/** The group's odds with `machine` in the slot. */
export function oddsWith(states: States, { base, slope }: SlotOdds, machine: number): number {
  let odds = base;
  for (let state = 0; state < slope.length; state++) odds += slope[state]! * states.down[state]![machine]!;
  return odds;
}

/** N values: P(machine i is up) over all states. */
export function availabilities(states: States): Float64Array {
  const up = new Float64Array(states.machines.length).fill(1);
  for (const [state, down] of states.down.entries()) {
    const weight = states.weights[state]!;
    for (let machine = 0; machine < up.length; machine++) up[machine]! -= weight * down[machine]!;
  }
  return up.map((value) => Math.min(1, Math.max(0, value)));
}

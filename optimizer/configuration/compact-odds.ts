// The odds of all machines in a form in which a product of three costs tens of multiplications instead of hundreds: what
// a machine has in every state of one kind of hour, and what single states add to that. Nothing is rounded.

import type { States } from '../states.ts';

/** Q_ki = floor[i, block of k] + extra of i in k, where the extra is 0 in most states. */
export interface CompactOdds {
  readonly machineCount: number;
  readonly stateCount: number;
  readonly blockCount: number;
  /** K: block of each state. */
  readonly blockOfState: Int32Array;
  readonly weights: Float64Array;
  /** N rows of K. */
  readonly rows: readonly Float64Array[];
  /** N rows of B: least odds of the machine over the states of the block. */
  readonly floors: readonly Float64Array[];
  /** N lists of states in which a machine is down more often than its floor says, and by how much. */
  readonly extraStates: readonly Int32Array[];
  readonly extras: readonly Float64Array[];
  /** B: what the blocks have in common, so that floors[i][b] ≥ least[i] · shape[b]. */
  readonly shape: Float64Array;
  readonly least: Float64Array;
}

/** Extras below it are rounding of equal odds; leaving them out can only lower odds, and a bound stays a bound. */
const extraMin = 1e-13;

/** Blocks are the kinds of hour. `rows` may replace the states' own odds (for types of machines). */
export function compactOdds(states: States, rows: readonly Float64Array[] = rowsOf(states)): CompactOdds {
  const { weights } = states;
  const blockOfState = states.hourOfState;
  const blockCount = states.hours.length;
  const floors = rows.map((row) => floorsOf(row, blockOfState, blockCount));
  const extras = rows.map((row, machine) => extrasOf(row, blockOfState, floors[machine]!));
  const shape = new Float64Array(blockCount);
  for (const floor of floors) for (let block = 0; block < blockCount; block++) shape[block]! += floor[block]!;
  return {
    machineCount: rows.length,
    stateCount: weights.length,
    blockCount,
    blockOfState,
    weights,
    rows,
    floors,
    extraStates: extras.map(({ states: at }) => at),
    extras: extras.map(({ values }) => values),
    shape,
    least: Float64Array.from(floors, (floor) => leastRatio(floor, shape)),
  };
}

/** One row of K odds a machine. */
export const rowsOf = (states: States): readonly Float64Array[] =>
  states.machines.map((_, machine) => Float64Array.from(states.down, (row) => row[machine]!));

function floorsOf(row: Float64Array, blockOfState: Int32Array, blockCount: number): Float64Array {
  const floor = new Float64Array(blockCount).fill(1);
  for (let state = 0; state < row.length; state++) {
    const block = blockOfState[state]!;
    if (row[state]! < floor[block]!) floor[block] = row[state]!;
  }
  return floor;
}

function extrasOf(
  row: Float64Array,
  blockOfState: Int32Array,
  floor: Float64Array,
): { readonly states: Int32Array; readonly values: Float64Array } {
  const states: number[] = [];
  const values: number[] = [];
  for (let state = 0; state < row.length; state++) {
    const extra = row[state]! - floor[blockOfState[state]!]!;
    if (extra <= extraMin) continue;
    states.push(state);
    values.push(extra);
  }
  return { states: Int32Array.from(states), values: Float64Array.from(values) };
}

function leastRatio(floor: Float64Array, shape: Float64Array): number {
  let least = Number.POSITIVE_INFINITY;
  for (let block = 0; block < floor.length; block++) {
    if (shape[block]! > 0) least = Math.min(least, floor[block]! / shape[block]!);
  }
  return Number.isFinite(least) ? least : 0;
}

/** Fills `sums` with the block sums of a vector over the states. */
export function sumBlocks(odds: CompactOdds, vector: Float64Array, sums: Float64Array): void {
  sums.fill(0);
  for (let state = 0; state < vector.length; state++) sums[odds.blockOfState[state]!]! += vector[state]!;
}

/** Σ_k vector_k · Q_ki, given the vector's block sums. */
export function dotMachine(
  odds: CompactOdds,
  vector: Float64Array,
  from: { readonly sums: Float64Array; readonly machine: number },
): number {
  const floor = odds.floors[from.machine]!;
  const states = odds.extraStates[from.machine]!;
  const extras = odds.extras[from.machine]!;
  let sum = 0;
  for (let block = 0; block < floor.length; block++) sum += from.sums[block]! * floor[block]!;
  for (let index = 0; index < states.length; index++) sum += vector[states[index]!]! * extras[index]!;
  return sum;
}

/** P(all of these are down). */
export function oddsOfCopies({ weights, rows }: CompactOdds, members: readonly number[]): number {
  let sum = 0;
  for (let state = 0; state < weights.length; state++) {
    let product = weights[state]!;
    for (const member of members) product *= rows[member]![state]!;
    sum += product;
  }
  return sum;
}

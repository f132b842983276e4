// Three numbers of each machine from which follows, in a few multiplications, what its odds weigh at least in a product: large
// fleets are searched by them first, run by run of machines alike, and single states are looked at only where that leaves doubt.

import { type CompactOdds, sumBlocks } from './compact-odds.ts';

/** What a vector v over the states weighs: Σ_k v_k Q_ki ≥ level · mean_i − unevenness · spread_i + extra · more_i. */
export interface Weighing {
  level: number;
  unevenness: number;
  extra: number;
}

/** The same of a pair i, j, and Σ_k v_k Q_kl ≥ Σ_b pair_b f_lb + Σ_b pair_(B+b) Σ_{k in b} w_k x_lk: equal where no two of them share an extra state. */
export interface PairWeighing extends Weighing {
  /** What each machine has in a product, 2 B numbers one after the other; close together for machines that are asked for together. */
  readonly profiles: Float64Array;
  /** 2 B numbers. */
  readonly pair: Float64Array;
}

/** Share of the level that sums of this length can be off by, as a part of the unevenness; with much to spare. */
const roundingShare = 1e-7;

/**
 * With f_ib the floor of machine i in block b, φ_b its mean over the machines and y = f / φ: Σ_b V_b f_ib = Σ_b (V_b φ_b) y_ib, and by
 * Cauchy and Schwarz a sum of products is at least B · mean · mean − ‖deviation‖ ‖deviation‖. What single states add
 * (x = Q − f) is at least Σ_b min_{k in b}(v_k / w_k) Σ_{k in b} w_k x_ik.
 */
export class Outline {
  /** N: mean over the blocks of floor / φ. */
  readonly mean: Float64Array;
  /** N: length of what the ratios deviate from their mean. */
  readonly spread: Float64Array;
  /** N: what single states add, as a share of what they add to the mean machine, in the block where that share is least. */
  readonly more: Float64Array;
  readonly #odds: CompactOdds;
  readonly #weights: Float64Array;
  /** N rows of B: Σ_{k in b} w_k x_ik. */
  readonly #added: readonly Float64Array[];
  readonly #addedMean: Float64Array;
  readonly #floorMean: Float64Array;
  /** B: sum of the weights. */
  readonly #blockWeights: Float64Array;
  readonly #sums: Float64Array;

  constructor(odds: CompactOdds, weights: Float64Array) {
    this.#odds = odds;
    this.#weights = weights;
    this.#sums = new Float64Array(odds.blockCount);
    this.#blockWeights = new Float64Array(odds.blockCount);
    sumBlocks(odds, weights, this.#blockWeights);
    this.#added = odds.extraStates.map((states, machine) => {
      const added = new Float64Array(odds.blockCount);
      const extras = odds.extras[machine]!;
      for (let at = 0; at < states.length; at++)
        added[odds.blockOfState[states[at]!]!]! += weights[states[at]!]! * extras[at]!;
      return added;
    });
    this.#addedMean = meanRow(this.#added, odds.blockCount);
    this.#floorMean = meanRow(odds.floors, odds.blockCount);
    const ratios = odds.floors.map((floor) =>
      floor.map((value, block) => ratio(value, this.#floorMean[block]!)),
    );
    this.mean = Float64Array.from(ratios, (row) => total(row) / Math.max(1, row.length));
    this.spread = Float64Array.from(ratios, (row, machine) => {
      const mean = this.mean[machine]!;
      return Math.sqrt(row.reduce((sum, value) => sum + (value - mean) ** 2, 0));
    });
    this.more = Float64Array.from(this.#added, (row) => leastShare(row, this.#addedMean));
  }

  /** Of w_k Q_ki Q_kj, with what both share in single states left out: never more than the whole. `into.pair` is filled too. The machines are those of the i-th and j-th profile. */
  weighPair(i: number, j: number, into: PairWeighing): void {
    const [floorMean, addedMean, blockWeights] = [this.#floorMean, this.#addedMean, this.#blockWeights];
    const { pair, profiles } = into;
    const count = floorMean.length;
    const ofFirst = i * 2 * count;
    const ofSecond = j * 2 * count;
    let [sum, squares, extra] = [0, 0, 0];
    for (let block = 0; block < count; block++) {
      const a = profiles[ofFirst + block]!;
      const b = profiles[ofSecond + block]!;
      const both = a * b;
      const added = a * profiles[ofSecond + count + block]! + b * profiles[ofFirst + count + block]!;
      const whole = blockWeights[block]! * both + added;
      pair[block] = whole;
      pair[count + block] = both;
      const value = whole * floorMean[block]!;
      sum += value;
      squares += value * value;
      extra += both * addedMean[block]!;
    }
    settle(into, { sum, squares, extra, count });
  }

  /** A weighing of pairs of these machines: what each has in a product is its floors, and what single states add in each block. */
  pairWeighing(machines: ArrayLike<number>): PairWeighing {
    const { blockCount, floors } = this.#odds;
    const profiles = new Float64Array(2 * blockCount * machines.length);
    for (let at = 0; at < machines.length; at++) {
      const machine = machines[at]!;
      profiles.set(floors[machine]!, 2 * blockCount * at);
      profiles.set(this.#added[machine]!, 2 * blockCount * at + blockCount);
    }
    return { level: 0, unevenness: 0, extra: 0, profiles, pair: new Float64Array(2 * blockCount) };
  }

  /** Of any vector of K values ≥ 0. */
  weigh(vector: Float64Array, into: Weighing): void {
    const { blockOfState, blockCount } = this.#odds;
    sumBlocks(this.#odds, vector, this.#sums);
    const least = new Float64Array(blockCount).fill(Number.POSITIVE_INFINITY);
    for (let state = 0; state < vector.length; state++) {
      const weight = this.#weights[state]!;
      const block = blockOfState[state]!;
      if (weight > 0 && vector[state]! < least[block]! * weight) least[block] = vector[state]! / weight;
    }
    let [sum, squares, extra] = [0, 0, 0];
    for (let block = 0; block < blockCount; block++) {
      const value = this.#sums[block]! * this.#floorMean[block]!;
      sum += value;
      squares += value * value;
      if (Number.isFinite(least[block]!)) extra += least[block]! * this.#addedMean[block]!;
    }
    settle(into, { sum, squares, extra, count: blockCount });
  }
}

interface Moments {
  readonly sum: number;
  readonly squares: number;
  readonly extra: number;
  readonly count: number;
}

function settle(into: Weighing, { sum, squares, extra, count }: Moments): void {
  into.level = sum;
  into.unevenness = Math.sqrt(Math.max(0, squares - (sum * sum) / Math.max(1, count))) + roundingShare * sum;
  into.extra = extra * (1 - roundingShare);
}

const total = (row: Float64Array): number => row.reduce((sum, value) => sum + value, 0);

const ratio = (value: number, whole: number): number => (whole > 0 ? value / whole : 0);

function meanRow(rows: readonly Float64Array[], length: number): Float64Array {
  const mean = new Float64Array(length);
  for (const row of rows) for (let at = 0; at < length; at++) mean[at]! += row[at]! / rows.length;
  return mean;
}

function leastShare(row: Float64Array, mean: Float64Array): number {
  let least = Number.POSITIVE_INFINITY;
  for (let at = 0; at < row.length; at++) if (mean[at]! > 0) least = Math.min(least, row[at]! / mean[at]!);
  return Number.isFinite(least) ? least : 0;
}

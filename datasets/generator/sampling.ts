// Draws from the distributions that the generator uses, all on top of one repeatable stream.
// It keeps no state of its own.

import type { Random } from '../random.ts';

/** Log-normal by its median and the standard deviation of its logarithm. */
export function logNormal(random: Random, median: number, sigma: number): number {
  return median * Math.exp(sigma * random.normal());
}

/** Weibull by shape and scale; shape < 1 is bursty, > 1 regular; the mean is scale × Γ(1 + 1/shape). */
export function weibull(random: Random, shape: number, scale: number): number {
  return scale * (-Math.log(1 - random.fraction())) ** (1 / shape);
}

/** Poisson by multiplication (Knuth, 1969), for means up to about 30. */
export function poisson(random: Random, mean: number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.fraction(); product > limit; product *= random.fraction()) count++;
  return count;
}

/** A new array in random order (Fisher and Yates). */
export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [copy[i], copy[j]] = [copy[j]!, copy[i]!];
  }
  return copy;
}

/** One item, uniformly. `items` is not empty. */
export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.below(items.length)]!;
}

/** Running sums of weights, for `pickWeighted`. */
export function cumulate(weights: readonly number[]): Float64Array {
  const sums = new Float64Array(weights.length);
  let total = 0;
  for (const [i, weight] of weights.entries()) sums[i] = total += weight;
  return sums;
}

/** Index drawn in proportion to the weights whose running sums these are; the last sum is > 0. O(log n). */
export function pickWeighted(random: Random, sums: Float64Array): number {
  const target = random.fraction() * sums[sums.length - 1]!;
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sums[middle]! > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A value moved into lowest..highest. */
export function clamp(value: number, range: readonly [lowest: number, highest: number]): number {
  return Math.min(range[1], Math.max(range[0], value));
}

/** `digits` random lower-case hex digits. */
export function hexDigits(random: Random, digits: number): string {
  let text = '';
  while (text.length < digits) text += random.below(16).toString(16);
  return text;
}

// Three ways to say how many machines fail together without knowing which: independence, a beta-binomial count, and a
// bi-exponential count (Nath et al., NSDI'06). Each as mean log likelihood per slot of the same held-out hours.

import { type FleetHistory, slotDown, slotUp } from '../datasets/index.ts';
import { hourKinds, kindOf, weekHours } from './hours.ts';

/** ln Γ(x) by Lanczos' approximation (g = 7, 9 terms), x > 0. */
export function logGamma(x: number): number {
  const coefficients = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  const t = x + 6.5;
  const series = coefficients.reduce((sum, c, index) => (index === 0 ? c : sum + c / (x - 1 + index)), 0);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(series);
}

const logChoose = (n: number, k: number): number => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);

interface Counts {
  /** Machines down, and machines known, in each slot. */
  readonly down: Int32Array;
  readonly known: Int32Array;
}

function countsOf(history: FleetHistory): Counts {
  const [down, known] = [new Int32Array(history.slotCount), new Int32Array(history.slotCount)];
  for (let machine = 0; machine < history.machines.length; machine++) {
    for (let slot = 0; slot < history.slotCount; slot++) {
      const state = history.up[machine * history.slotCount + slot]!;
      if (state <= slotUp) known[slot]!++;
      if (state === slotDown) down[slot]!++;
    }
  }
  return { down, known };
}

const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

/** Each machine by its own habits, nothing in common. `marginals`: N × kinds of hour, P(down). */
export function independenceLikelihood(marginals: Float64Array, future: FleetHistory): number {
  const hours = weekHours(future);
  let sum = 0;
  for (let machine = 0; machine < future.machines.length; machine++) {
    for (let slot = 0; slot < future.slotCount; slot++) {
      const state = future.up[machine * future.slotCount + slot]!;
      if (state > slotUp) continue;
      const p = marginals[machine * hourKinds.length + kindOf(hours[slot]!)]!;
      sum += Math.log(state === slotDown ? p : 1 - p);
    }
  }
  return sum / future.slotCount;
}

/** Count of machines down as beta-binomial, fitted by moments; which ones is left to chance. */
export function betaBinomialLikelihood(past: FleetHistory, future: FleetHistory): number {
  const shares = sharesOf(countsOf(past));
  const mean = Math.min(0.999, Math.max(1e-3, meanOf(shares)));
  const variance = Math.max(1e-6, meanOf(shares.map((share) => (share - mean) ** 2)));
  const total = Math.max(0.5, (mean * (1 - mean)) / variance - 1);
  const [a, b] = [mean * total, (1 - mean) * total];
  const logBeta = (x: number, y: number): number => logGamma(x) + logGamma(y) - logGamma(x + y);
  return meanOf(
    perSlot(countsOf(future), (down, known) => logBeta(down + a, known - down + b) - logBeta(a, b)),
  );
}

const sharesOf = ({ down, known }: Counts): number[] =>
  [...down].flatMap((count, slot) => (known[slot] === 0 ? [] : [count / known[slot]!]));

const perSlot = ({ down, known }: Counts, of: (down: number, known: number) => number): number[] =>
  [...down].flatMap((count, slot) => (known[slot] === 0 ? [] : [of(count, known[slot]!)]));

/** Count as a mixture of two geometric decays, fitted by expectation maximisation; which machines is left to chance. */
export function biExponentialLikelihood(past: FleetHistory, future: FleetHistory): number {
  const counts = perSlot(countsOf(past), (down) => down);
  let [share, quick, slow] = [0.7, 0.4, 0.8];
  const density = (count: number, decay: number): number => (1 - decay) * decay ** count;
  for (let step = 0; step < 60; step++) {
    const near = counts.map(
      (count) =>
        (share * density(count, quick)) /
        (share * density(count, quick) + (1 - share) * density(count, slow) + 1e-300),
    );
    const weight = near.reduce((sum, value) => sum + value, 0);
    const fit = (weights: readonly number[]): number => {
      const mass = weights.reduce((sum, value) => sum + value, 0) + 1e-9;
      const mean = weights.reduce((sum, value, index) => sum + value * counts[index]!, 0) / mass;
      return Math.min(0.999, Math.max(1e-3, mean / (1 + mean)));
    };
    [share, quick, slow] = [
      weight / Math.max(1, counts.length),
      fit(near),
      fit(near.map((value) => 1 - value)),
    ];
  }
  const mixed = (count: number): number => share * density(count, quick) + (1 - share) * density(count, slow);
  return meanOf(
    perSlot(countsOf(future), (down, known) => {
      let norm = 0;
      for (let count = 0; count <= known; count++) norm += mixed(count);
      return Math.log(mixed(down) / norm + 1e-300) - logChoose(known, down);
    }),
  );
}

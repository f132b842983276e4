// Which common shocks get states of their own: none, each one, and the pairs that are likely to meet. What does not fit is
// named, so that its effect can be folded into all states; each shock keeps its probability either way.

import type { Shock } from '../models/index.ts';

/** Shocks that are on together, and P(exactly these among those shown). */
export interface Cause {
  readonly shocks: readonly Shock[];
  readonly probability: number;
}

export interface Causes {
  /** The first is the quiet one, without shocks. The probabilities sum to 1. */
  readonly shown: readonly Cause[];
  readonly folded: readonly ScaledShock[];
}

interface ScaledShock {
  readonly shock: Shock;
  readonly probability: number;
}

/** Shocks together are on in at most this share of hours: beyond it "few at a time" makes no sense. */
const shockShareMax = 0.9;
/** A pair gets a state when it meets in one hour of a century or more (1e-6 of the hours). */
const pairProbabilityMin = 1e-6;

/**
 * The forecast names single shocks; two that are on at once are taken as independent: P(a and b) = π_a π_b,
 * P(only a) = π_a − Σ_b π_a π_b over the pairs shown. At most `countMax` causes, the most harmful shocks first.
 */
export function causesOf(shocks: readonly Shock[], countMax: number): Causes {
  const total = shocks.reduce((sum, { probability }) => sum + probability, 0);
  const scale = total > shockShareMax ? shockShareMax / total : 1;
  const ranked = shocks
    .map((shock) => ({ shock, probability: shock.probability * scale }))
    .toSorted((a, b) => harmOf(b) - harmOf(a));
  const singles = ranked.slice(0, countMax - 1);
  const pairs = likelyPairs(singles).slice(0, countMax - 1 - singles.length);
  const alone = singles.map(({ shock, probability }): Cause => {
    const shared = pairs.filter((pair) => pair.shocks.includes(shock));
    return { shocks: [shock], probability: probability - sumOf(shared) };
  });
  const quiet = { shocks: [], probability: 1 - sumOf(alone) - sumOf(pairs) };
  return { shown: [quiet, ...alone, ...pairs], folded: ranked.slice(singles.length) };
}

const sumOf = (causes: readonly Cause[]): number =>
  causes.reduce((sum, { probability }) => sum + probability, 0);

/** Machines that it takes down per hour. */
const harmOf = ({ shock, probability }: ScaledShock): number =>
  probability * shock.strike.reduce((sum, odds) => sum + odds, 0);

function likelyPairs(singles: readonly ScaledShock[]): readonly Cause[] {
  return singles
    .flatMap((a, index) =>
      singles.slice(index + 1).map((b): Cause => ({
        shocks: [a.shock, b.shock],
        probability: a.probability * b.probability,
      })),
    )
    .filter(({ probability }) => probability >= pairProbabilityMin)
    .toSorted((a, b) => b.probability - a.probability);
}

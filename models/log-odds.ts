// Odds and log odds, as all models count in them.

/** Log odds of a probability in (0, 1). */
export const logit = (p: number): number => Math.log(p / (1 - p));

/** The probability in (0, 1) of log odds. */
export const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

/** A probability that is never quite 0 nor 1: nothing that was seen for weeks is surer than one in a million. */
export const clampOdds = (p: number): number => Math.min(1 - 1e-6, Math.max(1e-6, p));

// What a model says about itself: what it was trained on, how it scored beside its baselines, and whether it serves.

export interface Score {
  readonly metric: string;
  /** Not a number where there was nothing to judge by; so with baselines. */
  readonly value: number;
  readonly better: 'lower' | 'higher';
  readonly baselines: readonly { readonly name: string; readonly value: number }[];
}

/** Forecasts that said about the same, and what came of them. */
export interface ReliabilityBin {
  /** Mean forecast, 0..1. */
  readonly odds: number;
  /** Share that came true, 0..1. */
  readonly share: number;
  readonly count: number;
}

export interface ModelCard {
  /** "availability", "joint failure", "return", "popularity", "pack popularity". */
  readonly model: string;
  readonly score: Score;
  /** Further numbers of the held-out part, by name. */
  readonly details: Readonly<Record<string, number>>;
  /** Forecast odds beside what came of them, in bins of equal mass; where the model gives odds. */
  readonly reliability?: readonly ReliabilityBin[];
  readonly serves: 'model' | 'baseline';
  readonly reason: string;
  readonly limits: string;
}

/** Reads of packs by restores: what popular copies follow. */
export const packPopularityName = 'pack popularity';

/** The best first, and last what has no score: there was nothing to judge it by. */
export const bestFirst = <Scored extends { readonly value: number }>(
  scored: readonly Scored[],
  better: Score['better'],
): readonly Scored[] => {
  const cost = ({ value }: Scored): number =>
    Number.isNaN(value) ? Number.POSITIVE_INFINITY : better === 'lower' ? value : -value;
  return scored.toSorted((a, b) => (cost(a) < cost(b) ? -1 : Number(cost(a) > cost(b))));
};

/** A score for people. */
export const scoreText = (value: number, digits = 4): string =>
  Number.isFinite(value) ? value.toPrecision(digits) : 'not judged';

/** A further number for people, without zeros at its end. */
export const detailText = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(5))) : 'not judged';

/** The baseline to beat; undefined where none was scored. */
export const bestBaseline = ({
  baselines,
  better,
}: Pick<Score, 'baselines' | 'better'>): { readonly name: string; readonly value: number } | undefined =>
  bestFirst(
    baselines.filter(({ value }) => !Number.isNaN(value)),
    better,
  )[0];

/** The gate: a model serves only when it beats every baseline on history that it did not see (promise 6). */
export function gate(score: Score): Pick<ModelCard, 'serves' | 'reason'> {
  const best = bestBaseline(score);
  const text = (value: number): string => value.toPrecision(4);
  // A baseline without a score was not beaten, and hides the best of the others.
  const isScored = score.baselines.every(({ value }) => !Number.isNaN(value));
  if (!Number.isFinite(score.value) || best === undefined || !isScored)
    return { serves: 'baseline', reason: 'there is too little held-out history to judge it' };
  const isBetter = score.better === 'lower' ? score.value < best.value : score.value > best.value;
  if (isBetter)
    return {
      serves: 'model',
      reason: `${text(score.value)} beats the best baseline, ${best.name}, at ${text(best.value)}`,
    };
  if (text(score.value) === text(best.value))
    return { serves: 'baseline', reason: `the model is at ${text(score.value)}, as good as ${best.name}` };
  return {
    serves: 'baseline',
    reason: `${best.name} is at ${text(best.value)}, the model only at ${text(score.value)}`,
  };
}

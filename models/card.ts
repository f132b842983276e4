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

/** A margin of less than this share is none: another seed, or another order of the same sums, moves a score by as much. */
const marginShareMin = 1e-4;

/** Whether a score beats another by more than nothing. */
export function beats(value: number, other: number, better: Score['better']): boolean {
  const margin = better === 'lower' ? other - value : value - other;
  return margin > marginShareMin * Math.max(Math.abs(value), Math.abs(other));
}

/** Two scores with as many digits as tell apart what is not the same. */
export function pairText(a: number, b: number): readonly [string, string] {
  const told = [4, 5].find((digits) => a.toPrecision(digits) !== b.toPrecision(digits)) ?? 4;
  return [scoreText(a, told), scoreText(b, told)];
}

/** The gate: a model serves only when it beats every baseline on history that it did not see (promise 6). */
export function gate(score: Score): Pick<ModelCard, 'serves' | 'reason'> {
  const best = bestBaseline(score);
  // A baseline without a score was not beaten.
  const isScored = score.baselines.every(({ value }) => !Number.isNaN(value));
  if (!Number.isFinite(score.value) || best === undefined || !isScored)
    return { serves: 'baseline', reason: 'there is too little held-out history to judge it' };
  const [own, other] = pairText(score.value, best.value);
  if (beats(score.value, best.value, score.better))
    return { serves: 'model', reason: `${own} beats the best baseline, ${best.name}, at ${other}` };
  if (!beats(best.value, score.value, score.better))
    return {
      serves: 'baseline',
      reason: `the model is at ${scoreText(score.value)}, as good as ${best.name}`,
    };
  return { serves: 'baseline', reason: `${best.name} is at ${other}, the model only at ${own}` };
}

// Two versions on the same judged hours: which is better, and whether more than chance says so. Chance is told from days, because
// the hours of one day are alike.

import { createRandom } from '../datasets/index.ts';
import type { EvaluatedModel, Evaluation, JudgedDay } from './evaluation.ts';

export interface ComparedModel {
  readonly model: string;
  readonly metric: string;
  readonly better: 'lower' | 'higher';
  readonly values: readonly [number, number];
  /** 95 % interval of the first version's score minus the second's; absent where the score is no mean over days. */
  readonly interval?: readonly [number, number];
  readonly dayCount: number;
  /** Where the interval leaves 0 out; `undecided` otherwise. */
  readonly winner: 'first' | 'second' | 'undecided';
}

const draws = 1000;
/** Intervals from fewer days are not worth their name. */
const daysMin = 5;

/** Models that both were judged on. Both must have been judged on the same history from the same slot on. */
export function compareEvaluations(first: Evaluation, second: Evaluation): readonly ComparedModel[] {
  return first.models.flatMap((a) => {
    const b = second.models.find(({ model }) => model === a.model);
    return b === undefined ? [] : [compared(a, b)];
  });
}

function compared(a: EvaluatedModel, b: EvaluatedModel): ComparedModel {
  const { metric, better } = a.score;
  const same = isSame(a.days, b.days);
  const interval = same && a.days.length >= daysMin ? differenceInterval(a.days, b.days) : undefined;
  const head: Omit<ComparedModel, 'winner'> = {
    model: a.model,
    metric,
    better,
    values: [a.score.value, b.score.value],
    dayCount: same ? a.days.length : 0,
    ...(interval === undefined ? {} : { interval }),
  };
  if (interval === undefined || (interval[0] <= 0 && interval[1] >= 0))
    return { ...head, winner: 'undecided' };
  const isFirstLower = interval[1] < 0;
  return { ...head, winner: isFirstLower === (better === 'lower') ? 'first' : 'second' };
}

const isSame = (a: readonly JudgedDay[], b: readonly JudgedDay[]): boolean =>
  a.length === b.length &&
  a.every(({ day, count }, index) => b[index]!.day === day && b[index]!.count === count);

/** Percentile bootstrap over days (Efron & Tibshirani, 1993, section 13.3), seeded: the same days give the same interval. */
function differenceInterval(a: readonly JudgedDay[], b: readonly JudgedDay[]): readonly [number, number] {
  const random = createRandom('comparison');
  const means = Array.from({ length: draws }, () => {
    let [sum, count] = [0, 0];
    for (let draw = 0; draw < a.length; draw++) {
      const day = random.below(a.length);
      sum += a[day]!.sum - b[day]!.sum;
      count += a[day]!.count;
    }
    return sum / Math.max(1, count);
  }).toSorted((x, y) => x - y);
  return [means[Math.floor(0.025 * draws)]!, means[Math.ceil(0.975 * draws) - 1]!];
}

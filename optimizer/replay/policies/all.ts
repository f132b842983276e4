// All policies, in the order in which they are shown.

import { DreyError } from '../../../datasets/index.ts';
import { bestK, bestKWithSwaps, labelDistinctBestK } from './best-k.ts';
import { rawCoFailure } from './co-failure.ts';
import { copysetPolicy } from './copysets.ts';
import { independence } from './independence.ts';
import { learned, learnedWithLabels } from './learned.ts';
import { oracle } from './oracle.ts';
import type { Policy } from './policy.ts';
import { labelDistinctRandom, random } from './random.ts';
import { repairedByMargin } from './repaired.ts';

export const policies: readonly Policy[] = [
  random,
  copysetPolicy,
  bestK,
  labelDistinctRandom,
  labelDistinctBestK,
  bestKWithSwaps,
  repairedByMargin(labelDistinctBestK),
  repairedByMargin(bestKWithSwaps),
  rawCoFailure,
  repairedByMargin(rawCoFailure),
  independence,
  repairedByMargin(independence),
  learned,
  learnedWithLabels,
  oracle,
];

/** What a learned placement has to beat: the best that is known with labels, or without them where there are none. */
export const theBar = (hasLabels: boolean): Policy => (hasLabels ? labelDistinctBestK : bestKWithSwaps);

/** What counts of a name: "Best-k + swaps without labels" is "best-k with swaps". */
const plainName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/ without labels$/u, '')
    .replaceAll(/\s*\+\s*|\s+with\s+/gu, ' + ')
    .replaceAll(/[\s_-]+/gu, ' ')
    .trim();

/** The policies of these names, in the order of `policies`. Throws `policy-unknown`. */
export function policiesNamed(names: readonly string[]): readonly Policy[] {
  const wanted = new Set(names.map((name) => plainName(name)));
  for (const name of names) {
    if (policies.some((policy) => plainName(policy.name) === plainName(name))) continue;
    throw new DreyError({
      code: 'policy-unknown',
      message: `there is no policy "${name}"`,
      advice: `Choose from: ${policies.map((policy) => policy.name).join(', ')}.`,
    });
  }
  return policies.filter(({ name }) => wanted.has(plainName(name)));
}

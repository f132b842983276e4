// Seeds that found a bug once, each with what it found: their fleets keep their promises now.

import test from 'ava';
import { dateRegressions } from './date-regressions.ts';
import { imageRegressions } from './image-regressions.ts';
import { longRegressions, regressions } from './regressions.ts';
import { isLong, runKept, runWell } from './running.ts';
import { longSparseRegressions } from './sparse-regressions.ts';
import { standInRegressions } from './stand-in-regressions.ts';

const soon = [...regressions, ...standInRegressions, ...dateRegressions];
/** Some take long: not with every run of the tests. */
const seeds = isLong ? [...soon, ...longRegressions, ...imageRegressions, ...longSparseRegressions] : soon;

/** What is left of these fleets is too little to come to rest, since decisions changed: they keep their promises. */
const burntOut: ReadonlySet<string> = new Set(['dotterel-5', 'nightjar-29']);

for (const { cause, options } of seeds) {
  test.serial(`seed ${options.seed} stays well, that found: ${cause}`, async (t) => {
    await (burntOut.has(String(options.seed)) ? runKept : runWell)(t, options);
  });
}

// Seeds that once found a bug of words that are dated ahead.

import { hours, minutes } from '../../datasets/index.ts';
import type { Regression } from './regressions.ts';

export const dateRegressions: readonly Regression[] = [
  {
    cause:
      'a word with a date weeks ahead was heard anew each time that an agent read its disk at a start: a machine that had burnt was missed only when that date had come',
    options: {
      seed: 'ahead-6',
      agentCount: 7,
      days: 3,
      faults: { nights: 'people', destroyedCount: 1, crashesPerMachineDay: 1, datedAheadPerMachineDay: 2 },
      tickMs: minutes(1),
      holderSilenceMs: hours(8),
    },
  },
];

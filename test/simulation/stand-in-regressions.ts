// Seeds that once found a bug of machines that stand in for others (decision 0017).

import { days, minutes } from '../../datasets/index.ts';
import type { Regression } from './regressions.ts';

export const standInRegressions: readonly Regression[] = [
  {
    cause:
      'a machine that may stand in for any domain was asked though one of the absent one’s domain was there, and was missing for a shard that nobody else may keep: the snapshot waited for hours beside enough machines',
    options: {
      seed: 'phalarope-172',
      agentCount: 16,
      days: 4,
      faults: {
        clockSkewMsMax: minutes(5),
        fullDisksPerMachineDay: 0.18087868176319685,
        forgeriesPerDay: 24,
        planBurstsPerDay: 5.256806284219067,
        swapShare: 0.3,
        domainCount: 4,
        restsPerMachineDay: 0.3,
        endedKeyCount: 1,
        fullLogsPerMachineDay: 0.2,
        readsPerDay: 48,
      },
      tickMs: minutes(5),
      holderSilenceMs: days(2),
      snapshotsPerMachineDay: 0.3,
    },
  },
];

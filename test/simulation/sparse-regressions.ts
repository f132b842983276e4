// Seeds that once found a bug in fleets that are not fully connected (decision 0013).

import { hours, minutes } from '../../datasets/index.ts';
import { calmNetwork } from '../../agent/simulation/index.ts';
import type { Regression } from './regressions.ts';

export const sparseRegressions: readonly Regression[] = [
  {
    cause:
      'in a fleet that is not fully connected an owner with two neighbours waited for ever for a third machine to keep its head: nobody else was called for it',
    options: {
      seed: 'nova-39',
      agentCount: 4,
      days: 7,
      faults: {
        network: { ...calmNetwork, hintRepeatShare: 0.1, frameRepeatShare: 0.01, slowUplinkShare: 0.2 },
        nights: 'people',
        alwaysOnShare: 0.5,
        crashesPerMachineDay: 1.2465599175093411,
        rotsPerDay: 2.1956433964114233,
        clockJumpsPerMachineDay: 0.2030837205243075,
        siteOutageCount: 2,
        siteLossCount: 1,
        fullDisksPerMachineDay: 0.07334673957960518,
        liarShare: 0.19878574709906238,
        revocationCount: 1,
        joinCount: 2,
      },
      tickMs: minutes(5),
      holderSilenceMs: hours(4),
      snapshotsPerMachineDay: 1,
      meshMax: 3,
      ringCount: 1,
    },
  },
  {
    cause:
      'in the pretend world a new machine that came up while nobody was there was never found: those who came later did not want it, and it did not see them look around',
    options: {
      seed: 'mush-108',
      agentCount: 5,
      days: 2,
      faults: {
        network: { ...calmNetwork, hintRepeatShare: 0.1, frameRepeatShare: 0.01, frameReorderShare: 0.02 },
        rotsPerDay: 1.5948945891608015,
        clockSkewMsMax: minutes(5),
        siteOutageCount: 2,
        massOutageCount: 3,
        badUpdateCount: 1,
        slowDiskShare: 0.15,
        liarShare: 0.10192145371368465,
        hostileFramesPerLiarDay: 20,
        rollbackCount: 1,
        revocationCount: 1,
        joinCount: 2,
      },
      tickMs: minutes(1),
      snapshotsPerMachineDay: 1,
      quotaBytes: 60_000,
      restoreCount: 10,
      meshMax: 3,
      ringCount: 1,
    },
  },
];

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
  {
    cause:
      'the certificates of a crowd stood in the log of one machine, which burnt before anybody had it: whoever did not meet the new ones refused their words for ever',
    options: {
      seed: 'nightjar-97',
      agentCount: 24,
      days: 2,
      faults: {
        crashesPerMachineDay: 1.3520256618314386,
        diskDeathsPerMachineYear: 2.6351137559322018,
        siteLossCount: 1,
        massOutageCount: 3,
        badUpdateCount: 1,
        revocationCount: 3,
        crowdCount: 1,
        failedPlanShare: 0.2,
        ruleCount: 2,
        guestCount: 2,
        readsPerDay: 48,
        turnsPerDay: 1,
        planMsMax: minutes(5),
      },
      tickMs: minutes(1),
      holderSilenceMs: hours(20),
      snapshotsPerMachineDay: 0.3,
      meshMax: 3,
      ringCount: 3,
    },
  },
];

/** Those that take long. */
export const longSparseRegressions: readonly Regression[] = [
  {
    cause:
      'a restore took a copy that had given way to shards for there, and gave its pack up though others had all of it',
    options: {
      seed: 'nightjar-29',
      agentCount: 12,
      days: 7,
      faults: {
        network: { ...calmNetwork, slowUplinkShare: 0.2 },
        destroyedCount: 1,
        clockSkewMsMax: 300000,
        diskDeathsPerMachineYear: 4.602185795574594,
        siteOutageCount: 2,
        badUpdateCount: 1,
        liarShare: 0.26004355559927855,
        hostileFramesPerLiarDay: 20,
        rollbackCount: 2,
        revocationCount: 1,
        wipesPerDay: 0.5,
        usurpationsPerDay: 4,
        smallDiskShare: 0.3,
        planBurstsPerDay: 5.548735055918085,
        exchangeShare: 0.5,
        ruleCount: 2,
        endedKeyCount: 1,
        guestCount: 2,
        holidayCount: 1,
        copiesPerPlan: 6,
        alwaysOnShare: 0.8,
      },
      tickMs: minutes(1),
      holderSilenceMs: hours(48),
      snapshotsPerMachineDay: 1,
      restoreCount: 10,
      keepLast: 3,
      meshMax: 3,
      ringCount: 3,
    },
  },
];

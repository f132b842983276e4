// Seeds that once found a bug of machines whose disks were put back to older images. Each takes some twenty seconds of the processor.

import { hours, minutes } from '../../datasets/index.ts';
import { calmNetwork } from '../../agent/simulation/index.ts';
import type { Regression } from './regressions.ts';

export const imageRegressions: readonly Regression[] = [
  {
    cause:
      'the second witness of an own log counted as soon as it was there: with one that was out of the fleet and one that could not answer yet, a machine wrote other words under numbers that it had used',
    options: {
      seed: 'linnet-4',
      agentCount: 4,
      days: 7,
      faults: {
        network: { ...calmNetwork, latencyMs: [1, 30], frameReorderShare: 0.02 },
        alwaysOnShare: 0,
        crashesPerMachineDay: 0.6075320510627202,
        siteLossCount: 1,
        slowDiskShare: 0.15,
        rollbackCount: 1,
        twinInviteCount: 1,
        leaverCount: 2,
        joinCount: 2,
        endedKeyCount: 1,
        copiesPerPlan: 6,
      },
      tickMs: minutes(1),
      holderSilenceMs: hours(96),
      quotaBytes: 60_000,
      restoreCount: 10,
      keepLast: 3,
    },
  },
  {
    cause:
      'heads of snapshots that nobody had confirmed were ordered again while the own log was read or given back, and written a second time after newer ones',
    options: {
      seed: 'dotterel-5',
      agentCount: 8,
      days: 12,
      faults: {
        alwaysOnShare: 0.5,
        crashesPerMachineDay: 0.8103596004058455,
        partitionsPerDay: 4.234924187690513,
        siteOutageCount: 1,
        siteLossCount: 1,
        badUpdateCount: 1,
        rollbackCount: 2,
        revocationCount: 2,
        plunderShare: 1,
        laymanCount: 1,
        smallDiskShare: 0.3,
        joinCount: 2,
        planBurstsPerDay: 3.7692187351158366,
        exchangeShare: 0.5,
        copiesPerPlan: 6,
      },
      tickMs: minutes(1),
      holderSilenceMs: hours(4),
      snapshotsPerMachineDay: 3,
      quotaBytes: 60_000,
      keepLast: 1,
    },
  },
  {
    cause:
      'what was given up before the disk was put back lay in the outbox again, and waited for ever for receipts of machines that would not take it',
    options: {
      seed: 'plover-27',
      agentCount: 10,
      days: 12,
      faults: {
        network: {
          ...calmNetwork,
          latencyMs: [1, 400],
          lossShare: 0.0005,
          hintLossShare: 0.2,
          frameReorderShare: 0.02,
          slowUplinkShare: 0.2,
          transferLossShare: 0.02,
          bytesPerSecond: 1_000_000,
        },
        nights: 'people',
        alwaysOnShare: 0.3,
        crashesPerMachineDay: 0.5748020288039387,
        rotsPerDay: 1.7772134295344486,
        destroyedCount: 1,
        clockSkewMsMax: minutes(5),
        clockJumpsPerMachineDay: 0.07593046745067157,
        clockJumpMsMax: hours(5),
        badUpdateCount: 1,
        rollbackCount: 2,
        revocationCount: 2,
        namesakesPerDay: 3,
        laymanCount: 1,
        planBurstsPerDay: 1.6685170990770006,
        exchangeShare: 0.5,
        copiesPerPlan: 6,
      },
      tickMs: 30_000,
      holderSilenceMs: hours(20),
      snapshotsPerMachineDay: 1,
      keepLast: 2,
    },
  },
];

// Seeds that once found a bug. Each runs again in fleet.test.ts; none is ever removed. The runs are shorter than those that found
// the bugs, and the core has changed since: the sharper guards are the unit tests in test/agent/core.

import { days, hours, minutes } from '../../datasets/index.ts';
import { calmNetwork, manyFaults, type SimulationOptions } from '../../agent/simulation/index.ts';
import { sparseRegressions } from './sparse-regressions.ts';

export interface Regression {
  /** What was wrong. */
  readonly cause: string;
  readonly options: SimulationOptions;
}

const churn: Omit<SimulationOptions, 'seed'> = {
  agentCount: 12,
  days: 8,
  // Every night somebody is silent for too long: a new plan nearly each day.
  holderSilenceMs: hours(8),
  faults: { ...manyFaults, rotsPerDay: 0, destroyedCount: 0 },
};

export const regressions: readonly Regression[] = [
  ...sparseRegressions,
  {
    cause: 'two machines that both waited for a third answered the news of each other without end',
    options: { agentCount: 12, days: 3, seed: '1' },
  },
  {
    cause:
      'in the pretend world a link that closed while a machine slept was never told to it: it believed a burnt machine to be up',
    options: { agentCount: 12, days: 7, faults: manyFaults, seed: 101 },
  },
  {
    cause:
      'a machine whose disk was put back to an older image wrote other words under numbers that it had used: others confirmed them by the number, and it acknowledged a snapshot of which nobody had heard',
    options: {
      seed: 'early-0',
      agentCount: 8,
      days: 4,
      faults: { siteLossCount: 1, massOutageCount: 3, rollbackCount: 3 },
      tickMs: minutes(1),
      holderSilenceMs: hours(8),
      snapshotsPerMachineDay: 0.3,
    },
  },
  {
    cause:
      'the log of a machine that was put out was refused also where others handed it on: a new machine could not restore what a stolen one had saved',
    options: {
      seed: 'norb-4',
      agentCount: 6,
      days: 1,
      faults: { alwaysOnShare: 0, clockSkewMsMax: minutes(5), revocationCount: 1 },
      tickMs: minutes(1),
      holderSilenceMs: hours(8),
    },
  },
  {
    cause:
      'whoever said that it has more of a log than there is was counted for all heads to come: a few liars made snapshots safe of which nobody else had heard',
    options: {
      seed: 'final-3',
      agentCount: 24,
      days: 1,
      faults: {
        network: { ...calmNetwork, slowUplinkShare: 0.2 },
        nights: 'people',
        alwaysOnShare: 0.8,
        partitionsPerDay: 3,
        siteOutageCount: 2,
        massOutageCount: 2,
        liarShare: 0.26,
        hostileFramesPerLiarDay: 20,
        rollbackCount: 1,
        joinCount: 2,
      },
      tickMs: minutes(5),
      holderSilenceMs: days(4),
    },
  },
  {
    cause:
      'a removal that was ordered before, and done after, the same shard had come again took the new one: it was signed for, others removed theirs, and it was the last',
    options: {
      seed: 'hunt-3',
      agentCount: 5,
      days: 3,
      faults: {
        network: {
          ...calmNetwork,
          lossShare: 0.0005,
          hintLossShare: 0.2,
          hintRepeatShare: 0.1,
          frameRepeatShare: 0.01,
          frameReorderShare: 0.02,
          slowUplinkShare: 0.2,
          transferLossShare: 0.02,
          bytesPerSecond: 1_000_000,
        },
        slowDiskShare: 0.4,
        planBurstsPerDay: 12,
        exchangeShare: 0.5,
      },
      tickMs: minutes(5),
      holderSilenceMs: hours(4),
      snapshotsPerMachineDay: 3,
    },
  },
  {
    cause:
      'in the pretend world two liars that claim all shards answered each other without end, and frames that came twice made them more: the run was never over',
    options: {
      seed: 'lantern1-8',
      agentCount: 12,
      days: 1,
      faults: {
        network: {
          ...calmNetwork,
          latencyMs: [1, 400],
          hintRepeatShare: 0.1,
          frameRepeatShare: 0.01,
          frameReorderShare: 0.02,
        },
        alwaysOnShare: 0.3,
        liarShare: 1 / 3,
      },
      holderSilenceMs: hours(8),
      snapshotsPerMachineDay: 1,
    },
  },
  {
    cause:
      'a lease that its author gave itself for a thousand days lasted so long for whoever read it again from its own disk: nobody else ran the optimizer, and what burnt was not repaired',
    options: {
      seed: 'osprey-20',
      agentCount: 16,
      days: 4,
      faults: {
        nights: 'off',
        alwaysOnShare: 0,
        crashesPerMachineDay: 1.0940370321349444,
        diskDeathsPerMachineYear: 3.347635741951847,
        rollbackCount: 2,
        usurpationsPerDay: 4,
      },
      tickMs: minutes(5),
      holderSilenceMs: days(2),
      snapshotsPerMachineDay: 1,
      keepLast: 2,
    },
  },
];

/** The same of runs that take more than five seconds of CPU each. They run with DREY_LONG=1; unit tests of the core guard what they found. */
export const longRegressions: readonly Regression[] = [
  {
    cause:
      'all three holders of a pack removed their replicas at once: each believed a word that another gave under an older plan; and an inventory under another plan was read with the own one, so that the pack was wanted for ever where it does not belong',
    options: { ...churn, seed: 6 },
  },
  {
    cause:
      'a receipt was lost after the holder had said in an inventory that it has the shard: the owner reminded it only a day later',
    options: { ...churn, days: 7, seed: 11 },
  },
  {
    cause:
      'an optimizer took the machines that it had planned for itself for those of a plan that another one made meanwhile: a burnt machine stayed in the plan',
    options: {
      agentCount: 10,
      days: 16,
      holderSilenceMs: hours(60),
      faults: { ...manyFaults, rotsPerDay: 0, destroyedCount: 1 },
      seed: 42,
    },
  },
  {
    cause:
      'what others had of a pack was forgotten with transfers that failed, and nobody said it again before the next day: a shard that could be rebuilt was waited for',
    options: {
      seed: 'vesper1-4',
      agentCount: 12,
      days: 7,
      faults: {
        network: { ...calmNetwork, frameReorderShare: 0.02, slowUplinkShare: 0.2 },
        nights: 'people',
        alwaysOnShare: 0.3,
        crashesPerMachineDay: 0.4508229221637603,
        destroyedCount: 1,
        clockJumpsPerMachineDay: 0.262383021061101,
        massOutageCount: 2,
        badUpdateCount: 1,
        slowDiskShare: 0.15,
        fullDisksPerMachineDay: 0.09391055759804799,
        liarShare: 0.16581262503868385,
        hostileFramesPerLiarDay: 20,
        rollbackCount: 2,
      },
      tickMs: minutes(1),
      holderSilenceMs: days(4),
      snapshotsPerMachineDay: 3,
    },
  },
  {
    cause:
      'the check waited for machines to agree on what an owner with two histories had given up: those who heard only the one keep it',
    options: {
      seed: 'hunt-14',
      agentCount: 10,
      days: 7,
      faults: {
        network: { ...calmNetwork, latencyMs: [1, 400], frameReorderShare: 0.02 },
        nights: 'people',
        alwaysOnShare: 0.8,
        clockSkewMsMax: minutes(5),
        badUpdateCount: 1,
        slowDiskShare: 0.15,
        liarShare: 0.1371644128874354,
        rollbackCount: 2,
        revocationCount: 2,
        planBurstsPerDay: 1.834149880413394,
        exchangeShare: 0.5,
      },
      tickMs: 30_000,
      holderSilenceMs: hours(4),
      keepLast: 3,
    },
  },
  {
    cause:
      'shards that were rebuilt for a plan that was over by then lay on the disk, and the core did not know: a full disk took one of them again and again',
    options: {
      seed: 'lantern1-2',
      agentCount: 16,
      days: 20,
      faults: {
        network: {
          latencyMs: [1, 400],
          lossShare: 0,
          hintLossShare: 0,
          hintRepeatShare: 0,
          frameRepeatShare: 0,
          frameReorderShare: 0,
          slowUplinkShare: 0,
          transferLossShare: 0,
          bytesPerSecond: 10000000,
        },
        nights: 'people',
        alwaysOnShare: 0.5,
        crashesPerMachineDay: 0,
        partitionsPerDay: 5.914989664231998,
        rotsPerDay: 0.80912653291882,
        destroyedCount: 0,
        clockSkewMsMax: 0,
        clockJumpsPerMachineDay: 0,
        clockJumpMsMax: 18000000,
        diskDeathsPerMachineYear: 5.186126665059897,
        siteOutageCount: 0,
        siteLossCount: 0,
        massOutageCount: 1,
        massOutageShare: 0.6,
        badUpdateCount: 1,
        slowDiskShare: 0.15,
        fullDisksPerMachineDay: 0.25736745362734825,
        liarShare: 0.08374935141059398,
        hostileFramesPerLiarDay: 0,
        rollbackCount: 0,
        revocationCount: 2,
        joinCount: 0,
      },
      tickMs: 30000,
      holderSilenceMs: 14400000,
      snapshotsPerMachineDay: 1,
      quotaBytes: 10000000,
      restoreCount: 10,
    },
  },
  {
    cause:
      'a machine that ran the optimizer and was put back to an old image went on with a second history: those who knew the first and those who knew the second followed two plans for ever',
    options: {
      seed: 'heron-88',
      agentCount: 40,
      days: 7,
      faults: {
        network: {
          latencyMs: [1, 400],
          lossShare: 0.0005,
          hintLossShare: 0.2,
          hintRepeatShare: 0,
          frameRepeatShare: 0,
          frameReorderShare: 0,
          slowUplinkShare: 0,
          transferLossShare: 0.02,
          bytesPerSecond: 1000000,
        },
        nights: 'people',
        alwaysOnShare: 0.8,
        crashesPerMachineDay: 0,
        partitionsPerDay: 0,
        rotsPerDay: 0,
        destroyedCount: 0,
        clockSkewMsMax: 0,
        clockJumpsPerMachineDay: 0,
        clockJumpMsMax: 18000000,
        diskDeathsPerMachineYear: 0,
        siteOutageCount: 1,
        siteLossCount: 0,
        massOutageCount: 0,
        massOutageShare: 0.6,
        badUpdateCount: 0,
        slowDiskShare: 0,
        fullDisksPerMachineDay: 0,
        liarShare: 0,
        hostileFramesPerLiarDay: 0,
        rollbackCount: 1,
        revocationCount: 0,
        joinCount: 0,
        planBurstsPerDay: 0,
        exchangeShare: 0,
      },
      tickMs: 60000,
      holderSilenceMs: 14400000,
      snapshotsPerMachineDay: 0.3,
      quotaBytes: 10000000,
      restoreCount: 10,
    },
  },
  {
    cause:
      'what a machine had given up before it was put out was freed by those who heard that first, and kept by those who first heard that it is out',
    options: {
      seed: 'heron-115',
      agentCount: 24,
      days: 4,
      faults: {
        network: {
          latencyMs: [1, 30],
          lossShare: 0.0005,
          hintLossShare: 0.2,
          hintRepeatShare: 0.1,
          frameRepeatShare: 0.01,
          frameReorderShare: 0.02,
          slowUplinkShare: 0.2,
          transferLossShare: 0.02,
          bytesPerSecond: 1000000,
        },
        nights: 'people',
        alwaysOnShare: 0.3,
        crashesPerMachineDay: 0,
        partitionsPerDay: 1.5923335030751349,
        rotsPerDay: 0,
        destroyedCount: 0,
        clockSkewMsMax: 0,
        clockJumpsPerMachineDay: 0,
        clockJumpMsMax: 18000000,
        diskDeathsPerMachineYear: 0,
        siteOutageCount: 1,
        siteLossCount: 1,
        massOutageCount: 0,
        massOutageShare: 0.6,
        badUpdateCount: 0,
        slowDiskShare: 0.15,
        fullDisksPerMachineDay: 0,
        liarShare: 0,
        hostileFramesPerLiarDay: 0,
        rollbackCount: 0,
        revocationCount: 1,
        joinCount: 0,
        planBurstsPerDay: 0,
        exchangeShare: 0,
      },
      tickMs: 60000,
      holderSilenceMs: 14400000,
      snapshotsPerMachineDay: 3,
      quotaBytes: 10000000,
      restoreCount: 10,
      keepLast: 2,
    },
  },
  {
    cause:
      'the check waited for shards to be made again that had just rotted, and that nobody can have read since: how long that may take is for the check of rot',
    options: {
      seed: 'm1',
      agentCount: 10,
      days: 8,
      faults: {
        nights: 'people',
        alwaysOnShare: 0.5,
        massOutageCount: 4,
        massOutageShare: 0.6,
        rotsPerDay: 10,
        planBurstsPerDay: 2,
        exchangeShare: 0.5,
      },
      tickMs: 120000,
    },
  },
];

// What a simulation can be asked for, its defaults, and what it reports.

import { days, minutes, seconds } from '../../datasets/index.ts';
import type { Effects } from '../core/index.ts';
import { calmNetwork, type NetworkFaults } from './network.ts';
import { type Planner, shuffledPlan } from './planner.ts';

export interface Faults {
  readonly network: NetworkFaults;
  /** Machines follow their people's nights and weekends, or stay on. */
  readonly nights: 'off' | 'people';
  /** Share of machines that never follow anybody's nights. */
  readonly alwaysOnShare: number;
  /** Crashes between two effects, per machine and day; the machine comes back within ten minutes. */
  readonly crashesPerMachineDay: number;
  /** One-way partitions of a random share of pairs, per day; each lasts up to an hour. */
  readonly partitionsPerDay: number;
  /** Flipped bits in held shards, per day, over the whole fleet. */
  readonly rotsPerDay: number;
  /** Machines that burn with their disks, evenly over the days. */
  readonly destroyedCount: number;
  /** Clocks are wrong by up to this. */
  readonly clockSkewMsMax: number;
}

export const noFaults: Faults = {
  network: calmNetwork,
  nights: 'off',
  alwaysOnShare: 0.5,
  crashesPerMachineDay: 0,
  partitionsPerDay: 0,
  rotsPerDay: 0,
  destroyedCount: 0,
  clockSkewMsMax: 0,
};

export const manyFaults: Faults = {
  network: {
    latencyMs: [1, 400],
    lossShare: 0.0005,
    hintLossShare: 0.2,
    hintRepeatShare: 0.1,
    transferLossShare: 0.02,
    bytesPerSecond: 1_000_000,
  },
  nights: 'people',
  alwaysOnShare: 0.5,
  crashesPerMachineDay: 0.5,
  partitionsPerDay: 2,
  rotsPerDay: 1,
  destroyedCount: 1,
  clockSkewMsMax: minutes(5),
};

export interface SimulationOptions {
  readonly seed: number | string;
  /** 4 to 10,000. */
  readonly agentCount: number;
  readonly days: number;
  readonly faults?: Partial<Faults>;
  /** Snapshots that each person makes on a day with the machine on, on average. */
  readonly snapshotsPerMachineDay?: number;
  /** Snapshots that each person keeps, the newest ones; older ones are given up. Absent: all. */
  readonly keepLast?: number;
  readonly tickMs?: number;
  readonly holderSilenceMs?: number;
  readonly quotaBytes?: number;
  readonly planner?: Planner;
  /** Snapshots that a fresh machine restores at the end. */
  readonly restoreCount?: number;
  /** Plants a bug; only tests of the checkers set it. */
  readonly rewrite?: (effects: Effects) => Effects;
}

export type ResolvedOptions = Required<Omit<SimulationOptions, 'faults' | 'rewrite'>> & {
  readonly faults: Faults;
  readonly rewrite: ((effects: Effects) => Effects) | undefined;
};

/** Fills in the defaults. */
export function resolveOptions(options: SimulationOptions): ResolvedOptions {
  return {
    snapshotsPerMachineDay: 1,
    keepLast: Number.POSITIVE_INFINITY,
    tickMs: seconds(30),
    // Longer than a weekend and the Monday morning after it.
    holderSilenceMs: days(4),
    quotaBytes: 10_000_000,
    planner: shuffledPlan,
    restoreCount: 20,
    rewrite: undefined,
    ...options,
    faults: { ...noFaults, ...options.faults },
  };
}

export interface Report {
  readonly seed: number | string;
  /** Fingerprint of the whole run: the same for the same options. */
  readonly traceHash: string;
  /** Broken promises, as sentences; empty when all held. */
  readonly violations: readonly string[];
  /** Hours after the end of the faults until nobody had anything left to do; undefined when that never came. */
  readonly settledHours: number | undefined;
  readonly eventCount: number;
  readonly effectCounts: Readonly<Record<string, number>>;
  readonly reports: Readonly<Record<string, number>>;
  readonly snapshotsMade: number;
  readonly snapshotsAcknowledged: number;
  readonly snapshotsRestored: number;
  readonly snapshotsGivenUp: number;
  /** Shards of given-up packs whose time was over at the end, and that lay somewhere still. */
  readonly shardsLeftOver: number;
  readonly planEpoch: number;
  /** Smallest number of shards above k that an acknowledged pack ever had at a look. */
  readonly marginLeast: number;
  readonly rejectionCount: number;
  readonly checkCounts: Readonly<Record<string, number>>;
  /** Restores the failing run: `npx node -e …`. */
  readonly replay: string;
}

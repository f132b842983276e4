// What a simulation can be asked for, its defaults, and what it reports.

import { days, type FleetHistory, hours, seconds } from '../../datasets/index.ts';
import { type Effects, meshShapeDefault } from '../core/index.ts';
import { calmNetwork, type NetworkFaults } from './network.ts';
import type { WaitFigures } from './waits.ts';
import { type Planner, plannerOf } from './planner.ts';

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
  /** Clocks that are set, forwards or back by up to `clockJumpMsMax`. */
  readonly clockJumpsPerMachineDay: number;
  readonly clockJumpMsMax: number;
  /** Disks that die of age, per machine and year, at the mean age; with the disk goes all that the machine was. */
  readonly diskDeathsPerMachineYear: number;
  /** Sites that lose their power at once, over all days; back after up to a day. */
  readonly siteOutageCount: number;
  /** Sites that burn with all machines in them, over all days. */
  readonly siteLossCount: number;
  /** Times that `massOutageShare` of all machines go down at once; back after up to two days. */
  readonly massOutageCount: number;
  readonly massOutageShare: number;
  /** Updates after which a third of the machines crash every few minutes for some hours. */
  readonly badUpdateCount: number;
  /** Share of machines whose disks take seconds where others take milliseconds. */
  readonly slowDiskShare: number;
  /** Disks that somebody fills up, per machine and day; there is room again after up to a day. */
  readonly fullDisksPerMachineDay: number;
  /** Share of machines, up to a third, that lie: see liars.ts. */
  readonly liarShare: number;
  /** Altered and cut frames that liars send to everybody whom they reach, per liar and day. */
  readonly hostileFramesPerLiarDay: number;
  /** Of the shards that liars send, those with other bytes than they should have. */
  readonly spoilShare: number;
  /** Machines that are put back to an image of their disk a few days old, over all days. */
  readonly rollbackCount: number;
  /** Machines that an admin puts out of the fleet, over all days. */
  readonly revocationCount: number;
  /** Wishes of admins that a drive be deleted, per day: by a quorum, stopped again, or of a thief with one key. */
  readonly wipesPerDay: number;
  /** Records that machines write into their logs though they are not theirs to say, per day. */
  readonly usurpationsPerDay: number;
  /** Invites for one machine by which two come, over all days. */
  readonly twinInviteCount: number;
  /** Times that a machine sends receipts and batches in others' names, per day. */
  readonly forgeriesPerDay: number;
  /** People whom an admin puts out, over all days. */
  readonly leaverCount: number;
  /** Share of the machines that are put out whose thieves give up all that was saved with them. */
  readonly plunderShare: number;
  /** New machines that may hold shards and make no plans, and make some all the same, over all days. */
  readonly laymanCount: number;
  /** The same of machines that take another's drive for their own, per day. */
  readonly namesakesPerDay: number;
  /** Share of machines whose people give the fleet hardly any room. */
  readonly smallDiskShare: number;
  /** New machines, over all days. */
  readonly joinCount: number;
  /** Times that twelve new machines come within an hour, over all days. */
  readonly crowdCount: number;
  /** Bursts of plans that people ask for, per day: two to five, seconds apart, of one machine or of several. */
  readonly planBurstsPerDay: number;
  /** Of pairs of groups that exchange a member in each plan; the next plan may take it back. */
  readonly exchangeShare: number;
  /** Of groups in which two machines take each other's slots in each plan. */
  readonly swapShare: number;
  /** Domains over which plans find all machines; none where it is 0. */
  readonly domainCount: number;
  /** Times of some hours in which a machine is to rest, or is on battery, per machine and day. */
  readonly restsPerMachineDay: number;
  /** Pairs of rules for the fleet, over all days. */
  readonly ruleCount: number;
  /** Keys of admins that are put out, and used all the same, over all days. */
  readonly endedKeyCount: number;
  /** Machines whose certificates run out, over all days; they never come. */
  readonly guestCount: number;
  /** Share of plans that cannot be computed. */
  readonly failedPlanShare: number;
  /** Times of up to two hours in which a machine's database takes no words of others, per machine and day. */
  readonly fullLogsPerMachineDay: number;
  /** Machines that are off for longer than what was given up is kept, over all days; where the run is long enough. */
  readonly holidayCount: number;
  /** Share of starts after which a machine has something to say at once. */
  readonly earlyWordShare: number;
  /** Times of up to an hour in which a machine's disk cannot be read for checks, per machine and day. */
  readonly unreadDisksPerMachineDay: number;
  /** Times that the next trial restores of a machine fail at their end, per machine and day. */
  readonly failedProofsPerMachineDay: number;
  /** Packs that are lost from the outbox where any wait, per machine and day. */
  readonly lostOutboxesPerMachineDay: number;
  /** Times that a machine asks another for all that it has, and dies while that is sent, per machine and day. */
  readonly hangUpsPerMachineDay: number;
  /** Invites that a thief uses with an admin's key, which is put out right after, over all days. */
  readonly stolenInviteCount: number;
  /** Keys of admins that a thief uses to put out another admin and a person, and that the recovery kit mostly ends then, over all days. */
  readonly stolenKeyCount: number;
  /** Machines that are put out right after they have signed for a shard of a pack that waits, over all days. */
  readonly putOutSignerCount: number;
  /** Words that machines write while their clock is weeks ahead, per machine and day. */
  readonly datedAheadPerMachineDay: number;
  /** Times that a machine asks another for the same proof again, minutes after it was last asked, per machine and day. */
  readonly askedAgainPerMachineDay: number;
  /** Hours of the past from which optimizers forecast who is away for how long, and repair by margin; they know of none where it is 0. */
  readonly forecastHours: number;
  /** Liars that an admin pardons, over all days. */
  readonly pardonCount: number;
  /** Times that somebody wants a part of a pack back, per day. */
  readonly readsPerDay: number;
  /** Times that a machine is given up and comes back while optimizers fall asleep in the middle of their plans, per day. */
  readonly turnsPerDay: number;
  /** Times that an admin turns review mode on, over all days; with it some plans wait in other times too. */
  readonly reviewCount: number;
  /** Plans take up to this. */
  readonly planMsMax: number;
  /** Copies of popular packs that each plan begins; with them machines say where they stand, and plans change daily. */
  readonly copiesPerPlan: number;
  /** Optimizers that keep the lease and plan no more, over all days. */
  readonly idlerCount: number;
  /** Machines of which no log tells, as whoever let them in is lost, over all days. */
  readonly strayCount: number;
  /** Machines that an optimizer cannot reach, and that say something and burn, over all days. */
  readonly lastWordCount: number;
  /** Machines that a third of all slander while they are away, over all days. */
  readonly slanderCount: number;
  /** The first machines are certified for so many days, and an admin's agent renews that; for a year where it is 0. */
  readonly shortCertificateDays: number;
  /** Share of snapshots that are dated weeks ahead; where it is above 0 all are dated by their owners' clocks. */
  readonly aheadSnapshotShare: number;
  /** Times that the network is cut in two for most of a day, over all days. */
  readonly cutCount: number;
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
  clockJumpsPerMachineDay: 0,
  clockJumpMsMax: hours(5),
  diskDeathsPerMachineYear: 0,
  siteOutageCount: 0,
  siteLossCount: 0,
  massOutageCount: 0,
  massOutageShare: 0.6,
  badUpdateCount: 0,
  slowDiskShare: 0,
  fullDisksPerMachineDay: 0,
  liarShare: 0,
  hostileFramesPerLiarDay: 0,
  spoilShare: 0,
  rollbackCount: 0,
  revocationCount: 0,
  wipesPerDay: 0,
  usurpationsPerDay: 0,
  namesakesPerDay: 0,
  twinInviteCount: 0,
  forgeriesPerDay: 0,
  plunderShare: 0,
  leaverCount: 0,
  laymanCount: 0,
  smallDiskShare: 0,
  joinCount: 0,
  crowdCount: 0,
  planBurstsPerDay: 0,
  exchangeShare: 0,
  swapShare: 0,
  domainCount: 0,
  restsPerMachineDay: 0,
  failedPlanShare: 0,
  ruleCount: 0,
  endedKeyCount: 0,
  guestCount: 0,
  fullLogsPerMachineDay: 0,
  holidayCount: 0,
  earlyWordShare: 0,
  unreadDisksPerMachineDay: 0,
  failedProofsPerMachineDay: 0,
  lostOutboxesPerMachineDay: 0,
  hangUpsPerMachineDay: 0,
  stolenInviteCount: 0,
  pardonCount: 0,
  forecastHours: 0,
  stolenKeyCount: 0,
  putOutSignerCount: 0,
  datedAheadPerMachineDay: 0,
  askedAgainPerMachineDay: 0,
  readsPerDay: 0,
  turnsPerDay: 0,
  reviewCount: 0,
  planMsMax: 0,
  copiesPerPlan: 0,
  idlerCount: 0,
  strayCount: 0,
  lastWordCount: 0,
  slanderCount: 0,
  shortCertificateDays: 0,
  aheadSnapshotShare: 0,
  cutCount: 0,
};

/** One of the promises, or of the house's own rules, that a run is checked against. */
export const checkNames = [
  'restorable',
  'known',
  'restored',
  'receipts',
  'removals',
  'outbox',
  'acknowledged',
  'prompt',
  'forks',
  'plans',
  'reviewed',
  'audits',
  'proofs',
  'mended',
  'vigil',
  'admins',
  'kept',
  'drives',
  'shelf',
  'rot',
  'revoked',
  'keys',
  'quota',
  'copies',
  'served',
  'plain',
  'queues',
  'lengths',
  'traffic',
  'rest',
  'said',
  'visits',
  'counted',
  'deleted',
  'wiped',
  'framed',
  'settled',
  'crashed',
] as const;
export type CheckName = (typeof checkNames)[number];

export interface Violation {
  readonly check: CheckName;
  /** A sentence with numbers. */
  readonly text: string;
}

export interface SimulationOptions {
  readonly seed: number | string;
  /** 4 to 10,000. */
  readonly agentCount: number;
  readonly days: number;
  readonly faults?: Partial<Faults>;
  /** When machines really were on: rows are taken in order, and again from the first where there are too few. Absent: generated. */
  readonly history?: FleetHistory;
  /** What the machines did before, row by row: with it the optimizer knows who is back when. Absent: it waits for a silence. */
  readonly past?: FleetHistory;
  /** Snapshots that each person makes on a day with the machine on, on average. */
  readonly snapshotsPerMachineDay?: number;
  /** Snapshots that each person keeps, the newest ones; older ones are given up. Absent: all. */
  readonly keepLast?: number;
  readonly tickMs?: number;
  /** In which each agent reads all its shards: the shipped four weeks are longer than most runs. */
  readonly scrubPassMs?: number;
  /** Larger fleets are not fully connected, but stand on so many rings; default of both: as the product has it. */
  readonly meshMax?: number;
  readonly ringCount?: number;
  readonly holderSilenceMs?: number;
  readonly quotaBytes?: number;
  readonly planner?: Planner;
  /** Snapshots that a fresh machine restores at the end. */
  readonly restoreCount?: number;
  /** Broken promises that are reported; absent: all. */
  readonly checks?: readonly CheckName[];
  /** Ends soon after the first broken promise; absent: the run goes on, so that one report shows all. */
  readonly endsEarly?: boolean;
  /** Plants a bug; only tests of the checkers set it. */
  readonly rewrite?: (effects: Effects) => Effects;
}

export type ResolvedOptions = Required<Omit<SimulationOptions, 'faults' | 'rewrite' | 'history' | 'past'>> & {
  readonly faults: Faults;
  readonly history: FleetHistory | undefined;
  readonly past: FleetHistory | undefined;
  readonly rewrite: ((effects: Effects) => Effects) | undefined;
};

/** Fills in the defaults. */
export function resolveOptions(options: SimulationOptions): ResolvedOptions {
  const faults = { ...noFaults, ...options.faults };
  return {
    snapshotsPerMachineDay: 1,
    keepLast: Number.POSITIVE_INFINITY,
    tickMs: seconds(30),
    scrubPassMs: days(1),
    ...meshShapeDefault,
    // Longer than a weekend and the Monday morning after it.
    holderSilenceMs: days(4),
    quotaBytes: 10_000_000,
    planner: plannerOf(faults),
    restoreCount: 20,
    checks: checkNames,
    endsEarly: false,
    rewrite: undefined,
    history: undefined,
    past: undefined,
    ...options,
    faults,
  };
}

export interface Report {
  readonly seed: number | string;
  /** Fingerprint of the whole run: the same for the same options. */
  readonly traceHash: string;
  /** Broken promises; empty when all held. */
  readonly violations: readonly Violation[];
  /** Hours after the end of the faults until nobody had anything left to do; undefined when that never came. */
  readonly settledHours: number | undefined;
  readonly eventCount: number;
  readonly effectCounts: Readonly<Record<string, number>>;
  /** What the world did to the fleet, by kind. */
  readonly faultCounts: Readonly<Record<string, number>>;
  readonly reports: Readonly<Record<string, number>>;
  /** Until the faults stopped. */
  readonly waits: WaitFigures;
  /** Bytes of shards that moved from one machine to another. */
  readonly shardBytesStored: number;
  readonly snapshotsMade: number;
  readonly snapshotsAcknowledged: number;
  readonly snapshotsRestored: number;
  readonly snapshotsGivenUp: number;
  /** Acknowledged packs of which the world took more than any code can replace. */
  readonly packsBeyondRepair: number;
  /** Shards of given-up packs whose time was over at the end, and that lay somewhere still. */
  readonly shardsLeftOver: number;
  /** Proofs of own drives, by what they found. */
  readonly proofCounts: Readonly<Record<string, number>>;
  readonly planEpoch: number;
  /** Smallest number of shards above k that an acknowledged pack ever had at a look. */
  readonly marginLeast: number;
  /** Liars that an honest machine left out as holders at some time. */
  readonly liarsLeftOut: number;
  readonly rejectionCount: number;
  readonly checkCounts: Readonly<Record<string, number>>;
}

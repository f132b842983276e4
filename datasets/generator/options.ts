// What a generated fleet can be asked for, what it answers, and the defaults for small and large fleets.
// It refuses sizes that make no sense with `fleet-options`.

import { DreyError } from '../errors.ts';
import type { FleetHistory } from '../history.ts';
import type { TelemetryRow } from '../rows.ts';
import { hourMs, machineId, type MachineId, weekMs } from '../units.ts';

/** Share of machines per kind of habit; only their proportions count, and each kind gets its whole number of machines. */
export interface HabitShares {
  /** Never switched off. */
  readonly alwaysOn: number;
  /** On while its person is at work, and on forgotten nights. */
  readonly office: number;
  /** Sleeps whenever its lid is closed. */
  readonly laptop: number;
}

export interface FleetOptions {
  readonly seed: number | string;
  /** 1..100,000. */
  readonly machineCount: number;
  /** Whole number, 1..104. */
  readonly weeks: number;
  /** A whole hour; weekdays and nights follow the real calendar from here. */
  readonly startMs: number;
  /** Ids in order, `machineCount` of them, all different; "pc-00001" and so on when absent. */
  readonly machines?: readonly MachineId[];
  /** Default: 1 up to 30 machines, then one per about 120, at most 12. */
  readonly siteCount?: number;
  /** Machines per hidden domain. Default: 3 up to 30 machines, else 12. */
  readonly hiddenDomainSize?: number;
  /** Default: as many as cover all machines up to 30, else about 60 % of them. */
  readonly hiddenDomainCount?: number;
  /** Mean outages of each hidden domain in a week. Default: 3 up to 30 machines, else 1. */
  readonly outagesPerDomainWeek?: number;
  readonly habitShares?: HabitShares;
  /** Share of machines that leave for good during the window. Default: 0 up to 30 machines, else 0.03. */
  readonly leaverShare?: number;
  /** Share of machines that appear only during the window. Default: 0 up to 30 machines, else 0.02. */
  readonly joinerShare?: number;
  /** Whether rows carry the admin's `site` label. Default: absent. */
  readonly siteLabels?: 'absent' | 'present';
  /** Mean file accesses of a person on a working day; 0 makes no access rows. Default: 8. */
  readonly touchesPerDay?: number;
}

/** One common cause: `hidden` shows in no attribute, the others strike all machines with one attribute value. */
export type CauseKind = 'hidden' | 'site' | 'subnet' | 'patchRing' | 'osBuild';

/** [fromMs, toMs) of the cause itself; machines come back one by one after toMs. */
export interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Cause {
  readonly kind: CauseKind;
  readonly name: string;
  /** Indices into `history.machines`, ascending. */
  readonly members: readonly number[];
  /** In order of fromMs; may overlap others. */
  readonly outages: readonly Outage[];
}

/** What really happened: for judging models, never for training them. */
export interface FleetTruth {
  /** N values: index into `domains`, or −1 for a machine in no hidden domain. */
  readonly domainOfMachine: Int32Array;
  /** The hidden domains only. */
  readonly domains: readonly Cause[];
  /** All causes, the hidden domains first. */
  readonly causes: readonly Cause[];
  /** Site of each machine, 0..siteCount − 1. */
  readonly siteOfMachine: Int32Array;
  readonly habitOfMachine: readonly (keyof HabitShares)[];
  /** Moment from which the machine is gone for good, or undefined. */
  readonly leaveMsOfMachine: readonly (number | undefined)[];
  /** Moment before which the machine was not there yet, or undefined. */
  readonly joinMsOfMachine: readonly (number | undefined)[];
  /** Starts of public holidays (local days) by site. */
  readonly holidaysOfSite: readonly (readonly number[])[];
  /** Attributes that never cause an outage here. */
  readonly decoyAttributes: readonly string[];
}

export interface GeneratedFleet {
  /** Exactly what `historyFromRows` makes of `rows`. */
  readonly history: FleetHistory;
  /** Each machine's own log, in the order in which its rows came to be known; the map is in the order of machines. */
  readonly rows: ReadonlyMap<MachineId, readonly TelemetryRow[]>;
  readonly truth: FleetTruth;
}

export interface ResolvedOptions extends Required<FleetOptions> {
  readonly endMs: number;
  /** False: the hidden domains were sized by default, and those that do not fit into a site are dropped. */
  readonly isDomainCountGiven: boolean;
}

const smallFleetMax = 30;

/** Fills in defaults. Throws `fleet-options` when a number is out of range or does not fit the others. */
export function resolveOptions(options: FleetOptions): ResolvedOptions {
  const { machineCount } = options;
  requireRange('machineCount', machineCount, [1, 100_000]);
  requireRange('weeks', options.weeks, [1, 104]);
  const isSmall = machineCount <= smallFleetMax;
  const size = options.hiddenDomainSize ?? Math.min(machineCount, isSmall ? 3 : 12);
  const resolved: ResolvedOptions = {
    ...options,
    endMs: options.startMs + options.weeks * weekMs,
    machines: options.machines ?? numberedMachines(machineCount),
    siteCount: options.siteCount ?? (isSmall ? 1 : Math.min(12, Math.max(2, Math.round(machineCount / 120)))),
    hiddenDomainSize: size,
    hiddenDomainCount:
      options.hiddenDomainCount ?? Math.floor(((isSmall ? 1 : 0.6) * machineCount) / Math.max(1, size)),
    isDomainCountGiven: options.hiddenDomainCount !== undefined,
    outagesPerDomainWeek: options.outagesPerDomainWeek ?? (isSmall ? 3 : 1),
    habitShares: options.habitShares ?? { alwaysOn: 0.65, office: 0.25, laptop: 0.1 },
    leaverShare: options.leaverShare ?? (isSmall ? 0 : 0.03),
    joinerShare: options.joinerShare ?? (isSmall ? 0 : 0.02),
    siteLabels: options.siteLabels ?? 'absent',
    touchesPerDay: options.touchesPerDay ?? 8,
  };
  checkResolved(resolved);
  return resolved;
}

function checkResolved(options: ResolvedOptions): void {
  const { machineCount } = options;
  requireRange('siteCount', options.siteCount, [1, Math.min(machineCount, 100)]);
  requireRange('hiddenDomainSize', options.hiddenDomainSize, [1, machineCount]);
  requireRange('hiddenDomainCount', options.hiddenDomainCount, [0, machineCount]);
  requireShare('outagesPerDomainWeek', options.outagesPerDomainWeek, 50);
  requireShare('touchesPerDay', options.touchesPerDay, 200);
  requireShare('leaverShare', options.leaverShare, 1);
  requireShare('joinerShare', options.joinerShare, 1 - options.leaverShare);
  const shares = Object.values(options.habitShares);
  for (const share of shares) requireShare('habitShares', share, 1e6);
  if (shares.every((share) => share === 0)) refuse('habitShares are all 0');
  if (!Number.isSafeInteger(options.startMs) || options.startMs % hourMs !== 0) {
    refuse(`startMs ${options.startMs} is not a whole hour`);
  }
  if (new Set(options.machines).size !== machineCount || options.machines.length !== machineCount) {
    refuse(`${options.machines.length} machine ids were given for ${machineCount} different machines`);
  }
}

function numberedMachines(count: number): readonly MachineId[] {
  return Array.from({ length: count }, (_, i) => machineId(`pc-${String(i + 1).padStart(5, '0')}`));
}

function requireRange(name: string, value: number, range: readonly [lowest: number, highest: number]): void {
  if (Number.isInteger(value) && value >= range[0] && value <= range[1]) return;
  refuse(`${name} is ${value}, not a whole number in ${range[0]}..${range[1]}`);
}

function requireShare(name: string, value: number, highest: number): void {
  if (value >= 0 && value <= highest) return;
  refuse(`${name} is ${value}, not in 0..${highest}`);
}

/** Throws `fleet-options`. */
export function refuse(message: string): never {
  throw new DreyError({
    code: 'fleet-options',
    message: `the fleet cannot be generated: ${message}`,
    advice: 'Change the named option; the README of datasets lists the ranges.',
  });
}

// What telemetry says, row by row: uptime, location and access, of DESIGN.md "Telemetry". Agents write these rows into their
// signed logs, exports hold them one JSON object a line, the models learn from them. Checked by `parseTelemetryRow`.

import { type FileId, hourMs, type MachineId, type UnixMs } from './units.ts';

/** `asleep` and `off` were announced by the machine itself; `crashed` is found at the next start. */
export type UptimeState = 'up' | 'asleep' | 'off' | 'crashed';

/** One half-open span [fromMs, toMs) in which a machine was in one state. */
export interface UptimeRow {
  readonly kind: 'uptime';
  readonly machine: MachineId;
  readonly fromMs: UnixMs;
  readonly toMs: UnixMs;
  readonly state: UptimeState;
}

/** Site signals that need no configuration. Every value is a hash or a plain public name; absent when unknown. */
export interface MachineAttributes {
  /** Label by an admin; normally absent. */
  readonly site?: string;
  /** Salted hash of the network address of the interface that holds the default route. */
  readonly subnet?: string;
  /** Salted hash of the default gateway's hardware address. */
  readonly gateway?: string;
  /** IANA name, as "Europe/Berlin". */
  readonly timeZone?: string;
  readonly hardwareModel?: string;
  readonly osBuild?: string;
  readonly patchRing?: string;
  /** A coarse class, as "ssd 2y". */
  readonly diskClass?: string;
}

export const attributeNames = [
  'site',
  'subnet',
  'gateway',
  'timeZone',
  'hardwareModel',
  'osBuild',
  'patchRing',
  'diskClass',
] as const satisfies readonly (keyof MachineAttributes)[];

/** Where a machine stands and what it has to give, at one moment. */
export interface LocationRow {
  readonly kind: 'location';
  readonly machine: MachineId;
  readonly atMs: UnixMs;
  readonly attributes: MachineAttributes;
  /** Median round-trip time to peers in milliseconds, by machine; at most 32 peers. */
  readonly roundTripMs: Readonly<Record<string, number>>;
  /** Bytes that the disk still has free. */
  readonly freeBytes: number;
  /** Bytes that the person lets the fleet use on this machine. */
  readonly quotaBytes: number;
}

/** Reads and writes of one file of a drive on one machine in one hour, as counts. */
export interface AccessRow {
  readonly kind: 'access';
  readonly machine: MachineId;
  /** Start of the hour. */
  readonly hourMs: UnixMs;
  readonly file: FileId;
  readonly reads: number;
  readonly writes: number;
  /** Size of the file in bytes at the end of the hour. */
  readonly byteCount: number;
}

/** How often one machine fetched one pack for restores in one hour: which packs are wanted where. The rest says which machines hold it. */
export interface PackReadRow {
  readonly kind: 'packRead';
  readonly machine: MachineId;
  /** Start of the hour. */
  readonly hourMs: UnixMs;
  /** Id of the pack, 64 hex digits: a hash, by which its holders know it too. */
  readonly pack: string;
  readonly owner: MachineId;
  readonly packClass: 'small' | 'bulk';
  /** Any k of its n shards restore it. */
  readonly k: number;
  readonly n: number;
  /** Bytes of one whole copy, > 0. */
  readonly packBytes: number;
  readonly reads: number;
}

export type TelemetryRow = UptimeRow | LocationRow | AccessRow | PackReadRow;

/** Moment from which a row can be known: the end of its span or hour. Features use rows only after it. */
export function knownAtMs(row: TelemetryRow): number {
  if (row.kind === 'uptime') return row.toMs;
  return row.kind === 'location' ? row.atMs : row.hourMs + hourMs;
}

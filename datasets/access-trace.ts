// Who touched which file in which hour, and on which site: what popularity is learned from and judged on.
// Made of telemetry rows or of public logs; it never holds names, paths or addresses, only hashes of them.

import type { FleetHistory } from './history.ts';
import type { AccessRow, MachineAttributes, PackReadRow } from './rows.ts';
import { type FileId, fileId, hourMs, type MachineId, type UnixMs, unixMs } from './units.ts';

export interface AccessTrace {
  /** Start of the first hour. */
  readonly startMs: UnixMs;
  /** ≥ 1. */
  readonly hourCount: number;
  /** What counts as demand here: a log of reads, or a history that only knows modifications. */
  readonly demand: 'reads' | 'writes';
  /** ≥ 1 names. */
  readonly sites: readonly string[];
  /** Site of each machine that has a row, 0..sites.length − 1. */
  readonly siteOf: ReadonlyMap<MachineId, number>;
  /** By hour; one row for each machine, file and hour. */
  readonly rows: readonly AccessRow[];
}

/** What a row asks for, as a count. */
export const demandOf = (row: AccessRow, demand: AccessTrace['demand']): number =>
  demand === 'reads' ? row.reads : row.writes;

/** The most local thing that machines of one place share and that is neither a person's nor a switch's: label, else gateway. */
export const siteNameOf = ({ site, gateway, subnet, timeZone }: MachineAttributes): string =>
  site ?? gateway ?? subnet ?? timeZone ?? 'one site';

/** Sites by the order of their names. */
export function numberSites(nameOf: ReadonlyMap<MachineId, string>): {
  readonly sites: readonly string[];
  readonly siteOf: ReadonlyMap<MachineId, number>;
} {
  const sites = [...new Set(nameOf.values())].toSorted((a, b) => (a < b ? -1 : 1));
  const numbers = new Map(sites.map((name, index) => [name, index]));
  return { sites, siteOf: new Map(Array.from(nameOf, ([machine, name]) => [machine, numbers.get(name)!])) };
}

/** The access rows of a fleet's history, by its machines' sites; undefined where it has none. */
export function accessOfHistory(history: FleetHistory): AccessTrace | undefined {
  if (history.access.length === 0) return undefined;
  const names = new Map(
    history.machines.map(({ machine, attributes }) => [machine, siteNameOf(attributes)] as const),
  );
  return {
    startMs: history.startMs,
    hourCount: Math.max(1, Math.floor((history.slotCount * history.slotMs) / hourMs)),
    demand: 'reads',
    ...numberSites(names),
    rows: history.access,
  };
}

/** A pack in the place of a file: 128 bits of its id. */
export const fileOfPack = (pack: string): FileId => fileId(pack.slice(0, 32));

/** Reads of packs as accesses, in the order of their hours. */
export const packReadsAsAccess = (rows: readonly PackReadRow[]): readonly AccessRow[] =>
  rows.map(({ machine, hourMs: atMs, pack, packBytes, reads }) => ({
    kind: 'access',
    machine,
    hourMs: atMs,
    file: fileOfPack(pack),
    reads,
    writes: 0,
    byteCount: packBytes,
  }));

/** The reads of packs of a fleet's history, each pack a file; undefined where nothing was read. */
export function packAccessOfHistory({ packReads = [], ...history }: FleetHistory): AccessTrace | undefined {
  return accessOfHistory({ ...history, access: packReadsAsAccess(packReads) });
}

/** The part from one hour (inclusive) to another (exclusive), counted from the trace's start. */
export function sliceAccess(
  trace: AccessTrace,
  { fromHour, toHour }: { readonly fromHour: number; readonly toHour: number },
): AccessTrace {
  const fromMs = trace.startMs + fromHour * hourMs;
  const toMs = trace.startMs + toHour * hourMs;
  const rows = trace.rows.filter((row) => row.hourMs >= fromMs && row.hourMs < toMs);
  return { ...trace, startMs: unixMs(fromMs), hourCount: toHour - fromHour, rows };
}

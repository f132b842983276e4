// Telemetry rows to a fleet's history: this is the reader of telemetry logs. It decides which row holds where rows
// contradict each other. Rows must have passed `parseTelemetryRow`; it does no checks of its own on them.

import { utcOffsetOf } from './calendar.ts';
import { DreyError } from './errors.ts';
import type { FleetHistory, MachineProfile, ToldProfile } from './history.ts';
import type {
  AccessRow,
  LocationRow,
  MachineAttributes,
  PackReadRow,
  TelemetryRow,
  UptimeRow,
} from './rows.ts';
import { hourMs, type MachineId, unixMs } from './units.ts';
import { fillGaps, paintSlots, resolveSpans, type SlotWindow, type UpSpan } from './up-spans.ts';

export interface HistoryOptions {
  /** First moment of slot 0, a whole hour. */
  readonly fromMs: number;
  /** End of the window; only whole slots before it are kept, at least one. */
  readonly toMs: number;
  /** A whole number of hours; one hour when absent. */
  readonly slotMs?: number;
  /** Rows of the history, in this order, known or not. When absent: every machine that has a row, by id. */
  readonly reportedMachines?: readonly MachineId[];
  /** What peers say of others' uptime. It fills only what the machines' own rows leave open. */
  readonly peerRows?: Iterable<UptimeRow>;
}

/** N × T of a history is at most this: 1 GB, for example 10,000 machines for eleven years. */
export const historyCellsMax = 1e9;

interface MachineRows {
  readonly own: UpSpan[];
  readonly byPeers: UpSpan[];
  readonly locations: LocationRow[];
}

/**
 * Builds the history of a window from rows in any order; the result does not depend on that order.
 * Uptime: `up` is up, any other state is down, a gap is unknown; a slot is up when up for at least half of what is known
 * of it. A machine's own rows win over its peers'; among equals the span that starts later wins, then the one that ends
 * later, then "down". Attributes and UTC offset: from the latest location row before `toMs`. Access: hours inside the
 * window, by hour, then machine, then file; rows of one machine, file and hour are added up. Reads of packs likewise.
 * Throws `history-window` when the window or the slot length makes no sense.
 */
export function historyFromRows(rows: Iterable<TelemetryRow>, options: HistoryOptions): FleetHistory {
  const slotMs = options.slotMs ?? hourMs;
  const window = checkWindow(options, slotMs);
  const collected = collectRows(rows, options);
  const ids = options.reportedMachines ?? [...collected.byMachine.keys()].toSorted(compareText);
  if (ids.length * window.slotCount > historyCellsMax) {
    throw new DreyError({
      code: 'history-window',
      message: `${ids.length} machines × ${window.slotCount} slots is over ${historyCellsMax} cells`,
      advice: 'Ask for a shorter window, longer slots or fewer machines.',
    });
  }
  const up = new Uint8Array(ids.length * window.slotCount);
  const machines: MachineProfile[] = [];
  const offsetOf = zoneOffsets(options.fromMs);
  for (const [index, machine] of ids.entries()) {
    const found = collected.byMachine.get(machine) ?? emptyRows();
    const spans = fillGaps(resolveSpans(found.own), resolveSpans(found.byPeers));
    paintSlots(spans, window, up.subarray(index * window.slotCount, (index + 1) * window.slotCount));
    const told = toldBy(found.locations, offsetOf);
    machines.push({ machine, ...profileOf(told, { ...window, offsetOf }) });
  }
  const wanted = options.reportedMachines === undefined ? undefined : new Set(ids);
  const access = orderAccess(collected.access.filter((row) => wanted?.has(row.machine) ?? true));
  const packReads = orderPackReads(collected.packReads.filter((row) => wanted?.has(row.machine) ?? true));
  return {
    ...window,
    startMs: unixMs(window.startMs),
    machines,
    up,
    access,
    ...(packReads.length === 0 ? {} : { packReads }),
  };
}

/** Throws `history-window`; else the slots that fit into the window. */
export function checkWindow(
  range: { readonly fromMs: number; readonly toMs: number },
  slotMs: number,
): { readonly startMs: number; readonly slotMs: number; readonly slotCount: number } {
  const slotCount = Math.floor((range.toMs - range.fromMs) / slotMs);
  const isWhole = Number.isSafeInteger(range.fromMs) && range.fromMs % hourMs === 0 && slotMs % hourMs === 0;
  if (isWhole && slotMs > 0 && slotCount >= 1) return { startMs: range.fromMs, slotMs, slotCount };
  throw new DreyError({
    code: 'history-window',
    message: `no whole slot of ${slotMs} ms fits from ${range.fromMs} to ${range.toMs} on whole hours`,
    advice: 'Start the window on a whole hour, use slots of whole hours, and span at least one slot.',
  });
}

function emptyRows(): MachineRows {
  return { own: [], byPeers: [], locations: [] };
}

interface CollectedRows {
  readonly byMachine: Map<MachineId, MachineRows>;
  readonly access: AccessRow[];
  readonly packReads: PackReadRow[];
}

function collectRows(rows: Iterable<TelemetryRow>, options: HistoryOptions): CollectedRows {
  const byMachine = new Map<MachineId, MachineRows>();
  const access: AccessRow[] = [];
  const packReads: PackReadRow[] = [];
  const rowsOf = (machine: MachineId): MachineRows => {
    let found = byMachine.get(machine);
    if (found === undefined) byMachine.set(machine, (found = emptyRows()));
    return found;
  };
  const inWindow = (row: UptimeRow): boolean => row.toMs > options.fromMs && row.fromMs < options.toMs;
  const isInside = (atMs: number): boolean => atMs >= options.fromMs && atMs < options.toMs;
  for (const row of rows) {
    const found = rowsOf(row.machine);
    if (row.kind === 'uptime') {
      if (inWindow(row)) found.own.push(spanOf(row));
    } else if (row.kind === 'location') {
      if (row.atMs < options.toMs) found.locations.push(row);
    } else if (isInside(row.hourMs)) {
      if (row.kind === 'access') access.push(row);
      else packReads.push(row);
    }
  }
  for (const row of options.peerRows ?? []) {
    if (inWindow(row)) rowsOf(row.machine).byPeers.push(spanOf(row));
  }
  return { byMachine, access, packReads };
}

function spanOf(row: UptimeRow): UpSpan {
  return { fromMs: row.fromMs, toMs: row.toMs, isUp: row.state === 'up' };
}

/** Each change of what a machine said of itself. Of two rows of one moment the one whose text sorts later holds, so that order of arrival never matters. */
function toldBy(rows: readonly LocationRow[], offsetOf: ZoneOffsets): readonly ToldProfile[] {
  const said = rows.map(({ atMs, attributes }) => ({ atMs, attributes, text: attributeText(attributes) }));
  const told: ToldProfile[] = [];
  let lastText: string | undefined;
  for (const { atMs, attributes, text } of said.toSorted(
    (a, b) => a.atMs - b.atMs || compareText(a.text, b.text),
  )) {
    if (text === lastText) continue;
    if (told.at(-1)?.atMs === atMs) told.pop();
    told.push({ atMs, attributes, utcOffsetMs: offsetOf(attributes.timeZone) });
    lastText = text;
  }
  return told;
}

/** The latest; with the earlier ones where some first slots do not know it. */
function profileOf(
  told: readonly ToldProfile[],
  { startMs, slotMs, offsetOf }: SlotWindow & { readonly offsetOf: ZoneOffsets },
): Omit<MachineProfile, 'machine'> {
  const last = told.at(-1);
  if (last === undefined) return { attributes: {}, utcOffsetMs: offsetOf(undefined) };
  const { attributes, utcOffsetMs } = last;
  const from = told.findLastIndex(({ atMs }) => atMs < startMs + slotMs);
  const isAlwaysKnown = from === told.length - 1;
  return { attributes, utcOffsetMs, ...(isAlwaysKnown ? {} : { told: told.slice(Math.max(0, from)) }) };
}

const attributeText = (attributes: MachineAttributes): string =>
  JSON.stringify(Object.entries(attributes).toSorted(([a], [b]) => compareText(a, b)));

type ZoneOffsets = (timeZone: string | undefined) => number;

/** Formatting a zone costs about 50 µs and fleets have few zones, so each is looked up once. */
function zoneOffsets(atMs: number): ZoneOffsets {
  const known = new Map<string | undefined, number>();
  return (timeZone) => {
    let offsetMs = known.get(timeZone);
    if (offsetMs === undefined) known.set(timeZone, (offsetMs = utcOffsetOf(timeZone, atMs)));
    return offsetMs;
  };
}

const orderAccess = (rows: readonly AccessRow[]): readonly AccessRow[] =>
  mergeAlike(
    rows,
    (a, b) => a.hourMs - b.hourMs || compareText(a.machine, b.machine) || compareText(a.file, b.file),
    addAccess,
  );

const orderPackReads = (rows: readonly PackReadRow[]): readonly PackReadRow[] =>
  mergeAlike(
    rows,
    (a, b) => a.hourMs - b.hourMs || compareText(a.machine, b.machine) || compareText(a.pack, b.pack),
    (a, b) => ({ ...a, reads: a.reads + b.reads }),
  );

/** In order, those that stand at the same place added up. */
function mergeAlike<Row>(
  rows: readonly Row[],
  compare: (a: Row, b: Row) => number,
  add: (a: Row, b: Row) => Row,
): readonly Row[] {
  const merged: Row[] = [];
  for (const row of rows.toSorted(compare)) {
    const last = merged.at(-1);
    if (last !== undefined && compare(last, row) === 0) merged[merged.length - 1] = add(last, row);
    else merged.push(row);
  }
  return merged;
}

function addAccess(a: AccessRow, b: AccessRow): AccessRow {
  return {
    ...a,
    reads: a.reads + b.reads,
    writes: a.writes + b.writes,
    byteCount: Math.max(a.byteCount, b.byteCount),
  };
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

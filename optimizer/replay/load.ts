// A trace file as the replay wants it: the machines that are to be drawn from it, on a calendar, with the labels that somebody
// wrote down for them. It knows no trace by its name.

import {
  createRandom,
  DreyError,
  type FleetHistory,
  historyFromRows,
  hourMs,
  type MachineId,
  openTrace,
  readPlacedRows,
  readRowFile,
  slotDown,
  slotUnknown,
  slotUp,
  type TelemetryRow,
  weekMs,
  sliceHistory,
} from '../../datasets/index.ts';
import { likelyOffsetMs, likelyStartHour, startingAt } from './calendar.ts';

export interface TraceWish {
  readonly file: string;
  readonly format: 'avt' | 'fta' | 'rows';
  /** Machines to draw; all when absent. */
  readonly machineCount?: number;
  /** Length of the contiguous runs in the file's order that they are drawn as; of rows, the order in which machines are first named. */
  readonly block: number;
  readonly seed: number | string;
  readonly stepMs: number;
  /** The week of an `.avt`, and the time zone of an event table, are told from this much of its beginning. */
  readonly trainWeeks: number;
}

/** Positions of `machineCount` machines of `all`, as runs of `block` neighbours (the last one shorter), drawn without return, in order. */
export function drawRuns(
  all: number,
  wish: Pick<TraceWish, 'machineCount' | 'block' | 'seed'>,
): readonly number[] {
  const { machineCount = all, block, seed } = wish;
  if (machineCount > all) {
    throw new DreyError({
      code: 'trace-too-small',
      message: `the trace has ${all} machines, not ${machineCount}`,
      advice: 'Ask for fewer with --machines.',
    });
  }
  const random = createRandom(seed).fork('machines');
  const runs = Array.from({ length: Math.ceil(all / block) }, (_, run) => run);
  const positions: number[] = [];
  while (positions.length < machineCount) {
    const [run] = runs.splice(random.below(runs.length), 1);
    const from = run! * block;
    const count = Math.min(block, all - from, machineCount - positions.length);
    for (let at = 0; at < count; at++) positions.push(from + at);
  }
  return positions.toSorted((a, b) => a - b);
}

/** Reads and draws. Throws what the readers throw, and `trace-too-small`. */
export async function loadTrace(wish: TraceWish): Promise<FleetHistory> {
  const { file, format, stepMs } = wish;
  const pick = (all: number): readonly number[] => drawRuns(all, wish);
  if (format === 'rows') return loadRows(wish);
  const name = format === 'fta' ? 'failure-trace' : 'avt';
  const history = blindWhereNobodyWasUp(await openTrace(file, name, { stepMs, pick }));
  const slots = Math.max(1, Math.min(history.slotCount, Math.round((wish.trainWeeks * weekMs) / stepMs)));
  const beginning = sliceHistory(history, { fromSlot: 0, toSlot: slots });
  if (format === 'avt') return startingAt(history, likelyStartHour(beginning));
  const utcOffsetMs = likelyOffsetMs(beginning);
  return { ...history, machines: history.machines.map((machine) => ({ ...machine, utcOffsetMs })) };
}

/** As of the other formats: one wrong time would make a history of empty years. */
const extentMsMax = 25 * 366 * 24 * hourMs;

/** Seconds of the years 1998 to 2039, taken as milliseconds. */
const [secondsFrom, secondsTo] = [9e8, 2.2e9];

/** Names the line of the row whose time is farther from when most rows begin. */
async function refuseLength(file: string, rows: readonly TelemetryRow[]): Promise<never> {
  const uptime = rows.flatMap((row, at) => (row.kind === 'uptime' ? [{ row, at }] : []));
  const begins = uptime.map(({ row }) => row.fromMs).toSorted((a, b) => a - b);
  const usualMs = begins[Math.floor((begins.length - 1) / 2)]!;
  const distanceMs = ({ row: { fromMs, toMs } }: (typeof uptime)[number]): number =>
    Math.max(usualMs - fromMs, toMs - usualMs);
  const wild = uptime.reduce((far, one) => (distanceMs(one) > distanceMs(far) ? one : far));
  const years = Math.round(distanceMs(wild) / (365.25 * 24 * hourMs));
  throw new DreyError({
    code: 'trace-too-long',
    message: `${file}, ${await placeOf(file, wild.at)} lies ${years} years ${wild.row.fromMs < usualMs ? 'before' : 'after'} most others, if times are in milliseconds as they should be`,
    advice: 'Leave out the row whose time is wrong.',
  });
}

/** The file is read again: places of millions of rows would be held for nothing. */
async function placeOf(file: string, index: number): Promise<string> {
  let at = 0;
  for await (const { unit, number } of readPlacedRows(file)) if (at++ === index) return `${unit} ${number}`;
  return 'its end';
}

async function loadRows({ file, stepMs, ...draw }: TraceWish): Promise<FleetHistory> {
  const rows: TelemetryRow[] = [];
  const machines = new Set<MachineId>();
  let [fromMs, toMs] = [Number.POSITIVE_INFINITY, 0];
  for await (const row of readRowFile(file)) {
    rows.push(row);
    machines.add(row.machine);
    if (row.kind !== 'uptime') continue;
    fromMs = Math.min(fromMs, row.fromMs);
    toMs = Math.max(toMs, row.toMs);
  }
  if (toMs - fromMs > extentMsMax) await refuseLength(file, rows);
  if (toMs === 0) {
    throw new DreyError({
      code: 'trace-too-small',
      message: `${file} has no row about uptime`,
      advice: 'Export the telemetry again; access and location alone are no history.',
    });
  }
  if (fromMs > secondsFrom && toMs < secondsTo) {
    throw new DreyError({
      code: 'trace-too-small',
      message: `all uptime in ${file} lies in January 1970, as if its times were in seconds`,
      advice: 'Write the times of rows in milliseconds since 1970.',
    });
  }
  // Runs are of the file's order; where none are drawn its order says nothing.
  const ids = draw.machineCount === undefined ? [...machines].toSorted() : [...machines];
  const startMs = Math.ceil(fromMs / hourMs) * hourMs;
  if (toMs - startMs < stepMs) {
    throw new DreyError({
      code: 'trace-too-small',
      message: `the uptime in ${file} spans no whole ${stepMs === hourMs ? 'hour' : `${stepMs / hourMs} hours`}`,
      advice: 'Let the agents collect for longer and export again; models need two weeks.',
    });
  }
  const history = historyFromRows(rows, {
    fromMs: startMs,
    toMs,
    slotMs: stepMs,
    reportedMachines: drawRuns(ids.length, draw).map((position) => ids[position]!),
  });
  putDownAfterLastRows(history);
  return history;
}

/**
 * Who says nothing any more is down, as in an `.avt`: whoever comes back says that it was, and a policy that finds "unknown" for the others would
 * know who never does.
 */
function putDownAfterLastRows({ slotCount, machines, up }: FleetHistory): void {
  for (let row = 0; row < machines.length; row++) {
    const own = up.subarray(row * slotCount, (row + 1) * slotCount);
    const last = own.findLastIndex((state) => state !== slotUnknown);
    if (last >= 0) own.fill(slotDown, last + 1);
  }
}

/** Fewer machines may well all be off at night, or fall with one switch. */
const observedMachinesMin = 10;

/**
 * A slot in which nobody at all was up was not looked at: the observer was down, not the world. Not so in a few machines, nor in telemetry
 * rows, which say themselves what nobody looked at.
 */
function blindWhereNobodyWasUp(history: FleetHistory): FleetHistory {
  const { slotCount, machines } = history;
  if (machines.length < observedMachinesMin) return history;
  const up = Uint8Array.from(history.up);
  for (let slot = 0; slot < slotCount; slot++) {
    const isSeen = machines.some((_, row) => up[row * slotCount + slot] === slotUp);
    if (!isSeen) for (let row = 0; row < machines.length; row++) up[row * slotCount + slot] = slotUnknown;
  }
  return { ...history, up };
}

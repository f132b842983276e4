// Public failure traces to histories: `.avt` (Godfrey's Repository of Availability Traces) and the event tables of the
// Failure Trace Archive. A malformed line is named by file and number; nothing is guessed.

import { DreyError } from './errors.ts';
import { checkWindow, historyCellsMax } from './history-from-rows.ts';
import type { FleetHistory, MachineProfile } from './history.ts';
import { openLines } from './line-files.ts';
import { hourMs, machineId, secondMs, unixMs } from './units.ts';
import { cutHoles, fillGaps, PackedSpans, paintSlots, resolveSpans, type UpSpan } from './up-spans.ts';

export type TraceFormat = 'avt' | 'failure-trace';

export interface TraceOptions {
  /** How errors name the source. */
  readonly file: string;
  /** Length of a slot, a whole number of hours; default one hour. */
  readonly stepMs?: number;
  /** `.avt` only: unix time of the trace's second 0; default 0, which is a Thursday. */
  readonly originMs?: number;
  /** Part of time to keep, on whole hours; default: from the trace's first moment (`originMs` if given)
   * to its last. */
  readonly window?: { readonly fromMs: number; readonly toMs: number };
  /** Which machines to keep, by their position in the trace from 0, told how many there are; default: all. Long traces need it. */
  readonly pick?: (machineCount: number) => readonly number[];
  /**
   * `.avt` only: what a machine is before its first and after its last session. Default "down", as the format says;
   * "unknown" suits traces whose machines join and leave.
   */
  readonly outside?: 'down' | 'unknown';
  /** `.avt` only: spans in which nobody looked; unknown for all machines, whatever their sessions say. */
  readonly blindSpans?: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** Text of a whole `.avt` file, or its lines. Throws `trace-malformed` and `history-window`. */
export function readAvt(source: string | Iterable<string>, options: TraceOptions): FleetHistory {
  return readLines('avt', source, options);
}

/** Text of a whole Failure Trace Archive `event_trace.tab`, or its lines. Throws `trace-malformed` and `history-window`. */
export function readFailureTrace(source: string | Iterable<string>, options: TraceOptions): FleetHistory {
  return readLines('failure-trace', source, options);
}

/** Reads a plain or gzip file. Throws `dataset-missing`, `dataset-unreadable`, `trace-malformed` and `history-window`. */
export async function openTrace(
  path: string,
  format: TraceFormat,
  options: Omit<TraceOptions, 'file'> = {},
): Promise<FleetHistory> {
  const table = new TraceTable(format, { ...options, file: path });
  for await (const line of openLines(path)) table.addLine(line);
  return table.finish();
}

function readLines(
  format: TraceFormat,
  source: string | Iterable<string>,
  options: TraceOptions,
): FleetHistory {
  const table = new TraceTable(format, options);
  for (const line of typeof source === 'string' ? source.split(/\r?\n/) : source) table.addLine(line);
  return table.finish();
}

/** Times are below it: the year 33658. */
const secondsMax = 1e12;

/** Tables are separated by tabs and may have spaces and nothing at all in a column; some copies have spaces only. */
const fieldsOfEvent = (line: string): readonly string[] =>
  line.includes('\t') ? line.split('\t').map((field) => field.trim()) : line.trim().split(/\s+/);

/** No trace is longer: what says so has one time that is wrong, and would make a history of empty years. */
const extentMsMax = 25 * 366 * 24 * hourMs;

/** Collects spans per machine line by line, then paints them. */
class TraceTable {
  readonly #format: TraceFormat;
  readonly #options: TraceOptions;
  readonly #spansOf = new Map<string, PackedSpans>();
  readonly #platformOf = new Map<string, string>();
  /** Where each machine begins: half of them tell when most of the trace was. */
  readonly #firstMs = new Map<string, number>();
  readonly #earliest = { ms: Number.POSITIVE_INFINITY, line: 0 };
  readonly #latest = { ms: Number.NEGATIVE_INFINITY, line: 0 };
  /** Whether some event says "up", and whether one says "down". */
  readonly #says = { up: false, down: false };
  #lineNumber = 0;

  constructor(format: TraceFormat, options: TraceOptions) {
    this.#format = format;
    this.#options = options;
  }

  addLine(line: string): void {
    this.#lineNumber++;
    const text = line.trim();
    if (text === '' || text.startsWith('#')) return;
    if (this.#format === 'avt') this.#addSessions(text.split(/\s+/));
    else this.#addEvent(fieldsOfEvent(line));
  }

  /** `id n start end start end …`: n up-sessions in seconds, in order, disjoint. */
  #addSessions(fields: readonly string[]): void {
    const [id = '', countText = '', ...times] = fields;
    if (!/^\d{1,9}$/.test(countText)) this.#refuse('it does not say how many sessions it has');
    if (times.length !== 2 * Number(countText))
      this.#refuse(`it announces ${countText} sessions and has ${times.length} times`);
    if (this.#spansOf.has(id)) this.#refuse('its machine already had a line');
    const sessions: UpSpan[] = [];
    let lastMs = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < times.length; i += 2) {
      const fromMs = this.#time(times[i]!, this.#options.originMs);
      const toMs = this.#time(times[i + 1]!, this.#options.originMs);
      if (fromMs < lastMs || toMs < fromMs)
        this.#refuse(`session ${i / 2 + 1} is backwards or overlaps the one before`);
      if (toMs > fromMs) sessions.push(this.#noticed(id, { fromMs, toMs, isUp: true }));
      lastMs = toMs;
    }
    this.#spansOf.set(this.#checkId(id), new PackedSpans(sessions));
  }

  /** event id, component, node, platform, node name, type (1 up, 0 down), start, stop, reason; times in unix seconds. */
  #addEvent(fields: readonly string[]): void {
    const [first, , node = '', platform = '', , type, start = '', stop = ''] = fields;
    if (fields.length < 8) this.#refuse(`it has ${fields.length} columns, not at least 8`);
    // Some tables name their columns without the comment sign.
    if (this.#spansOf.size === 0 && first === 'event_id') return;
    if (type !== '0' && type !== '1')
      this.#refuse('its sixth column, in an event_trace.tab the type of the event, is neither 0 nor 1');
    const fromMs = this.#time(start);
    const toMs = this.#time(stop);
    if (toMs < fromMs) this.#refuse('its event stops before it starts');
    const id = this.#idOf(node, platform);
    const spans = this.#spansOf.get(id) ?? new PackedSpans([]);
    if (toMs > fromMs) {
      spans.add(this.#noticed(id, { fromMs, toMs, isUp: type === '1' }));
      this.#says[type === '1' ? 'up' : 'down'] = true;
    }
    this.#spansOf.set(this.#checkId(id), spans);
  }

  /** The node's own number; with its platform before it where an earlier platform has the same number. */
  #idOf(node: string, platform: string): string {
    const owner = this.#platformOf.get(node) ?? platform;
    this.#platformOf.set(node, owner);
    return owner === platform ? node : `${platform}:${node}`;
  }

  #time(text: string, originMs = 0): number {
    const seconds = /^\d{1,12}(\.\d+)?(e\+?\d{1,2})?$/i.test(text) ? Number(text) : Number.NaN;
    if (!(seconds < secondsMax)) this.#refuse('a time is not a number of seconds from 0 on');
    return originMs + Math.round(seconds * secondMs);
  }

  #checkId(id: string): string {
    if (id === '') this.#refuse('its machine has no id');
    if (id.length > 128) this.#refuse('its machine has more than 128 characters');
    return id;
  }

  #noticed(id: string, span: UpSpan): UpSpan {
    if (!this.#firstMs.has(id)) this.#firstMs.set(id, span.fromMs);
    if (span.fromMs < this.#earliest.ms)
      Object.assign(this.#earliest, { ms: span.fromMs, line: this.#lineNumber });
    if (span.toMs > this.#latest.ms) Object.assign(this.#latest, { ms: span.toMs, line: this.#lineNumber });
    return span;
  }

  /** Names the line of the time that is farther from when most machines begin. */
  #refuseLength(): void {
    const [earliest, latest] = [this.#earliest, this.#latest];
    if (!(latest.ms - earliest.ms > extentMsMax)) return;
    const firsts = [...this.#firstMs.values()].toSorted((a, b) => a - b);
    const usualMs = firsts[Math.floor((firsts.length - 1) / 2)]!;
    const isLate = latest.ms - usualMs > usualMs - earliest.ms;
    const wild = isLate ? latest : earliest;
    this.#lineNumber = wild.line;
    const years = Math.round(Math.abs(wild.ms - usualMs) / (365.25 * 24 * hourMs));
    this.#refuse(
      `one of its times is ${years} years ${isLate ? 'after' : 'before'} most machines begin, if times are in seconds as they should be`,
    );
  }

  #refuse(reason: string): never {
    throw new DreyError({
      code: 'trace-malformed',
      message: `${this.#options.file}, line ${this.#lineNumber} does not fit the format "${this.#format}": ${reason}`,
      advice: 'Check that the format is the right one, then fetch the file again.',
    });
  }

  finish(): FleetHistory {
    const { pick, stepMs = hourMs } = this.#options;
    if (this.#options.window === undefined) this.#refuseLength();
    const all = [...this.#spansOf];
    const kept = pick === undefined ? all : pick(all.length).map((position) => all[position]!);
    const { originMs = Number.POSITIVE_INFINITY } = this.#options;
    const extent = { fromMs: Math.min(originMs, this.#earliest.ms), toMs: this.#latest.ms };
    if (!Number.isFinite(extent.toMs) && this.#options.window === undefined) this.#refuseEmpty();
    const window = checkWindow(this.#options.window ?? wholeWindow(extent, stepMs), stepMs);
    if (kept.length * window.slotCount > historyCellsMax) this.#refuseSize(kept.length, window.slotCount);
    const blindSpans = this.#options.blindSpans ?? [];
    const blind = resolveSpans(blindSpans.map(({ fromMs, toMs }) => ({ fromMs, toMs, isUp: false })));
    const up = new Uint8Array(kept.length * window.slotCount);
    for (const [row, [, packed]] of kept.entries()) {
      const spans = packed.list();
      const known = this.#format === 'avt' ? this.#fillDown(spans, extent) : this.#fillSilence(spans, extent);
      const slots = up.subarray(row * window.slotCount, (row + 1) * window.slotCount);
      paintSlots(cutHoles(known, blind), window, slots);
    }
    const machines = kept.map(([id]): MachineProfile => {
      return { machine: machineId(id), attributes: {}, utcOffsetMs: 0 };
    });
    return { ...window, startMs: unixMs(window.startMs), machines, up, access: [] };
  }

  #fillDown(sessions: readonly UpSpan[], extent: Extent): readonly UpSpan[] {
    const isDownOutside = this.#options.outside !== 'unknown';
    const known = isDownOutside ? extent : extentOf(sessions);
    if (known.fromMs >= known.toMs) return sessions;
    return fillGaps(sessions, [{ ...known, isUp: false }]);
  }

  /**
   * A table of nothing but failures, or of nothing but sessions, leaves the other kind unsaid: from its first event on a machine is that, to
   * the end of the table. To its own last event would tell whoever looks at the past whether there is another one to come.
   */
  #fillSilence(spans: readonly UpSpan[], extent: Extent): readonly UpSpan[] {
    const resolved = resolveSpans(spans);
    const { fromMs } = extentOf(resolved);
    if (this.#says.up === this.#says.down || fromMs >= extent.toMs) return resolved;
    return fillGaps(resolved, [{ fromMs, toMs: extent.toMs, isUp: !this.#says.up }]);
  }

  #refuseEmpty(): never {
    throw new DreyError({
      code: 'trace-malformed',
      message:
        this.#spansOf.size === 0
          ? `${this.#options.file} names no machine`
          : `${this.#options.file} says of none of its ${this.#spansOf.size} machines when it was up or down`,
      advice: 'Check that the format is the right one, then fetch the file again.',
    });
  }

  #refuseSize(machineCount: number, slotCount: number): never {
    throw new DreyError({
      code: 'history-window',
      message: `${this.#options.file}: ${machineCount} machines × ${slotCount} slots is over ${historyCellsMax} cells`,
      advice: 'Ask for a shorter window, a longer step or fewer machines.',
    });
  }
}

interface Extent {
  readonly fromMs: number;
  readonly toMs: number;
}

/** From the first moment to the last; backwards when there is no span at all. */
function extentOf(spans: readonly UpSpan[]): Extent {
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  for (const span of spans) {
    fromMs = Math.min(fromMs, span.fromMs);
    toMs = Math.max(toMs, span.toMs);
  }
  return { fromMs, toMs };
}

/** Outwards to whole hours and steps. An empty trace has no window and is refused by `checkWindow`. */
function wholeWindow(extent: Extent, stepMs: number): Extent {
  const fromMs = Math.floor(extent.fromMs / hourMs) * hourMs;
  return { fromMs, toMs: fromMs + Math.ceil((extent.toMs - fromMs) / stepMs) * stepMs };
}

// The journal of one machine's own ups and downs: a small file, written whole each minute, from which the next start
// learns how the last run ended. No clean-stop mark means a crash. It never guesses what peers did.

import { z } from 'zod';
import {
  type MachineId,
  minutes,
  rowLimits,
  unixMs,
  type UnixMs,
  type UptimeRow,
  type UptimeState,
} from '../../../datasets/index.ts';
import { readJson, writeJson } from '../home.ts';

/** Time between two beats; what happened since the last one is lost in a crash. */
export const beatMs = minutes(1);
/** Three missed beats: a busy minute must not look like sleep, and nobody sleeps for less. */
export const beatGapMsMax = 3 * beatMs;
/** Spans that wait to be written into the log; beyond it the oldest are dropped (an agent that cannot write its log for weeks). */
export const waitingSpansMax = 4096;

const span = z.strictObject({
  fromMs: z.number(),
  toMs: z.number(),
  state: z.enum(['up', 'asleep', 'off', 'crashed']),
});

const journalSchema = z.strictObject({
  version: z.literal(1),
  /** Start of the present span of being up. */
  upSinceMs: z.number(),
  lastBeatMs: z.number(),
  /** Set only by a clean stop. */
  stoppedMs: z.number().optional(),
  waiting: z.array(span),
});

type Journal = z.output<typeof journalSchema>;
type Span = z.output<typeof span>;

/** How the run before this one ended, as the journal tells. `damaged`: the journal was unreadable and begins anew. */
export type LastEnd = 'none' | 'stopped' | 'crashed' | 'damaged';

export interface UptimeJournalOptions {
  readonly file: string;
  readonly machine: MachineId;
  readonly now: UnixMs;
  /** Hears that the journal could not be written; it goes on in memory, and the next beat writes it whole. */
  readonly onProblem: (error: unknown) => void;
}

export class UptimeJournal {
  readonly lastEnd: LastEnd;
  readonly #file: string;
  readonly #machine: MachineId;
  readonly #onProblem: (error: unknown) => void;
  #journal: Journal;

  /** Reads how the last run ended, and marks this one as running. */
  constructor({ file, machine, now, onProblem }: UptimeJournalOptions) {
    this.#file = file;
    this.#onProblem = onProblem;
    this.#machine = machine;
    const [before, lastEnd] = readBefore(file);
    this.lastEnd = lastEnd;
    const waiting = before === undefined ? [] : [...before.waiting, ...spansOfLastRun(before, now)];
    this.#journal = { version: 1, upSinceMs: now, lastBeatMs: now, waiting };
    this.#write();
  }

  /** Once a minute. A gap since the last beat is sleep (or a clock set forward: the two look the same from inside). */
  beat(now: UnixMs): void {
    const { upSinceMs, lastBeatMs, waiting } = this.#journal;
    if (now - lastBeatMs <= beatGapMsMax) {
      this.#journal = { ...this.#journal, lastBeatMs: Math.max(now, lastBeatMs) };
    } else {
      const slept = [...spans(upSinceMs, lastBeatMs, 'up'), ...spans(lastBeatMs, now, 'asleep')];
      this.#journal = { version: 1, upSinceMs: now, lastBeatMs: now, waiting: [...waiting, ...slept] };
    }
    this.#write();
  }

  /** Ends the open span at `now` and gives all rows that wait; they stay in the journal until `written`. */
  rows(now: UnixMs): readonly UptimeRow[] {
    this.beat(now);
    const { upSinceMs, waiting } = this.#journal;
    this.#journal = {
      version: 1,
      upSinceMs: now,
      lastBeatMs: now,
      waiting: joined([...waiting, ...spans(upSinceMs, now, 'up')]).slice(-waitingSpansMax),
    };
    this.#write();
    return this.#journal.waiting.map((one) => this.#row(one));
  }

  /** The rows are in the log now: the journal may forget them. */
  written(rows: readonly UptimeRow[]): void {
    this.#journal = { ...this.#journal, waiting: this.#journal.waiting.slice(rows.length) };
    this.#write();
  }

  /** The mark of a clean stop. */
  stop(now: UnixMs): void {
    this.beat(now);
    this.#journal = { ...this.#journal, lastBeatMs: now, stoppedMs: now };
    this.#write();
  }

  #row({ fromMs, toMs, state }: Span): UptimeRow {
    return { kind: 'uptime', machine: this.#machine, fromMs: unixMs(fromMs), toMs: unixMs(toMs), state };
  }

  /** A full or vanished disk must not end the agent: only a crash just then would lose what it saw. */
  #write(): void {
    try {
      writeJson(this.#file, this.#journal);
    } catch (error) {
      this.#onProblem(error);
    }
  }
}

function readBefore(file: string): readonly [Journal | undefined, LastEnd] {
  try {
    const journal = readJson(file, journalSchema);
    if (journal === undefined) return [undefined, 'none'];
    return [journal, journal.stoppedMs === undefined ? 'crashed' : 'stopped'];
  } catch {
    // A damaged journal costs at most an hour of the machine's own past; refusing to start would cost backups.
    return [undefined, 'damaged'];
  }
}

function spansOfLastRun(journal: Journal, now: UnixMs): readonly Span[] {
  const { upSinceMs, lastBeatMs, stoppedMs } = journal;
  if (stoppedMs !== undefined) return [...spans(upSinceMs, stoppedMs, 'up'), ...spans(stoppedMs, now, 'off')];
  return [...spans(upSinceMs, lastBeatMs, 'up'), ...spans(lastBeatMs, now, 'crashed')];
}

/** One span, cut where it is longer than a row may be; none where it is empty or the clock went backwards. */
function spans(fromMs: number, toMs: number, state: UptimeState): readonly Span[] {
  const cut: Span[] = [];
  for (let start = fromMs; start < toMs; start += rowLimits.spanMsMax)
    cut.push({ fromMs: start, toMs: Math.min(toMs, start + rowLimits.spanMsMax), state });
  return cut;
}

/** Neighbours in one state as one span, so that hours without a log to write to do not pile up as small spans. */
function joined(all: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const next of all) {
    const last = result.at(-1);
    const fits =
      last?.state === next.state &&
      last.toMs === next.fromMs &&
      next.toMs - last.fromMs <= rowLimits.spanMsMax;
    if (last !== undefined && fits) result[result.length - 1] = { ...last, toMs: next.toMs };
    else result.push(next);
  }
  return result;
}

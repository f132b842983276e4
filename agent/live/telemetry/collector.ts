// Collects what this machine tells of itself: a beat each minute, static facts each day, rows each hour. Decides when
// to look and what to hand over; what is done with the rows, and who may see them, is decided elsewhere.

import {
  dayMs,
  type LocationRow,
  type MachineAttributes,
  type MachineId,
  type TelemetryRow,
  type UnixMs,
} from '../../../datasets/index.ts';
import type { PackDescriptor } from '../../codec/index.ts';
import { telemetryFlushMs } from '../../limits.ts';
import type { Clock, Timer } from '../../ports.ts';
import { type Access, AccessCounts } from './access-counts.ts';
import {
  readMovingAttributes,
  readStaticAttributes,
  type MovingAttributes,
  type StaticAttributes,
} from './location.ts';
import { beatMs, type LastEnd, UptimeJournal } from './uptime-journal.ts';

export interface TelemetryOptions {
  readonly machine: MachineId;
  readonly clock: Clock;
  /** Where the uptime journal lies. */
  readonly journalFile: string;
  /** Salt of all hashes: the fleet's id. */
  readonly salt: string;
  /** Where people say that the machine stands. */
  readonly site?: string;
  readonly usage: () => { readonly freeBytes: number; readonly quotaBytes: number };
  /** Median round-trip time to peers in milliseconds; at most 32. */
  readonly roundTripMs: () => Readonly<Record<string, number>>;
  /** Writes rows into the agent's log; resolves once they are flushed. */
  readonly flush: (rows: readonly TelemetryRow[]) => Promise<void>;
  /** What the system tells of where it stands; for tests. */
  readonly readers?: {
    readonly readStatic: () => Promise<StaticAttributes>;
    readonly readMoving: (salt: string) => Promise<MovingAttributes>;
  };
  /** A collector that fails must be seen, and must not stop the agent. */
  readonly onProblem: (error: unknown) => void;
}

export interface Telemetry {
  /** How the run before this one ended. */
  readonly lastEnd: LastEnd;
  /** Adds what a scan of a drive saw. */
  countAccess(accesses: readonly Access[]): void;
  /** A restore has the pack. */
  countPack(descriptor: PackDescriptor): void;
  /** Hands over all finished rows now. Rejects when `flush` does; nothing is lost then. */
  flushNow(): Promise<void>;
  /** Last rows, the mark of a clean stop, no more beats. */
  stop(): Promise<void>;
}

/** Starts to collect: the first rows are handed over right after the first look, then each `telemetryFlushMs`. */
export function startTelemetry(options: TelemetryOptions): Telemetry {
  return new Collector(options);
}

class Collector implements Telemetry {
  readonly lastEnd: LastEnd;
  readonly #options: TelemetryOptions;
  readonly #journal: UptimeJournal;
  readonly #access: AccessCounts;
  #timer: Timer | undefined;
  #working: Promise<void> = Promise.resolve();
  #static: StaticAttributes = {};
  /** When it was asked for, answered or not: what hangs once hangs again. */
  #staticMs = -Infinity;
  #moving: MovingAttributes = {};
  #flushedAtMs = 0;
  #unwritten: readonly TelemetryRow[] = [];
  #stopped = false;

  constructor(options: TelemetryOptions) {
    this.#options = options;
    const now = options.clock.now();
    this.#journal = new UptimeJournal({
      file: options.journalFile,
      machine: options.machine,
      now,
      onProblem: options.onProblem,
    });
    this.lastEnd = this.#journal.lastEnd;
    this.#access = new AccessCounts(options.machine);
    this.#beat();
  }

  countAccess(accesses: readonly Access[]): void {
    this.#access.count(accesses, this.#options.clock.now());
  }

  countPack(descriptor: PackDescriptor): void {
    this.#access.countPack(descriptor, this.#options.clock.now());
  }

  flushNow(): Promise<void> {
    return this.#inTurn(() => this.#flush(this.#access.takeFinished(this.#options.clock.now())));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#inTurn(async () => {
      try {
        await this.#flush(this.#access.takeAll());
      } finally {
        this.#journal.stop(this.#options.clock.now());
      }
    });
  }

  #beat(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.start(beatMs, () => this.#beat());
    // Not in turn: a flush that hangs must not look like sleep.
    this.#journal.beat(this.#options.clock.now());
    this.#inTurn(() => this.#look()).catch(this.#options.onProblem);
  }

  /** One after the other: a slow look must not overtake a flush. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#working.then(work);
    this.#working = turn.catch(() => {});
    return turn;
  }

  async #look(): Promise<void> {
    const { clock } = this.#options;
    const now = clock.now();
    // What it cannot see now stays as it was: hours are counted also where a tool of the system hangs.
    const before = JSON.stringify(this.#moving);
    try {
      await this.#lookAround(now);
    } catch (error) {
      this.#options.onProblem(error);
    }
    const moved = JSON.stringify(this.#moving) !== before;
    if (moved || now - this.#flushedAtMs >= telemetryFlushMs)
      await this.#flush(this.#access.takeFinished(now));
  }

  async #lookAround(now: UnixMs): Promise<void> {
    const { salt, readers = { readStatic: readStaticAttributes, readMoving: readMovingAttributes } } =
      this.#options;
    if (now - this.#staticMs >= dayMs) {
      this.#staticMs = now;
      this.#static = await readers.readStatic();
    }
    this.#moving = await readers.readMoving(salt);
  }

  async #flush(access: readonly TelemetryRow[]): Promise<void> {
    const now = this.#options.clock.now();
    const uptime = this.#journal.rows(now);
    // Rows that a failed flush could not write wait here; uptime waits in the journal itself.
    this.#unwritten = [...this.#unwritten, ...access];
    await this.#options.flush([...uptime, this.#location(now), ...this.#unwritten]);
    this.#unwritten = [];
    this.#journal.written(uptime);
    this.#flushedAtMs = now;
  }

  #location(now: UnixMs): LocationRow {
    const { site } = this.#options;
    const attributes: MachineAttributes = {
      ...(site === undefined ? {} : { site }),
      ...this.#static,
      ...this.#moving,
    };
    return {
      kind: 'location',
      machine: this.#options.machine,
      atMs: now,
      attributes,
      roundTripMs: this.#options.roundTripMs(),
      ...this.#options.usage(),
    };
  }
}

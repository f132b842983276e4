// Signed logs of all agents in LevelDB. A batch is `stored` only when it is flushed; those that come in during one flush
// share the next. Checks order and hash chain, not signatures: those were checked before, and when it reads the last one of a chain is again.

import {
  batchPageBytesMax,
  batchPageCountMax,
  factBytesPerAgentMax,
  telemetryBytesPerAgentMax,
} from '../../limits.ts';
import type { UnixMs } from '../../../datasets/index.ts';
import { logName, noBatchHash, openKeptBatches, type SignedBatch, type Stream } from '../../codec/index.ts';
import type { Done, Log, LogHead, LogOutcome, LogPosition } from '../../ports.ts';
import type { PeerId } from '../../units.ts';
import { batchesPerFlushMax, queuedBatchesMax } from '../limits.ts';
import type { Database } from '../database.ts';
import { tell, tellResult } from '../tell.ts';
import { LogRows, type LogState } from './log-rows.ts';

export interface LogLimits {
  readonly factBytesPerAgentMax: number;
  readonly telemetryBytesPerAgentMax: number;
}

export interface LiveLogOptions {
  readonly database: Database;
  readonly limits?: Partial<LogLimits>;
  /** Told when the disk refused a flush or gave back bytes that are no batch; the log goes on. */
  readonly report?: (error: unknown) => void;
}

interface Waiting {
  readonly batch: SignedBatch;
  readonly done: Done<LogOutcome>;
}

/** A `Log` that also reads whole streams, for the start and for training. */
export interface LiveLog extends Log {
  /** All batches of a stream, by author, then in order. Batches that no longer open are left out and reported. */
  readAll(stream: Stream): AsyncIterable<SignedBatch>;
  /**
   * The same of facts, for the start: of others' logs only what follows without a hole. What a damaged disk lost in between is reported, and
   * the rest of that log removed when all was read, so that it is asked for anew. The log of `self` is never made shorter.
   */
  readFacts(self: PeerId): AsyncIterable<SignedBatch>;
  /** Ends when all that was appended is flushed. */
  idle(): Promise<void>;
}

export async function openLiveLog(options: LiveLogOptions): Promise<LiveLog> {
  const rows = new LogRows(options.database);
  const { whole, damaged } = await rows.states();
  const log = new LevelLog(options, rows, whole);
  for (const name of damaged) await log.restoreHead(name);
  return log;
}

class LevelLog implements LiveLog {
  readonly #rows: LogRows;
  readonly #limits: LogLimits;
  readonly #report: (error: unknown) => void;
  /** As on the disk. */
  readonly #flushed: Map<string, LogState>;
  /** With what is being flushed. */
  readonly #states: Map<string, LogState>;
  readonly #waiting: Waiting[] = [];
  #tail: Promise<void> = Promise.resolve();

  constructor(options: LiveLogOptions, rows: LogRows, states: Map<string, LogState>) {
    this.#rows = rows;
    this.#limits = { factBytesPerAgentMax, telemetryBytesPerAgentMax, ...options.limits };
    this.#report = options.report ?? (() => undefined);
    this.#flushed = states;
    this.#states = new Map(states);
  }

  heads(): ReadonlyMap<string, LogHead> {
    return this.#states;
  }

  append(batch: SignedBatch, done: Done<LogOutcome>): void {
    const name = logName(batch.author, batch.stream);
    const state = this.#states.get(name);
    const outcome = this.#outcomeOf(batch, state);
    if (outcome !== 'stored') {
      this.#serially(() => tell(done, outcome));
      return;
    }
    this.#states.set(name, stateAfter(batch, state));
    this.#waiting.push({ batch, done });
    this.#serially(() => this.#flush());
  }

  read(from: LogPosition, done: Done<readonly SignedBatch[]>): void {
    const failed = (error: unknown): readonly SignedBatch[] => {
      this.#report(error);
      return [];
    };
    void tellResult(this.#page(from), failed, done);
  }

  prune(beforeMs: UnixMs, done: Done<number>): void {
    this.#serially(async () => {
      let dropped = 0;
      for (const name of this.#states.keys()) {
        if (name.endsWith('/telemetry')) dropped += await this.#drop(name, (row) => row.atMs < beforeMs);
      }
      tell(done, dropped);
    });
  }

  readAll(stream: Stream): AsyncIterable<SignedBatch> {
    return this.#openAll(this.#rows.stream(stream));
  }

  async *readFacts(self: PeerId): AsyncIterable<SignedBatch> {
    const found = new Map<string, LogState>();
    for await (const batch of this.readAll('facts')) {
      const name = logName(batch.author, 'facts');
      const state = found.get(name);
      const follows =
        batch.sequence === (state?.next ?? 0) && batch.previous === (state?.hash ?? noBatchHash);
      if (!follows && batch.author !== self) continue;
      found.set(name, stateAfter(batch, state));
      yield batch;
    }
    const own = logName(self, 'facts');
    for (const name of new Set([...this.#flushed.keys(), ...found.keys()]))
      if (name.endsWith('/facts')) await this.#settle(name, found.get(name), { isOwn: name === own });
  }

  /** Heads and batches of a log are written together; where they differ the disk has lost some of them. */
  async #settle(
    name: string,
    found: LogState | undefined,
    { isOwn }: { readonly isOwn: boolean },
  ): Promise<void> {
    const [next, known] = [found?.next ?? 0, this.#flushed.get(name)?.next ?? 0];
    if (next === known || (isOwn && next < known)) return;
    this.#report(new Error(`a log of ${known} batches was damaged on this disk: ${next} are left`));
    await this.#endAt(name, found);
  }

  /** A head that is none is made anew from the batches that open; what others have beyond them is asked for. */
  async restoreHead(name: string): Promise<void> {
    let found: LogState | undefined;
    for await (const batch of this.#openAll(this.#rows.log(name, 0))) found = stateAfter(batch, found);
    this.#report(
      new Error(`the head of a log was damaged on this disk: it goes on from ${found?.next ?? 0}`),
    );
    await this.#endAt(name, found);
  }

  /** Forgets what comes after `end`; without it the whole log. */
  async #endAt(name: string, end: LogState | undefined): Promise<void> {
    await this.#rows.cutAt(name, end?.next ?? 0, end);
    for (const states of [this.#flushed, this.#states])
      if (end === undefined) states.delete(name);
      else states.set(name, end);
  }

  async idle(): Promise<void> {
    await this.#tail;
  }

  #outcomeOf(batch: SignedBatch, state: LogState | undefined): LogOutcome {
    const next = state?.next ?? 0;
    if (batch.sequence < next) return 'known';
    // A telemetry log may start late, or go on later: what was before is given up.
    const goesOnLater = batch.sequence > next && batch.stream === 'telemetry';
    const follows = batch.sequence === next && batch.previous === (state?.hash ?? noBatchHash);
    if (!goesOnLater && !follows) return 'gap';
    if (this.#waiting.length >= queuedBatchesMax) return 'full';
    const bytes = (state?.bytes ?? 0) + batch.bytes.length;
    return batch.stream === 'facts' && bytes > this.#limits.factBytesPerAgentMax ? 'full' : 'stored';
  }

  /** Writes one after the other; a failure of one is reported and does not stop the next. */
  #serially(work: () => Promise<void> | void): void {
    this.#tail = this.#tail.then(work).catch(this.#report);
  }

  async #flush(): Promise<void> {
    const group = this.#waiting.splice(0, batchesPerFlushMax);
    if (group.length === 0) return;
    const states = new Map<string, LogState>();
    for (const { batch } of group) {
      const name = logName(batch.author, batch.stream);
      states.set(name, stateAfter(batch, states.get(name) ?? this.#flushed.get(name)));
    }
    try {
      await this.#rows.write(
        group.map(({ batch }) => batch),
        states,
      );
    } catch (error) {
      this.#giveUp(group, error);
      return;
    }
    for (const [name, state] of states) this.#flushed.set(name, state);
    for (const { done } of group) tell(done, 'stored');
    for (const name of states.keys()) await this.#shrink(name);
  }

  /** The disk refused: nothing of what waits can follow, and the heads are what is really there. */
  #giveUp(group: readonly Waiting[], error: unknown): void {
    const failed = [...group, ...this.#waiting.splice(0)];
    this.#states.clear();
    for (const [name, state] of this.#flushed) this.#states.set(name, state);
    this.#report(error);
    for (const { done } of failed) tell(done, 'full');
  }

  /** Telemetry over its share loses its oldest batches. */
  async #shrink(name: string): Promise<void> {
    const state = this.#flushed.get(name);
    if (!name.endsWith('/telemetry') || state === undefined) return;
    let surplus = state.bytes - this.#limits.telemetryBytesPerAgentMax;
    if (surplus <= 0) return;
    await this.#drop(name, (row) => {
      const isDropped = surplus > 0 && row.sequence < state.next - 1;
      surplus -= row.bytes.length;
      return isDropped;
    });
  }

  /** Drops the oldest batches of a log as long as `isDropped` says so; the head stays. */
  async #drop(
    name: string,
    isDropped: (row: { atMs: number; sequence: number; bytes: Uint8Array }) => boolean,
  ): Promise<number> {
    const state = this.#flushed.get(name);
    if (state === undefined) return 0;
    const dropped: number[] = [];
    let bytes = 0;
    for await (const row of this.#rows.log(name, state.first)) {
      if (!isDropped(row)) break;
      dropped.push(row.sequence);
      bytes += row.bytes.length;
    }
    if (dropped.length === 0) return 0;
    const shrink = (old: LogState): LogState => ({
      ...old,
      first: (dropped.at(-1) ?? 0) + 1,
      bytes: Math.max(0, old.bytes - bytes),
    });
    await this.#rows.remove(name, dropped, shrink(state));
    this.#flushed.set(name, shrink(state));
    this.#states.set(name, shrink(this.#states.get(name) ?? state));
    return dropped.length;
  }

  async #page({ author, stream, sequence }: LogPosition): Promise<readonly SignedBatch[]> {
    const kept: Uint8Array[] = [];
    let byteCount = 0;
    for await (const { bytes } of this.#rows.log(logName(author, stream), sequence)) {
      byteCount += bytes.length;
      if (kept.length >= batchPageCountMax || (kept.length > 0 && byteCount > batchPageBytesMax)) break;
      kept.push(bytes);
    }
    return this.#open(kept, 'until one does not open');
  }

  async *#openAll(rows: AsyncIterable<{ readonly bytes: Uint8Array }>): AsyncIterable<SignedBatch> {
    let kept: Uint8Array[] = [];
    for await (const { bytes } of rows) {
      kept.push(bytes);
      if (kept.length < batchPageCountMax) continue;
      yield* this.#open(kept);
      kept = [];
    }
    yield* this.#open(kept);
  }

  #open(
    kept: readonly Uint8Array[],
    mode: 'all' | 'until one does not open' = 'all',
  ): readonly SignedBatch[] {
    const batches: SignedBatch[] = [];
    for (const opened of openKeptBatches(kept)) {
      if (opened.ok) batches.push(opened.value);
      else this.#report(new Error(`a stored batch does not open: ${opened.rejection.reason}`));
      if (!opened.ok && mode !== 'all') break;
    }
    return batches;
  }
}

const stateAfter = (batch: SignedBatch, state: LogState | undefined): LogState => ({
  next: batch.sequence + 1,
  hash: batch.hash,
  first: state?.first ?? batch.sequence,
  bytes: (state?.bytes ?? 0) + batch.bytes.length,
});

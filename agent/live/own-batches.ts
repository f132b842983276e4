// What this agent itself writes: signs records into batches of its own logs, each after the one before. What the core ordered and a full disk
// did not take is written when it does: nobody would order it again.

import type { UnixMs } from '../../datasets/index.ts';
import { DreyError, seconds } from '../../datasets/index.ts';
import {
  type AgentRecord,
  type CodecRejection,
  logName,
  type MachineKey,
  noBatchHash,
  openBatch,
  type SignedBatch,
  signBatch,
  type Stream,
} from '../codec/index.ts';
import { batchBytesMax, recordsPerBatchMax } from '../limits.ts';
import type { LogHead } from '../ports.ts';
import { refusedOrdersMax } from './limits.ts';
import type { LiveLog } from './log/index.ts';

export interface OwnBatchesParts {
  readonly log: Pick<LiveLog, 'heads' | 'append'>;
  readonly key: MachineKey;
  readonly now: () => UnixMs;
  /** A batch is in the log, flushed. */
  readonly stored: (batch: SignedBatch) => void;
  /** Told when a disk began to refuse what the core ordered. */
  readonly refused: (error: unknown) => void;
}

/** Between two tries. */
const retryMs = seconds(20);

export class OwnBatches {
  readonly #parts: OwnBatchesParts;
  /** Heads of the own logs, counting what is being flushed. */
  readonly #heads = new Map<Stream, LogHead>();
  #refused: (readonly AgentRecord[])[] = [];
  #nextTryMs = 0;

  constructor(parts: OwnBatchesParts) {
    this.#parts = parts;
  }

  /** As many batches as the records need. Rejects with `log-full` when the disk does not take them, with `record-unreadable` or `record-too-large` where others would not. */
  async append(stream: Stream, records: readonly AgentRecord[]): Promise<void> {
    const pages = Array.from({ length: Math.ceil(records.length / recordsPerPage(stream)) }, (_, page) =>
      records.slice(page * recordsPerPage(stream), (page + 1) * recordsPerPage(stream)),
    );
    await Promise.all(pages.map((page) => this.#append(stream, page)));
  }

  /** What the core ordered. Facts are tried again until they are written; telemetry is said anew by itself. */
  carryOut(stream: Stream, records: readonly AgentRecord[]): void {
    this.append(stream, records).catch((error: unknown) => {
      if (this.#refused.length === 0) this.#parts.refused(error);
      const isForLater = error instanceof DreyError && error.code === 'log-full';
      if (stream === 'facts' && isForLater) this.#keep(records);
    });
  }

  /** Tries again what was refused, in its order. */
  tick(now: UnixMs): void {
    if (this.#refused.length === 0 || now < this.#nextTryMs) return;
    this.#nextTryMs = now + retryMs;
    for (const records of this.#refused.splice(0))
      this.append('facts', records).catch(() => this.#keep(records));
  }

  #keep(records: readonly AgentRecord[]): void {
    // Of leases only the newest is of any use, and they alone come again and again.
    const isLease = ([first]: readonly AgentRecord[]): boolean => first?.kind === 'lease';
    if (isLease(records)) this.#refused = this.#refused.filter((others) => !isLease(others));
    if (this.#refused.length < refusedOrdersMax) this.#refused.push(records);
    this.#nextTryMs = this.#parts.now() + retryMs;
  }

  #append(stream: Stream, records: readonly AgentRecord[]): Promise<void> {
    const { key, log, now, stored } = this.#parts;
    const head = this.#heads.get(stream) ?? this.#lookAt(stream);
    const batch = signBatch({ key, stream, sequence: head.next, previous: head.hash, atMs: now(), records });
    if (batch.bytes.length > batchBytesMax) return Promise.reject(tooLarge(batch.bytes.length));
    // What nobody can read nothing can follow: all that is written later would reach nobody.
    const opened = openBatch(batch.bytes);
    if (!opened.ok) return Promise.reject(unreadable(opened.rejection));
    this.#heads.set(stream, { next: head.next + 1, hash: batch.hash });
    return new Promise((resolve, reject) => {
      log.append(batch, (outcome) => {
        if (outcome !== 'stored') {
          // What was signed after it cannot follow either: go on from what is really there.
          this.#lookAt(stream);
          reject(logFull(outcome));
          return;
        }
        stored(batch);
        resolve();
      });
    });
  }

  #lookAt(stream: Stream): LogHead {
    const { log, key } = this.#parts;
    const head = log.heads().get(logName(key.peer, stream)) ?? { next: 0, hash: noBatchHash };
    this.#heads.set(stream, head);
    return head;
  }
}

/** Telemetry records are pages of many rows already. */
const recordsPerPage = (stream: Stream): number => (stream === 'telemetry' ? 16 : recordsPerBatchMax);

const tooLarge = (byteCount: number): DreyError =>
  new DreyError({
    code: 'record-too-large',
    message: `a batch of ${byteCount} bytes is over the limit of ${batchBytesMax}`,
    advice: 'Report this: what is written at once must be made smaller.',
  });

const unreadable = ({ code, reason }: CodecRejection): DreyError =>
  new DreyError({
    code: 'record-unreadable',
    message: `nobody could read a batch of these records (${code}: ${reason}), so it was not written`,
    advice: 'Report this: what is written must keep to the formats.',
  });

const logFull = (outcome: string): DreyError =>
  new DreyError({
    code: 'log-full',
    message: `the log did not take a batch: ${outcome}`,
    advice: 'Free some space on the disk; the agent goes on by itself.',
    retry: 'retryable',
  });

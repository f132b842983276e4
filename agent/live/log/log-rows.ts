// How logs lie in LevelDB. `batch` rows: "stream/author/sequence" → time of the batch (float64, big endian) and its bytes.
// `head` rows: "author/stream" → state as JSON, written in the same flush as the batches that it counts.

import { z } from 'zod';
import { logName, type SignedBatch, type Stream } from '../../codec/index.ts';
import { logLengthMax } from '../../limits.ts';
import type { LogHead } from '../../ports.ts';
import type { Database, RowChange, Table } from '../database.ts';

export interface LogState extends LogHead {
  /** Sequence number of the oldest batch that is kept. */
  readonly first: number;
  /** Bytes of all batches that are kept. */
  readonly bytes: number;
}

export interface LogRow {
  readonly sequence: number;
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

const state = z.strictObject({
  next: z.int().min(0).max(logLengthMax),
  hash: z.string().length(64),
  first: z.int().min(0).max(logLengthMax),
  bytes: z.int().min(0),
});

/** Enough digits for every safe integer, so that keys sort as numbers do. */
const sequenceDigits = 16;
const timeBytes = 8;

const batchKey = (name: string, sequence: number): string => {
  const [author, stream] = name.split('/');
  return `${stream}/${author}/${String(sequence).padStart(sequenceDigits, '0')}`;
};

function encodeRow(batch: SignedBatch): Uint8Array {
  const row = new Uint8Array(timeBytes + batch.bytes.length);
  new DataView(row.buffer).setFloat64(0, batch.atMs);
  row.set(batch.bytes, timeBytes);
  return row;
}

const decodeRow = (key: string, row: Uint8Array): LogRow => ({
  sequence: Number(key.slice(-sequenceDigits)),
  atMs: new DataView(row.buffer, row.byteOffset).getFloat64(0),
  // A plain view: LevelDB hands out Node's own kind of buffer.
  bytes: new Uint8Array(row.buffer, row.byteOffset + timeBytes, row.length - timeBytes),
});

export class LogRows {
  readonly #database: Database;
  readonly #batches: Table<Uint8Array>;
  readonly #heads: Table<unknown>;

  constructor(database: Database) {
    this.#database = database;
    this.#batches = database.table<Uint8Array>('log-batch', 'view');
    this.#heads = database.table<unknown>('log-head', 'json');
  }

  /** States of all logs by name, and the names of those whose state is damaged. */
  async states(): Promise<{ readonly whole: Map<string, LogState>; readonly damaged: readonly string[] }> {
    const whole = new Map<string, LogState>();
    const damaged: string[] = [];
    for await (const [name, value] of this.#heads.iterator()) {
      const parsed = state.safeParse(value);
      if (parsed.success) whole.set(name, parsed.data);
      else damaged.push(name);
    }
    return { whole, damaged };
  }

  /** Batches and the states after them, flushed. */
  async write(batches: readonly SignedBatch[], states: ReadonlyMap<string, LogState>): Promise<void> {
    const changes: RowChange[] = batches.map((batch) => ({
      table: this.#batches,
      key: batchKey(logName(batch.author, batch.stream), batch.sequence),
      value: encodeRow(batch),
    }));
    for (const [name, value] of states) changes.push({ table: this.#heads, key: name, value });
    await this.#database.write(changes);
  }

  async remove(name: string, sequences: readonly number[], after: LogState): Promise<void> {
    const gone = sequences.map((sequence): RowChange => ({
      table: this.#batches,
      key: batchKey(name, sequence),
    }));
    await this.#database.write([...gone, { table: this.#heads, key: name, value: after }]);
  }

  /** Removes all batches from `next` on; without `after` the head too. */
  async cutAt(name: string, next: number, after: LogState | undefined): Promise<void> {
    const range = { gte: batchKey(name, next), lte: batchKey(name, Number.MAX_SAFE_INTEGER) };
    const changes: RowChange[] = [{ table: this.#heads, key: name, value: after }];
    for await (const key of this.#batches.keys(range)) changes.push({ table: this.#batches, key });
    await this.#database.write(changes);
  }

  // Rows of one log from `sequence` on, in order.
  async *log(name: string, sequence: number): AsyncIterable<LogRow> {
    const range = { gte: batchKey(name, sequence), lte: batchKey(name, Number.MAX_SAFE_INTEGER) };
    for await (const [key, row] of this.#batches.iterator(range)) yield decodeRow(key, row);
  }

  // Rows of one stream of all authors.
  async *stream(stream: Stream): AsyncIterable<LogRow> {
    // '0' is the character after '/'.
    for await (const [key, row] of this.#batches.iterator({ gte: `${stream}/`, lt: `${stream}0` })) {
      yield decodeRow(key, row);
    }
  }
}

// When this machine first heard that packs were given up: a row of the database for each batch, so that the time until they may be freed goes
// on over restarts. Lost, that time begins anew, and nothing else is lost.

import { rmSync } from 'node:fs';
import { z } from 'zod';
import { type UnixMs, unixMs } from '../../datasets/index.ts';
import type { HeardForget } from '../core/index.ts';
import { forgottenGraceMs } from '../limits.ts';
import { peerId } from '../units.ts';
import type { Database, RowChange, Table } from './database.ts';
import { isFullError } from './disk-full.ts';
import { type Home, readNotes } from './home.ts';

const sequence = z.int().min(0);
const heardMs = z.int().min(0).transform(unixMs);
const rowSchema = z.strictObject({ heardMs });
/** The file of older versions. */
const fileSchema = z.strictObject({
  version: z.literal(1),
  heard: z.array(z.strictObject({ author: z.string().transform(peerId), sequence, heardMs })),
});

/** By then all packs that a record named are freed, even on a machine that was off for long. */
const keptMs = 8 * forgottenGraceMs;

export class HeardForgets {
  readonly #database: Database;
  readonly #rows: Table<unknown>;
  readonly #file: string;

  constructor(database: Database, { heardForgetsFile }: Pick<Home, 'heardForgetsFile'>) {
    this.#database = database;
    this.#rows = database.table<unknown>('heard-forget', 'json');
    this.#file = heardForgetsFile;
  }

  /** All that are noted and that somebody may still need; the others go, and so does the file of an older version, into rows. */
  async load(now: UnixMs): Promise<readonly HeardForget[]> {
    const inFile = readNotes(this.#file, fileSchema)?.heard ?? [];
    const heard = inFile.filter((one) => now - one.heardMs < keptMs);
    const changes = heard.map((one) => this.#rowOf(one));
    for await (const [key, value] of this.#rows.iterator()) {
      const noted = decodeRow(key, value);
      if (noted !== undefined && now - noted.heardMs < keptMs) heard.push(noted);
      else changes.push({ table: this.#rows, key });
    }
    try {
      if (changes.length > 0) await this.#database.write(changes);
      rmSync(this.#file, { force: true });
    } catch (error) {
      // The next start does it.
      if (!isFullError(error)) throw error;
    }
    return heard;
  }

  /** Flushed when it resolves; those that come in during one flush share the next. */
  note(heard: HeardForget): Promise<void> {
    return this.#database.write([this.#rowOf(heard)]);
  }

  #rowOf({ author, sequence: at, heardMs: value }: HeardForget): RowChange {
    return { table: this.#rows, key: `${author}/${at}`, value: { heardMs: value } };
  }
}

/** Undefined for what no version writes. */
function decodeRow(key: string, value: unknown): HeardForget | undefined {
  const [author = '', at] = key.split('/');
  const [number, row] = [sequence.safeParse(Number(at)), rowSchema.safeParse(value)];
  if (!number.success || !row.success) return undefined;
  return { author: peerId(author), sequence: number.data, heardMs: row.data.heardMs };
}

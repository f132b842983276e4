// When this machine first heard that packs were given up, and what admins want deleted: a row of the database for each batch, so that the time
// until they may be freed goes on over restarts. Lost, that time begins anew.

import { rmSync } from 'node:fs';
import { z } from 'zod';
import { type UnixMs, unixMs } from '../../datasets/index.ts';
import { type HeardForget, isNoteNeeded } from '../core/index.ts';
import { peerId } from '../units.ts';
import type { Database, RowChange, Table } from './database.ts';
import { isFullError } from './disk-full.ts';
import { type Home, readNotes } from './home.ts';

const sequence = z.int().min(0);
const heardMs = z.int().min(0).transform(unixMs);
const rowSchema = z.strictObject({ heardMs });
const kind = z.enum(['forget', 'wipe']).optional();
/** The file of older versions. */
const fileSchema = z.strictObject({
  version: z.literal(1),
  heard: z.array(z.strictObject({ author: z.string().transform(peerId), sequence, heardMs })),
});

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
    const heard: HeardForget[] = [...inFile];
    const changes = heard.map((one) => this.#rowOf(one));
    for await (const [key, value] of this.#rows.iterator()) {
      const noted = decodeRow(key, value);
      if (noted !== undefined && isNoteNeeded(noted, now)) heard.push(noted);
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

  /** A batch may say both, and either is noted by itself. */
  #rowOf({ author, sequence: at, heardMs: value, of }: HeardForget): RowChange {
    const key = [author, at, ...(of === undefined ? [] : [of])].join('/');
    return { table: this.#rows, key, value: { heardMs: value } };
  }
}

/** Undefined for what no version writes. */
function decodeRow(key: string, value: unknown): HeardForget | undefined {
  const [author = '', at, what] = key.split('/');
  const [number, row, of] = [
    sequence.safeParse(Number(at)),
    rowSchema.safeParse(value),
    kind.safeParse(what),
  ];
  if (!number.success || !row.success || !of.success) return undefined;
  const noted = { author: peerId(author), sequence: number.data, heardMs: row.data.heardMs };
  return of.data === undefined ? noted : { ...noted, of: of.data };
}

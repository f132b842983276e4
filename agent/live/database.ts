// The agent's LevelDB behind one door for all writes. LevelDB goes on after a write that failed: what it appends beyond the torn record it
// confirms, and its next start does not find it. So after a failure nothing is written before the database was opened anew.

import { statfsSync } from 'node:fs';
import { ClassicLevel } from 'classic-level';
import { databaseBufferBytes, databaseCacheBytes, databaseRoomBytes, writesPerFlushMax } from './limits.ts';

type Level = ClassicLevel<string, Uint8Array>;

const tableIn = <Value>(level: Level, name: string, encoding: 'view' | 'json') =>
  level.sublevel<string, Value>(name, { valueEncoding: encoding });

/** Rows of one name, to read from. */
export type Table<Value> = ReturnType<typeof tableIn<Value>>;

/** A row without a value is gone. */
export interface RowChange {
  readonly table: Pick<Table<never>, 'prefix' | 'open'>;
  readonly key: string;
  readonly value?: unknown;
}

interface Waiting {
  readonly changes: readonly RowChange[];
  readonly isFlushed: boolean;
  readonly ended: PromiseWithResolvers<void>;
}

export class Database {
  readonly #level: Level;
  readonly #tables: RowChange['table'][] = [];
  readonly #waiting: Waiting[] = [];
  #working: Promise<void> | undefined;
  /** A write failed since the database was opened. */
  #isTorn = false;
  #isEnded = false;

  /** `location`: a folder of its own. */
  constructor(location: string) {
    this.#level = new ClassicLevel(location, {
      keyEncoding: 'utf8',
      valueEncoding: 'view',
      writeBufferSize: databaseBufferBytes,
      cacheSize: databaseCacheBytes,
    });
  }

  /** Throws LevelDB's error. */
  open(): Promise<void> {
    return this.#level.open();
  }

  table<Value>(name: string, encoding: 'view' | 'json'): Table<Value> {
    const table = tableIn<Value>(this.#level, name, encoding);
    this.#tables.push(table);
    return table;
  }

  /** All of it or nothing, in the order of the calls, flushed when it resolves; those that come in during one flush share the next. */
  write(changes: readonly RowChange[]): Promise<void> {
    return this.#queue(changes, true);
  }

  /** The same without a flush: a power cut may undo it. */
  note(changes: readonly RowChange[]): Promise<void> {
    return this.#queue(changes, false);
  }

  /** Closes for good, after all that waits. */
  async close(): Promise<void> {
    this.#isEnded = true;
    await this.#working;
    await this.#level.close();
  }

  #queue(changes: readonly RowChange[], isFlushed: boolean): Promise<void> {
    if (this.#isEnded) return Promise.reject(new Error('the database is closed'));
    const ended = Promise.withResolvers<void>();
    this.#waiting.push({ changes, isFlushed, ended });
    this.#working ??= this.#work();
    return ended.promise;
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, writesPerFlushMax);
      try {
        if (this.#isTorn) await this.#openAnew();
        await this.#writeNow(group);
        for (const { ended } of group) ended.resolve();
      } catch (error) {
        this.#isTorn = true;
        for (const { ended } of group) ended.reject(error);
      }
    }
    this.#working = undefined;
  }

  async #writeNow(group: readonly Waiting[]): Promise<void> {
    const changes = group.flatMap((waiting) => waiting.changes);
    await this.#level.batch(
      changes.map(({ table, key, value }) => {
        const sublevel = table as Table<unknown>;
        return value === undefined ? { type: 'del', sublevel, key } : { type: 'put', sublevel, key, value };
      }),
      { sync: group.some(({ isFlushed }) => isFlushed) },
    );
  }

  /** Its log is read up to the torn record and a new one begun. Only with room for that: else it would be shut for reading too. */
  async #openAnew(): Promise<void> {
    const { bavail, bsize } = statfsSync(this.#level.location);
    if (bavail * bsize < databaseRoomBytes)
      throw Object.assign(new Error('No space left to open the database anew'), { code: 'ENOSPC' });
    await this.#level.close();
    await this.#level.open();
    for (const table of this.#tables) await table.open();
    this.#isTorn = false;
  }
}

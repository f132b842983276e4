// Where an export goes, row by row: JSON lines, or for the analyst's own tools one wide table, CSV or Parquet, in which every
// kind of row has its columns and leaves the others empty. A whole export is never held, and takes no file's place before it is whole.

import {
  accessSync,
  constants,
  createWriteStream,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  type WriteStream,
} from 'node:fs';
import { once } from 'node:events';
import type * as Hyparquet from 'hyparquet-writer';
import { DreyError } from './errors.ts';
import { encodeRow } from './row-files.ts';
import { plainCell } from './row-tables.ts';
import { attributeNames, type TelemetryRow } from './rows.ts';

export type TableFormat = 'ndjson' | 'csv' | 'parquet';

type Cell = string | number | undefined;

interface Column {
  readonly name: string;
  /** Whole numbers become INT64, all else UTF-8 text. */
  readonly type: 'whole' | 'text';
  readonly of: (row: TelemetryRow) => Cell;
}

/** A column of the rows that have such a field at all. */
const field = (name: string, type: Column['type']): Column => ({
  name,
  type,
  of: (row) => (row as unknown as Readonly<Record<string, Cell>>)[name],
});

const columns: readonly Column[] = [
  field('kind', 'text'),
  field('machine', 'text'),
  field('fromMs', 'whole'),
  field('toMs', 'whole'),
  field('state', 'text'),
  field('atMs', 'whole'),
  ...attributeNames.map((name): Column => ({
    name,
    type: 'text',
    of: (row) => (row.kind === 'location' ? row.attributes[name] : undefined),
  })),
  {
    name: 'roundTripMs',
    type: 'text',
    of: (row) => (row.kind === 'location' ? JSON.stringify(row.roundTripMs) : undefined),
  },
  field('freeBytes', 'whole'),
  field('quotaBytes', 'whole'),
  field('hourMs', 'whole'),
  field('file', 'text'),
  field('reads', 'whole'),
  field('writes', 'whole'),
  field('byteCount', 'whole'),
  field('pack', 'text'),
  field('owner', 'text'),
  field('packClass', 'text'),
  field('k', 'whole'),
  field('n', 'whole'),
  field('packBytes', 'whole'),
];

/** Names of the table's columns, in order; times are unix milliseconds, `roundTripMs` is JSON. */
export const tableColumns: readonly string[] = columns.map(({ name }) => name);

/** A table that is being written. */
export interface RowTable {
  /** Throws `table-unwritable`. */
  add(row: TelemetryRow): void;
  /** Only now the table is whole, and takes the place of a file that was there. Throws `table-unwritable`. */
  close(): Promise<void>;
  /** What was written is not wanted: a file that was there stays as it was. */
  drop(): void;
}

/** Where rows go until the table is whole. A device or a pipe has no place beside it, and takes them at once. */
interface Place {
  readonly path: string;
  readonly written: string;
}

/** Leaves the file as it is until the table is closed. Throws `table-unwritable`. */
export async function openRowTable(path: string, format: TableFormat): Promise<RowTable> {
  const place = placeOf(path);
  switch (format) {
    case 'ndjson':
      return new TextTable(await openText(place), '', (row) => `${encodeRow(row)}\n`);
    case 'csv':
      return new TextTable(await openText(place), `${tableColumns.join(',')}\r\n`, csvRecord);
    case 'parquet':
      // Only here: commands that write no table start sooner.
      return new ParquetTable(place, await import('hyparquet-writer'));
  }
}

function placeOf(given: string): Place {
  try {
    const stats = statSync(given, { throwIfNoEntry: false });
    if (stats !== undefined && !stats.isFile()) return { path: given, written: given };
    if (stats !== undefined) accessSync(given, constants.W_OK);
    const path = stats === undefined ? given : realpathSync(given);
    return { path, written: `${path}.unfinished` };
  } catch (error) {
    throw unwritable(given, error);
  }
}

function keep({ path, written }: Place): void {
  if (written !== path) renameSync(written, path);
}

function drop({ path, written }: Place): void {
  if (written !== path) rmSync(written, { force: true });
}

function unwritable(path: string, cause: unknown): DreyError {
  const reason = cause instanceof Error && 'code' in cause ? `: ${String(cause.code)}` : '';
  return new DreyError({
    code: 'table-unwritable',
    message: `${path} cannot be written${reason}`,
    advice: 'Check that the folder exists, that you may write there, and that the disk has room.',
    cause,
  });
}

interface OpenText {
  readonly place: Place;
  readonly stream: WriteStream;
}

/** Before the first row is asked for. */
async function openText(place: Place): Promise<OpenText> {
  const stream = createWriteStream(place.written);
  try {
    await once(stream, 'open');
  } catch (error) {
    throw unwritable(place.path, error);
  }
  return { place, stream };
}

/** RFC 4180: quotes where a comma, a quote or a line break stands inside. */
const csvCell = (cell: Cell): string => {
  const text = typeof cell === 'string' ? plainCell(cell) : String(cell ?? '');
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const csvRecord = (row: TelemetryRow): string => `${columns.map(({ of }) => csvCell(of(row))).join(',')}\r\n`;

class TextTable implements RowTable {
  readonly #place: Place;
  readonly #stream: WriteStream;
  readonly #encode: (row: TelemetryRow) => string;
  #failure: unknown;

  constructor({ place, stream }: OpenText, head: string, encode: (row: TelemetryRow) => string) {
    this.#place = place;
    this.#encode = encode;
    this.#stream = stream;
    this.#stream.on('error', (error) => (this.#failure = error));
    this.#stream.write(head);
  }

  add(row: TelemetryRow): void {
    if (this.#failure !== undefined) throw unwritable(this.#place.path, this.#failure);
    this.#stream.write(this.#encode(row));
  }

  async close(): Promise<void> {
    try {
      if (this.#failure !== undefined) throw this.#failure;
      this.#stream.end();
      await once(this.#stream, 'finish');
      keep(this.#place);
    } catch (error) {
      this.drop();
      throw unwritable(this.#place.path, error);
    }
  }

  drop(): void {
    this.#stream.destroy();
    drop(this.#place);
  }
}

/** Rows in one row group: some ten megabytes before compression. */
const groupRows = 50_000;

class ParquetTable implements RowTable {
  readonly #place: Place;
  readonly #writer: Hyparquet.ParquetWriter;
  #rows: TelemetryRow[] = [];

  constructor(place: Place, { fileWriter, ParquetWriter: Writer }: typeof Hyparquet) {
    this.#place = place;
    this.#writer = this.#orUnwritable(
      () =>
        new Writer({
          writer: fileWriter(place.written),
          schema: [
            { name: 'rows', num_children: columns.length },
            ...columns.map(({ name, type }) =>
              type === 'whole'
                ? ({ name, type: 'INT64', repetition_type: 'OPTIONAL' } as const)
                : ({
                    name,
                    type: 'BYTE_ARRAY',
                    converted_type: 'UTF8',
                    repetition_type: 'OPTIONAL',
                  } as const),
            ),
          ],
          createdBy: 'drey',
        }),
    );
  }

  add(row: TelemetryRow): void {
    this.#rows.push(row);
    if (this.#rows.length >= groupRows) this.#flush();
  }

  async close(): Promise<void> {
    if (this.#rows.length > 0) this.#flush();
    // Writers of files are synchronous: nothing is left to wait for but what the type allows.
    await this.#orUnwritable(() => this.#writer.finish());
    this.#orUnwritable(() => keep(this.#place));
  }

  drop(): void {
    this.#rows = [];
    drop(this.#place);
  }

  #flush(): void {
    const rows = this.#rows;
    this.#rows = [];
    const columnData = columns.map(({ name, type, of }) => ({
      name,
      data: rows.map((row) => {
        const cell = of(row);
        if (cell === undefined) return null;
        return type === 'whole' ? BigInt(cell) : cell;
      }),
    }));
    void this.#orUnwritable(() => this.#writer.write({ columnData, rowGroupSize: groupRows }));
  }

  #orUnwritable<Value>(write: () => Value): Value {
    try {
      return write();
    } catch (error) {
      this.drop();
      throw unwritable(this.#place.path, error);
    }
  }
}

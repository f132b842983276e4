// Where an export goes, row by row: JSON lines, or for the analyst's own tools one wide table, CSV or Parquet, in which every
// kind of row has its columns and leaves the others empty. A whole export is never held.

import { createWriteStream, type WriteStream } from 'node:fs';
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
  /** The file is whole only after this. Throws `table-unwritable`. */
  close(): Promise<void>;
}

/** Replaces the file. Throws `table-unwritable`. */
export async function openRowTable(path: string, format: TableFormat): Promise<RowTable> {
  switch (format) {
    case 'ndjson':
      return new TextTable(await openText(path), '', (row) => `${encodeRow(row)}\n`);
    case 'csv':
      return new TextTable(await openText(path), `${tableColumns.join(',')}\r\n`, csvRecord);
    case 'parquet':
      // Only here: commands that write no table start sooner.
      return new ParquetTable(path, await import('hyparquet-writer'));
  }
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
  readonly path: string;
  readonly stream: WriteStream;
}

/** Before the first row is asked for. */
async function openText(path: string): Promise<OpenText> {
  const stream = createWriteStream(path);
  try {
    await once(stream, 'open');
  } catch (error) {
    throw unwritable(path, error);
  }
  return { path, stream };
}

/** RFC 4180: quotes where a comma, a quote or a line break stands inside. */
const csvCell = (cell: Cell): string => {
  const text = typeof cell === 'string' ? plainCell(cell) : String(cell ?? '');
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const csvRecord = (row: TelemetryRow): string => `${columns.map(({ of }) => csvCell(of(row))).join(',')}\r\n`;

class TextTable implements RowTable {
  readonly #path: string;
  readonly #stream: WriteStream;
  readonly #encode: (row: TelemetryRow) => string;
  #failure: unknown;

  constructor({ path, stream }: OpenText, head: string, encode: (row: TelemetryRow) => string) {
    this.#path = path;
    this.#encode = encode;
    this.#stream = stream;
    this.#stream.on('error', (error) => (this.#failure = error));
    this.#stream.write(head);
  }

  add(row: TelemetryRow): void {
    if (this.#failure !== undefined) throw unwritable(this.#path, this.#failure);
    this.#stream.write(this.#encode(row));
  }

  async close(): Promise<void> {
    try {
      if (this.#failure !== undefined) throw this.#failure;
      this.#stream.end();
      await once(this.#stream, 'finish');
    } catch (error) {
      throw unwritable(this.#path, error);
    }
  }
}

/** Rows in one row group: some ten megabytes before compression. */
const groupRows = 50_000;

class ParquetTable implements RowTable {
  readonly #path: string;
  readonly #writer: Hyparquet.ParquetWriter;
  #rows: TelemetryRow[] = [];

  constructor(path: string, { fileWriter, ParquetWriter: Writer }: typeof Hyparquet) {
    this.#path = path;
    this.#writer = this.#orUnwritable(
      () =>
        new Writer({
          writer: fileWriter(path),
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
      throw unwritable(this.#path, error);
    }
  }
}

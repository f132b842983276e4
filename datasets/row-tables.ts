// Rows back from the tables that an export writes: CSV and Parquet with one line a row, in which each kind of row has its columns and
// leaves the others empty. A table with other columns is refused; so is the first bad row, by file and number.

import { open } from 'node:fs/promises';
import { DreyError } from './errors.ts';
import { whyOutOfBounds } from './parquet-bounds.ts';
import { parseTelemetryRow } from './row-checks.ts';
import { attributeNames, type TelemetryRow } from './rows.ts';

type Cells = Readonly<Record<string, unknown>>;

/** Columns of whole numbers; all others are text. */
const wholeColumns = new Set([
  'fromMs',
  'toMs',
  'atMs',
  'freeBytes',
  'quotaBytes',
  'hourMs',
  'reads',
  'writes',
  'byteCount',
  'k',
  'n',
  'packBytes',
]);

/** Where a row stands: lines are counted from the top of the file, header and empty ones too; rows of Parquet by themselves. */
export interface RowPlace {
  readonly unit: 'line' | 'row';
  readonly number: number;
}

export interface PlacedRow extends RowPlace {
  readonly row: TelemetryRow;
}

/** A row of a table as the object that its line of JSON would be; empty cells are no fields. */
export function rowOfCells(cells: Cells, place: RowPlace & { readonly file: string }): TelemetryRow {
  const plain: Record<string, unknown> = {};
  const attributes: Record<string, unknown> = {};
  for (const [name, cell] of Object.entries(cells)) {
    if (cell === '' || cell === null || cell === undefined) continue;
    if ((attributeNames as readonly string[]).includes(name)) attributes[name] = cell;
    else plain[name] = wholeColumns.has(name) ? Number(cell) : cell;
  }
  if (plain['kind'] === 'location') {
    plain['attributes'] = attributes;
    plain['roundTripMs'] = parseJson(plain['roundTripMs'] ?? '{}');
  }
  const row = parseTelemetryRow(plain);
  if (row.kind !== 'rejection') return row;
  throw new DreyError({
    code: 'row-malformed',
    message: `${place.file}, ${place.unit} ${place.number} is no telemetry row: ${row.reason}`,
    advice: 'Export the telemetry again, or remove that row from the table.',
  });
}

function parseJson(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What a spreadsheet would take as a formula, and what `plainCell` has made of that. */
const formula = /^'*[=+\-@\t\r]/u;
const plainFormula = /^'+[=+\-@\t\r]/u;

/** Text that no spreadsheet computes: machines give themselves names, and may name themselves `=HYPERLINK(…)`. */
export const plainCell = (text: string): string => (formula.test(text) ? `'${text}` : text);

/** The text that `plainCell` was given. */
const textOfCell = (written: string): string => (plainFormula.test(written) ? written.slice(1) : written);

const cell = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/uy;

/** Cells of one line (RFC 4180 without line breaks inside); undefined where a quote does not fit. */
export function cellsOfLine(line: string): readonly string[] | undefined {
  const cells: string[] = [];
  cell.lastIndex = 0;
  for (;;) {
    const match = cell.exec(line);
    if (match === null) return undefined;
    cells.push(textOfCell(match[1]?.replaceAll('""', '"') ?? match[2]!));
    if (match[3] === '') return cells;
  }
}

/** Whether the file begins as Parquet does; false for one that cannot be opened. */
export async function isParquet(path: string): Promise<boolean> {
  try {
    await using handle = await open(path);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.toString('latin1') === 'PAR1';
  } catch {
    return false;
  }
}

/** Rows held at once. */
const pageRows = 20_000;

/**
 * Streams the rows of a Parquet file. Throws `row-malformed` and `dataset-unreadable`.
 * @yields The rows in order.
 */
export async function* readParquetRows(path: string): AsyncGenerator<PlacedRow> {
  // Only here: commands that never see a table start sooner.
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const { parquetHeader } = await import('hyparquet/src/column.js');
  try {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    const why = await whyOutOfBounds(file, metadata, parquetHeader);
    if (why !== undefined)
      throw unreadable(path, `it says that it has ${why}, which no table of telemetry has`);
    const count = Number(metadata.num_rows);
    for (let from = 0; from < count; from += pageRows) {
      const page = await parquetReadObjects({
        file,
        metadata,
        rowStart: from,
        rowEnd: Math.min(count, from + pageRows),
      });
      for (const [at, cells] of page.entries()) {
        const place = { unit: 'row', number: from + at + 1 } as const;
        yield { row: rowOfCells(cells, { file: path, ...place }), ...place };
      }
    }
  } catch (error) {
    if (error instanceof DreyError) throw error;
    throw unreadable(path, 'it cannot be read as Parquet', error);
  }
}

const unreadable = (path: string, reason: string, cause?: unknown): DreyError =>
  new DreyError({
    code: 'dataset-unreadable',
    message: `${path} is damaged: ${reason}`,
    advice: 'Fetch or export the file again.',
    cause,
  });

// Telemetry rows in files: one JSON object a line (NDJSON), what `drey telemetry export` writes and analysts read; its tables too.
// A file is somebody's work, so the first bad line stops the reading, by file and line number.

import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { DreyError } from './errors.ts';
import { openLines } from './line-files.ts';
import { cellsOfLine, isParquet, type PlacedRow, readParquetRows, rowOfCells } from './row-tables.ts';
import { parseTelemetryRow } from './row-checks.ts';
import { attributeNames, type LocationRow, type TelemetryRow } from './rows.ts';

/** One line without its line break; the same row always gives the same text, whatever the order of its keys was. */
export function encodeRow(row: TelemetryRow): string {
  switch (row.kind) {
    case 'uptime': {
      const { kind, machine, fromMs, toMs, state } = row;
      return JSON.stringify({ kind, machine, fromMs, toMs, state });
    }
    case 'location':
      return encodeLocation(row);
    case 'access': {
      const { kind, machine, hourMs, file, reads, writes, byteCount } = row;
      return JSON.stringify({ kind, machine, hourMs, file, reads, writes, byteCount });
    }
    case 'packRead': {
      const { kind, machine, hourMs, pack, owner, packClass, k, n, packBytes, reads } = row;
      return JSON.stringify({ kind, machine, hourMs, pack, owner, packClass, k, n, packBytes, reads });
    }
    default:
      return row satisfies never;
  }
}

function encodeLocation(row: LocationRow): string {
  const { kind, machine, atMs, freeBytes, quotaBytes } = row;
  const attributes: Record<string, string> = {};
  for (const name of attributeNames) {
    const value = row.attributes[name];
    if (value !== undefined) attributes[name] = value;
  }
  const peers = Object.entries(row.roundTripMs).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const roundTripMs = Object.fromEntries(peers);
  return JSON.stringify({ kind, machine, atMs, attributes, roundTripMs, freeBytes, quotaBytes });
}

/** The row of one line. Throws `row-malformed` with file and line number. */
export function decodeRow(
  line: string,
  place: { readonly file: string; readonly lineNumber: number },
): TelemetryRow {
  const row = parseTelemetryRow(parseJson(line, place));
  if (row.kind === 'rejection') throw malformed(row.reason, place);
  return row;
}

function parseJson(line: string, place: { readonly file: string; readonly lineNumber: number }): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) throw malformed('the line is not JSON', place);
    throw error;
  }
}

function malformed(reason: string, place: { readonly file: string; readonly lineNumber: number }): DreyError {
  return new DreyError({
    code: 'row-malformed',
    message: `${place.file}, line ${place.lineNumber} is no telemetry row: ${reason}`,
    advice: 'Export the telemetry again, or remove that line from the file.',
  });
}

/**
 * Checks lines one by one. `file` is how errors name the source. Throws `row-malformed`.
 * @yields The row of each line that is not empty.
 */
export function* readRows(
  lines: Iterable<string>,
  source: { readonly file: string },
): Generator<TelemetryRow> {
  let lineNumber = 0;
  for (const line of lines) {
    lineNumber++;
    if (line.trim() !== '') yield decodeRow(line, { file: source.file, lineNumber });
  }
}

/**
 * Streams a file of rows: JSON lines or the CSV of an export, plain or gzip, or its Parquet; what it begins with tells. Throws `row-malformed`, `dataset-missing`, `dataset-unreadable`.
 * @yields The row of each line that is not empty.
 */
export async function* readRowFile(path: string): AsyncGenerator<TelemetryRow> {
  for await (const { row } of readPlacedRows(path)) yield row;
}

/**
 * The same, each row with its place in the file.
 * @yields The row of each line that is not empty.
 */
export async function* readPlacedRows(path: string): AsyncGenerator<PlacedRow> {
  if (await isParquet(path)) {
    yield* readParquetRows(path);
    return;
  }
  let lineNumber = 0;
  let columns: readonly string[] | undefined;
  let open = '';
  let beganAt = 0;
  for await (const line of openLines(path)) {
    lineNumber++;
    // A record of several lines is named by its first.
    if (open === '') beganAt = lineNumber;
    const place = { file: path, lineNumber: beganAt };
    const record = open + line;
    open = '';
    if (record.trim() === '') continue;
    if (lineNumber === 1 && !line.trimStart().startsWith('{')) columns = columnsOf(line, place);
    else if (columns === undefined) yield { row: decodeRow(line, place), unit: 'line', number: lineNumber };
    // A line break in quotes: the record goes on.
    else if (hasOpenQuote(record) && record.length < recordCharactersMax) open = `${record}\n`;
    else yield { row: decodeCells(record, columns, place), unit: 'line', number: beganAt };
  }
  if (open !== '') throw malformed('a quote is not closed', { file: path, lineNumber: beganAt });
}

/** Whether a file is a table as an export writes it, CSV or Parquet. Throws `dataset-missing`, `dataset-unreadable`. */
export async function isRowTable(path: string): Promise<boolean> {
  if (await isParquet(path)) return true;
  for await (const line of openLines(path))
    return !line.startsWith('{') && cellsOfLine(line)?.some((name) => name.trim() === 'kind') === true;
  return false;
}

/** Names of the columns, in whatever order and quotes another tool has written them. */
function columnsOf(
  line: string,
  place: { readonly file: string; readonly lineNumber: number },
): readonly string[] {
  const columns = cellsOfLine(line)?.map((name) => name.trim()) ?? [];
  const why = !columns.includes('kind')
    ? 'it is neither JSON nor the header of a table, which names columns as in "kind,machine,fromMs,…"'
    : twiceIn(columns.filter((name) => name !== ''));
  if (why === undefined) return columns;
  throw new DreyError({
    code: 'row-malformed',
    message: `${place.file}, line ${place.lineNumber} is no telemetry row: ${why}`,
    advice: 'Export the telemetry again, or check that the format is the right one.',
  });
}

function twiceIn(columns: readonly string[]): string | undefined {
  const twice = columns.find((name, at) => columns.indexOf(name) !== at);
  return twice === undefined ? undefined : `its header has two columns "${twice}"`;
}

/** A record of a table has some hundred bytes; one that goes on for ever lacks a quote. */
const recordCharactersMax = 65_536;

const hasOpenQuote = (text: string): boolean => text.split('"').length % 2 === 0;

function decodeCells(
  line: string,
  columns: readonly string[],
  place: { readonly file: string; readonly lineNumber: number },
): TelemetryRow {
  const cells = cellsOfLine(line);
  if (cells?.length !== columns.length)
    throw malformed(`it has not the ${columns.length} cells of the first line`, place);
  const named = Object.fromEntries(columns.map((name, at) => [name, cells[at]]));
  return rowOfCells(named, { file: place.file, unit: 'line', number: place.lineNumber });
}

/** All rows as one text, a line break after each. */
export function encodeRows(rows: Iterable<TelemetryRow>): string {
  const lines: string[] = [];
  for (const row of rows) lines.push(encodeRow(row), '\n');
  return lines.join('');
}

/** Writes all rows, with gzip when the path ends in ".gz"; replaces the file. Throws `dataset-unwritable`. */
export async function writeRowFile(path: string, rows: Iterable<TelemetryRow>): Promise<void> {
  const text = encodeRows(rows);
  try {
    await writeFile(path, path.endsWith('.gz') ? gzipSync(text, { level: 9 }) : text);
  } catch (error) {
    throw new DreyError({
      code: 'dataset-unwritable',
      message: `${path} cannot be written`,
      advice: 'Check that the folder exists, that you may write there, and that the disk has room.',
      cause: error,
    });
  }
}

// What a Parquet file says of itself, checked before anything is set aside for it: a page of a few bytes may claim billions of rows. Tables of
// an export, and what other tools make of them by default, are far below all bounds.

import type { AsyncBuffer, ColumnMetaData, FileMetaData, RowGroup } from 'hyparquet';
import type { parquetHeader } from 'hyparquet/src/column.js';
import { gibibyte, mebibyte } from './units.ts';

type PageHeader = ReturnType<typeof parquetHeader>;
type ReadHeader = typeof parquetHeader;

/** What pyarrow writes into one row group where nothing is said; all rows of a group are in memory at once. */
const groupRowsMax = 1024 * 1024;
/** Twice what an export has. */
const columnsMax = 64;
/** Writers aim at one. */
const pageBytesMax = 64 * mebibyte;
/** Of all columns, uncompressed: a kilobyte a row. */
const groupBytesMax = gibibyte;
/** Others, as `DELTA_BYTE_ARRAY`, make long values out of next to nothing. */
const encodings: ReadonlySet<string> = new Set(['PLAIN', 'PLAIN_DICTIONARY', 'RLE_DICTIONARY', 'RLE']);

/** Why the file is not read; undefined where it may be. Throws what it likes where the bytes are no Parquet. */
export async function whyOutOfBounds(
  file: AsyncBuffer,
  { num_rows: rowCount, row_groups: groups }: Pick<FileMetaData, 'num_rows' | 'row_groups'>,
  readHeader: ReadHeader,
): Promise<string | undefined> {
  const groupedCount = groups.reduce((sum, group) => sum + group.num_rows, 0n);
  if (groupedCount !== rowCount) return `its groups have ${groupedCount} rows, not ${rowCount}`;
  for (const group of groups) {
    const why = await whyGroup(file, group, readHeader);
    if (why !== undefined) return why;
  }
  return undefined;
}

async function whyGroup(
  file: AsyncBuffer,
  { num_rows: rows, columns }: RowGroup,
  readHeader: ReadHeader,
): Promise<string | undefined> {
  if (rows < 0n || rows > groupRowsMax) return `a group of ${rows} rows`;
  if (columns.length > columnsMax) return `${columns.length} columns`;
  let groupBytes = 0;
  for (const { meta_data: column } of columns) {
    if (column === undefined) return 'a column that is not described';
    const chunk = await chunkOf(file, column);
    if (chunk === undefined) return 'a column beyond the end of the file';
    let values = 0;
    for (const header of headersIn(chunk, readHeader)) {
      const why = whyPage(header, Number(rows));
      if (why !== undefined) return why;
      groupBytes += header.uncompressed_page_size;
      for (const part of [header.data_page_header, header.data_page_header_v2])
        values += part?.num_values ?? 0;
    }
    // Nothing in such a table is a list: each row has one value, or null.
    if (values > rows) return `a column of ${values} values in ${rows} rows`;
    if (groupBytes > groupBytesMax) return `a group of over ${groupBytesMax} bytes`;
  }
  return undefined;
}

/** A column's bytes in one group; undefined where the file does not have them. */
async function chunkOf(file: AsyncBuffer, column: ColumnMetaData): Promise<ArrayBuffer | undefined> {
  const start = Number(column.dictionary_page_offset || column.data_page_offset);
  const end = start + Number(column.total_compressed_size);
  return start >= 0 && start <= end && end <= file.byteLength ? file.slice(start, end) : undefined;
}

function* headersIn(chunk: ArrayBuffer, readHeader: ReadHeader): Generator<PageHeader> {
  const reader = { view: new DataView(chunk), offset: 0 };
  while (reader.offset < chunk.byteLength - 1) {
    const header = readHeader(reader);
    yield header;
    reader.offset += header.compressed_page_size;
  }
}

const isBetween = (value: number | undefined, least: number, most: number): boolean =>
  value !== undefined && Number.isSafeInteger(value) && value >= least && value <= most;

function whyPage(header: PageHeader, rows: number): string | undefined {
  const { uncompressed_page_size: plain, compressed_page_size: packed } = header;
  if (!isBetween(plain, 0, pageBytesMax) || !isBetween(packed, 0, pageBytesMax))
    return `a page of ${plain} bytes`;
  const parts = [header.data_page_header, header.data_page_header_v2, header.dictionary_page_header];
  for (const part of parts) {
    if (part === undefined) continue;
    if (!isBetween(part.num_values, 0, rows)) return `a page of ${part.num_values} values in ${rows} rows`;
    if (!encodings.has(part.encoding)) return `the encoding ${part.encoding}`;
  }
  const second = header.data_page_header_v2;
  if (second !== undefined && !isBetween(second.num_nulls, 0, second.num_values))
    return 'nulls that are no rows';
  return undefined;
}

// Cuts rows into records that fit into signed batches. Changes no row; checks were made where the rows came in.

import { encodeRow, kibibyte, type TelemetryRow } from '../../../datasets/index.ts';
import type { TelemetryRecord } from '../../codec/index.ts';

/** A record stays small beside a batch (`batchBytesMax`), so that batches can be filled well. */
export const recordRowsMax = 512;
export const recordBytesMax = 64 * kibibyte;

/** Records with the rows in order, each at most `recordRowsMax` rows and about `recordBytesMax` bytes. */
export function telemetryRecords(
  rows: readonly TelemetryRow[],
  origin: TelemetryRecord['origin'],
): readonly TelemetryRecord[] {
  const records: TelemetryRecord[] = [];
  let page: TelemetryRow[] = [];
  let pageBytes = 0;
  for (const row of rows) {
    const bytes = encodeRow(row).length;
    if (page.length === recordRowsMax || (page.length > 0 && pageBytes + bytes > recordBytesMax)) {
      records.push({ kind: 'telemetry', origin, rows: page });
      [page, pageBytes] = [[], 0];
    }
    page.push(row);
    pageBytes += bytes;
  }
  return page.length === 0 ? records : [...records, { kind: 'telemetry', origin, rows: page }];
}

/** Rows of older monitoring, or of the generator for a trial, as records that say so. */
export const importTelemetry = (rows: readonly TelemetryRow[]): readonly TelemetryRecord[] =>
  telemetryRecords(rows, 'imported');

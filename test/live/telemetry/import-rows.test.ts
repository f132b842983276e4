// Files of older monitoring: nothing counts twice, and no row is years away from the others.

import test from 'ava';
import { newRows, strayRow } from '../../../agent/live/telemetry/index.ts';
import { dayMs, fileId, hourMs, machineId, type TelemetryRow, unixMs } from '../../../datasets/index.ts';

const startMs = Date.UTC(2026, 9, 5);
const machine = machineId('m');
const rowAt = (atMs: number, reads = 1): TelemetryRow => ({
  kind: 'access',
  machine,
  hourMs: unixMs(atMs),
  file: fileId('f'.repeat(32)),
  reads,
  writes: 0,
  byteCount: 1,
});

async function* logOf(rows: readonly TelemetryRow[]): AsyncGenerator<TelemetryRow> {
  for (const row of rows) yield row;
}

test('rows that are in the log are left out, as often as they are there', async (t) => {
  const rows = [rowAt(startMs), rowAt(startMs), rowAt(startMs + hourMs), rowAt(startMs + hourMs, 2)];
  t.deepEqual(await newRows(rows, logOf([])), rows);
  t.deepEqual(await newRows(rows, logOf(rows)), []);
  t.deepEqual(await newRows(rows, logOf([rowAt(startMs), rowAt(startMs - hourMs)])), rows.slice(1));
});

test('a row that is decades away from the others is found, years of monitoring are not', (t) => {
  const years = Array.from({ length: 60 }, (_, month) => rowAt(startMs - month * 30 * dayMs));
  t.is(strayRow(years), undefined);
  t.is(strayRow([...years, rowAt(0)]), 60);
  t.is(strayRow([rowAt(Date.UTC(2126, 0, 1)), ...years]), 0);
  t.is(strayRow([]), undefined);
});

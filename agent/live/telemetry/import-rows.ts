// Rows of older monitoring before an agent signs them: what is in its log already is left out, and a row that is years away from all
// others is refused, as one wrong digit of a date would stretch the history over decades.

import { dayMs, encodeRow, knownAtMs, type TelemetryRow } from '../../../datasets/index.ts';

/** Nobody's monitoring goes on for longer, and a wrong unit or century is further away. */
const strayMsMax = 10 * 365 * dayMs;

/** The place of a row that is too far from the middle one; undefined where there is none. */
export function strayRow(rows: readonly TelemetryRow[]): number | undefined {
  const times = Float64Array.from(rows, knownAtMs).toSorted();
  const middle = times[Math.floor(times.length / 2)] ?? 0;
  const at = rows.findIndex((row) => Math.abs(knownAtMs(row) - middle) > strayMsMax);
  return at < 0 ? undefined : at;
}

/** Rows that `known` does not have, in their order. One that is there once and comes twice is new once. */
export async function newRows(
  rows: readonly TelemetryRow[],
  known: AsyncIterable<TelemetryRow>,
): Promise<readonly TelemetryRow[]> {
  const there = new Map(rows.map((row) => [encodeRow(row), 0]));
  for await (const row of known) {
    const text = encodeRow(row);
    const count = there.get(text);
    if (count !== undefined) there.set(text, count + 1);
  }
  return rows.filter((row) => {
    const text = encodeRow(row);
    const count = there.get(text) ?? 0;
    if (count > 0) there.set(text, count - 1);
    return count === 0;
  });
}

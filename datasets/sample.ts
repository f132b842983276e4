// The small generated sample that comes with the project, so that everything works without a network or a fleet.
// It holds generated data only; a test makes it again and compares every byte.

import { fileURLToPath } from 'node:url';
import { generateFleet } from './generator/fleet.ts';
import type { FleetOptions } from './generator/options.ts';
import { historyFromRows } from './history-from-rows.ts';
import type { FleetHistory } from './history.ts';
import { readRowFile, writeRowFile } from './row-files.ts';
import type { TelemetryRow } from './rows.ts';
import { weekMs } from './units.ts';

/** What the sample was generated from; `generateFleet(sampleOptions)` also gives its truth. */
export const sampleOptions = {
  seed: 'sample',
  machineCount: 24,
  weeks: 4,
  startMs: Date.UTC(2026, 0, 5),
} as const satisfies FleetOptions;

const samplePath = fileURLToPath(new URL('samples/fleet-24x4w.ndjson.gz', import.meta.url));

export interface Sample {
  /** By machine, each machine's rows in the order in which they came to be known. */
  readonly rows: readonly TelemetryRow[];
  readonly history: FleetHistory;
}

/** Reads the sample from the project's own folder. Throws `dataset-missing` or `dataset-unreadable` if it is gone. */
export async function loadSample(): Promise<Sample> {
  const rows: TelemetryRow[] = [];
  for await (const row of readRowFile(samplePath)) rows.push(row);
  const fromMs = sampleOptions.startMs;
  const history = historyFromRows(rows, { fromMs, toMs: fromMs + sampleOptions.weeks * weekMs });
  return { rows, history };
}

/** Generates the sample's rows again. */
export function sampleRows(): readonly TelemetryRow[] {
  return [...generateFleet(sampleOptions).rows.values()].flat();
}

/** Writes the sample into the project; run after a deliberate change of the generator. Throws `dataset-unwritable`. */
export async function writeSample(path = samplePath): Promise<void> {
  await writeRowFile(path, sampleRows());
}

// Writes the history of a generated fleet: one row file a machine for `drey telemetry import`, and the truth that
// models are judged by (never trained on).

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DreyError,
  generateFleet,
  hourMs,
  makeFolders,
  weekMs,
  writeRowFile,
  type MachineId,
} from '../datasets/index.ts';

export interface GeneratedHistoryOptions {
  readonly folder: string;
  readonly seed: string;
  readonly weeks: number;
  readonly machineCount: number;
  readonly machines?: readonly MachineId[];
  /** The history ends at the last whole hour before this moment. */
  readonly nowMs: number;
}

export interface WrittenHistory {
  readonly files: readonly {
    readonly machine: MachineId;
    readonly file: string;
    readonly rowCount: number;
  }[];
  readonly truthFile: string;
  /** Names and members of the hidden domains. */
  readonly domains: readonly { readonly name: string; readonly machines: readonly MachineId[] }[];
}

/** Throws `fleet-options` when the numbers are out of range, `dataset-unwritable` when the folder cannot be made or written. */
export async function writeGeneratedHistory(options: GeneratedHistoryOptions): Promise<WrittenHistory> {
  const endMs = Math.floor(options.nowMs / hourMs) * hourMs;
  const fleet = generateFleet({
    seed: options.seed,
    machineCount: options.machineCount,
    weeks: options.weeks,
    startMs: endMs - options.weeks * weekMs,
    ...(options.machines === undefined ? {} : { machines: options.machines }),
  });
  makeOutFolder(options.folder);
  const files: { readonly machine: MachineId; readonly file: string; readonly rowCount: number }[] = [];
  for (const [machine, rows] of fleet.rows) {
    const file = join(options.folder, `${machine}.ndjson`);
    await writeRowFile(file, rows);
    files.push({ machine, file, rowCount: rows.length });
  }
  const machineAt = (index: number): MachineId => fleet.history.machines[index]!.machine;
  const domains = fleet.truth.domains.map(({ name, members }) => ({
    name,
    machines: members.map(machineAt),
  }));
  const truthFile = join(options.folder, 'truth.json');
  writeFileSync(
    truthFile,
    JSON.stringify({ seed: options.seed, weeks: options.weeks, domains }, undefined, 2),
  );
  return { files, truthFile, domains };
}

function makeOutFolder(folder: string): void {
  try {
    makeFolders(folder);
  } catch (error) {
    throw new DreyError({
      code: 'dataset-unwritable',
      message: `the folder ${folder} cannot be made (${(error as NodeJS.ErrnoException).code ?? String(error)})`,
      advice: 'Name a folder that you may make, or one that is there, with --out.',
      cause: error,
    });
  }
}

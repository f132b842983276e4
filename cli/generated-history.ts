// Writes the history of a generated fleet: one row file a machine for `drey telemetry import`, and the truth that
// models are judged by (never trained on).

import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  countText,
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

/** Throws `dataset-of-another` where files of other machines are there, `fleet-options` when the numbers are out of range, `dataset-unwritable` when the folder cannot be made or written. */
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
  refuseOthers(
    options.folder,
    fleet.history.machines.map(({ machine }) => `${machine}.ndjson`),
  );
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

/** Files of the same machines are written anew; with others beside them two fleets would be read as one. */
function refuseOthers(folder: string, own: readonly string[]): void {
  const others = new Set(readdirSync(folder).filter((name) => name.endsWith('.ndjson'))).difference(
    new Set(own),
  );
  const [first] = others;
  if (first === undefined) return;
  throw new DreyError({
    code: 'dataset-of-another',
    message: `${folder} has ${countText(others.size, 'file')} of rows of other machines, the first ${first}`,
    advice: 'Name another folder with --out, or empty this one: two fleets in one folder are read as one.',
  });
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

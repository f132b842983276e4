// `npm run upgrade -- --old CHECKOUT`: a fleet of real agents goes from an older version to this one, machine by machine, while it backs up and restores;
// one is killed in between, and one goes back for a while. CHECKOUT is a clone at the older commit in which `npm install` ran. Exit codes: 0 everything
// came back byte for byte, 1 something did not, 2 the command line is wrong.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { runProgram, say } from './program.ts';
import { type Processes, UpgradedFleet } from './upgraded-fleet.ts';

async function run({ old }: { readonly old: string }): Promise<void> {
  const module = pathToFileURL(join(resolve(old), 'cli', 'demo', 'processes.ts')).href;
  const older = (await import(module)) as Processes;
  older.endAgentsWithThis();
  const root = mkdtempSync(join(tmpdir(), 'drey-upgrade-'));
  const fleet = new UpgradedFleet({ root, older, say });
  try {
    await goThrough(fleet);
  } finally {
    await fleet.end();
    rmSync(root, { recursive: true, force: true });
  }
}

async function goThrough(fleet: UpgradedFleet): Promise<void> {
  await fleet.found(6);
  for (const at of [2, 3]) await fleet.protect(at);
  for (const at of [4, 5, 6]) await fleet.restart(at, 'this');
  await fleet.allUp();
  await fleet.protect(5);
  await fleet.protect(2);
  for (const at of [2, 5]) await fleet.restoreAndVerify(at);
  await fleet.join(7, 'this');
  await fleet.join(8, 'older');
  await fleet.allUp();
  for (const at of [7, 8]) await fleet.protect(at);
  for (const at of [7, 8]) await fleet.restoreAndVerify(at);
  await fleet.kill(3);
  for (const at of [3, 1, 2, 8]) await fleet.restart(at, 'this');
  await fleet.allUp();
  for (const at of [2, 3, 5, 7, 8]) await fleet.restoreAndVerify(at);
  await fleet.restart(5, 'older');
  await fleet.allUp();
  await fleet.protect(5);
  await fleet.restoreAndVerify(5);
  await fleet.restart(5, 'this');
  await fleet.restoreAndVerify(5);
  await fleet.nothingWrong();
}

const command = new Command('upgrade')
  .description('Takes a fleet of real agents from an older version to this one, one after the other.')
  .requiredOption('--old <checkout>', 'a clone at an older commit, installed')
  .action(run);

await runProgram(command);

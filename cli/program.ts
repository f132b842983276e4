// The command line as a whole: which commands exist, in the order of a roll-out.

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addAlertsCommands } from './commands/alerts.ts';
import { addDashboardCommand } from './commands/dashboard.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDiffCommand } from './commands/diff.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addFindCommand } from './commands/find.ts';
import { addFleetCommands } from './commands/fleet.ts';
import { addHistoryCommand } from './commands/history.ts';
import { addJoinCommand } from './commands/join.ts';
import { addLimitsCommand } from './commands/limits.ts';
import { addMetricsCommand } from './commands/metrics.ts';
import { addModelsCommands } from './commands/models.ts';
import { addPlanCommands } from './commands/plan.ts';
import { addProtectCommand } from './commands/protect.ts';
import { addRestoreCommand } from './commands/restore.ts';
import { addRetentionCommand } from './commands/retention.ts';
import { addSnapshotsCommand } from './commands/snapshots.ts';
import { addStatusCommand } from './commands/status.ts';
import { addTelemetryCommands } from './commands/telemetry.ts';
import { addUnprotectCommand } from './commands/unprotect.ts';
import { addUpCommand } from './commands/up.ts';
import { addVerifyCommand } from './commands/verify.ts';

const packageVersion = (): string =>
  (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
    .version;

/** `help` for commands of any depth; one that does not exist is an error with what may be meant, not the whole list. */
function addHelpCommand(program: Command): void {
  program
    .helpCommand(false)
    .command('help')
    .description('show what a command does, and its options')
    .argument('[command...]', 'its words, as in "fleet invite"')
    .addHelpText('after', '\nExample:\n  drey help fleet invite\n')
    .action(async (words: readonly string[]) => {
      let found = program;
      for (const word of words) {
        const next = found.commands.find((command) => command.name() === word);
        if (next === undefined && found.commands.length > 0) await found.parseAsync([word], { from: 'user' });
        found = next ?? found;
      }
      found.outputHelp();
    });
}

/** Every command, ready to parse. Throws CommanderError instead of ending the process. */
export function createProgram(): Command {
  const program = new Command('drey');
  program
    .description('Keeps files safe on the desktops that you already own.')
    .version(packageVersion(), '-v, --version')
    .showHelpAfterError('(add --help for the options and an example)')
    .exitOverride();
  for (const add of [
    addFleetCommands,
    addJoinCommand,
    addUpCommand,
    addProtectCommand,
    addUnprotectCommand,
    addStatusCommand,
    addSnapshotsCommand,
    addFindCommand,
    addHistoryCommand,
    addDiffCommand,
    addRestoreCommand,
    addVerifyCommand,
    addRetentionCommand,
    addPlanCommands,
    addTelemetryCommands,
    addModelsCommands,
    addDashboardCommand,
    addLimitsCommand,
    addMetricsCommand,
    addAlertsCommands,
    addDoctorCommand,
    addDemoCommand,
    addHelpCommand,
  ]) {
    add(program);
  }
  return program;
}

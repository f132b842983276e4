// The command line as a whole: which commands exist, in the order of a roll-out. Each is loaded when its name is there: all of them take a quarter of
// what a command costs, and stay in the memory of an agent.

import { readFileSync } from 'node:fs';
import { Command } from 'commander';

type Add = (program: Command) => void;

const loaders: Readonly<Record<string, () => Promise<Add>>> = {
  fleet: async () => (await import('./commands/fleet.ts')).addFleetCommands,
  join: async () => (await import('./commands/join.ts')).addJoinCommand,
  up: async () => (await import('./commands/up.ts')).addUpCommand,
  protect: async () => (await import('./commands/protect.ts')).addProtectCommand,
  unprotect: async () => (await import('./commands/unprotect.ts')).addUnprotectCommand,
  status: async () => (await import('./commands/status.ts')).addStatusCommand,
  snapshots: async () => (await import('./commands/snapshots.ts')).addSnapshotsCommand,
  find: async () => (await import('./commands/find.ts')).addFindCommand,
  history: async () => (await import('./commands/history.ts')).addHistoryCommand,
  diff: async () => (await import('./commands/diff.ts')).addDiffCommand,
  restore: async () => (await import('./commands/restore.ts')).addRestoreCommand,
  verify: async () => (await import('./commands/verify.ts')).addVerifyCommand,
  retention: async () => (await import('./commands/retention.ts')).addRetentionCommand,
  plan: async () => (await import('./commands/plan.ts')).addPlanCommands,
  telemetry: async () => (await import('./commands/telemetry.ts')).addTelemetryCommands,
  models: async () => (await import('./commands/models.ts')).addModelsCommands,
  dashboard: async () => (await import('./commands/dashboard.ts')).addDashboardCommand,
  limits: async () => (await import('./commands/limits.ts')).addLimitsCommand,
  metrics: async () => (await import('./commands/metrics.ts')).addMetricsCommand,
  alerts: async () => (await import('./commands/alerts.ts')).addAlertsCommands,
  doctor: async () => (await import('./commands/doctor.ts')).addDoctorCommand,
  demo: async () => (await import('./commands/demo.ts')).addDemoCommand,
};

/** Names of all commands that stand first. */
export const commandNames: readonly string[] = Object.keys(loaders);

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

/**
 * Ready to parse `words`: with the command that they begin with, or with every one where they begin with none. Throws CommanderError instead of
 * ending the process.
 */
export async function createProgram(words: readonly string[] = []): Promise<Command> {
  const program = new Command('drey');
  program
    .description('Keeps files safe on the desktops that you already own.')
    .version(packageVersion(), '-v, --version')
    .showHelpAfterError('(add --help for the options and an example)')
    .exitOverride();
  for (const name of namesFor(words)) (await loaders[name]!())(program);
  addHelpCommand(program);
  return program;
}

/** Of the commands that `words` need. */
function namesFor([first = '', second = '']: readonly string[]): readonly string[] {
  if (first === '-v' || first === '--version') return [];
  const name = first === 'help' ? second : first;
  return commandNames.includes(name) ? [name] : commandNames;
}

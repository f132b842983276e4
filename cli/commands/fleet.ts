// `drey fleet`: create one, make admins, invite machines, put one out, set the policy.

import { hostname } from 'node:os';
import type { Command } from 'commander';
import { holderSilenceMsMin, inviteUsesMax } from '../../agent/index.ts';
import { askAgent } from '../../agent/control/index.ts';
import { DreyError, seconds } from '../../datasets/index.ts';
import { homeOf, show, withCommonOptions, type CommonOptions } from '../command.ts';
import { countText, setSpanText, timeText } from '../print.ts';
import { parseByteCount, parseCount, parseSinceMs, parseSpanMs } from '../quantities.ts';
import { readSecret } from '../secret.ts';
import { givenText } from '../space.ts';
import { addFleetDeletions } from './fleet-deletions.ts';
import { addFleetLog } from './fleet-log.ts';
import { addFleetMembers, outWithItText, withMachinesHelp } from './fleet-members.ts';
import { addFleetPolicy, parseSilenceMs } from './fleet-policy.ts';

interface CreateOptions extends CommonOptions {
  readonly name: string;
  readonly machineName: string;
  readonly kit?: string;
  readonly passphraseFile?: string;
  readonly holderSilence?: string;
  readonly quota?: string;
  readonly site?: string;
  readonly deleteAdmins?: string;
  readonly deleteWait?: string;
}

/** What the fleet's root says of deletions before their time; empty where nothing was given. */
function wipeRuleOf({ deleteAdmins, deleteWait }: Pick<CreateOptions, 'deleteAdmins' | 'deleteWait'>) {
  if (deleteAdmins === undefined && deleteWait === undefined) return {};
  if (deleteAdmins !== undefined && deleteWait !== undefined)
    return { wipeRule: { adminCount: parseCount(deleteAdmins), waitMs: parseSpanMs(deleteWait) } };
  throw new DreyError({
    code: 'deletions-malformed',
    message: 'only half of the rule for deletions was given',
    advice: 'Give --delete-admins and --delete-wait together.',
  });
}

/** Two options that only the root's word can follow. */
const withDeletionRule = (command: Command): Command =>
  command
    .option(
      '--delete-admins <count>',
      'admins who must agree to a deletion before its time (default 2, or 1)',
    )
    .option('--delete-wait <span>', 'how long such a deletion can still be stopped (default 3d)');

/** Machines are heard of every few seconds; a fleet on trial may be a single desk. */
const trialSilenceMsMin = seconds(1);

async function createFleetHere(options: CreateOptions): Promise<void> {
  const { createFleet } = await import('../../agent/live/index.ts');
  const passphrase = readSecret(options.passphraseFile);
  const holderSilenceMs =
    options.holderSilence === undefined
      ? undefined
      : parseSilenceMs(options.holderSilence, trialSilenceMsMin);
  const made = createFleet({
    home: homeOf(options),
    fleetName: options.name,
    machineName: options.machineName,
    ...(options.kit === undefined ? {} : { kitFile: options.kit }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(holderSilenceMs === undefined ? {} : { holderSilenceMs }),
    ...(options.quota === undefined ? {} : { quotaBytes: parseByteCount(options.quota) }),
    ...(options.site === undefined ? {} : { site: options.site }),
    ...wipeRuleOf(options),
  });
  show(options, made, () =>
    [
      `Fleet "${options.name}" is made, and this machine is its first admin.`,
      `  fleet         ${made.fleet}`,
      `  recovery kit  ${made.kitFile}   put it on a stick and into a safe`,
      ...(made.passphrase === undefined
        ? []
        : [`  passphrase    ${made.passphrase}   shown only now: it opens the kit`]),
      `  space given   ${givenText(made.quotaBytes, homeOf(options))}`,
      ...(holderSilenceMs === undefined || holderSilenceMs >= holderSilenceMsMin
        ? []
        : [
            `A trial: whoever is silent for ${setSpanText(holderSilenceMs)} is replaced, so every machine that sleeps. \`drey fleet policy --holder-silence 90h\` ends it.`,
          ]),
      'Next: `drey up`, then `drey fleet invite`.',
    ].join('\n'),
  );
}

interface InviteOptions extends CommonOptions {
  readonly uses: string;
  readonly expires: string;
}

async function invite(options: InviteOptions): Promise<void> {
  const answer = await askAgent({
    home: homeOf(options),
    call: 'invite',
    request: {
      usesMax: parseCount(options.uses, { least: 1, most: inviteUsesMax }),
      forMs: parseSpanMs(options.expires, { least: '1s', most: '36525d' }),
    },
  });
  show(options, answer, () =>
    [
      answer.invite,
      `Good for ${countText(answer.usesMax, 'machine')} until ${timeText(answer.notAfterMs)}. On each of them: drey join INVITE --up`,
    ].join('\n'),
  );
}

interface AdminOptions extends CommonOptions {
  readonly kit: string;
  readonly passphraseFile: string;
  readonly endOthers?: boolean;
  readonly endSince?: string;
  readonly withMachines?: boolean;
  readonly deleteAdmins?: string;
  readonly deleteWait?: string;
}

async function makeAdmin(options: AdminOptions): Promise<void> {
  const { becomeAdmin } = await import('../../agent/live/index.ts');
  const passphrase = readSecret(options.passphraseFile) ?? '';
  const answer = await becomeAdmin({
    home: homeOf(options),
    kitFile: options.kit,
    passphrase,
    ...(options.endOthers === true ? { endOthers: true } : {}),
    ...(options.endSince === undefined ? {} : { endSinceMs: parseSinceMs(options.endSince, Date.now()) }),
    ...(options.withMachines === true ? { withMachines: true } : {}),
    ...wipeRuleOf(options),
  });
  show(options, answer, () =>
    [
      'This machine is an admin of the fleet now: it can invite machines, put them out and set the policy.',
      ...outWithItText(answer.machinesOut),
      'Next: `drey up`; the others learn of it by themselves. Put the recovery kit back into the safe.',
    ].join('\n'),
  );
}

async function trust(machine: string, options: CommonOptions & { readonly reason: string }): Promise<void> {
  const { reason } = options;
  const answer = await askAgent({ home: homeOf(options), call: 'trust', request: { machine, reason } });
  show(
    options,
    answer,
    () => `${machine} may hold shards again: what was held against it until now does not count any more.`,
  );
}

/** What an admin says of one machine. */
function addWordsAboutMachines(fleet: Command): void {
  withCommonOptions(
    fleet
      .command('trust')
      .description('give a machine that was left out as a holder its place back')
      .argument('<machine>', 'name or peer id'),
    'drey fleet trust reception-2 --reason "a new disk was put in"',
  )
    .option('--reason <text>', 'why, for the other admins', 'no reason given')
    .action(trust);
}

/** Adds all of `fleet`. */
export function addFleetCommands(program: Command): void {
  const fleet = program
    .command('fleet')
    .description('make a fleet, invite machines, put one out, set the policy');
  withDeletionRule(
    withCommonOptions(
      fleet.command('create').description('make a new fleet with this machine as its first admin'),
      'drey fleet create --name "Example Works"',
    ),
  )
    .option('--name <name>', "the fleet's name, for people", 'our fleet')
    .option('--machine-name <name>', "this machine's name, for people", hostname())
    .option('--kit <file>', 'where to write the recovery kit (default: recovery-kit.drey in the folder)')
    .option(
      '--passphrase-file <file>',
      'passphrase of the kit, first line ("-": standard input); default: one is made',
    )
    .option('--holder-silence <span>', 'replace a holder that is silent for longer (default 90h)')
    .option('--quota <size>', 'disk space that this machine gives')
    .option('--site <name>', 'where this machine stands, as people say it; not needed')
    .action(createFleetHere);
  withDeletionRule(
    withCommonOptions(
      fleet
        .command('admin')
        .description('make this machine an admin, by the recovery kit; its agent must be stopped'),
      'drey fleet admin --kit recovery-kit.drey --passphrase-file -',
    ),
  )
    .option(
      '--end-others',
      'put out all other admin keys, for good: where one was stolen and works against you',
    )
    .option('--end-since <moment>', 'with --end-others: what they signed since then does not count either')
    .option('--with-machines', withMachinesHelp)
    .requiredOption('--kit <file>', 'the recovery kit that `drey fleet create` wrote')
    .requiredOption('--passphrase-file <file>', 'passphrase of the kit, first line ("-": standard input)')
    .action(makeAdmin);
  withCommonOptions(
    fleet.command('invite').description('print an invite: one line that lets new machines in'),
    'drey fleet invite --uses 40 --expires 7d',
  )
    .option('--uses <count>', 'how many machines may use it', '1')
    .option('--expires <span>', 'how long it is good for', '7d')
    .action(invite);
  addWordsAboutMachines(fleet);
  addFleetMembers(fleet);
  addFleetDeletions(fleet);
  addFleetLog(fleet);
  addFleetPolicy(fleet);
}

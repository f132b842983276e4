// `drey join INVITE`: proves the invite, gets this machine's certificate. The agent is then started with `drey up`.

import { hostname } from 'node:os';
import type { Command } from 'commander';
import { homeOf, show, withCommonOptions, type CommonOptions } from '../command.ts';
import { bytesText } from '../print.ts';
import { parseByteCount } from '../quantities.ts';
import { readSecret } from '../secret.ts';

interface JoinOptions extends CommonOptions {
  readonly name: string;
  readonly quota?: string;
  readonly site?: string;
}

async function join(invite: string, options: JoinOptions): Promise<void> {
  const { joinFleet } = await import('../../agent/live/index.ts');
  const text = invite === '-' ? (readSecret('-') ?? '') : invite;
  const joined = await joinFleet({
    home: homeOf(options),
    invite: text,
    machineName: options.name,
    ...(options.quota === undefined ? {} : { quotaBytes: parseByteCount(options.quota) }),
    ...(options.site === undefined ? {} : { site: options.site }),
  });
  show(options, joined, () =>
    [
      `This machine is now "${options.name}" of fleet "${joined.fleetName}".`,
      `  peer id      ${joined.peer}`,
      `  space given  ${bytesText(joined.quotaBytes)}`,
      'Next: `drey up`, then `drey protect PATH`.',
    ].join('\n'),
  );
}

/** Adds `join`. */
export function addJoinCommand(program: Command): void {
  withCommonOptions(
    program
      .command('join')
      .description('make this machine a member of a fleet')
      .argument('<invite>', 'the invite ("-": standard input)'),
    'drey join drey1AbC…',
  )
    .option('--name <name>', "this machine's name, for people", hostname())
    .option('--quota <size>', 'disk space that this machine gives (default: half of what is free)')
    .option('--site <name>', 'where it stands, as people say it; not needed')
    .action(join);
}

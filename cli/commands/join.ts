// `drey join INVITE`: proves the invite, gets this machine's certificate. The agent is then started with `drey up`, or at once with --up.

import { hostname } from 'node:os';
import type { Command } from 'commander';
import { homeOf, show, withCommonOptions } from '../command.ts';
import { parseByteCount } from '../quantities.ts';
import { readSecret } from '../secret.ts';
import { givenText } from '../space.ts';
import { runAgent, type UpOptions, withAgentOptions } from './up.ts';

interface JoinOptions extends UpOptions {
  readonly name: string;
  readonly quota?: string;
  readonly up?: boolean;
}

/** A disk that is full, or a wish; said because a fleet of such machines keeps nothing. */
const noSpaceText =
  'It gives no space, so it keeps nothing for others: a plan needs four machines that do. `--quota 20GB` gives some when a machine joins.';

async function join(invite: string, options: JoinOptions): Promise<void> {
  const { joinFleet } = await import('../../agent/live/index.ts');
  const line = invite === '-' ? (readSecret('-') ?? '') : invite;
  const joined = await joinFleet({
    home: homeOf(options),
    invite: line,
    machineName: options.name,
    ...(options.quota === undefined ? {} : { quotaBytes: parseByteCount(options.quota) }),
    ...(options.site === undefined ? {} : { site: options.site }),
  });
  const text = [
    `This machine is now "${options.name}" of fleet "${joined.fleetName}".`,
    `  peer id      ${joined.peer}`,
    `  space given  ${givenText(joined.quotaBytes, homeOf(options))}`,
    ...(joined.quotaBytes === 0 ? [noSpaceText] : []),
  ].join('\n');
  if (options.up === true) await runAgent(options, { value: joined, text });
  else show(options, joined, () => `${text}\nNext: \`drey up\`, then \`drey protect PATH\`.`);
}

/** Adds `join`. */
export function addJoinCommand(program: Command): void {
  withAgentOptions(
    withCommonOptions(
      program
        .command('join')
        .description('make this machine a member of a fleet')
        .argument('<invite>', 'the invite ("-": standard input)'),
      'drey join drey1AbC… --up',
    )
      .option('--name <name>', "this machine's name, for people", hostname())
      .option('--quota <size>', 'disk space that this machine gives (default: half of what is free)')
      .option('--site <name>', 'where it stands, as people say it; not needed')
      .option('--up', 'run the agent at once, as `drey up` does; the options below are for it'),
  ).action(join);
}

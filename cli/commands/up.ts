// `drey up`: the agent itself, in the foreground, with its dashboard, until a signal ends it.

import { flushCompileCache } from 'node:module';
import type { Command } from 'commander';
import { collected, homeOf, withCommonOptions, type CommonOptions } from '../command.ts';
import { listenAddressOf } from '../command-line.ts';
import { say, sayJson } from '../print.ts';
import { parsePort } from '../quantities.ts';

interface Started {
  readonly peer: string;
  readonly pid: number;
  readonly addresses: readonly string[];
  readonly dashboard: string;
}

/** What another command has done and has to say before: it has just made this machine a member. */
export interface Said {
  readonly value: object;
  readonly text: string;
}

export interface UpOptions extends CommonOptions {
  readonly listen?: readonly string[];
  readonly dashboardPort: string;
  readonly mdns: boolean;
  readonly site?: string;
}

/** Runs the agent until a signal or a call ends it. `said` stands before what is told once it is up, in the same JSON value too. Throws as `startAgent`. */
export async function runAgent(options: UpOptions, said?: Said): Promise<void> {
  const [{ AgentService }, { homeAt, keepMemorySmall, settleToken }, { createDashboard }] = await Promise.all(
    [import('../agent-service.ts'), import('../../agent/live/index.ts'), import('../../dashboards/index.ts')],
  );
  // An agent whose words nobody takes, as its file of them lies on a full disk, keeps files safe all the same.
  process.stdout.removeAllListeners('error').on('error', () => {});
  const home = homeOf(options);
  const { metricsTokenFile } = homeAt(home);
  const service = new AgentService({
    start: {
      home,
      listenAddresses: (options.listen ?? []).map(listenAddressOf),
      discovery: options.mdns ? 'mdns' : 'addresses only',
      ...(said === undefined ? {} : { isFirstLife: true as const }),
      ...(options.site === undefined ? {} : { site: options.site }),
    },
    createDashboard,
    dashboardPort: parsePort(options.dashboardPort),
    metricsTokenFile,
    metricsToken: () => settleToken(metricsTokenFile),
    onUp: (agent, dashboard) => {
      sayUp(options, { peer: agent.peer, pid: process.pid, addresses: agent.addresses(), dashboard }, said);
      // By itself it is kept when the process ends, which is weeks from now; commands start until then.
      setImmediate(flushCompileCache);
    },
    onTrouble: (trouble) =>
      process.stderr.write(
        trouble === undefined
          ? 'The disk is back: this agent goes on.\n'
          : `This agent stands by because of the disk of its folder: ${trouble.reason}.\n`,
      ),
  });
  keepMemorySmall();
  await service.run();
}

function sayUp(options: UpOptions, started: Started, said: Said | undefined): void {
  if (options.json === true) {
    sayJson({ ...said?.value, ...started });
    return;
  }
  const listens = started.addresses.join('  ');
  if (said !== undefined) say(said.text);
  say(
    `This agent is up: ${started.peer}\n  listens on  ${listens}\n  dashboard   ${started.dashboard}\nCtrl-C ends it.`,
  );
}

/** Adds the options that say how an agent runs. */
export const withAgentOptions = (command: Command): Command =>
  command
    .option(
      '--listen <address>',
      'address to listen on, as "0.0.0.0:4001" or as a multiaddr; may be repeated (default: all interfaces, any free port)',
      collected,
    )
    .option('--dashboard-port <port>', 'port of the dashboard on loopback (0: any free one)', '0')
    .option('--no-mdns', 'do not look for the fleet on the local network; use known addresses only');

/** Adds `up`. */
export function addUpCommand(program: Command): void {
  withAgentOptions(
    withCommonOptions(
      program.command('up').description('run the agent of this machine, with its dashboard'),
      'drey up --listen 0.0.0.0:4001',
    ),
  )
    .option('--site <name>', 'where it stands, as people say it, from now on; empty: nowhere in particular')
    .action((options: UpOptions) => runAgent(options));
}

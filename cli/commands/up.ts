// `drey up`: the agent itself, in the foreground, with its dashboard, until a signal ends it.

import type { Command } from 'commander';
import type { LiveAgent } from '../../agent/live/index.ts';
import { homeOf, withCommonOptions, type CommonOptions } from '../command.ts';
import { say, sayJson } from '../print.ts';

interface UpOptions extends CommonOptions {
  readonly listen: readonly string[];
  readonly dashboardPort: string;
  readonly mdns: boolean;
  readonly site?: string;
}

async function up(options: UpOptions): Promise<void> {
  const [{ AgentService }, { homeAt, keepMemorySmall, settleToken }, { createDashboard }] = await Promise.all(
    [import('../agent-service.ts'), import('../../agent/live/index.ts'), import('../../dashboards/index.ts')],
  );
  const home = homeOf(options);
  const { metricsTokenFile } = homeAt(home);
  const service = new AgentService({
    start: {
      home,
      listenAddresses: options.listen,
      discovery: options.mdns ? 'mdns' : 'addresses only',
      ...(options.site === undefined ? {} : { site: options.site }),
    },
    createDashboard,
    dashboardPort: Number(options.dashboardPort),
    metricsTokenFile,
    metricsToken: () => settleToken(metricsTokenFile),
    onUp: (agent, dashboard) => sayUp(options, agent, dashboard),
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

function sayUp(options: UpOptions, agent: LiveAgent, dashboard: string): void {
  const started = { peer: agent.peer, pid: process.pid, addresses: agent.addresses(), dashboard };
  if (options.json === true) {
    sayJson(started);
    return;
  }
  const listens = started.addresses.join('  ');
  say(
    `This agent is up: ${started.peer}\n  listens on  ${listens}\n  dashboard   ${started.dashboard}\nCtrl-C ends it.`,
  );
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** Adds `up`. */
export function addUpCommand(program: Command): void {
  withCommonOptions(
    program.command('up').description('run the agent of this machine, with its dashboard'),
    'drey up --listen /ip4/0.0.0.0/tcp/4001',
  )
    .option(
      '--listen <multiaddr>',
      'address to listen on; may be repeated (default: all interfaces, any free port)',
      collect,
      [],
    )
    .option('--dashboard-port <port>', 'port of the dashboard on loopback (0: any free one)', '0')
    .option('--no-mdns', 'do not look for the fleet on the local network; use known addresses only')
    .option('--site <name>', 'where it stands, as people say it, from now on; empty: nowhere in particular')
    .action(up);
}

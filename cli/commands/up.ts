// `drey up`: the agent itself, in the foreground, with its dashboard, until a signal ends it.

import type { Command } from 'commander';
import type { LiveAgent } from '../../agent/live/index.ts';
import type { createDashboard as CreateDashboard } from '../../dashboards/index.ts';
import { serveControl } from '../../agent/control/index.ts';
import { homeOf, withCommonOptions, type CommonOptions } from '../command.ts';
import { say, sayJson } from '../print.ts';

interface UpOptions extends CommonOptions {
  readonly listen: readonly string[];
  readonly dashboardPort: string;
  readonly mdns: boolean;
  readonly site?: string;
}

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function untilStopped(): { readonly stopped: Promise<void>; readonly stop: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of stopSignals) process.once(signal, () => resolve());
  return { stopped: promise, stop: resolve };
}

async function up(options: UpOptions): Promise<void> {
  const [{ homeAt, keepMemorySmall, settleToken, startAgent }, { createDashboard }] = await Promise.all([
    import('../../agent/live/index.ts'),
    import('../../dashboards/index.ts'),
  ]);
  const home = homeOf(options);
  const { stopped, stop } = untilStopped();
  const agent = await startAgent({
    home,
    listenAddresses: options.listen,
    discovery: options.mdns ? 'mdns' : 'addresses only',
    ...(options.site === undefined ? {} : { site: options.site }),
  });
  keepMemorySmall();
  try {
    const { metricsTokenFile } = homeAt(home);
    const metricsToken = settleToken(metricsTokenFile);
    await serve(agent, {
      home,
      options,
      createDashboard,
      metrics: { metricsToken, metricsTokenFile },
      untilStopped: { stopped, stop },
    });
  } finally {
    await agent.stop();
  }
}

interface Serving {
  readonly home: string;
  readonly options: UpOptions;
  readonly createDashboard: typeof CreateDashboard;
  readonly metrics: { readonly metricsToken: string; readonly metricsTokenFile: string };
  readonly untilStopped: ReturnType<typeof untilStopped>;
}

/** Dashboard and control interface beside the running agent, until a signal or a call ends it. */
async function serve(
  agent: LiveAgent,
  { home, options, createDashboard, metrics, untilStopped: { stopped, stop } }: Serving,
): Promise<void> {
  const dashboard = await createDashboard({
    view: () => agent.view(),
    onChange: (listener) => agent.onChange(listener),
    port: Number(options.dashboardPort),
    metricsToken: metrics.metricsToken,
  });
  const control = await serveControl(home, {
    ...agent.handlers,
    dashboard: () => ({
      url: dashboard.url(),
      metricsUrl: `${dashboard.address}metrics`,
      metricsTokenFile: metrics.metricsTokenFile,
    }),
    stop: () => {
      setImmediate(stop);
      return { stopping: true };
    },
  });
  const started = {
    peer: agent.peer,
    pid: process.pid,
    addresses: agent.addresses(),
    dashboard: dashboard.url(),
  };
  if (options.json === true) sayJson(started);
  else {
    const listens = started.addresses.join('  ');
    say(
      `This agent is up: ${started.peer}\n  listens on  ${listens}\n  dashboard   ${started.dashboard}\nCtrl-C ends it.`,
    );
  }
  await stopped;
  await control.close();
  await dashboard.close();
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

// `drey metrics`: what the agent knows, for Prometheus: printed once, or how to scrape it.

import type { Command } from 'commander';
import { askAgent, type DashboardAnswer } from '../../agent/control/index.ts';
import { type CommonOptions, homeOf, show, withCommonOptions } from '../command.ts';

/** For the configuration of Prometheus; the port of an agent that was started without one is another one after its next start. */
export function scrapeConfig({
  metricsUrl,
  metricsTokenFile,
}: Pick<DashboardAnswer, 'metricsUrl' | 'metricsTokenFile'>): string {
  const { host, pathname } = new URL(metricsUrl);
  return [
    '# The port stays the same over restarts only where the agent is started with one: drey up --dashboard-port 9464',
    'scrape_configs:',
    '  - job_name: drey',
    `    metrics_path: ${pathname}`,
    '    authorization:',
    `      credentials_file: ${JSON.stringify(metricsTokenFile)}`,
    '    static_configs:',
    `      - targets: ["${host}"]`,
  ].join('\n');
}

async function metrics(options: CommonOptions & { readonly scrapeConfig?: boolean }): Promise<void> {
  const home = homeOf(options);
  if (options.scrapeConfig === true) {
    const answer = await askAgent({ home, call: 'dashboard', request: {} });
    const { metricsUrl, metricsTokenFile } = answer;
    show(options, { metricsUrl, metricsTokenFile }, () => scrapeConfig(answer));
    return;
  }
  const { metricsText } = await import('../../dashboards/index.ts');
  const view = await askAgent({ home, call: 'view', request: {} });
  const text = (await metricsText(view)).trimEnd();
  show(options, { metrics: text }, () => text);
}

/** Adds `metrics`. */
export function addMetricsCommand(program: Command): void {
  withCommonOptions(
    program
      .command('metrics')
      .description("what the agent knows in Prometheus' text format, for its textfile collector"),
    'drey metrics --scrape-config',
  )
    .option('--scrape-config', 'print how Prometheus on this machine reads them from the running agent')
    .action(metrics);
}

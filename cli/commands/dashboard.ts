// `drey dashboard`: prints a fresh address of the running agent's dashboard; the address works once.

import type { Command } from 'commander';
import { askAgent } from '../../agent/control/index.ts';
import { homeOf, show, withCommonOptions, type CommonOptions } from '../command.ts';

/** Adds `dashboard`. */
export function addDashboardCommand(program: Command): void {
  withCommonOptions(
    program.command('dashboard').description("print a fresh address of this machine's dashboard"),
    'drey dashboard',
  ).action(async (options: CommonOptions) => {
    const answer = await askAgent({ home: homeOf(options), call: 'dashboard', request: {} });
    show(
      options,
      answer,
      () => `${answer.url}\nOpen it in a browser on this machine; the address works once.`,
    );
  });
}

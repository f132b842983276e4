// What every command shares: the agent's folder, --json, an example in its help. Decides nothing.

import type { Command } from 'commander';
import { resolveHome } from './home.ts';
import { say, sayJson } from './print.ts';

export interface CommonOptions {
  readonly home?: string;
  readonly json?: boolean;
}

/** Adds --home and --json, and an example at the end of --help. */
export function withCommonOptions(command: Command, example: string): Command {
  return command
    .option(
      '--home <folder>',
      "the agent's folder (default: DREY_HOME, else the system's place for user data)",
    )
    .option('--json', 'print one JSON value instead of text')
    .addHelpText('after', `\nExample:\n  ${example}\n`);
}

/** For options that may be repeated; absent when none was given. */
export const collected = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  text,
];

export const homeOf = (options: CommonOptions): string => resolveHome(options.home);

/** Prints `value` for scripts or `text` for people. */
export function show(options: CommonOptions, value: unknown, text: () => string): void {
  if (options.json === true) sayJson(value);
  else say(text());
}

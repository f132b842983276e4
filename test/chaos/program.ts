// How the programs of this folder speak and end. Exit codes: 0 as the program says, 1 it failed, 2 the command line is wrong.

import { type Command, CommanderError } from 'commander';
import { endAgentsWithThis } from '../../cli/demo/processes.ts';

export const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Parses the command line and runs it; the agents that it started end with it. */
export async function runProgram(command: Command): Promise<void> {
  endAgentsWithThis();
  try {
    await command.exitOverride().parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else throw error;
  }
}

// `npm run kills -- --rounds N`: one real agent is killed in the middle of backups, prunes and restores, again and again. Exit codes: 0 every
// kept snapshot stayed whole, 1 one did not, 2 the command line is wrong.

import { Command, InvalidArgumentError } from 'commander';
import { mebibyte } from '../../datasets/index.ts';
import { killLoop } from './kill-loop.ts';
import { runProgram, say } from './program.ts';

const whole =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`);
  };

interface CommandOptions {
  readonly rounds: number;
  readonly megabytes: number;
  readonly seed: string;
}

async function run({ rounds, megabytes, seed }: CommandOptions): Promise<void> {
  const report = await killLoop({ rounds, seed, folderBytes: megabytes * mebibyte, say });
  const { killed, tooLate, acknowledged, verified, problems } = report;
  say(
    `killed in ${killed.backup} backups, ${killed.prune} prunes, ${killed.restore} restores; ${tooLate} had ended before`,
  );
  say(`${acknowledged} snapshots acknowledged, ${verified} times one read back whole`);
  for (const problem of problems) say(`broken: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}

const command = new Command('kills')
  .description('Kills an agent in the middle of what it does, and reads everything back after each start.')
  .option('--rounds <count>', 'kills', whole(1, 100_000), 30)
  .option('--megabytes <count>', 'of the protected folder at the start', whole(1, 10_000), 200)
  .option('--seed <seed>', 'of what is done when', '1')
  .action(run);

await runProgram(command);

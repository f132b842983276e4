// `npm run chaos -- --agents 12 --minutes M`: real agents, real libp2p, real disks, and everything that can happen to them. At the end
// every acknowledged snapshot must come back byte for byte. Exit codes: 0 it held, 1 it did not, 2 the command line is wrong.

import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { faults } from './faults.ts';
import { runProgram, say } from './program.ts';
import { chaos, type ChaosReport } from './run.ts';

interface CommandOptions {
  readonly agents: number;
  readonly minutes: number;
  readonly people: number;
  readonly seed: string;
  readonly faults?: readonly string[];
  readonly json?: string;
}

const number =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Write a number from ${least} to ${most}.`);
  };

function faultNames(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => faults[name] === undefined);
  if (unknown === undefined) return names;
  throw new InvalidArgumentError(
    `There is no fault "${unknown}": write some of ${Object.keys(faults).join(', ')}.`,
  );
}

function sayReport(report: ChaosReport): void {
  const counts = Object.entries(report.faultCounts).map(([name, count]) => `${name} ${count}`);
  say(`faults: ${counts.join(', ') || 'none'}`);
  if (report.skipped.length > 0) say(`not possible here: ${report.skipped.join(', ')}`);
  say(
    `snapshots: ${report.acknowledged} acknowledged, ${report.unacknowledged} not; ${report.restoredMeanwhile} restored meanwhile`,
  );
  say(
    `at rest ${report.settledSeconds === undefined ? 'never' : `after ${report.settledSeconds.toFixed(0)} s`}; ${report.restored} of ${report.acknowledged} restored on a new machine, byte for byte`,
  );
  for (const problem of report.problems) say(`broken: ${problem}`);
}

async function run(options: CommandOptions): Promise<void> {
  const report = await chaos({
    agentCount: options.agents,
    minutes: options.minutes,
    seed: options.seed,
    peopleCount: options.people,
    ...(options.faults === undefined ? {} : { faultNames: options.faults }),
    say,
  });
  sayReport(report);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, undefined, 1)}\n`);
  if (report.problems.length > 0) process.exitCode = 1;
}

const command = new Command('chaos')
  .description('Lets real agents live through faults and restores every acknowledged snapshot at the end.')
  .option('--agents <count>', 'agents, each a process', number(6, 60), 12)
  .option('--minutes <minutes>', 'how long the faults last', number(0.1, 10_000), 5)
  .option('--people <count>', 'agents with a protected folder in which somebody works', number(1, 20), 3)
  .option('--seed <seed>', 'of what is done to whom', '1')
  .option('--faults <names>', 'only these, with commas', faultNames)
  .option('--json <file>', 'write the report there')
  .addHelpText(
    'after',
    `\nFaults:\n${Object.entries(faults)
      .map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`)
      .join('\n')}\n`,
  )
  .action(run);

await runProgram(command);

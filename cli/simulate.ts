// `npm run simulate`: the shipped core in a pretend world, one run or a swarm of random ones, with the promises checked from
// outside. Exit codes: 0 all held, 1 one was broken or it failed, 2 the command line is wrong.

import { cpus } from 'node:os';
import { Command } from 'commander';
import { DreyError, hours, seconds } from '../datasets/index.ts';
import { loadTrace } from '../optimizer/index.ts';
import {
  type CheckName,
  checkNames,
  faultKinds,
  faultNames,
  faultsOf,
  parseFaultNames,
  parseOptionsText,
  replayCommand,
  type Report,
  simulate,
  type SimulationOptions,
} from '../agent/simulation/index.ts';
import { checkOutFile, writeOutFile } from './out-files.ts';
import { runToEnd } from './ending.ts';
import { say, tableText } from './print.ts';
import { parseSpanMs } from './quantities.ts';
import { swarm } from './swarm.ts';

interface CommandOptions {
  readonly seed: string;
  readonly nodes: number;
  readonly days: number;
  readonly trace?: string;
  readonly block?: number;
  readonly faults: string;
  readonly check: string;
  readonly tick?: string;
  readonly snapshots?: number;
  readonly keep?: number;
  readonly patience?: string;
  readonly options?: string;
  readonly swarm?: number;
  readonly jobs: number;
  readonly sparse?: true;
  readonly keepGoing?: true;
  readonly cpu?: true;
  readonly json?: string;
}

const wrong = (message: string, advice: string): DreyError =>
  new DreyError({ code: 'simulation-options', message, advice });

const number =
  (what: string, least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least && value <= most) return value;
    throw wrong(`${what} cannot be "${text}"`, `Write a number from ${least} to ${most}.`);
  };

function checksOf(text: string): readonly CheckName[] {
  if (text === 'all') return checkNames;
  return text.split(',').map((word) => {
    const found = checkNames.find((name) => name === word.trim());
    if (found === undefined)
      throw wrong(`there is no check "${word}"`, `Write "all", or some of: ${checkNames.join(', ')}.`);
    return found;
  });
}

/** Where hundreds of machines run, a tick of seconds would be most of the work. */
const tickMsFor = (nodes: number): number =>
  nodes <= 50 ? seconds(30) : Math.min(hours(0.5), seconds(6) * nodes);

async function runOptions(options: CommandOptions): Promise<SimulationOptions> {
  const { trace, nodes, seed } = options;
  const plain: SimulationOptions =
    options.options === undefined
      ? {
          seed,
          agentCount: nodes,
          days: options.days,
          faults: faultsOf(parseFaultNames(options.faults)),
          checks: checksOf(options.check),
          tickMs: options.tick === undefined ? tickMsFor(nodes) : parseSpanMs(options.tick),
          snapshotsPerMachineDay: options.snapshots ?? Math.min(1, 12 / nodes),
          ...(options.keep === undefined ? {} : { keepLast: options.keep }),
          ...(options.patience === undefined ? {} : { holderSilenceMs: parseSpanMs(options.patience) }),
        }
      : parseOptionsText(options.options);
  if (trace === undefined) return plain;
  const history = await loadTrace({
    file: trace,
    format: trace.replace(/\.gz$/u, '').endsWith('.tab') ? 'fta' : 'avt',
    machineCount: plain.agentCount,
    block: options.block ?? plain.agentCount,
    seed: plain.seed,
    stepMs: hours(1),
    trainWeeks: 3,
  });
  return { ...plain, history, faults: { ...plain.faults, nights: 'people' } };
}

const countsText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');

const hoursText = ({ median, p90, p99, most }: Report['waits']['all']): string =>
  [median, p90, p99, most].map((count) => count.toFixed(3)).join(' / ');

function sayReport(report: Report, tookSeconds: number): void {
  say(
    tableText([
      ['what', 'how many'],
      ['events', `${report.eventCount} in ${tookSeconds.toFixed(1)} s`],
      ['snapshots made', `${report.snapshotsMade}`],
      ['… acknowledged', `${report.snapshotsAcknowledged}`],
      ['… after hours, median / 90 % / 99 % / most', hoursText(report.waits.all)],
      ['… of these with the owner awake', hoursText(report.waits.ownerAwake)],
      ['… not when the faults stopped', `${report.waits.unacknowledged}`],
      ['… given up', `${report.snapshotsGivenUp}`],
      ['… restored on a new machine', `${report.snapshotsRestored}`],
      ['packs that the world destroyed', `${report.packsBeyondRepair}`],
      ['shards to spare, at the worst moment', `${report.marginLeast}`],
      ['bytes of shards moved', `${report.shardBytesStored}`],
      ['plans', `${report.planEpoch}`],
      ['settled after', report.settledHours === undefined ? 'not at all' : `${report.settledHours} h`],
      ['frames refused', `${report.rejectionCount}`],
      ['fingerprint', report.traceHash],
    ]),
  );
  say(`faults: ${countsText(report.faultCounts) || 'none'}`);
  say(`checks: ${countsText(report.checkCounts)}`);
}

async function runOne(options: CommandOptions): Promise<void> {
  const parts = await runOptions(options);
  const startedMs = performance.now();
  const report = simulate(parts);
  sayReport(report, (performance.now() - startedMs) / 1000);
  if (options.json !== undefined)
    writeOutFile(options.json, `${JSON.stringify(report, undefined, 1)}\n`, '--json');
  if (report.violations.length === 0) {
    say('all promises held');
    return;
  }
  for (const { check, text } of report.violations) say(`broken (${check}): ${text}`);
  say(`again: ${replayCommand(parts, traceText(options))}`);
  process.exitCode = 1;
}

const traceText = ({ trace, block }: CommandOptions): string =>
  trace === undefined ? '' : `--trace ${trace}${block === undefined ? '' : ` --block ${block}`}`;

async function run(options: CommandOptions): Promise<void> {
  if (options.json !== undefined) checkOutFile(options.json, '--json');
  if (options.swarm === undefined) return runOne(options);
  const isWell = await swarm({
    minutes: options.swarm,
    timeOf: options.cpu === true ? 'processor' : 'clock',
    jobs: options.jobs,
    seed: options.seed,
    faults: parseFaultNames(options.faults),
    shape: options.sparse === true ? 'sparse' : 'any',
    json: options.json,
    afterFailure: options.keepGoing === true ? 'goOn' : 'stop',
  });
  if (!isWell) process.exitCode = 1;
}

const command = new Command('simulate')
  .description(
    'Lets a pretend fleet live for some days under faults, with the shipped core, and checks every promise.',
  )
  .option('--seed <seed>', 'of all chance', '1')
  .option('--nodes <count>', 'machines', number('--nodes', 4, 10_000), 12)
  .option('--days <days>', 'how long the faults last', number('--days', 1, 3650), 7)
  .option(
    '--trace <file>',
    'an availability trace (.avt, or a Failure Trace Archive .tab): when machines are on',
  )
  .option('--block <count>', 'draw its machines as runs of so many neighbours', number('--block', 1, 10_000))
  .option('--faults <names>', 'all, none, or names with commas; "all,-liars" leaves one out', 'all')
  .option('--check <names>', 'all, or names with commas', 'all')
  .option('--tick <span>', 'how often an agent looks at the clock (default: by the number of machines)')
  .option('--snapshots <count>', 'of each machine and day', number('--snapshots', 0, 100))
  .option('--keep <count>', 'snapshots that each person keeps (default: all)', number('--keep', 1, 1e6))
  .option('--patience <span>', 'a machine that is silent for longer is replaced (default: 4d)')
  .option('--options <json>', 'all of the above in one, as a failed run prints it')
  .option(
    '--swarm <minutes>',
    'run random seeds and configurations for so long',
    number('--swarm', 0.01, 1e5),
  )
  .option('--jobs <count>', 'runs at once, in a swarm', number('--jobs', 1, 256), Math.max(1, cpus().length))
  .option(
    '--cpu',
    "a swarm's minutes are the processor's, not the clock's: it does as much on a busy machine, only later",
  )
  .option(
    '--sparse',
    'a swarm of short runs: few machines, not all connected to each other, that lose a site and others',
  )
  .option('--keep-going', 'a swarm goes on after a broken promise, and tells of all at its end')
  .option('--json <file>', 'write the report there')
  .addHelpText(
    'after',
    `\nFaults:\n${faultNames.map((name) => `  ${name.padEnd(12)} ${faultKinds[name].about}`).join('\n')}\n\nChecks: ${checkNames.join(', ')}\n\nExamples:\n  npm run simulate -- --seed 7 --nodes 40 --days 14 --faults all\n  npm run simulate -- --swarm 10\n`,
  )
  .showHelpAfterError('(add --help for the options and examples)')
  .exitOverride()
  .action(run);

await runToEnd(() => command.parseAsync());

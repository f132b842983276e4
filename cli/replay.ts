// `npm run replay`: any availability trace, hour by hour, under all placement policies side by side.
// Exit codes: 0 done, 1 it failed, 2 the command line is wrong.

import { Command, Option } from 'commander';
import { DreyError, hours, type MachineId, weekMs } from '../datasets/index.ts';
import {
  departuresOf,
  loadLabels,
  loadTrace,
  type Origin,
  type OriginResult,
  originsOf,
  policies,
  policiesNamed,
  type PolicySummary,
  replayOrigin,
  type ReplayRules,
  rowOf,
  type Scenario,
  summarize,
  theBar,
  unseenShare,
  usableMachines,
} from '../optimizer/index.ts';
import { checkOutFile, writeOutFile } from './out-files.ts';
import { runToEnd } from './ending.ts';
import { countText, say, tableText } from './print.ts';
import { parseSpanMs } from './quantities.ts';

interface ReplayOptions {
  readonly trace: string;
  readonly format?: 'avt' | 'fta' | 'rows';
  readonly labels?: string;
  readonly machines?: number;
  readonly block?: number;
  readonly seed: string;
  readonly step: string;
  readonly train: number;
  readonly test: number;
  readonly origins: number;
  readonly replicas?: number;
  readonly code?: { readonly k: number; readonly n: number };
  readonly capacity: number;
  readonly repair: 'on' | 'off';
  readonly patience: string;
  readonly policies?: string;
  readonly json?: string;
}

const wrong = (message: string, advice: string): DreyError =>
  new DreyError({ code: 'replay-options', message, advice });

/** A parser of numbers within bounds for commander. */
const number =
  (what: string, least: number, isWhole = true) =>
  (text: string): number => {
    const value = Number(text);
    if (Number.isFinite(value) && value >= least && (!isWhole || Number.isInteger(value))) return value;
    throw wrong(
      `${what} cannot be "${text}"`,
      `Write a ${isWhole ? 'whole ' : ''}number of at least ${least}.`,
    );
  };

function parseCode(text: string): { readonly k: number; readonly n: number } {
  const match = /^(\d+),(\d+)$/u.exec(text);
  const [k, n] = [Number(match?.[1]), Number(match?.[2])];
  if (match !== null && k >= 1 && n > k && n <= 32) return { k, n };
  throw wrong(`"${text}" is no code`, 'Write k,n with 1 ≤ k < n ≤ 32, as in --code 4,6.');
}

/** By the name of the file, where nothing was said. */
const formatOf = ({ format, trace }: ReplayOptions): 'avt' | 'fta' | 'rows' => {
  if (format !== undefined) return format;
  const name = trace.replace(/\.gz$/u, '');
  if (name.endsWith('.tab')) return 'fta';
  return /\.(?:ndjson|jsonl|csv|parquet)$/u.test(name) ? 'rows' : 'avt';
};

const rulesOf = (options: ReplayOptions): ReplayRules => ({
  redundancy: options.code ?? { k: 1, n: options.replicas ?? 3 },
  capacityFactor: options.capacity,
  trainWeeks: options.train,
  testWeeks: options.test,
  origins: options.origins,
  repair: options.repair,
  patienceMs: parseSpanMs(options.patience),
  seed: options.seed,
});

/** Weeks of training and test are whole slots, but for less than an hour, and each slot of a week has its hours of the week. */
function stepMsOf({ step, train, test }: ReplayOptions): number {
  const stepMs = parseSpanMs(step);
  if (stepMs < hours(1) || stepMs % hours(1) !== 0)
    throw wrong(`a step of ${step} is not a whole number of hours`, 'Write --step 1h, 2h, 6h …');
  if (weekMs % stepMs !== 0)
    throw wrong(
      `a week is no whole number of steps of ${step}`,
      'Write one that divides a week: --step 1h, 2h, 3h, 4h, 6h, 8h, 12h or 1d.',
    );
  for (const weeks of [train, test]) {
    const slots = (weeks * weekMs) / stepMs;
    if (Math.abs(slots - Math.round(slots)) * stepMs >= hours(1))
      throw wrong(
        `${weeks} weeks are no whole number of steps of ${step}`,
        'Write other weeks with --train and --test, or a shorter --step.',
      );
  }
  return stepMs;
}

async function labelsOf(
  options: ReplayOptions,
  machines: readonly MachineId[],
): Promise<readonly Int32Array[]> {
  if (options.labels === undefined) return [];
  const { columns, leftOut, partly } = await loadLabels(
    options.labels,
    machines,
    rulesOf(options).redundancy.n,
  );
  for (const { name, reason } of leftOut) say(`labels of "${name}" are left out: ${reason}`);
  for (const { name, missingCount } of partly)
    say(
      `${missingCount} of ${machines.length} machines have no label in "${name}": nothing of it keeps them apart`,
    );
  return columns;
}

async function scenarioOf(options: ReplayOptions): Promise<Scenario> {
  const stepMs = stepMsOf(options);
  const history = await loadTrace({
    file: options.trace,
    format: formatOf(options),
    ...(options.machines === undefined ? {} : { machineCount: options.machines }),
    block: options.block ?? options.machines ?? 1,
    seed: options.seed,
    stepMs,
    trainWeeks: options.train,
  });
  const rules = rulesOf(options);
  if (history.machines.length < rules.redundancy.n)
    throw wrong(
      `${history.machines.length} ${history.machines.length === 1 ? 'machine' : 'machines'} cannot hold ${rules.redundancy.n} pieces of a file`,
      'Take a larger trace, or ask for less with --replicas or --code.',
    );
  const ids = history.machines.map(({ machine }) => machine);
  const labels = await labelsOf(options, ids);
  return {
    history,
    rules,
    departures: departuresOf(history),
    ...(labels.length === 0 ? {} : { labels }),
  };
}

/** An interval of a few outages is hardly one: so it says of how many it is. */
function timesText({ timesFewer, interval, events }: PolicySummary): string {
  if (timesFewer === undefined) return '-';
  if (events === 0) return 'no outage in either';
  if (interval === undefined) return `${timesFewer.toPrecision(3)}, one outage: no interval`;
  return `${timesFewer.toPrecision(3)} (${interval[0].toPrecision(2)} to ${interval[1].toPrecision(2)}) of ${events} outages`;
}

/** Policies whose counted hours differ by more are shown with them. */
const countedDifferenceMax = 0.01;

function summaryText(summary: readonly PolicySummary[], bar: string): string {
  const counted = summary.map(({ countedShare }) => countedShare);
  const isUneven = Math.max(...counted) - Math.min(...counted) > countedDifferenceMax;
  const hasBar = summary.some(({ policy }) => policy === bar);
  const rows = summary.map((one) => [
    one.policy === bar ? `${one.policy} (the bar)` : one.policy,
    one.unavailableShare.toExponential(2),
    ...(isUneven ? [`${(100 * one.countedShare).toFixed(0)} %`] : []),
    one.unavailableFileHoursBusiness.toFixed(0),
    one.lostFiles.toFixed(1),
    `${(100 * one.movedShare).toFixed(1)} %`,
    one.planSeconds.toFixed(1),
    hasBar && one.policy !== bar ? `${one.wins} : ${one.losses}` : '-',
    timesText(one),
  ]);
  const outcomes = ['business', 'lost', 'moved', 'seconds', 'wins', 'times fewer (95 %)'];
  return tableText([['policy', 'unavailable', ...(isUneven ? ['counted'] : []), ...outcomes], ...rows]);
}

const chosenNames = (options: ReplayOptions, hasLabels: boolean): readonly string[] =>
  options.policies?.split(',').map((name) => name.trim()) ??
  policies.filter(({ needs }) => hasLabels || needs !== 'labels').map(({ name }) => name);

const stopwatch = (): number => performance.now();

/** Before the replay begins: what it replays, and where hours or origins are fewer than they seem. */
function sayWhatCounts(scenario: Scenario, origins: readonly Origin[], originsAsked: number): void {
  const { history, labels, rules, departures } = scenario;
  const [all, { n }] = [history.machines.length, rules.redundancy];
  const weeks = Number(((history.slotCount * history.slotMs) / weekMs).toFixed(1));
  say(
    `${countText(all, 'machine')}, ${countText(weeks, 'week')}, ${countText(origins.length, 'origin')}; labels: ${labels?.length ?? 0}; leave for good: ${departures.filter((slot) => slot < history.slotCount).length}`,
  );
  if (origins.length < originsAsked)
    say(
      `no room for ${originsAsked} origins: test weeks begin in ${origins.length === 1 ? 'one slot' : `${origins.length} slots, one after the other`}`,
    );
  const usable = origins.map((origin) => usableMachines(scenario, origin));
  const unseen = unseenShare(history);
  if (unseen > 0 && usable.some((count) => count >= n))
    say(`${(100 * unseen).toFixed(1)} % of all hours do not count: in them nobody was up, or nobody looked`);
  for (const [index, count] of usable.entries())
    if (count < n)
      say(
        `origin ${index}  only ${count} of ${all} machines can be used, and files have ${n} ${n === 1 ? 'piece' : 'pieces'}: ${count === 0 ? 'there is none to place' : 'nothing is placed, and every hour counts as unavailable'}`,
      );
}

function resultText({ origin, policy, account, planSeconds, sources }: OriginResult): string {
  const { unavailableFileSlots, fileSlots, livedFileSlots, lostFiles } = account;
  const share =
    livedFileSlots === 0
      ? 'no machine to hold a file'
      : fileSlots === 0
        ? 'no hour counts'
        : (unavailableFileSlots / fileSlots).toExponential(2);
  const served = sources.length === 0 ? '' : `; ${[...new Set(sources)].join('; ')}`;
  return `origin ${origin}  ${policy}: unavailable ${share}, lost ${lostFiles}, ${planSeconds.toFixed(1)} s${served}`;
}

async function replay(options: ReplayOptions): Promise<void> {
  if (options.json !== undefined) checkOutFile(options.json, '--json');
  // Mistyped names are told of before a trace is read that takes minutes.
  policiesNamed(chosenNames(options, true));
  const scenario = await scenarioOf(options);
  const { history, labels } = scenario;
  const chosen = policiesNamed(chosenNames(options, labels !== undefined));
  const needy = chosen.find(({ needs }) => needs === 'labels');
  if (labels === undefined && needy !== undefined)
    throw wrong(
      `the policy "${needy.name}" needs labels that keep machines apart`,
      'Give them with --labels, or leave the policy out of --policies.',
    );
  const origins = originsOf(history, scenario.rules);
  const bar = theBar(labels !== undefined).name;
  sayWhatCounts(scenario, origins, options.origins);
  const results: OriginResult[] = [];
  for (const [index, origin] of origins.entries()) {
    for (const policy of chosen) {
      const result = await replayOrigin(scenario, policy, { origin, index, stopwatch });
      results.push(result);
      say(resultText(result));
    }
  }
  const { slotMs } = history;
  const summary = summarize(results, { bar, slotMs, seed: options.seed });
  say(`\n${summaryText(summary, bar)}`);
  if (options.json === undefined) return;
  const rows = results.map((result) => rowOf(result, slotMs));
  writeOutFile(options.json, `${JSON.stringify({ rows, summary }, undefined, 1)}\n`, '--json');
}

const command = new Command('replay')
  .description(
    'Replays an availability trace under placement policies; nobody sees the future but the oracle.',
  )
  .requiredOption('--trace <file>', 'the trace, plain or gzip')
  .addOption(
    new Option('--format <format>', 'how it is written (default: by its name)').choices([
      'avt',
      'fta',
      'rows',
    ]),
  )
  .option('--labels <csv>', 'id,site,subnet,… : only for the policies that are meant to have labels')
  .option('--machines <count>', 'draw so many machines (default: all)', number('--machines', 4))
  .option(
    '--block <count>',
    "… as runs of so many neighbours in the file's order, of rows as they first name them",
    number('--block', 1),
  )
  .option('--seed <seed>', 'of the draw and of all chance', '1')
  .option('--step <span>', 'length of a slot, whole hours that divide a week', '1h')
  .option('--train <weeks>', 'weeks to learn from', number('--train', 0, false), 3)
  .option('--test <weeks>', 'weeks to live through', number('--test', 0, false), 2)
  .option(
    '--origins <count>',
    'beginnings of the test weeks, spread over the trace',
    number('--origins', 1),
    1,
  )
  .option('--replicas <count>', 'whole copies of each file', number('--replicas', 1), 3)
  .addOption(
    new Option('--code <k,n>', 'erasure code instead of replicas').argParser(parseCode).conflicts('replicas'),
  )
  .option(
    '--capacity <factor>',
    'most of what a machine takes, of the mean',
    number('--capacity', 1, false),
    1.5,
  )
  .addOption(
    new Option('--repair <mode>', 'replace silent machines, plan anew each week')
      .choices(['on', 'off'])
      .default('on'),
  )
  .option('--patience <span>', 'a machine that is silent for longer is replaced', '90h')
  .option('--policies <names>', `comma-separated, of: ${policies.map(({ name }) => name).join(', ')}`)
  .option('--json <file>', 'write rows and summary there')
  .addHelpText(
    'after',
    '\nThe oracle climbs by the hours that its plan is judged by: about the best that could be had, no bound.\n\nExample:\n  npm run replay -- --trace fleet.avt.gz --machines 1000 --block 500 --json out.json\n',
  )
  .showHelpAfterError('(add --help for the options and an example)')
  .exitOverride()
  .action(replay);

await runToEnd(() => command.parseAsync());

// `npm run replay:access`: any log of accesses, hour by hour, under caches and planned popular copies side by side.
// Exit codes: 0 done, 1 it failed, 2 the command line is wrong.

import { Command } from 'commander';
import { type AccessTrace, DreyError, hourMs, openAccess } from '../datasets/index.ts';
import {
  type AccessResult,
  type AccessScene,
  cacheNames,
  fitForecasts,
  gateOf,
  oracleForecast,
  replayCache,
  replayPushes,
  touchedBytesPerSite,
} from '../optimizer/index.ts';
import { checkOutFile, writeOutFile } from './out-files.ts';
import { runToEnd } from './ending.ts';
import { bytesText, say, tableText } from './print.ts';
import { parseShare, parseSpanMs } from './quantities.ts';

interface AccessReplayOptions {
  readonly accesses: string;
  readonly sites: string;
  readonly space: string;
  readonly train: string;
  readonly step?: string;
  readonly horizon?: string;
  readonly pushCost: string;
  readonly lanCost: string;
  readonly seed: string;
  readonly epochs: string;
  readonly json?: string;
}

const wrong = (message: string, advice: string): DreyError =>
  new DreyError({ code: 'replay-options', message, advice });

function numberIn(name: string, text: string, range: readonly [least: number, most: number]): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= range[0] && value <= range[1]) return value;
  throw wrong(`${name} cannot be "${text}"`, `Write a number from ${range[0]} to ${range[1]}.`);
}

function hoursIn(name: string, text: string): number {
  const hours = parseSpanMs(text) / hourMs;
  if (hours >= 1 && Number.isInteger(hours)) return hours;
  throw wrong(`${name} of ${text} is not a whole number of hours`, `Write ${name} 1h, 24h, 7d …`);
}

/** A log of a few days is planned hourly, two hours ahead; of up to a year daily, a week ahead; of years weekly, four weeks ahead. */
function rhythmOf(hourCount: number): { readonly step: string; readonly horizon: string } {
  if (hourCount < 7 * 24) return { step: '1h', horizon: '2h' };
  return hourCount < 365 * 24 ? { step: '24h', horizon: '7d' } : { step: '7d', horizon: '28d' };
}

/** The part of what precedes the judged hours that the gate judges on. */
const gateShare = 0.25;

function sceneOf(trace: AccessTrace, options: AccessReplayOptions): AccessScene {
  const rhythm = rhythmOf(trace.hourCount);
  const stepHours = hoursIn('--step', options.step ?? rhythm.step);
  const horizonHours = hoursIn('--horizon', options.horizon ?? rhythm.horizon);
  const fromHour = Math.floor(parseShare(options.train) * trace.hourCount);
  const gateHour = Math.floor((1 - gateShare) * fromHour);
  if (gateHour < 2 * horizonHours || fromHour >= trace.hourCount)
    throw wrong(
      `${trace.hourCount} ${trace.hourCount === 1 ? 'hour is' : 'hours are'} too few to learn ${horizonHours} hours ahead`,
      gateHour < 2
        ? 'Give a longer log, or another --train.'
        : `Give a longer log, --horizon ${Math.floor(gateHour / 2)}h or less, or another --train.`,
    );
  const space = numberIn('--space', options.space, [0.001, 10]);
  const costs = {
    wan: 1,
    lan: numberIn('--lan-cost', options.lanCost, [0, 1]),
    push: numberIn('--push-cost', options.pushCost, [0, 10]),
  };
  const capacityBytes = Math.floor(space * touchedBytesPerSite(trace, fromHour));
  if (capacityBytes === 0)
    throw wrong(
      `in the first ${fromHour} of ${trace.hourCount} hours nothing was touched that has bytes, so sites would spare none`,
      'Give a log with sizes of files, a larger --space, or another --train.',
    );
  return {
    trace,
    rules: { capacityBytes, stepHours, horizonHours, costs, fromHour, toHour: trace.hourCount },
  };
}

interface AccessRow extends AccessResult {
  readonly hitShare: number;
  readonly hitByteShare: number;
  readonly wanShare: number;
}

const rowOf = (result: AccessResult): AccessRow => ({
  ...result,
  hitShare: result.hits / Math.max(1, result.reads),
  hitByteShare: result.hitBytes / Math.max(1, result.bytes),
  wanShare: result.wanBytes / Math.max(1, result.bytes),
});

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const textOf = (rows: readonly AccessRow[]): string =>
  tableText([
    ['policy', 'reads on site', 'bytes on site', 'WAN bytes', 'pushed', 'wasted'],
    ...rows.map((row) => [
      row.policy,
      percent(row.hitShare),
      percent(row.hitByteShare),
      percent(row.wanShare),
      percent(row.pushedBytes / Math.max(1, row.bytes)),
      percent(row.wastedBytes / Math.max(1, row.bytes)),
    ]),
  ]);

/** Where target 10 stands: hits against the oracle's, WAN against the best cache that sees no future. */
function targetOf(
  rows: readonly AccessRow[],
  serves: string,
): { readonly ofOracle: number; readonly lessWan: number } {
  const served = rows.find(({ policy }) => policy === serves)!;
  const oracle = rows.find(({ policy }) => policy === 'oracle')!;
  const caches = rows.filter(
    ({ policy }) => policy !== 'Belady' && cacheNames.some((name) => name === policy),
  );
  const least = Math.min(...caches.map(({ wanBytes }) => wanBytes));
  return {
    ofOracle: served.hitBytes / Math.max(1, oracle.hitBytes),
    lessWan: 1 - served.wanBytes / Math.max(1, least),
  };
}

async function replay(options: AccessReplayOptions): Promise<void> {
  if (options.json !== undefined) checkOutFile(options.json, '--json');
  const siteCount = numberIn('--sites', options.sites, [1, 64]);
  const trace = await openAccess(options.accesses, { siteCount: Math.floor(siteCount) });
  const scene = sceneOf(trace, options);
  const { fromHour, capacityBytes, stepHours, horizonHours } = scene.rules;
  const fitting = { seed: options.seed, epochs: numberIn('--epochs', options.epochs, [1, 10_000]) };
  say(
    `${trace.demand} of ${trace.hourCount} hours, ${trace.siteOf.size} machines on ${trace.sites.length} sites; ${bytesText(capacityBytes)} a site; a plan each ${stepHours} h for ${horizonHours} h; judged from hour ${fromHour}`,
  );
  const gateRules = { ...scene.rules, fromHour: Math.floor((1 - gateShare) * fromHour), toHour: fromHour };
  const gate = await gateOf({ trace, rules: gateRules }, { ...fitting, untilHour: gateRules.fromHour });
  const { forecasts, judgement } = await fitForecasts(scene, { ...fitting, untilHour: fromHour });
  const rows = [
    ...cacheNames.map((name) => replayCache(scene, name)),
    ...forecasts.map((make) => replayPushes(scene, make())),
    replayPushes(scene, oracleForecast(scene)),
  ].map(rowOf);
  say(textOf(rows));
  const target = targetOf(rows, gate.serves);
  say(`\nserves: ${gate.serves}; ${gate.reason}`);
  say(
    `it has ${percent(target.ofOracle)} of the oracle's bytes on site and ${percent(target.lessWan)} less WAN than the best cache`,
  );
  if (judgement !== undefined) sayRanking(judgement);
  if (options.json === undefined) return;
  const { rules } = scene;
  writeOutFile(
    options.json,
    `${JSON.stringify({ rules, rows, gate, target, ranking: judgement }, undefined, 1)}\n`,
    '--json',
  );
}

function sayRanking({
  score,
  details,
}: NonNullable<Awaited<ReturnType<typeof fitForecasts>>['judgement']>): void {
  const others = score.baselines.map(({ name, value }) => [
    name,
    value.toFixed(4),
    (details[`AUC, ${name}`] ?? 0).toFixed(4),
  ]);
  const own = ['model', score.value.toFixed(4), (details['AUC of asked for at all'] ?? 0).toFixed(4)];
  say(`\n${tableText([['ranking', 'NDCG@50', 'AUC'], own, ...others])}`);
}

const command = new Command('replay:access')
  .description(
    'Replays a log of accesses under caches and planned copies; nobody sees the future but Belady and the oracle.',
  )
  .requiredOption(
    '--accesses <file>',
    'telemetry rows, a web log (TSV) or a history of changes (CSV), plain or gzip',
  )
  .option('--sites <count>', 'groups that the clients of a public log are dealt into', '4')
  .option(
    '--space <share>',
    'what a site spares, of the bytes that it touched before the judged hours',
    '0.1',
  )
  .option('--train <share>', 'part of the log that precedes the judged hours', '60%')
  .option(
    '--step <span>',
    'between two plans (default: 24h; 1h for a log of under a week, 7d for one of over a year)',
  )
  .option('--horizon <span>', 'that a plan looks ahead (default: 7d; 2h and 28d there)')
  .option('--push-cost <cost>', 'of a byte that is brought ahead; one that is read over the WAN costs 1', '1')
  .option('--lan-cost <cost>', 'of a byte that is read on the site', '0')
  .option('--epochs <count>', 'of each fit', '200')
  .option('--seed <seed>', 'of all chance', '1')
  .option('--json <file>', 'write rules, rows, gate and ranking there')
  .addHelpText(
    'after',
    '\nExample:\n  npm run replay:access -- --accesses rows.ndjson --space 0.1 --json out.json\n',
  )
  .showHelpAfterError('(add --help for the options and an example)')
  .exitOverride()
  .action(replay);

await runToEnd(() => command.parseAsync());

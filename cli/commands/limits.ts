// `drey limits`: how much of this machine the agent may use, and when.

import { type Command, Option } from 'commander';
import { askAgent, type CallRequest, type LimitsAnswer } from '../../agent/control/index.ts';
import { DreyError } from '../../datasets/index.ts';
import { type CommonOptions, homeOf, show, withCommonOptions } from '../command.ts';
import { bytesText, timeText } from '../print.ts';
import { parseByteRate, parseCount, parseDays, parseHours } from '../quantities.ts';

interface LimitsOptions extends CommonOptions {
  readonly upload?: string;
  readonly download?: string;
  readonly disk?: string;
  readonly threads?: string;
  readonly pause?: boolean;
  readonly between?: string;
  readonly days?: string;
  readonly clear?: boolean;
  readonly onMetered?: 'pause' | 'go';
  readonly priority?: 'background' | 'normal';
}

type Change = CallRequest<'limits'>;
type Rule = NonNullable<Change['rule']>;

function changeOf(options: LimitsOptions): Change {
  const { upload, download, disk, threads, pause, between, days, clear, onMetered, priority } = options;
  const limits = {
    ...(upload === undefined ? {} : { uploadBytesPerSecond: parseByteRate(upload) }),
    ...(download === undefined ? {} : { downloadBytesPerSecond: parseByteRate(download) }),
    ...(disk === undefined ? {} : { diskBytesPerSecond: parseByteRate(disk) }),
    ...(threads === undefined ? {} : { threads: parseCount(threads) }),
    ...(pause === true ? { pause } : {}),
  };
  const hours = {
    ...(between === undefined ? {} : { between: parseHours(between) }),
    ...(days === undefined ? {} : { days: [...parseDays(days)] }),
  };
  if (Object.keys(limits).length === 0 && Object.keys(hours).length > 0)
    throw new DreyError({
      code: 'limits-malformed',
      message: 'hours or days without anything that holds in them',
      advice: 'Add --upload, --download, --disk, --threads or --pause.',
    });
  return {
    ...(clear === true ? { clear } : {}),
    ...(Object.keys(limits).length === 0 ? {} : { rule: { ...hours, ...limits } }),
    ...(onMetered === undefined ? {} : { onMetered }),
    ...(priority === undefined ? {} : { priority }),
  };
}

const dayNames = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

const clockText = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

/** "sending at most 1.0 MiB/s, 2 threads". */
export function limitWords(limits: Omit<Rule, 'days' | 'between' | 'pause'>): readonly string[] {
  const { uploadBytesPerSecond: up, downloadBytesPerSecond: down, diskBytesPerSecond: disk } = limits;
  const { threads } = limits;
  return [
    ...(up === undefined ? [] : [`sending at most ${bytesText(up)}/s`]),
    ...(down === undefined ? [] : [`receiving at most ${bytesText(down)}/s`]),
    ...(disk === undefined ? [] : [`reading at most ${bytesText(disk)}/s of files for snapshots`]),
    ...(threads === undefined ? [] : [`working in ${threads === 1 ? 'one thread' : `${threads} threads`}`]),
  ];
}

function ruleText({ days, between, pause, ...limits }: LimitsAnswer['rules'][number]): string {
  const when = [
    days === undefined ? 'every day' : days.map((day) => dayNames[day]).join(', '),
    ...(between === undefined ? [] : [`${clockText(between.fromMinute)} to ${clockText(between.toMinute)}`]),
  ].join(', ');
  const given = Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
  return `  ${when}: ${[...(pause === true ? ['paused'] : []), ...limitWords(given)].join(', ')}`;
}

const meteredTexts = {
  metered: 'the network costs by the byte',
  free: 'the network does not cost by the byte',
  unknown: 'this system does not say whether the network costs by the byte',
} as const;

function limitsText({ rules, onMetered, priority, metered, now }: LimitsAnswer): string {
  const { paused, untilMs, ...limits } = now;
  const state =
    paused === undefined ? limitWords(limits).join(', ') || 'nothing is limited' : `paused: ${paused}`;
  return [
    `Now: ${state}${untilMs === undefined ? '' : `, until ${timeText(untilMs)}`}.`,
    ...(rules.length === 0 ? ['No rules.'] : ['Rules, in local time; the strictest that holds counts:']),
    ...rules.map(ruleText),
    `On a network that costs by the byte: ${onMetered === 'pause' ? 'rest' : 'go on'}; ${meteredTexts[metered]}.`,
    `Priority from the next start on: ${priority}. Restores that a person asks for here are never held back.`,
  ].join('\n');
}

/** Adds `limits`. */
export function addLimitsCommand(program: Command): void {
  withCommonOptions(
    program
      .command('limits')
      .description('how much of this machine and its network the agent may use, and when'),
    'drey limits --upload 1MB/s --between 08:00-18:00 --days mon-fri',
  )
    .option('--upload <rate>', 'send shards no faster, as in 1MB/s; at least 256KB/s')
    .option('--download <rate>', 'receive shards no faster; restores of this machine are not held back')
    .option('--disk <rate>', 'read files for snapshots no faster, as in 20MB/s; at least 256KB/s')
    .option('--threads <count>', 'worker threads at once')
    .option('--pause', 'take no snapshots by itself, move no shards')
    .option('--between <hours>', 'only in these hours, as in 08:00-18:00 or 22:00-06:00')
    .option('--days <days>', 'only on these days, as in mon-fri or sat,sun')
    .option('--clear', 'forget all rules')
    .addOption(
      new Option('--on-metered <what>', 'on a network that costs by the byte (default pause)').choices([
        'pause',
        'go',
      ]),
    )
    .addOption(
      new Option('--priority <priority>', 'of the process (default background)').choices([
        'background',
        'normal',
      ]),
    )
    .action(async (options: LimitsOptions) => {
      const request = changeOf(options);
      const answer = await askAgent({ home: homeOf(options), call: 'limits', request });
      show(options, answer, () => limitsText(answer));
    });
}

// `drey retention`: which snapshots of this machine's drives are kept, and what that frees.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { askAgent, type RetentionAnswer } from '../../agent/control/index.ts';
import { DreyError } from '../../datasets/index.ts';
import { homeOf, show, withCommonOptions, type CommonOptions } from '../command.ts';
import { counting, endCounting, shortId } from '../lookup.ts';
import { bytesText, oneLine, tableText, timeText } from '../print.ts';
import { parseCount } from '../quantities.ts';

const kinds = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
type Kind = (typeof kinds)[number];
type KeepOptions = { readonly [Name in `keep${Capitalize<Kind>}`]?: string };

interface RetentionOptions extends CommonOptions, KeepOptions {
  readonly keepAll?: boolean;
  readonly dryRun?: boolean;
}

type Drive = RetentionAnswer['drives'][number];
type Rules = Drive['rules'];

const optionOf = (kind: Kind): keyof KeepOptions =>
  `keep${kind[0]!.toUpperCase()}${kind.slice(1)}` as keyof KeepOptions;

/** What the options ask for; undefined when they say nothing. Throws `quantity-malformed`, `retention-contradictory`. */
function rulesOf(options: RetentionOptions): Rules | undefined {
  const rules = Object.fromEntries(
    kinds.flatMap((kind) => {
      const text = options[optionOf(kind)];
      return text === undefined ? [] : [[kind, parseCount(text)]];
    }),
  ) as Rules;
  if (options.keepAll === true && Object.values(rules).some((count) => count > 0))
    throw new DreyError({
      code: 'retention-contradictory',
      message: 'everything is to be kept, and not everything',
      advice: 'Give --keep-all alone, or numbers without it.',
    });
  return Object.keys(rules).length > 0 || options.keepAll === true ? rules : undefined;
}

function rulesText(rules: Rules): string {
  const parts = kinds.flatMap((kind) => ((rules[kind] ?? 0) > 0 ? [`${rules[kind]} ${kind}`] : []));
  return parts.length === 0 ? 'everything is kept' : `keeps ${parts.join(', ')}`;
}

/** What becomes of mostly dead packs. */
function repackText(packs: NonNullable<Drive['packs']>, { isApplied, leftMs }: Drive): string {
  const { repackCount, repackBytes, emptiedCount } = packs;
  const mostlyDead = `${repackCount} mostly dead packs (${bytesText(repackBytes)})`;
  if (leftMs !== undefined)
    return `${mostlyDead} stay as they are, as no more snapshots are taken: only after one could they be given up.`;
  return isApplied
    ? `${emptiedCount} mostly dead packs were emptied into new ones; they are given up after the next snapshot.`
    : `${mostlyDead} would be emptied into new ones.`;
}

/** What becomes of a drive's packs, for a person. */
export function packLines(drive: Drive): readonly string[] {
  const { packs, unseen, isApplied, snapshots } = drive;
  // Before the first snapshot there is nothing to judge them by, and nothing to forget.
  if (unseen !== undefined && snapshots.length === 0) return [];
  if (unseen !== undefined) return [`! Packs cannot be judged now, all of them stay: ${unseen}`];
  if (packs === undefined) return [];
  const { deadPackCount, deadPackBytes, repackCount } = packs;
  const dead = `${deadPackCount} of ${packs.packCount} packs (${bytesText(deadPackBytes)} of ${bytesText(packs.packBytes)})`;
  return [
    isApplied
      ? `Given up: ${dead}. Their holders free them after a week of their own clocks.`
      : `It would give up ${dead}.`,
    ...(repackCount > 0 ? [repackText(packs, drive)] : []),
  ];
}

function driveText(drive: Drive): string {
  const { path, rules, snapshots, held, isApplied } = drive;
  const word = isApplied && held === undefined ? 'forgotten' : 'would be forgotten';
  const rows = snapshots.map(({ snapshot, atMs, reasons }) => [
    shortId(snapshot),
    timeText(atMs),
    reasons.length === 0 ? (held === undefined ? word : 'kept: held') : reasons.join(', '),
  ]);
  return [
    `${oneLine(path)}: ${rulesText(rules)}`,
    ...(held === undefined ? [] : [`! Nothing is forgotten now: ${held}.`]),
    ...(rows.length === 0 ? ['No snapshot yet.'] : [tableText([['snapshot', 'taken', 'kept for'], ...rows])]),
    ...packLines(drive),
  ].join('\n');
}

async function retention(drive: string, options: RetentionOptions): Promise<void> {
  const rules = rulesOf(options);
  const answer = await askAgent({
    home: homeOf(options),
    call: 'retention',
    request: {
      // An id or "all" is no path; whatever has a separator is one.
      drive: /[/\\]|^\.{1,2}$/u.test(drive) ? resolve(drive) : drive,
      ...(rules === undefined ? {} : { rules }),
      apply: rules !== undefined && options.dryRun !== true,
    },
    ...counting(options),
  });
  endCounting(options);
  show(options, answer, () => answer.drives.map(driveText).join('\n\n'));
}

/** Adds `retention`. */
export function addRetentionCommand(program: Command): void {
  const command = withCommonOptions(
    program
      .command('retention')
      .description('which snapshots of a drive are kept; without numbers: what its rules do')
      .argument('<drive>', 'first digits of its id, its folder, or "all"'),
    'drey retention all --keep-last 5 --keep-daily 14 --keep-weekly 8 --keep-monthly 12 --dry-run',
  );
  for (const kind of kinds)
    command.option(
      `--keep-${kind} <n>`,
      kind === 'last' ? 'the newest n' : `the newest of each of the last n ${periods[kind]} that have one`,
    );
  command
    .option('--keep-all', 'forget nothing any more')
    .option('--dry-run', 'only say what these numbers would do')
    .action(retention);
}

const periods: Readonly<Record<Exclude<Kind, 'last'>, string>> = {
  hourly: 'hours',
  daily: 'days',
  weekly: 'weeks',
  monthly: 'months',
  yearly: 'years',
};

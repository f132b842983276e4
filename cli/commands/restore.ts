// `drey restore`: yesterday's files back, from the other machines, on any machine of the fleet.

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CallProgress, RestoreAnswer } from '../../agent/control/index.ts';
import { askAgent } from '../../agent/control/index.ts';
import { DreyError } from '../../datasets/index.ts';
import { collected, homeOf, show, withCommonOptions, type CommonOptions } from '../command.ts';
import { bytesText, countText, oneLine, sayProgress, timeText } from '../print.ts';
import { parseMomentMs } from '../quantities.ts';
import { readPhrase } from '../secret.ts';

interface RestoreOptions extends CommonOptions {
  readonly to: string;
  readonly drive?: string;
  readonly snapshot?: string;
  readonly at?: string;
  readonly path?: readonly string[];
  readonly phraseFile?: string;
  readonly compare?: string;
  readonly ignore?: readonly string[];
}

const sayCount = (progress: CallProgress): void => {
  if (progress.kind === 'counted')
    sayProgress(`${progress.what}: ${progress.done} of ${progress.of}`, 'going');
};

/** What a restore brought, and what of it is missing or not as it was. */
export function restoredText(answer: RestoreAnswer, to: string): string {
  const { differences, imperfect = [], symlinkCount = 0 } = answer;
  const counts = [
    countText(answer.fileCount, 'file'),
    ...(symlinkCount > 0 ? [countText(symlinkCount, 'symlink')] : []),
    bytesText(answer.byteCount),
  ];
  const compared =
    differences === undefined
      ? []
      : [
          differences.length === 0
            ? 'Compared: every byte, mode and time is equal.'
            : `Compared: ${countText(differences.length, 'difference')}.`,
        ];
  return [
    `Restored ${counts.join(', ')}, from ${countText(answer.packCount, 'pack')} into ${to}, as they were on ${oneLine(answer.machine)} ${timeText(answer.atMs)}.`,
    ...compared,
    ...(differences ?? []).slice(0, 20).map((difference) => `  differs: ${oneLine(whereText(difference))}`),
    ...answer.missing.slice(0, 20).map((missed) => `  missing: ${oneLine(missed.path)}: ${missed.reason}`),
    ...(imperfect.length === 0
      ? []
      : [`${countText(imperfect.length, 'file')} restored, but not wholly as before:`]),
    ...imperfect.slice(0, 20).map(({ path, reason }) => `  ${oneLine(path)}: ${reason}`),
  ].join('\n');
}

const onlyRestored = ': only in the first';
const onlyCompared = ': only in the second';

/** Which folder is meant, for a file that only one of them has. */
const whereText = (difference: string): string =>
  difference.endsWith(onlyRestored)
    ? `${difference.slice(0, -onlyRestored.length)}: only in what was restored`
    : difference.endsWith(onlyCompared)
      ? `${difference.slice(0, -onlyCompared.length)}: only in the folder compared with`
      : difference;

function missingAdvice(remedies: RestoreAnswer['remedies'] = ['machines', 'here']): string {
  const needed = [
    ...(remedies.includes('machines') ? ['start more of the machines that hold the drive'] : []),
    ...(remedies.includes('here') ? ['see here to the reasons that are named'] : []),
  ].join(', and ');
  return needed === ''
    ? 'It is not whole in this snapshot: `drey history PATH` shows which others have it.'
    : `${needed[0]!.toUpperCase()}${needed.slice(1)}; then run the same command again: it goes on in that folder.`;
}

/** Throws `restore-incomplete` or `restore-differs`; a file that changed while it was saved comes back as it was saved, however often it is tried. */
export function assertComplete(answer: RestoreAnswer): void {
  const [missing, differences] = [answer.missing.length, answer.differences ?? []];
  if (missing > 0)
    throw new DreyError({
      code: 'restore-incomplete',
      message: `${countText(missing, 'file')} could not be restored`,
      advice: missingAdvice(answer.remedies),
      retry: 'retryable',
    });
  if (differences.length === 0) return;
  const isLeftOut = differences.every((difference) => difference.endsWith(onlyCompared));
  throw new DreyError({
    code: 'restore-differs',
    message: isLeftOut
      ? `the whole snapshot is restored; the folder compared with has ${countText(differences.length, 'path')} that the snapshot does not have`
      : `the whole snapshot is restored; it and the folder compared with differ in ${countText(differences.length, 'place')}`,
    advice:
      'They were changed or made after the snapshot, left out of it (name that with --ignore), or could not be read when it was taken: `drey status` on the owner tells of those.',
  });
}

/** Known before hours of restoring, not after. Throws `compare-unusable`. */
function assertComparable(folder: string | undefined): void {
  if (folder === undefined || statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new DreyError({
    code: 'compare-unusable',
    message: 'the folder to compare with is not there, or is no folder',
    advice: 'Name the folder that was protected, or leave --compare out. Nothing was restored.',
  });
}

async function restore(options: RestoreOptions): Promise<void> {
  assertComparable(options.compare);
  const phrase = readPhrase(options.phraseFile);
  const answer = await askAgent({
    home: homeOf(options),
    call: 'restore',
    request: {
      to: resolve(options.to),
      paths: [...(options.path ?? [])],
      ignore: [...(options.ignore ?? [])],
      ...(options.drive === undefined ? {} : { drive: options.drive }),
      ...(options.snapshot === undefined ? {} : { snapshot: options.snapshot }),
      ...(options.at === undefined ? {} : { atMs: parseMomentMs(options.at, Date.now()) }),
      ...(phrase === undefined ? {} : { phrase }),
      ...(options.compare === undefined ? {} : { compareTo: resolve(options.compare) }),
    },
    ...(options.json === true ? {} : { report: sayCount }),
  });
  if (options.json !== true) sayProgress('', 'going');
  show(options, answer, () => restoredText(answer, options.to));
  assertComplete(answer);
}

/** Adds `restore`. */
export function addRestoreCommand(program: Command): void {
  withCommonOptions(
    program.command('restore').description('bring files back into a new or empty folder'),
    'drey restore --to ~/restored --phrase-file phrase.txt',
  )
    .requiredOption('--to <folder>', 'where to put them: a new or empty folder')
    .option('--drive <id>', 'which drive (its first digits are enough; default: the only one)')
    .option('--snapshot <id>', 'which snapshot (its first digits are enough; default: the newest)')
    .option(
      '--at <time>',
      'the newest snapshot at or before it: "yesterday", "2026-03-01", "2026-03-01 14:30", or "2d" for two days ago',
    )
    .option('--path <path>', 'only this file or folder of the drive; may be repeated', collected)
    .option(
      '--phrase-file <file>',
      'your 24-word recovery phrase, on a machine that is not yours yet ("-": standard input)',
    )
    .option('--compare <folder>', 'afterwards compare every byte, mode and time with this folder')
    .option('--ignore <pattern>', 'with --compare: what the drive left out; may be repeated', collected)
    .action(restore);
}

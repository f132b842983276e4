// `drey protect PATH`: makes a drive of a folder and takes its first snapshot; or says that a mass change in it was meant.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { askAgent, type ProtectAnswer, type SnapshotAnswer } from '../../agent/control/index.ts';
import { DreyError } from '../../datasets/index.ts';
import { collected, homeOf, show, withCommonOptions, type CommonOptions } from '../command.ts';
import { bytesText, countText, listText, oneLine, say } from '../print.ts';
import { readPhrase } from '../secret.ts';
import { withWaiting } from '../waiting.ts';

interface ProtectOptions extends CommonOptions {
  readonly ignore?: readonly string[];
  readonly phraseFile?: string;
  readonly wait: boolean;
  readonly defaultIgnores: boolean;
  readonly acceptChange?: boolean;
}

const phraseText = (phrase: string): string =>
  [
    'Your recovery phrase, shown only now. Write it on paper: with it, and a machine of the fleet, your files come back.',
    '',
    `  ${phrase}`,
    '',
  ].join('\n');

async function accept(path: string, options: ProtectOptions): Promise<void> {
  const answer = await askAgent({
    home: homeOf(options),
    call: 'acceptChange',
    request: { path: resolve(path) },
  });
  show(options, answer, () =>
    answer.accepted === undefined
      ? 'Nothing was held back for this folder.'
      : `Accepted: ${answer.accepted.harmed} of ${answer.accepted.before} files. Older snapshots are forgotten again as the drive's rules say.`,
  );
}

async function protect(path: string, options: ProtectOptions): Promise<void> {
  if (options.acceptChange === true) {
    await accept(path, options);
    return;
  }
  const home = homeOf(options);
  const phrase = readPhrase(options.phraseFile);
  const drive = await askAgent({
    home,
    call: 'protect',
    request: {
      path: resolve(path),
      ignore: [...(options.ignore ?? [])],
      ...(options.defaultIgnores ? {} : { defaultIgnores: 'none' as const }),
      ...(phrase === undefined ? {} : { phrase }),
    },
  });
  const seen = async (): Promise<void> => {
    if (drive.phrase !== undefined) await askAgent({ home, call: 'phraseSeen', request: {} });
  };
  if (options.json !== true && drive.phrase !== undefined) {
    say(phraseText(drive.phrase));
    await seen();
  }
  if (options.json !== true) for (const line of twiceLines(drive)) say(line);
  if (!options.wait) {
    show(
      options,
      drive,
      () => `Protected as drive ${drive.drive}; the first snapshot is on its way. See \`drey status\`.`,
    );
    if (options.json === true) await seen();
    return;
  }
  const asked = askAgent({ home, call: 'snapshot', request: { drive: drive.drive, first: drive.hasBegun } });
  const snapshot = await (options.json === true ? asked : withWaiting(asked, { home, drive: drive.drive }));
  show(options, { ...drive, ...snapshot }, () => protectedText(drive, snapshot));
  if (options.json === true) await seen();
  assertWhole(snapshot);
}

/** Folders that are named at most; the rest are counted. */
const namedFoldersMax = 5;

/** What is saved twice, for a person. */
export const twiceLines = ({
  inside,
  around,
}: Pick<ProtectAnswer, 'inside' | 'around'>): readonly string[] => [
  ...(inside === undefined
    ? []
    : [`This folder lies in ${oneLine(inside)}, which is protected too: its files are saved twice.`]),
  ...(around === undefined
    ? []
    : [
        `In this folder ${around.length === 1 ? 'lies' : 'lie'} ${listText(around.map(oneLine), namedFoldersMax)}, protected too: what is in there is saved twice, unless --ignore leaves it out here.`,
      ]),
];

/** Throws `snapshot-incomplete`: all else is saved. */
export function assertWhole({ leftOutCount = 0 }: Pick<SnapshotAnswer, 'leftOutCount'>): void {
  if (leftOutCount === 0) return;
  throw new DreyError({
    code: 'snapshot-incomplete',
    message: `${countText(leftOutCount, 'path')} could not be read and ${leftOutCount === 1 ? 'is' : 'are'} not in the snapshot; all else is saved`,
    advice:
      'The reasons stand above. The next snapshot tries again by itself: until then give the agent the right to read them, connect a disk that is missing, or leave them out with --ignore.',
  });
}

const shownUnreadableMax = 20;
/** Of sockets, pipes and devices: what is left of a program that ran. */
const shownSpecialMax = 5;

/** What became of `drey protect`, for a person. */
export function protectedText(
  { drive, folder, isNew, ignore }: Pick<ProtectAnswer, 'drive' | 'folder' | 'isNew' | 'ignore'>,
  snapshot: SnapshotAnswer,
): string {
  const { fileCount, byteCount, packCount, outcome, unreadable, special } = snapshot;
  const leftOutCount = snapshot.leftOutCount ?? unreadable.length;
  const size = `${countText(fileCount, 'file')}, ${bytesText(byteCount)}`;
  const where = oneLine(folder);
  const what = isNew
    ? `Protected: ${where} is drive ${drive}: ${size}, in ${countText(packCount, 'pack')} on other machines.`
    : outcome === 'unchanged'
      ? `Nothing has changed in ${where} since its newest snapshot: ${size}, on other machines.`
      : `A new snapshot of ${where} is on other machines: ${size}.`;
  const more = unreadable.length - shownUnreadableMax;
  return [
    what,
    ...(ignore === undefined ? [] : [leftOutText(ignore)]),
    ...unreadable
      .slice(0, shownUnreadableMax)
      .map(
        (one, at) =>
          `  ${at < leftOutCount ? 'could not be read' : 'saved as it was read last'}: ${oneLine(one)}`,
      ),
    ...(more > 0 ? [`  and ${more} more: \`--json\` lists them`] : []),
    ...(special.length === 0
      ? []
      : [
          `  not kept, as sockets, pipes and devices never are: ${listText(special.map(oneLine), shownSpecialMax)}`,
        ]),
  ].join('\n');
}

const leftOutText = (ignore: readonly string[]): string =>
  `  left out from now on: ${ignore.length === 0 ? 'nothing' : ignore.map(oneLine).join(', ')}`;

/** Adds `protect`. */
export function addProtectCommand(program: Command): void {
  withCommonOptions(
    program
      .command('protect')
      .description('keep a folder safe on other machines')
      .argument('<path>', 'the folder'),
    'drey protect ~/Documents --ignore node_modules',
  )
    .option(
      '--ignore <pattern>',
      'what to leave out, as in .gitignore; may be repeated; of a folder that is protected already in place of what it left out before',
      collected,
    )
    .option('--no-default-ignores', 'keep even the caches and the trash of a home folder')
    .option('--phrase-file <file>', 'recovery phrase of a person who already has one ("-": standard input)')
    .option(
      '--accept-change',
      'say that the mass change that `drey status` shows was your wish: older snapshots may be forgotten again',
    )
    .option('--no-wait', 'do not wait until the first snapshot is acknowledged')
    .action(protect);
}

// `drey verify`: whether every file of the snapshots could be restored from what is there now; `--prove` restores some of them as a trial.
// Ends with 1 when not.

import type { Command } from 'commander';
import { askAgent, type ProveAnswer, type VerifyAnswer } from '../../agent/control/index.ts';
import { DreyError } from '../../datasets/index.ts';
import { homeOf, show, withCommonOptions } from '../command.ts';
import {
  counting,
  driveWish,
  endCounting,
  type LookupOptions,
  shortId,
  withDriveOptions,
} from '../lookup.ts';
import { bytesText, countText, oneLine } from '../print.ts';

interface VerifyOptions extends LookupOptions {
  readonly snapshot?: string;
  readonly readData?: boolean;
  readonly prove?: boolean;
}

type Drive = VerifyAnswer['drives'][number];

const problemLine = ({ snapshot, path, reason }: Partial<Drive['problems'][number]>): string =>
  `!! ${[snapshot === undefined ? undefined : shortId(snapshot), path === undefined ? undefined : oneLine(path), reason].filter((part) => part !== undefined).join(': ')}`;

/** What is said of one drive. */
export function driveLines(drive: Drive, depth: 'places' | 'data'): readonly string[] {
  const { problems, problemCount, shortPackCount, lostPackCount } = drive;
  const how =
    depth === 'data'
      ? `${bytesText(drive.checkedBytes)} were fetched and checked`
      : 'enough shards of each are on machines that answer; their bytes were not read (--read-data)';
  const snapshots = `drive ${drive.drive.slice(0, 8)}: ${countText(drive.snapshotCount, 'snapshot')}`;
  // Packs of trees and indexes are none of these: those are read, whatever is asked. Of files in snapshots that cannot be opened nothing is known.
  const files =
    drive.fileCount === 0 && problemCount > 0
      ? ''
      : `, ${countText(drive.fileCount, 'file')}, ${countText(drive.chunkCount, 'part')} in ${countText(drive.packCount, 'pack')} of contents`;
  const all = `${snapshots}${files}`;
  const packs = shortPackCount === 0 ? '' : `, ${countText(shortPackCount, 'pack')} out of reach`;
  if (problemCount === 0) return [`${all}: ${how}. Everything could be restored.`];
  return [
    `${all}: ${countText(problemCount, 'problem')}${packs}.`,
    ...problems.map(problemLine),
    ...(problemCount > problems.length ? [`… only the first ${problems.length} are listed.`] : []),
    ...(lostPackCount > 0
      ? [
          `${countText(lostPackCount, 'pack')} of these cannot be expected back: what was in them and is still in the folder is being stored anew.`,
        ]
      : []),
  ];
}

function assertSound({ drives }: { readonly drives: readonly Pick<Drive, 'problemCount'>[] }): void {
  const problemCount = drives.reduce((sum, drive) => sum + drive.problemCount, 0);
  if (problemCount === 0) return;
  const what = problemCount === 1 ? '1 file or snapshot' : `${problemCount} files or snapshots`;
  throw new DreyError({
    code: 'verify-found-problems',
    message: `${what} could not be restored from what is there now`,
    advice: 'Start more of the machines that hold the drive, and run it again.',
    retry: 'retryable',
  });
}

function proofLines(drive: ProveAnswer['drives'][number]): readonly string[] {
  const { path, fileCount, byteCount, machineCount, comparedCount, problems } = drive;
  return [
    `${path}: ${countText(fileCount, 'file')}, ${bytesText(byteCount)} came back from ${countText(machineCount, 'machine')} as they were backed up; ${comparedCount} of them are unchanged here and are the same.`,
    ...problems.map(problemLine),
  ];
}

async function prove(options: VerifyOptions): Promise<void> {
  const answer = await askAgent({
    home: homeOf(options),
    call: 'prove',
    request: options.drive === undefined ? {} : { drive: options.drive },
    ...counting(options),
  });
  endCounting(options);
  show(options, answer, () => answer.drives.flatMap(proofLines).join('\n'));
  assertSound({ drives: answer.drives.map(({ problems }) => ({ problemCount: problems.length })) });
}

async function verify(options: VerifyOptions): Promise<void> {
  if (options.prove === true) return prove(options);
  const readData = options.readData === true;
  const answer = await askAgent({
    home: homeOf(options),
    call: 'verify',
    request: {
      readData,
      ...driveWish(options),
      ...(options.snapshot === undefined ? {} : { snapshot: options.snapshot }),
    },
    ...counting(options),
  });
  endCounting(options);
  show(options, answer, () =>
    answer.drives.flatMap((drive) => driveLines(drive, readData ? 'data' : 'places')).join('\n'),
  );
  assertSound(answer);
}

/** Adds `verify`. */
export function addVerifyCommand(program: Command): void {
  const command = program
    .command('verify')
    .description('whether every file of the snapshots could be restored from what is there now');
  withDriveOptions(withCommonOptions(command, 'drey verify --read-data'))
    .option('--snapshot <id>', 'only this one (its first digits are enough; default: all)')
    .option(
      '--prove',
      'restore some random files of the newest snapshots of this machine from other machines, and compare them',
    )
    .option('--read-data', 'fetch every pack and check every part of every file, not only where it lies')
    .action(verify);
}

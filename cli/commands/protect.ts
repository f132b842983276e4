// `drey protect PATH`: makes a drive of a folder and takes its first snapshot; or says that a mass change in it was meant.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { askAgent } from '../../agent/control/index.ts';
import { homeOf, show, withCommonOptions, type CommonOptions } from '../command.ts';
import { bytesText, say } from '../print.ts';
import { readSecret } from '../secret.ts';

interface ProtectOptions extends CommonOptions {
  readonly ignore: readonly string[];
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
  const phrase = readSecret(options.phraseFile);
  const drive = await askAgent({
    home,
    call: 'protect',
    request: {
      path: resolve(path),
      ignore: [...options.ignore],
      ...(options.defaultIgnores ? {} : { defaultIgnores: 'none' as const }),
      ...(phrase === undefined ? {} : { phrase }),
    },
  });
  if (options.json !== true && drive.phrase !== undefined) say(phraseText(drive.phrase));
  if (!options.wait) {
    show(
      options,
      drive,
      () => `Protected as drive ${drive.drive}; the first snapshot is on its way. See \`drey status\`.`,
    );
    return;
  }
  const snapshot = await askAgent({
    home,
    call: 'snapshot',
    request: { drive: drive.drive, first: drive.isNew },
  });
  show(options, { ...drive, ...snapshot }, () =>
    [
      `Protected as drive ${drive.drive}: ${snapshot.fileCount} files, ${bytesText(snapshot.byteCount)}, in ${snapshot.packCount} packs on other machines.`,
      ...snapshot.unreadable.map((missed) => `  could not be read: ${missed}`),
    ].join('\n'),
  );
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** Adds `protect`. */
export function addProtectCommand(program: Command): void {
  withCommonOptions(
    program
      .command('protect')
      .description('keep a folder safe on other machines')
      .argument('<path>', 'the folder'),
    'drey protect ~/Documents --ignore node_modules',
  )
    .option('--ignore <pattern>', 'what to leave out, as in .gitignore; may be repeated', collect, [])
    .option('--no-default-ignores', 'keep even the caches and the trash of a home folder')
    .option('--phrase-file <file>', 'recovery phrase of a person who already has one ("-": standard input)')
    .option(
      '--accept-change',
      'say that the mass change that `drey status` shows was your wish: older snapshots may be forgotten again',
    )
    .option('--no-wait', 'do not wait until the first snapshot is acknowledged')
    .action(protect);
}

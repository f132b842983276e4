// What the commands share that look into snapshots: which drive, whose words, how far it is.

import type { Command } from 'commander';
import type { CallProgress, FileEvent } from '../agent/control/index.ts';
import type { CommonOptions } from './command.ts';
import { sayProgress } from './print.ts';
import { readPhrase } from './secret.ts';

export interface LookupOptions extends CommonOptions {
  readonly drive?: string;
  readonly phraseFile?: string;
}

/** Adds --drive and --phrase-file. */
export const withDriveOptions = (command: Command): Command =>
  command
    .option('--drive <id>', 'only this drive (its first digits are enough)')
    .option(
      '--phrase-file <file>',
      'your 24-word recovery phrase, on a machine that is not yours yet ("-": standard input)',
    );

/** The part of a request that both options fill. Throws `secret-unreadable`. */
export function driveWish({ drive, phraseFile }: LookupOptions): {
  readonly drive?: string;
  readonly phrase?: string;
} {
  const phrase = readPhrase(phraseFile);
  return { ...(drive === undefined ? {} : { drive }), ...(phrase === undefined ? {} : { phrase }) };
}

/** Says how far a call is, on a terminal, unless a script reads. */
export const counting = (options: CommonOptions): { readonly report?: (progress: CallProgress) => void } =>
  options.json === true
    ? {}
    : {
        report: (progress) => {
          if (progress.kind === 'counted')
            sayProgress(`${progress.what}: ${progress.done} of ${progress.of}`, 'going');
        },
      };

/** Clears the line that `counting` wrote. */
export function endCounting(options: CommonOptions): void {
  if (options.json !== true && process.stdout.isTTY) sayProgress('', 'going');
}

/** What stands in the place of a size where an entry has none. */
export const entryTexts: Readonly<Record<Exclude<FileEvent['entry'], undefined>, string>> = {
  file: 'file',
  folder: 'folder',
  symlink: 'symlink',
  hardLink: 'hard link',
};

/** The first ten digits of an id: enough for every command that takes one. */
export const shortId = (id: string): string => id.slice(0, 10);

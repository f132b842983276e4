// Passphrases and recovery phrases come from a file or standard input, never from the command line: other people on
// the machine can read its process list.

import { readFileSync } from 'node:fs';
import { DreyError } from '../datasets/index.ts';

/** First line of `file` ("-": standard input), trimmed; undefined when no file is named. Throws `secret-unreadable`. */
export function readSecret(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return (readFileSync(file === '-' ? 0 : file, 'utf8').split('\n')[0] ?? '').trim();
  } catch (error) {
    throw new DreyError({
      code: 'secret-unreadable',
      message: 'the file with the passphrase or phrase cannot be read',
      advice: 'Name a readable file whose first line is the phrase, or "-" for standard input.',
      cause: error,
    });
  }
}

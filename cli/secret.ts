// Passphrases and recovery phrases come from a file or standard input, never from the command line: other people on
// the machine can read its process list.

import { readFileSync } from 'node:fs';
import { DreyError } from '../datasets/index.ts';

/** First line of `file` ("-": standard input), trimmed; undefined when no file is named. Throws `secret-unreadable`. */
export const readSecret = (file: string | undefined): string | undefined =>
  file === undefined ? undefined : (textOf(file).split('\n')[0] ?? '').trim();

/** The words of a recovery phrase as people type them off a sheet: on one line or many, numbered or not; undefined when no file is named. Throws `secret-unreadable`. */
export function readPhrase(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const words = textOf(file).split(/[\s,;]+/u);
  return words
    .map((word) => word.replace(/^\d+[.):]?/u, ''))
    .filter((word) => word !== '')
    .join(' ');
}

/** What editors of Windows put before a text to say how it is written. */
const mark = '\uFEFF';

function textOf(file: string): string {
  try {
    const bytes = readFileSync(file === '-' ? 0 : file);
    const isWide = bytes[0] === 0xff && bytes[1] === 0xfe;
    const text = bytes.toString(isWide ? 'utf16le' : 'utf8');
    return text.startsWith(mark) ? text.slice(1) : text;
  } catch (error) {
    throw new DreyError({
      code: 'secret-unreadable',
      message: 'the file with the passphrase or phrase cannot be read',
      advice: 'Name a readable file with nothing else in it, or "-" for standard input.',
      cause: error,
    });
  }
}

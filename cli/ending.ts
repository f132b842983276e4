// How a command ends: exit code 0 where it is done, 1 where it failed, 2 where the command line is wrong. What went wrong stands on standard error.

import { CommanderError } from 'commander';
import { DreyError } from '../datasets/index.ts';
import { standWhereTyped } from './command-line.ts';
import { endWithReader, errorText } from './print.ts';

/** Runs a command line to its end, in the folder in which it was typed. */
export async function runToEnd(parse: () => Promise<unknown>): Promise<void> {
  endWithReader();
  try {
    standWhereTyped(process.env);
    await parse();
  } catch (error) {
    // Commander has said by itself what is wrong, and ends with 0 after a page of help.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else {
      process.stderr.write(`${errorText(error)}\n`);
      process.exitCode = isOfWords(error) ? 2 : 1;
    }
  }
}

/** Errors that say of a word on the command line that it cannot be so, whatever there is on this machine. */
const codesOfWords: ReadonlySet<string> = new Set([
  'deletions-malformed',
  'demo-count-out-of-range',
  'export-needs-file',
  'fleet-options',
  'limits-malformed',
  'listen-malformed',
  'models-options',
  'name-unusable',
  'policy-unknown',
  'quantity-malformed',
  'replay-options',
  'retention-contradictory',
  'selector-malformed',
  'simulation-options',
  'word-empty',
]);

const isOfWords = (error: unknown): boolean => error instanceof DreyError && codesOfWords.has(error.code);

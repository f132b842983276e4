// `drey unprotect PATH`: takes no more snapshots of a folder. What was saved stays, for as long as its rules keep it.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { askAgent, type UnprotectAnswer } from '../../agent/control/index.ts';
import { homeOf, show, withCommonOptions, type CommonOptions } from '../command.ts';
import { countText, oneLine } from '../print.ts';

/** What can be restored from now on, and what can be done about it. */
export function unprotectText({ folder, drive, snapshotCount }: UnprotectAnswer): string {
  const taken = `No more snapshots are taken of ${oneLine(folder)}.`;
  if (snapshotCount === 0)
    return `${taken} None of it was safe yet, so nothing of it can be restored; \`drey protect\` goes on with the same drive.`;
  return [
    `${taken} ${countText(snapshotCount, 'snapshot')} of it can be restored as before.`,
    `\`drey retention ${drive.slice(0, 8)} --keep-last 1\` gives up all but the newest; \`drey protect\` goes on with the same drive.`,
  ].join('\n');
}

async function unprotect(path: string, options: CommonOptions): Promise<void> {
  const answer = await askAgent({
    home: homeOf(options),
    call: 'unprotect',
    request: { folder: resolve(path) },
  });
  show(options, answer, () => unprotectText(answer));
}

/** Adds `unprotect`. */
export function addUnprotectCommand(program: Command): void {
  withCommonOptions(
    program
      .command('unprotect')
      .description('take no more snapshots of a folder; those that are there stay')
      .argument('<path>', 'the folder, or the first digits of its drive'),
    'drey unprotect ~/Downloads',
  ).action(unprotect);
}

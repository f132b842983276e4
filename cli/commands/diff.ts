// `drey diff A B`: what was added, removed and changed between two snapshots.

import type { Command } from 'commander';
import { askAgent, type DiffAnswer } from '../../agent/control/index.ts';
import { homeOf, show, withCommonOptions } from '../command.ts';
import {
  counting,
  driveWish,
  endCounting,
  entryTexts,
  type LookupOptions,
  shortId,
  withDriveOptions,
} from '../lookup.ts';
import { bytesText, oneLine, timeText } from '../print.ts';

const marks = { added: '+', removed: '-', changed: '~' } as const;

export function changeLine({ path, change, before, after }: DiffAnswer['changes'][number]): string {
  const entry = after ?? before;
  const size =
    before?.kind === 'file' && after?.kind === 'file'
      ? `${bytesText(before.byteCount)} → ${bytesText(after.byteCount)}`
      : entry?.kind === 'file'
        ? bytesText(entry.byteCount)
        : entry === undefined
          ? ''
          : entryTexts[entry.kind];
  return `${marks[change]} ${oneLine(path)}  ${size}`;
}

function diffText({ before, after, counts, changes }: DiffAnswer): string {
  const { added, removed, changed } = counts;
  return [
    `From ${shortId(before.snapshot)} (${timeText(before.atMs)}) to ${shortId(after.snapshot)} (${timeText(after.atMs)}): ${added} added, ${removed} removed, ${changed} changed.`,
    ...changes.map(changeLine),
    ...(added + removed + changed > changes.length ? [`… only the first ${changes.length} are listed.`] : []),
  ].join('\n');
}

async function diff(before: string, after: string | undefined, options: LookupOptions): Promise<void> {
  const answer = await askAgent({
    home: homeOf(options),
    call: 'diff',
    request: { before, ...(after === undefined ? {} : { after }), ...driveWish(options) },
    ...counting(options),
  });
  endCounting(options);
  show(options, answer, () => diffText(answer));
}

/** Adds `diff`. */
export function addDiffCommand(program: Command): void {
  const command = program
    .command('diff')
    .description('what was added, removed and changed between two snapshots')
    .argument('<before>', 'first digits of a snapshot id')
    .argument('[after]', 'first digits of another one (default: the newest)');
  withDriveOptions(withCommonOptions(command, 'drey diff 3f9c2a 81d07b')).action(diff);
}

// `drey history PATH`: what became of one file, from snapshot to snapshot.

import type { Command } from 'commander';
import { askAgent, type FileEvent, type HistoryAnswer } from '../../agent/control/index.ts';
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
import { bytesText, tableText, timeText } from '../print.ts';

const words: Readonly<Record<FileEvent['change'], string>> = {
  first: 'first seen',
  changed: 'changed',
  touched: 'same bytes, other time or mode',
  removed: 'removed',
  back: 'is back',
};

export const eventRow = ({
  change,
  snapshot,
  atMs,
  entry,
  byteCount,
  mtimeMs,
}: FileEvent): readonly string[] => [
  timeText(atMs),
  shortId(snapshot),
  words[change],
  entry === 'file' ? bytesText(byteCount ?? 0) : entry === undefined ? '-' : entryTexts[entry],
  mtimeMs === undefined ? '-' : timeText(mtimeMs),
];

function historyText({ drives }: HistoryAnswer): string {
  return drives
    .flatMap(({ drive, events, unreadable }) => [
      ...(drives.length > 1 ? [`drive ${drive.slice(0, 8)}`] : []),
      tableText([['snapshot of', 'snapshot', '', 'size', 'file changed'], ...events.map(eventRow)]),
      ...unreadable.map(({ snapshot, reason }) => `! ${shortId(snapshot)}: ${reason}`),
    ])
    .join('\n');
}

async function history(path: string, options: LookupOptions): Promise<void> {
  const answer = await askAgent({
    home: homeOf(options),
    call: 'history',
    request: { path, ...driveWish(options) },
    ...counting(options),
  });
  endCounting(options);
  show(options, answer, () => historyText(answer));
}

/** Adds `history`. */
export function addHistoryCommand(program: Command): void {
  const command = program
    .command('history')
    .description('every version of one file')
    .argument('<path>', 'inside the drive, or from the root of the disk on');
  withDriveOptions(withCommonOptions(command, 'drey history letters/offer.odt')).action(history);
}

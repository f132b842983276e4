// `drey find NAME`: where a file is, in all snapshots of all drives that can be opened.

import type { Command } from 'commander';
import { askAgent, type FindAnswer } from '../../agent/control/index.ts';
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
import { bytesText, oneLine, tableText, timeText } from '../print.ts';

/** Ids of snapshots, the first and the last where there are many. */
function snapshotsText(snapshots: readonly string[]): string {
  const [first, last] = [snapshots[0] ?? '', snapshots.at(-1) ?? ''];
  if (snapshots.length === 1) return shortId(first);
  return `${shortId(first)} … ${shortId(last)} (${snapshots.length})`;
}

export function foundText(answer: FindAnswer): string {
  const rows = answer.drives.flatMap(({ drive, versions }) =>
    versions.map(({ path, kind, byteCount, mtimeMs, snapshots }) => [
      drive.slice(0, 8),
      oneLine(kind === 'folder' ? `${path}/` : path),
      kind === 'file' ? bytesText(byteCount) : entryTexts[kind],
      timeText(mtimeMs),
      snapshotsText(snapshots),
    ]),
  );
  const unreadable = answer.drives.flatMap((drive) => drive.unreadable);
  return [
    rows.length === 0
      ? 'No snapshot has a name like that.'
      : tableText([['drive', 'path', 'size', 'changed', 'in snapshots'], ...rows]),
    ...(answer.drives.some(({ isCut }) => isCut) ? ['There is more: give more of the name.'] : []),
    ...unreadable.map(({ snapshot, reason }) => `! ${shortId(snapshot)}: ${reason}`),
  ].join('\n');
}

async function find(name: string, options: LookupOptions): Promise<void> {
  const answer = await askAgent({
    home: homeOf(options),
    call: 'find',
    request: { name, ...driveWish(options) },
    ...counting(options),
  });
  endCounting(options);
  show(options, answer, () => foundText(answer));
}

/** Adds `find`. */
export function addFindCommand(program: Command): void {
  const command = program
    .command('find')
    .description('where a file is, in all snapshots')
    .argument(
      '<name>',
      'a part of its name, or a glob ("*.odt"); with a "/" it is looked for in whole paths',
    );
  withDriveOptions(withCommonOptions(command, "drey find '*budget*'")).action(find);
}

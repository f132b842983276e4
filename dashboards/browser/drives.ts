// Section "Drives": protected folders, what is on its way, and their snapshots.

import type { DriveView, FleetView } from '../../agent/view.ts';
import { agoText, bytesText, timeText } from './format.ts';
import { namesOf, number, type Section, title } from './section.ts';
import { type Cell, folded, table } from './tables.ts';

function stateOf({ pending, watcher, snapshots }: DriveView): string {
  if (pending !== undefined)
    return `backing up: ${pending.shardsStored} of ${pending.shardsWanted} shards stored`;
  return watcher ?? (snapshots.length === 0 ? 'no snapshot yet' : 'stored');
}

const driveName = ({ path, drive }: DriveView): string => path ?? `${drive.slice(0, 8)} (sealed)`;

function snapshotsTable(view: FleetView): HTMLElement {
  const nameOf = namesOf(view);
  const snapshots = view.drives
    .flatMap((drive) => drive.snapshots.map((snapshot) => ({ drive, ...snapshot })))
    .toSorted((a, b) => b.atMs - a.atMs)
    .map(({ drive, snapshot, atMs, fileCount, byteCount }): Cell[] => [
      number(timeText(atMs), atMs),
      driveName(drive),
      nameOf(drive.owner),
      number(String(fileCount)),
      number(bytesText(byteCount), byteCount),
      snapshot.slice(0, 12),
    ]);
  return folded(
    'snapshots',
    snapshots.length === 1 ? 'The snapshot' : `All ${snapshots.length} snapshots`,
    table({
      key: 'snapshots',
      caption: 'Snapshots, newest first',
      head: [number('when'), 'drive', 'owner', number('files'), number('size'), 'snapshot'],
      rows: snapshots,
    }),
  );
}

export const drivesSection: Section = (view) => {
  const nameOf = namesOf(view);
  if (view.drives.length === 0)
    return title(
      'drives',
      'Drives and snapshots',
      'No folder is protected yet. Start with: drey protect PATH',
    );
  const rows = view.drives.map((drive): Cell[] => {
    const last = drive.snapshots.toSorted((a, b) => a.atMs - b.atMs).at(-1);
    return [
      driveName(drive),
      nameOf(drive.owner),
      number(last === undefined ? 'none yet' : agoText(view.atMs - last.atMs), last?.atMs ?? 0),
      number(String(drive.snapshots.length)),
      number(last === undefined ? '–' : String(last.fileCount)),
      number(last === undefined ? '–' : bytesText(last.byteCount), last?.byteCount),
      stateOf(drive),
    ];
  });
  return [
    ...title(
      'drives',
      'Drives and snapshots',
      'Protected folders, and the newest snapshot that enough holders have stored.',
    ),
    table({
      key: 'drives',
      caption: 'Drives',
      head: [
        'drive',
        'owner',
        number('newest snapshot'),
        number('snapshots'),
        number('files'),
        number('size'),
        'state',
      ],
      rows,
    }),
    snapshotsTable(view),
  ];
};

// Section "Drives": protected folders, what is on its way, and their snapshots.

import type { DriveView, FleetView } from '../../agent/view.ts';
import { agoText, bytesText, timeText } from './format.ts';
import { counted, namesOf, number, type Section, title, words } from './section.ts';
import { type Cell, folded, table } from './tables.ts';

function stateOf({ pending, watcher, leftMs, snapshots }: DriveView): string {
  if (pending !== undefined) {
    const { shardsStored, shardsWanted, waitsFor } = pending;
    const rest =
      waitsFor.length === 0 ? '' : `; waits for ${waitsFor.join(', ')}, or for machines in their places`;
    return `backing up: ${shardsStored} of ${shardsWanted} shards stored${rest}`;
  }
  if (leftMs !== undefined) return 'not protected any more';
  return watcher ?? (snapshots.length === 0 ? 'no snapshot yet' : 'stored');
}

/** "3 h ago (5 files, 12 MB from 4 machines)"; others' drives are proven by their owners. */
function provenCell({ proof, path }: DriveView, atMs: number): Cell {
  if (path === undefined) return '–';
  if (proof === undefined) return words('not yet');
  const { last, proven } = proof;
  const when =
    proven === undefined
      ? 'never'
      : `${agoText(atMs - proven.atMs)} (${counted(proven.fileCount, 'file')}, ${bytesText(proven.byteCount)} from ${counted(proven.machineCount, 'machine')})`;
  if (last.verdict === 'proven') return words(when);
  return words(`${when}; a trial ${agoText(atMs - last.atMs)} failed: ${last.reasons.join('; ')}`);
}

const driveName = ({ path, drive }: DriveView): string => path ?? `${drive.slice(0, 8)} (sealed)`;

function snapshotsTable(view: FleetView): HTMLElement[] {
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
  if (snapshots.length === 0) return [];
  return [
    folded(
      'snapshots',
      snapshots.length === 1 ? 'The snapshot' : `All ${snapshots.length} snapshots`,
      table({
        key: 'snapshots',
        caption: 'Snapshots, newest first',
        head: [number('when'), 'drive', 'owner', number('files'), number('size'), 'snapshot'],
        rows: snapshots,
      }),
    ),
  ];
}

export const drivesSection: Section = (view) => {
  const nameOf = namesOf(view);
  if (view.drives.length === 0)
    return title(
      'drives',
      'Drives and snapshots',
      'No folder is protected yet. Start with `drey protect PATH`.',
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
      provenCell(drive, view.atMs),
      words(stateOf(drive)),
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
        words('last proven restorable'),
        words('state'),
      ],
      rows,
    }),
    ...snapshotsTable(view),
  ];
};

// Disks that were mounted in a drive's folder and are not connected: their files were not deleted, and a person must know that they are not saved.
// Remembered beside the drive's state, as an empty folder does not tell what was mounted on it. Brings nothing back, and stops no snapshot.

import { join } from 'node:path';
import { encodeLine, readJournal, rewriteJournal } from './line-journal.ts';
import type { BytePath } from './path-bytes.ts';
import { deviceOf, type LeftOut, type Scan } from './scan.ts';

const absentReason = 'the disk that was mounted there is not connected; older snapshots have its files';

export interface MountedDisks {
  /** Where other disks are that hold something, or were until they went. */
  readonly places: readonly BytePath[];
  /** Of these the ones that are empty folders now. */
  readonly absent: readonly LeftOut[];
  /** The last snapshot found the same. */
  readonly isRemembered: boolean;
}

/** One line: the places that the last snapshot found. */
const fileIn = (stateFolder: string): string => join(stateFolder, 'disks.journal');

/** What a walk saw, compared with what the last snapshot remembered. A place that is no folder any more, or has files of its own, is forgotten. */
export function mountedDisks(stateFolder: string, { root, entries }: Scan): MountedDisks {
  const [remembered = []] = readJournal(fileIn(stateFolder)) as Iterable<readonly BytePath[]>;
  const known = new Set(remembered);
  const places: BytePath[] = [];
  const absent: LeftOut[] = [];
  /** Folders on the way to the entry, which comes after them. */
  const above = [root];
  for (const [at, entry] of entries.entries()) {
    if (entry.type !== 'folder') continue;
    while (above.length > 1 && !entry.path.startsWith(`${above.at(-1)!.path}/`)) above.pop();
    const isMount = deviceOf(entry.inode) !== deviceOf(above.at(-1)!.inode);
    const isEmpty = entries[at + 1]?.path.startsWith(`${entry.path}/`) !== true;
    above.push(entry);
    const isAbsent = isEmpty && !isMount && known.has(entry.path);
    if (isAbsent) absent.push({ path: entry.path, reason: absentReason });
    if (isAbsent || (isMount && !isEmpty)) places.push(entry.path);
  }
  return { places, absent, isRemembered: remembered.join('\0') === places.join('\0') };
}

/** For the next snapshot. */
export function rememberDisks(stateFolder: string, { places, isRemembered }: MountedDisks): void {
  if (!isRemembered) rewriteJournal(fileIn(stateFolder), [encodeLine(places)]);
}

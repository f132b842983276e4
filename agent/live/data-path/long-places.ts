// Places whose path is longer than a system call takes. Linux takes 4,095 bytes in one call, but a file may lie deeper. Beyond that the way goes
// through open folders above it, each named by /proc/self/fd of the one before. A few stay open in each thread while work goes on, and only while they
// are still those at their paths: a disk with an open folder cannot be unmounted.

import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';

/** Longest path that one system call takes on Linux. */
export const callBytesMax = 4095;
/** Of the path from one open folder to the next: what is left of a call's bytes is room for a name and for the folder's number. */
const stepBytesMax = 3500;
export const slash = 0x2f;

/** Two paths of the longest that a tree holds may be in use at once: a file's two names. */
const openFoldersMax = 32;
/** By their paths, one character a byte; the one used last stands last. */
const openFolders = new Map<string, number>();

/** Work of this thread that goes on, and may hold shortened places. */
let workCount = 0;

/** Folders that stay open for the sake of long places are closed when the last of such work of this thread ends. */
export async function usingLongPlaces<Result>(work: () => Promise<Result>): Promise<Result> {
  workCount++;
  try {
    return await work();
  } finally {
    workCount--;
    if (workCount === 0) closeFolders();
  }
}

function closeFolders(): void {
  for (const handle of openFolders.values()) closeSync(handle);
  openFolders.clear();
}

/** The same place in a form that one system call takes; unchanged where it is short enough, or on other systems. */
export function shortened(place: Buffer): Buffer {
  if (place.length <= callBytesMax || process.platform !== 'linux') return place;
  let [way, start] = [Buffer.alloc(0), 0];
  while (place.length - start > stepBytesMax) {
    const end = place.lastIndexOf(slash, start + stepBytesMax);
    // One name that is longer than any file system takes.
    if (end <= start) break;
    const above = place.toString('latin1', 0, end);
    way = Buffer.from(`/proc/self/fd/${openedAt(above, Buffer.concat([way, place.subarray(start, end)]))}`);
    start = end;
  }
  return Buffer.concat([way, place.subarray(start)]);
}

/** The open folder of a path, which `place` names. Throws the system's error where the folder is gone. */
function openedAt(path: string, place: Buffer): number {
  const known = openFolders.get(path);
  openFolders.delete(path);
  if (known !== undefined && isStillThere(place, known)) {
    openFolders.set(path, known);
    return known;
  }
  if (known !== undefined) closeSync(known);
  const handle = openSync(place, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  openFolders.set(path, handle);
  for (const [oldest, other] of openFolders) {
    if (openFolders.size <= openFoldersMax) break;
    openFolders.delete(oldest);
    closeSync(other);
  }
  return handle;
}

function isStillThere(folder: Buffer, handle: number): boolean {
  const [now, then] = [lstatSync(folder, { throwIfNoEntry: false }), fstatSync(handle)];
  return now?.ino === then.ino && now.dev === then.dev;
}

// Whether an open file is the one that a scan saw at its path. Of a path only the last part is opened without following links: who may write in the
// folder could put a link in the place of one above it meanwhile, and an agent that runs as root would read what they may not.

import { closeSync, constants, openSync, readlinkSync } from 'node:fs';
import { type BytePath, bytePath, foldedName } from './path-bytes.ts';
import type { ScannedEntry } from './scan.ts';

/** A file as a scan saw it. */
export type SeenFile = Pick<ScannedEntry, 'path' | 'inode'>;
/** `inode`: of the open file. */
export type PlaceCheck = (handle: number, inode: string, seen: SeenFile) => boolean;

/** For files of a folder to which this way leads. Where there is none, it has to be the file that was seen, not one that took its name since. */
export const placeCheck =
  (way: string | undefined): PlaceCheck =>
  (handle, inode, seen) => {
    const found = way === undefined ? undefined : pathOf(handle);
    return way === undefined || found === undefined
      ? inode === seen.inode
      : found === way + seen.path || isOtherName(found, { way, path: seen.path });
  };

/**
 * What stands before the paths of open files in a folder, as the system names them: also where a mount, or a link above it, leads there. Undefined where
 * the system does not tell, or no folder is there.
 */
export function wayInto(folder: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  let handle: number | undefined;
  try {
    handle = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    const path = pathOf(handle);
    return path === undefined || path === '/' ? path : `${path}/`;
  } catch {
    return undefined;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** As bytes, one character each; undefined where there is no such directory, and for a path of more than 4,095 bytes (proc_pid_fd(5)). */
function pathOf(handle: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${handle}`, 'latin1');
  } catch {
    return undefined;
  }
}

/** What the kernel adds to a name that is gone from its folder. */
const gone = ' (deleted)';

interface Wanted {
  readonly way: string;
  readonly path: BytePath;
}

/** The same name in the same folder: removed since, or in the capitals in which somebody else asked a disk for it that cannot tell them apart. */
function isOtherName(found: string, { way, path }: Wanted): boolean {
  if (!found.startsWith(way)) return false;
  const name = found.slice(way.length);
  return name === path + gone || foldedName(bytePath(name)) === foldedName(path);
}

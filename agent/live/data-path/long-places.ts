// Linux takes paths of at most 4,095 bytes in one call, but a file may lie deeper. Beyond that the way goes through an open folder above it,
// as /proc/self/fd names it. One folder is kept open in each thread, and only while it is still the one at its path.

import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';

/** Longest path that one system call takes on Linux. */
export const callBytesMax = 4095;
/** What is left for the rest of the path below the open folder. */
const aboveBytesMax = 3000;
export const slash = 0x2f;

let kept: { readonly above: string; readonly handle: number } | undefined;

/** The same place in a form that one system call takes; unchanged where it is short enough, or on other systems. */
export function shortened(place: Buffer): Buffer {
  if (place.length <= callBytesMax || process.platform !== 'linux') return place;
  const cut = place.lastIndexOf(slash, aboveBytesMax);
  const handle = openAbove(place.subarray(0, cut));
  return Buffer.concat([Buffer.from(`/proc/self/fd/${handle}`), place.subarray(cut)]);
}

/** Throws the system's error where the folder is gone. */
function openAbove(folder: Buffer): number {
  const above = folder.toString('latin1');
  if (kept?.above === above && isStillThere(folder, kept.handle)) return kept.handle;
  if (kept !== undefined) closeSync(kept.handle);
  kept = undefined;
  const handle = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  kept = { above, handle };
  return handle;
}

function isStillThere(folder: Buffer, handle: number): boolean {
  const [now, then] = [lstatSync(folder, { throwIfNoEntry: false }), fstatSync(handle)];
  return now?.ino === then.ino && now.dev === then.dev;
}

// Bytes that lie idle in the agent's folder so that an agent can start, delete and serve restores on a disk that others have filled: they
// are given back when the disk is full, and set aside again once there is room.

import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { mebibyte } from '../../../datasets/index.ts';
import { startReserveBytes } from '../limits.ts';
import { isFullError } from '../disk-full.ts';
import { writeAll } from '../whole-files.ts';

/** Below this many times the reserve the disk is left as it is. */
const roomFactor = 4;

/** Sets the reserve aside where the disk has room for it; false where it has not. */
export function keepReserve(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.size === startReserveBytes) return true;
  const { bavail, bsize } = statfsSync(dirname(file));
  if (bavail * bsize < roomFactor * startReserveBytes) return false;
  try {
    const handle = openSync(file, 'w', 0o600);
    try {
      // Written, not only declared: a hole would reserve nothing.
      const piece = Buffer.alloc(mebibyte, 0xd7);
      for (let at = 0; at < startReserveBytes; at += piece.length) writeAll(handle, piece);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    return true;
  } catch (error) {
    if (!isFullError(error)) throw error;
    rmSync(file, { force: true });
    return false;
  }
}

/** Gives the reserve back to the disk; false where there was none. */
export function spendReserve(file: string): boolean {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return false;
  rmSync(file, { force: true });
  return true;
}

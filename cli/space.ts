// The space that a machine gives to its fleet, and whether its disk has that much.

import { statfsSync } from 'node:fs';
import { bytesText } from './print.ts';

/** "1.0 GiB", and what the disk of the agent's folder has where that is less. */
export function givenText(quotaBytes: number, folder: string): string {
  const { bavail, bsize } = statfsSync(folder);
  const freeBytes = bavail * bsize;
  return freeBytes >= quotaBytes
    ? bytesText(quotaBytes)
    : `${bytesText(quotaBytes)}, but the disk has only ${bytesText(freeBytes)} left: no more than fits is taken`;
}

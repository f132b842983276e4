// How the files that a snapshot reads are handed out to `pack` tasks: enough of them for all threads, few enough that packs are full. Opens no file.

import { packBytesTarget } from '../../limits.ts';
import type { ScannedEntry } from './scan.ts';

/** Files of one task at most: so that progress is remembered often. */
export const batchFilesMax = 2048;
/** Plain bytes of a `pack` task at most: it ends with a pack that is not full, and is done again after a crash in it. */
const batchBytesMax = 8 * packBytesTarget;

/** What is left is worth so many tasks of each thread: they become smaller towards the end, so that all threads end at about the same time. */
const tasksLeftPerThread = 4;

/** A file is never divided; those of more than a pack go first, the largest before all, so that no thread is left alone with one at the end. */
export function batchesOf(
  files: readonly ScannedEntry[],
  threadCount: number,
): readonly (readonly ScannedEntry[])[] {
  const large = files
    .filter(({ byteCount }) => byteCount >= packBytesTarget)
    .toSorted((a, b) => b.byteCount - a.byteCount);
  const small = files.filter(({ byteCount }) => byteCount < packBytesTarget);
  let left = files.reduce((sum, { byteCount }) => sum + byteCount, 0);
  const shareOfLeft = (): number =>
    Math.min(batchBytesMax, Math.max(packBytesTarget, left / (tasksLeftPerThread * threadCount)));
  const batches: ScannedEntry[][] = [];
  let room = 0;
  for (const file of [...large, ...small]) {
    if (room <= 0 || batches.at(-1)!.length >= batchFilesMax) {
      batches.push([]);
      room = shareOfLeft();
    }
    batches.at(-1)!.push(file);
    room -= file.byteCount;
    left -= file.byteCount;
  }
  return batches;
}

// How the files that a snapshot reads are handed out to `pack` tasks: enough of them for all threads, few enough that packs are full. Opens no file.

import { packBytesTarget } from '../../limits.ts';
import type { ScannedEntry } from './scan.ts';

/** Files of one task at most: so that progress is remembered often. */
export const batchFilesMax = 2048;
/** Plain bytes of a `pack` task at most: it ends with a pack that is not full, and is done again after a crash in it. */
const batchBytesMax = 8 * packBytesTarget;

/** Tasks for each thread at least, where there are files enough, so that all threads end at about the same time. */
const batchesPerThread = 4;

/** A file is never divided; the largest go first, so that no thread is left alone with one at the end. */
export function batchesOf(
  files: readonly ScannedEntry[],
  threadCount: number,
): readonly (readonly ScannedEntry[])[] {
  const total = files.reduce((sum, { byteCount }) => sum + byteCount, 0);
  const share = total / (batchesPerThread * threadCount);
  const batchBytes = Math.min(batchBytesMax, Math.max(packBytesTarget, share));
  const large = files
    .filter((file) => file.byteCount >= batchBytes)
    .toSorted((a, b) => b.byteCount - a.byteCount);
  const batches: ScannedEntry[][] = large.map((file) => [file]);
  let byteCount = Infinity;
  for (const file of files) {
    if (file.byteCount >= batchBytes) continue;
    if (byteCount >= batchBytes || (batches.at(-1)?.length ?? 0) >= batchFilesMax) {
      batches.push([]);
      byteCount = 0;
    }
    batches.at(-1)?.push(file);
    byteCount += file.byteCount;
  }
  return batches;
}

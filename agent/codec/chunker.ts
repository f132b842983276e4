// Where a file is cut: FastCDC with normalised chunking (Xia et al., USENIX ATC'16, section 3.3). The same bytes give the
// same cuts wherever they stand, so an insertion changes the chunks around it and no others.

import { chunkBytesAverage, chunkBytesMax, chunkBytesMin } from '../limits.ts';
import { startGearKernel } from './gear-kernel.ts';
import { GearSearch } from './gear-search.ts';

/** Before the average length a cut must be rarer (22 one-bits), after it commoner (18). High bits see the most bytes. */
const maskBeforeAverage = 0xffff_fc00 | 0;
const maskAfterAverage = 0xffff_c000 | 0;

let search: GearSearch | undefined;

/**
 * End of the first chunk of bytes[from..to): between `chunkBytesMin` and `chunkBytesMax` after `from`, or `to` when
 * fewer bytes are left. Hand in at least `chunkBytesMax` bytes unless the file ends at `to`.
 */
export function cutPoint(bytes: Uint8Array, from: number, to: number): number {
  if (to - from <= chunkBytesMin) return to;
  if (startsWithHole(bytes, from, to)) return from + chunkBytesMax;
  const average = Math.min(to, from + chunkBytesAverage);
  const end = Math.min(to, from + chunkBytesMax);
  search ??= new GearSearch(startGearKernel());
  const early = search.find(bytes, { from: from + chunkBytesMin, to: average, mask: maskBeforeAverage }, 0);
  if (early >= 0) return early;
  const late = search.find(bytes, { from: average, to: end, mask: maskAfterAverage }, search.hash);
  return late >= 0 ? late : end;
}

/** The longest chunk, of zeros only. Never written to. */
export const hole: Uint8Array = new Uint8Array(chunkBytesMax);

/** Whether the longest chunk would be zeros only: most of a sparse file, and never cut anywhere else. */
const startsWithHole = (bytes: Uint8Array, from: number, to: number): boolean =>
  to - from >= chunkBytesMax && isHole(bytes.subarray(from, from + chunkBytesMax));

/** Whether a chunk is the longest there is, and nothing but zeros. Tells others from it by their first bytes. */
export const isHole = (chunk: Uint8Array): boolean =>
  chunk === hole || (chunk.length === chunkBytesMax && Buffer.compare(chunk, hole) === 0);

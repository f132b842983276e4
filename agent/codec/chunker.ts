// Where a file is cut: FastCDC with normalised chunking (Xia et al., USENIX ATC'16, section 3.3). The same bytes give the
// same cuts wherever they stand, so an insertion changes the chunks around it and no others.

import { chunkBytesAverage, chunkBytesMax, chunkBytesMin } from '../limits.ts';
import { sha256 } from './keys.ts';

/** 256 pseudo-random words, the same for ever: the first four bytes of SHA-256("drey gear v1 " ‖ byte), big endian. */
export const gear = Int32Array.from({ length: 256 }, (_, byte) => {
  const digest = sha256(new TextEncoder().encode(`drey gear v1 ${byte}`));
  return new DataView(digest.buffer).getInt32(0);
});

/** Before the average length a cut must be rarer (22 one-bits), after it commoner (18). High bits see the most bytes. */
const maskBeforeAverage = 0xffff_fc00 | 0;
const maskAfterAverage = 0xffff_c000 | 0;

function findCut(
  bytes: Uint8Array,
  range: { readonly from: number; readonly to: number; readonly mask: number },
  start: number,
): number {
  const { to, mask } = range;
  let hash = start;
  for (let at = range.from; at < to; at++) {
    hash = ((hash << 1) + gear[bytes[at]!]!) | 0;
    if ((hash & mask) === 0) return at + 1;
  }
  lastHash = hash;
  return -1;
}

/** The rolling hash at the end of a search without a cut; kept outside so that the hot loop allocates nothing. */
let lastHash = 0;

/**
 * End of the first chunk of bytes[from..to): between `chunkBytesMin` and `chunkBytesMax` after `from`, or `to` when
 * fewer bytes are left. Hand in at least `chunkBytesMax` bytes unless the file ends at `to`.
 */
export function cutPoint(bytes: Uint8Array, from: number, to: number): number {
  if (to - from <= chunkBytesMin) return to;
  if (startsWithHole(bytes, from, to)) return from + chunkBytesMax;
  const average = Math.min(to, from + chunkBytesAverage);
  const end = Math.min(to, from + chunkBytesMax);
  const early = findCut(bytes, { from: from + chunkBytesMin, to: average, mask: maskBeforeAverage }, 0);
  if (early >= 0) return early;
  const late = findCut(bytes, { from: average, to: end, mask: maskAfterAverage }, lastHash);
  return late >= 0 ? late : end;
}

const hole = new Uint8Array(chunkBytesMax);

/** Whether the longest chunk would be zeros only: most of a sparse file, and never cut anywhere else. */
const startsWithHole = (bytes: Uint8Array, from: number, to: number): boolean =>
  to - from >= chunkBytesMax && isHole(bytes.subarray(from, from + chunkBytesMax));

/** Whether a chunk is the longest there is, and nothing but zeros. Tells others from it by their first bytes. */
export const isHole = (chunk: Uint8Array): boolean =>
  chunk.length === chunkBytesMax && Buffer.compare(chunk, hole) === 0;

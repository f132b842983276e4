// Whether a file's bytes look like noise, as an encrypted file's do. Formats that are compressed by nature are known by their
// first bytes and never look like it; whoever leaves those bytes alone is not noticed here.

import { kibibyte } from '../../../datasets/words.ts';
import { openToLookAt } from './file-reader.ts';

const sampleBytes = 16 * kibibyte;
/** Of less nothing can be said. */
const sampleBytesMin = 64;
/**
 * Pearson's chi-squared of the byte counts: 255 on average for noise with a standard deviation of 23, whatever the length;
 * thousands for text. Six deviations up: about one of ten million noisy samples is missed.
 */
const chiSquaredMax = 255 + 6 * 23;

/** First bytes in hexadecimal: zip and office files, JPEG, PNG, GIF, PDF, gzip, zstd, xz, bzip2, 7z, RAR, Ogg, ID3, RIFF, Matroska, FLAC. */
const knownStarts = [
  '504b0304',
  'ffd8ff',
  '89504e47',
  '47494638',
  '25504446',
  '1f8b',
  '28b52ffd',
  'fd377a58',
  '425a68',
  '377abcaf',
  '52617221',
  '4f676753',
  '494433',
  '52494646',
  '1a45dfa3',
  '664c6143',
] as const;
/** MP4 and its relatives have their mark after a length. */
const knownAtFour = '66747970';

/** Whether bytes are spread like noise; false for too few. */
export function looksLikeNoise(bytes: Uint8Array): boolean {
  if (bytes.length < sampleBytesMin) return false;
  const counts = new Uint32Array(256);
  // By place: an iterator takes several times as long.
  for (let at = 0; at < bytes.length; at++) counts[bytes[at]!]!++;
  const expected = bytes.length / 256;
  let chiSquared = 0;
  for (const count of counts) chiSquared += (count - expected) ** 2 / expected;
  return chiSquared < chiSquaredMax;
}

function isKnownFormat(start: Uint8Array): boolean {
  const hex = Buffer.from(start.subarray(0, 8)).toString('hex');
  return knownStarts.some((known) => hex.startsWith(known)) || hex.startsWith(knownAtFour, 8);
}

/** Looks at the start and the middle of a file. What is no file, or cannot be read, looks like nothing. */
export function looksScrambled(place: Buffer | string): boolean {
  try {
    // Since it was read a pipe may have taken its place, which would hold this thread for ever.
    using file = openToLookAt(Buffer.from(place));
    if (file === undefined) return false;
    const start = file.bytesAt(0, sampleBytes);
    if (isKnownFormat(start)) return false;
    const middle = Math.floor(file.entry.byteCount / 2);
    return looksLikeNoise(start) || looksLikeNoise(file.bytesAt(middle, sampleBytes));
  } catch {
    return false;
  }
}

// Chunks that wait to become one blob, and which of two bundles a chunk goes into: what looks random is kept apart, as it only costs
// time to try to compress it.

import { Buffer } from 'node:buffer';
import { blobBytesTarget } from '../limits.ts';
import type { ChunkId } from '../units.ts';

/** Plain bytes of chunks on their way into a blob. */
export class Bundle {
  readonly chunks: { readonly chunk: ChunkId; readonly offset: number; readonly length: number }[] = [];
  byteCount = 0;
  readonly #bytes = idle.pop() ?? unsetBytes(blobBytesTarget);

  get plain(): Uint8Array {
    return this.#bytes.subarray(0, this.byteCount);
  }

  hasRoomFor(byteCount: number): boolean {
    return this.byteCount + byteCount <= blobBytesTarget;
  }

  /** Copies a chunk that it has room for. */
  add(chunk: ChunkId, bytes: Uint8Array): void {
    this.chunks.push({ chunk, offset: this.byteCount, length: bytes.length });
    this.#bytes.set(bytes, this.byteCount);
    this.byteCount += bytes.length;
  }

  clear(): void {
    this.chunks.length = 0;
    this.byteCount = 0;
  }

  /** Gives its memory to a later bundle: fresh memory for each costs more than sealing what is in it. */
  dispose(): void {
    if (idle.length < idleMax) idle.push(this.#bytes);
  }
}

const idle: Uint8Array[] = [];
const idleMax = 8;

/** Memory that nobody set to zero: all that leaves it is written first. */
const unsetBytes = (length: number): Uint8Array =>
  new Uint8Array(Buffer.allocUnsafeSlow(length).buffer, 0, length);

/** Too short to tell; compressing it costs next to nothing. */
const tellableBytesMin = 4096;
const sampleBytes = 2048;
/** Bits a byte of the sample: random bytes have 7.9 in a sample of this length, compressed ones nearly, all others clearly less. */
const randomBitsMin = 7.83;
const counts = new Int32Array(256);
/** n ↦ n log2 n, for all counts that a sample can have. */
const weighted = Float64Array.from({ length: sampleBytes + 1 }, (_, n) => (n === 0 ? 0 : n * Math.log2(n)));

/**
 * Whether bytes look random or compressed already: the entropy of single bytes (Shannon, 1948) at the beginning, the middle and the end
 * is all that they can have. Bytes with repeats further apart look so too, and are then kept as they are.
 */
export function looksRandom(bytes: Uint8Array): boolean {
  if (bytes.length < tellableBytesMin) return false;
  const last = bytes.length - sampleBytes;
  return [0, last >> 1, last].every((from) => entropyAt(bytes, from) >= randomBitsMin);
}

/** Bits a byte of one sample, 0..8. */
function entropyAt(bytes: Uint8Array, from: number): number {
  counts.fill(0);
  for (let at = from; at < from + sampleBytes; at++) counts[bytes[at]!]!++;
  let sum = 0;
  for (const count of counts) sum += weighted[count]!;
  return Math.log2(sampleBytes) - sum / sampleBytes;
}

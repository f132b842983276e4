// What a pack does with the bytes of a blob: compress, decompress, seal and open them from one buffer into another. This is the
// portable way, by node:zlib and node:crypto, which make a buffer for each result; native-blocks.ts makes none.

import { createCipheriv, createDecipheriv } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

export const tagBytes = 16;

export interface BlockSealing {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 12 bytes, never twice with one key. */
  readonly nonce: Uint8Array;
  /** Bytes that are not hidden but must be the same when it is opened. */
  readonly associated: Uint8Array;
}

export interface Blocks {
  /**
   * One zstd frame of level 1 at the start of `target`; answers its length, or undefined where it needs more than `bytesMax`.
   * `target` must have room for `compressedBytesMax(plain.length)`.
   */
  compress(plain: Uint8Array, target: Uint8Array, bytesMax: number): number | undefined;
  /** Whether `body` is a zstd frame of exactly `target.length` bytes, which are in `target` then. */
  decompress(body: Uint8Array, target: Uint8Array): boolean;
  /** AES-256-GCM (NIST SP 800-38D) of the parts, one after another, at the start of `target`, then the 16-byte tag; answers their length. */
  seal(parts: readonly Uint8Array[], sealing: BlockSealing, target: Uint8Array): number;
  /** Opens `sealed` into `target`; answers the length, or undefined when one bit of anything is different: then `target` holds nothing of use. */
  open(sealed: Uint8Array, sealing: BlockSealing, target: Uint8Array): number | undefined;
}

/** A window of a quarter of a blob stays in the processor's cache, and costs a hundredth of the ratio. */
export const windowLog = 18;

/** The bound of zstd's own manual, rounded up: with room for the worst case it works in one pass on the bytes where they are. */
export const compressedBytesMax = (plainBytes: number): number => plainBytes + (plainBytes >> 8) + 1024;

/** Shorter ones share a buffer with others. */
const ownBufferBytesMin = 65_536;

/** Gives memory back that is known to be used up: where much is sealed, the collector would run for it all the time. */
function release({ buffer, byteLength }: Uint8Array): void {
  if (byteLength >= ownBufferBytesMin && buffer instanceof ArrayBuffer) buffer.transfer(0);
}

export const nodeBlocks: Blocks = {
  compress(plain, target, bytesMax) {
    const compressed = zstdCompressSync(plain, {
      params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_windowLog]: windowLog },
      pledgedSrcSize: plain.length,
      chunkSize: compressedBytesMax(plain.length),
    });
    const { length } = compressed;
    if (length <= bytesMax) target.set(compressed);
    release(compressed);
    return length <= bytesMax ? length : undefined;
  },

  decompress(body, target) {
    try {
      const plain = zstdDecompressSync(body, {
        maxOutputLength: Math.max(1, target.length),
        chunkSize: Math.max(1024, target.length),
      });
      const fits = plain.length === target.length;
      if (fits) target.set(plain);
      release(plain);
      return fits;
    } catch {
      return false;
    }
  },

  seal(parts, { key, nonce, associated }, target) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    cipher.setAAD(associated);
    let at = 0;
    const put = (piece: Uint8Array): void => {
      target.set(piece, at);
      at += piece.length;
      release(piece);
    };
    for (const part of parts) put(cipher.update(part));
    put(cipher.final());
    put(cipher.getAuthTag());
    return at;
  },

  open(sealed, { key, nonce, associated }, target) {
    const length = sealed.length - tagBytes;
    if (length < 0) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', key, nonce);
    decipher.setAAD(associated);
    decipher.setAuthTag(sealed.subarray(length));
    const plain = decipher.update(sealed.subarray(0, length));
    target.set(plain);
    release(plain);
    try {
      decipher.final();
      return length;
    } catch {
      return undefined;
    }
  },
};

// The names of chunks: a keyed hash of their plain bytes, so that equal chunks are recognised inside one drive and nowhere else. Packs of
// version 1 have HMAC-SHA-256, those of version 2 keyed BLAKE3, which costs a third of the time.

import { createHash, hash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Blake3Hasher } from '@napi-rs/blake-hash';
import { blake3 as plainBlake3 } from '@noble/hashes/blake3.js';
import { type ChunkId, chunkId } from '../units.ts';
import { deriveKey, hexOf } from './keys.ts';

/** Versions of packs that can be read; the last one is written. */
export const packVersions = [1, 2] as const;
export type PackVersion = (typeof packVersions)[number];
export const packVersionNow: PackVersion = 2;

type NativeHasher = typeof Blake3Hasher;

/**
 * The package brings a binary for each common system; elsewhere the same in JavaScript is right and slow. Loaded at once: a thread that is
 * ended while a module awaits something takes the process with it (V8 checks that such a module was evaluated).
 */
function nativeHasher(): NativeHasher | undefined {
  try {
    const door = createRequire(import.meta.url)('@napi-rs/blake-hash') as {
      readonly Blake3Hasher: NativeHasher;
    };
    return door.Blake3Hasher;
  } catch {
    return undefined;
  }
}

const native = nativeHasher();

/** Which code hashes chunks here, for `drey doctor`. */
export const chunkHashing = native === undefined ? 'JavaScript' : 'native';

type NameChunk = (plain: Uint8Array) => ChunkId;

/** A function that names chunks of this drive as packs of a version do. Made once for many chunks. `driveKey` has 32 bytes. */
export function chunkIdsOf(driveKey: Uint8Array, version: PackVersion = packVersionNow): NameChunk {
  const key = deriveKey(driveKey, `drey chunk id v${version}`);
  if (version === 1) return byHmac(key);
  return native === undefined ? byPlainBlake3(key) : byBlake3(native.newKeyed(Buffer.from(key)));
}

/** The name of one chunk. */
export const chunkIdOf = (driveKey: Uint8Array, plain: Uint8Array, version?: PackVersion): ChunkId =>
  chunkIdsOf(driveKey, version)(plain);

/** Keyed BLAKE3 (O'Connor, Aumasson, Neves, Wilcox-O'Hearn, 2020, section 2.3), 32 bytes. */
function byBlake3(hasher: InstanceType<NativeHasher>): NameChunk {
  return (plain) => {
    hasher.reset();
    hasher.update(plain);
    return chunkId(hasher.digest('hex'));
  };
}

/** The same without the native package. */
export const byPlainBlake3 =
  (key: Uint8Array): NameChunk =>
  (plain) =>
    chunkId(hexOf(plainBlake3(plain, { key })));

const hmacBlockBytes = 64;
const hmacPads = { inner: 0x36, outer: 0x5c } as const;

/** HMAC-SHA-256; what depends on the key alone is hashed once (RFC 2104, section 4). */
function byHmac(key: Uint8Array): NameChunk {
  const pad = (byte: number): Uint8Array =>
    Uint8Array.from({ length: hmacBlockBytes }, (_, index) => (key[index] ?? 0) ^ byte);
  const inner = createHash('sha256').update(pad(hmacPads.inner));
  const outer = new Uint8Array(hmacBlockBytes + 32);
  outer.set(pad(hmacPads.outer));
  return (plain) => {
    outer.set(inner.copy().update(plain).digest(), hmacBlockBytes);
    return chunkId(hash('sha256', outer, 'hex'));
  };
}

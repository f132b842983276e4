// The hashes of a pack's shards as an agent keeps them: the bytes of all in one string. A holder knows hundreds of thousands of packs, and
// hexadecimal strings in an array take two and a half times the memory.

import { bytesOfHex, hexOf } from './keys.ts';

/** Bytes of one hash. */
const hashBytes = 32;

/** n hashes of 32 bytes, one after another, each byte a character (latin1). */
export type ShardHashes = string & { readonly kind: 'shard hashes' };

/** Of bytes as they stand in a descriptor. */
export const shardHashesIn = (bytes: Uint8Array): ShardHashes =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1') as ShardHashes;

/** Of 64 hexadecimal digits each. */
export const shardHashesFrom = (hashes: readonly string[]): ShardHashes =>
  shardHashesIn(bytesOfHex(hashes.join('')));

/** As they stand in a descriptor. */
export const bytesOfShardHashes = (hashes: ShardHashes): Uint8Array => Buffer.from(hashes, 'latin1');

/** 64 hexadecimal digits; undefined where there is no such shard. */
export function shardHashAt(hashes: ShardHashes, index: number): string | undefined {
  const one = hashes.slice(hashBytes * index, hashBytes * (index + 1));
  return one.length < hashBytes ? undefined : hexOf(Buffer.from(one, 'latin1'));
}

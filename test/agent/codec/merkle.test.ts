// The hash tree of a shard against the definition of RFC 9162, and what a leaf proves.

import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import {
  leafCountOf,
  leafMatches,
  type PackDescriptor,
  proveLeaf,
  ShardHasher,
  shardHashesFrom,
  shardHashOf,
} from '../../../agent/codec/index.ts';
import { leafBytes } from '../../../agent/limits.ts';
import { descriptor as sampleDescriptor } from './samples.ts';

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** RFC 9162, section 2.1.1, without the marks: split at the largest power of two below the number of leaves. */
function rootOf(leaves: readonly Uint8Array[]): Buffer {
  if (leaves.length === 1) return sha256(leaves[0]!);
  let half = 1;
  while (2 * half < leaves.length) half *= 2;
  return sha256(rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)));
}

const leavesOf = (shard: Uint8Array): readonly Uint8Array[] =>
  Array.from({ length: leafCountOf(shard.length) }, (_, at) =>
    shard.subarray(at * leafBytes, (at + 1) * leafBytes),
  );

const shardOf = (byteCount: number, salt: number): Uint8Array =>
  Uint8Array.from({ length: byteCount }, (_, at) => (at * 31 + (at >> 14) * 7 + salt) & 255);

const lengths = fc.integer({ min: 1, max: 9 * leafBytes + 5 });

test('the hash is the root over leaves of 16 KiB, however the bytes come', (t) => {
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 40_000 }), fc.nat(250), (byteCount, pieceBytes, salt) => {
      const shard = shardOf(byteCount, salt);
      const hasher = new ShardHasher();
      for (let at = 0; at < shard.length; at += pieceBytes)
        hasher.update(shard.subarray(at, at + pieceBytes));
      const expected = rootOf(leavesOf(shard)).toString('hex');
      t.is(hasher.digest(), expected);
      t.is(shardHashOf(shard), expected);
    }),
    { numRuns: 60 },
  );
});

const descriptorOf = (shard: Uint8Array): PackDescriptor => ({
  ...sampleDescriptor,
  shardBytes: shard.length,
  shardHashes: shardHashesFrom([shardHashOf(shard)]),
});

test('every leaf proves itself, and only itself', (t) => {
  fc.assert(
    fc.property(lengths, fc.nat(250), fc.nat(), (byteCount, salt, choice) => {
      const shard = shardOf(byteCount, salt);
      const descriptor = descriptorOf(shard);
      const count = leafCountOf(byteCount);
      for (let leaf = 0; leaf < count; leaf++)
        t.true(leafMatches(descriptor, { index: 0, leaf }, proveLeaf(shard, leaf)));
      const leaf = choice % count;
      const proof = proveLeaf(shard, leaf);
      const bytes = Uint8Array.from(proof.bytes);
      bytes[choice % bytes.length]! ^= 1;
      t.false(leafMatches(descriptor, { index: 0, leaf }, { ...proof, bytes }));
      t.false(leafMatches(descriptor, { index: 1, leaf }, proof));
      t.false(leafMatches(descriptor, { index: 0, leaf: count }, proof));
      t.false(
        leafMatches(descriptor, { index: 0, leaf }, { ...proof, path: [...proof.path, sha256(bytes)] }),
      );
      if (count > 1) {
        t.false(leafMatches(descriptor, { index: 0, leaf: (leaf + 1) % count }, proof));
        t.false(leafMatches(descriptor, { index: 0, leaf }, { ...proof, path: proof.path.slice(1) }));
      }
    }),
    { numRuns: 40 },
  );
});

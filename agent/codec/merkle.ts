// The hash of a shard is the root of a tree over its leaves of 16 KiB, so that one leaf proves itself against the pack's
// descriptor without the others (Merkle, CRYPTO'87; the shape of RFC 9162, section 2.1.1, an odd node moves up alone). How
// deep a leaf lies follows from the shard's length, so leaves and inner nodes need no marks to be told apart.

import { createHash, hash } from 'node:crypto';
import { leafBytes } from '../limits.ts';
import { bytesOfHex, hexOf } from './keys.ts';
import { shardHashAt } from './shard-hashes.ts';
import type { PackDescriptor } from './shard.ts';

/** One leaf of a shard and the hashes that lead from it to the shard's own, lowest first. */
export interface LeafProof {
  /** 1 to `leafBytes` bytes. */
  readonly bytes: Uint8Array;
  /** 32 bytes each; at most `leafPathMax`. */
  readonly path: readonly Uint8Array[];
}

/** Enough for shards of 2^32 leaves. */
export const leafPathMax = 32;

const sha256 = (bytes: Uint8Array): Buffer => hash('sha256', bytes, 'buffer');
const joined = (left: Uint8Array, right: Uint8Array): Buffer => sha256(Buffer.concat([left, right]));

/** Number of leaves of a shard of this length; at least 1. */
export const leafCountOf = (shardBytes: number): number => Math.max(1, Math.ceil(shardBytes / leafBytes));

/** The level above: pairs are joined, an odd last node moves up as it is. */
const levelAbove = (level: readonly Buffer[]): readonly Buffer[] =>
  Array.from({ length: Math.ceil(level.length / 2) }, (_, at) => {
    const [left, right] = [level[2 * at]!, level[2 * at + 1]];
    return right === undefined ? left : joined(left, right);
  });

/** Hashes a shard that comes in pieces of any length. */
export class ShardHasher {
  readonly #leaves: Buffer[] = [];
  #open = createHash('sha256');
  #openBytes = 0;

  update(piece: Uint8Array): void {
    for (let at = 0; at < piece.length;) {
      const taken = piece.subarray(at, at + leafBytes - this.#openBytes);
      at += taken.length;
      // Whole leaves, which is what disks and streams mostly bring, take the shorter way.
      if (taken.length === leafBytes) this.#leaves.push(sha256(taken));
      else this.#addPart(taken);
    }
  }

  /** The shard's hash, 64 hex digits. Ends the hashing. */
  digest(): string {
    let level = this.#allLeaves();
    while (level.length > 1) level = levelAbove(level);
    return hexOf(level[0]!);
  }

  /** The way from leaf `leaf` to the root. Ends the hashing. */
  pathOf(leaf: number): readonly Uint8Array[] {
    const path: Uint8Array[] = [];
    let at = leaf;
    for (let level = this.#allLeaves(); level.length > 1; level = levelAbove(level)) {
      const sibling = level[at ^ 1];
      if (sibling !== undefined) path.push(new Uint8Array(sibling));
      at >>= 1;
    }
    return path;
  }

  #addPart(part: Uint8Array): void {
    this.#open.update(part);
    this.#openBytes += part.length;
    if (this.#openBytes === leafBytes) this.#closeLeaf();
  }

  #closeLeaf(): void {
    this.#leaves.push(this.#open.digest());
    this.#open = createHash('sha256');
    this.#openBytes = 0;
  }

  #allLeaves(): readonly Buffer[] {
    if (this.#openBytes > 0 || this.#leaves.length === 0) this.#closeLeaf();
    return this.#leaves;
  }
}

/** The hash of a whole shard, 64 hex digits. */
export function shardHashOf(shard: Uint8Array): string {
  const hasher = new ShardHasher();
  hasher.update(shard);
  return hasher.digest();
}

/** The proof for leaf `leaf` of a whole shard. */
export function proveLeaf(shard: Uint8Array, leaf: number): LeafProof {
  const hasher = new ShardHasher();
  hasher.update(shard);
  return { bytes: shard.slice(leaf * leafBytes, (leaf + 1) * leafBytes), path: hasher.pathOf(leaf) };
}

/** Whether the bytes are leaf `leaf` of shard `index` of the pack. */
export function leafMatches(
  { shardBytes, shardHashes }: PackDescriptor,
  { index, leaf }: { readonly index: number; readonly leaf: number },
  { bytes, path }: LeafProof,
): boolean {
  const wanted = shardHashAt(shardHashes, index);
  let count = leafCountOf(shardBytes);
  const expectedBytes = Math.min(leafBytes, shardBytes - leaf * leafBytes);
  if (wanted === undefined || leaf >= count || bytes.length !== expectedBytes) return false;
  const rest = [...path];
  let node = sha256(bytes);
  for (let at = leaf; count > 1; at >>= 1, count = Math.ceil(count / 2)) {
    if ((at ^ 1) >= count) continue;
    const sibling = rest.shift();
    if (sibling === undefined) return false;
    node = at % 2 === 0 ? joined(node, sibling) : joined(sibling, node);
  }
  return rest.length === 0 && node.equals(bytesOfHex(wanted));
}

// Reads a stored shard piece by piece and hashes it on the way, so that nothing damaged leaves this machine unnoticed.

import { open, type FileHandle } from 'node:fs/promises';
import { type LeafProof, ShardHasher } from '../../codec/index.ts';
import { leafBytes, streamWriteBytes } from '../../limits.ts';
import type { StoredShard } from '../../ports.ts';
import type { ShardRange } from './shard-files.ts';

/** An open shard. Pieces come in order; `isIntact` may be asked when all were read. */
export class ShardSource {
  readonly shard: StoredShard;
  readonly #handle: FileHandle;
  readonly #range: ShardRange;
  readonly #hash = new ShardHasher();
  #at = 0;

  constructor(shard: StoredShard, handle: FileHandle, range: ShardRange) {
    this.shard = shard;
    this.#handle = handle;
    this.#range = range;
  }

  /** Undefined when the file is gone. */
  static async open(shard: StoredShard, range: ShardRange): Promise<ShardSource | undefined> {
    try {
      return new ShardSource(shard, await open(range.file, 'r'), range);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  get leftBytes(): number {
    return this.#range.bytes - this.#at;
  }

  /** The next piece of at most 256 KiB, in a buffer of its own; undefined at the end or where the file ends early. */
  async next(): Promise<Uint8Array | undefined> {
    const piece = Buffer.allocUnsafeSlow(Math.min(streamWriteBytes, this.leftBytes));
    let filled = 0;
    while (filled < piece.length) {
      const position = this.#range.offset + this.#at + filled;
      const { bytesRead } = await this.#handle.read(piece, filled, piece.length - filled, position);
      if (bytesRead === 0) return undefined;
      filled += bytesRead;
    }
    if (filled === 0) return undefined;
    this.#hash.update(piece);
    this.#at += filled;
    return piece;
  }

  /** Whether what was read is the whole shard and has its hash. Once. */
  isIntact(): boolean {
    const { descriptor, index } = this.shard;
    return this.leftBytes === 0 && this.#hash.digest() === descriptor.shardHashes[index];
  }

  /** The way from a leaf to the shard's hash, once all was read. */
  pathOf(leaf: number): LeafProof['path'] {
    return this.#hash.pathOf(leaf);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** All bytes of an intact shard; undefined when it is damaged. Closes the source. */
export async function readWhole(source: ShardSource): Promise<Uint8Array | undefined> {
  try {
    const bytes = new Uint8Array(source.leftBytes);
    let at = 0;
    for (let piece = await source.next(); piece !== undefined; piece = await source.next()) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return source.isIntact() ? bytes : undefined;
  } finally {
    await source.close();
  }
}

/** Reads and hashes all, and proves one leaf; undefined when the shard is damaged. Closes the source. */
export async function readProof(source: ShardSource, leaf: number): Promise<LeafProof | undefined> {
  const bytes = await readWhole(source);
  if (bytes === undefined) return undefined;
  return { bytes: bytes.slice(leaf * leafBytes, (leaf + 1) * leafBytes), path: source.pathOf(leaf) };
}

/** Reads and hashes all. Closes the source. */
export async function isSourceIntact(source: ShardSource): Promise<boolean> {
  try {
    while ((await source.next()) !== undefined);
    return source.isIntact();
  } finally {
    await source.close();
  }
}

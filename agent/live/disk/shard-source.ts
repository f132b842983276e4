// Reads a stored shard piece by piece and hashes it on the way, so that nothing damaged leaves this machine unnoticed.

import { type LeafProof, shardHashAt, ShardHasher, type ShardRange } from '../../codec/index.ts';
import { mebibyte } from '../../../datasets/index.ts';
import { leafBytes, streamWriteBytes } from '../../limits.ts';
import type { StoredShard } from '../../ports.ts';
import type { PieceBuffers } from './piece-buffers.ts';
import type { ShardHandle } from './scratch-memory.ts';
import type { FileRange, ShardFiles } from './shard-files.ts';

/** A call of the disk for each 2 MiB of a shard that is wanted whole; hashing one takes as long as reading the next. */
const wholeReadBytes = 2 * mebibyte;

export interface SourceParts {
  readonly shard: StoredShard;
  readonly range: FileRange;
  readonly buffers: PieceBuffers;
}

/** An open shard. Pieces come in order; `isIntact` may be asked when all were read. */
export class ShardSource {
  readonly shard: StoredShard;
  readonly #handle: ShardHandle;
  readonly #range: FileRange;
  readonly #hash = new ShardHasher();
  readonly #buffers: PieceBuffers;
  readonly #lent: Buffer[] = [];
  #at = 0;

  private constructor({ shard, range, buffers }: SourceParts, handle: ShardHandle) {
    this.shard = shard;
    this.#handle = handle;
    this.#range = range;
    this.#buffers = buffers;
    buffers.opened();
  }

  /** Undefined when the file is gone. */
  static async open(parts: SourceParts, files: Pick<ShardFiles, 'open'>): Promise<ShardSource | undefined> {
    try {
      return new ShardSource(parts, await files.open(parts.range.file));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  get leftBytes(): number {
    return this.#range.bytes - this.#at;
  }

  /** The next piece of at most 256 KiB, valid until `recycle`; undefined at the end or where the file ends early. */
  async next(): Promise<Uint8Array | undefined> {
    const bytes = Math.min(streamWriteBytes, this.leftBytes);
    if (bytes === 0) return undefined;
    const buffer = this.#buffers.take();
    this.#lent.push(buffer);
    const piece = buffer.subarray(0, bytes);
    return (await this.#fill(piece)) ? piece : undefined;
  }

  /** All that is left, into a place of exactly that length. False where the file ends early. */
  async readInto(place: Uint8Array): Promise<boolean> {
    for (let at = 0; at < place.length; at += wholeReadBytes)
      if (!(await this.#fill(place.subarray(at, at + wholeReadBytes)))) return false;
    return true;
  }

  /** The bytes from `offset` on, into a place of the length that is wanted; they are not hashed. False where the shard ends before. */
  async readAt(offset: number, place: Uint8Array): Promise<boolean> {
    if (offset + place.length > this.#range.bytes) return false;
    for (let filled = 0; filled < place.length;) {
      const position = this.#range.offset + offset + filled;
      const { bytesRead } = await this.#handle.read(place.subarray(filled), { position });
      if (bytesRead === 0) return false;
      filled += bytesRead;
    }
    return true;
  }

  async #fill(piece: Uint8Array): Promise<boolean> {
    if (!(await this.readAt(this.#at, piece))) return false;
    this.#hash.update(piece);
    this.#at += piece.length;
    return true;
  }

  /** Whether what was read is the whole shard and has its hash. Once. */
  isIntact(): boolean {
    const { descriptor, index } = this.shard;
    return this.leftBytes === 0 && this.#hash.digest() === shardHashAt(descriptor.shardHashes, index);
  }

  /** The way from a leaf to the shard's hash, once all was read. */
  pathOf(leaf: number): LeafProof['path'] {
    return this.#hash.pathOf(leaf);
  }

  /** The pieces so far may be written over: nobody reads or sends them any more. */
  recycle(): void {
    this.#buffers.give(this.#lent.splice(0));
  }

  async close(): Promise<void> {
    this.#buffers.closed();
    await this.#handle.close();
  }
}

/** All bytes of an intact shard, in `place` where one is given; undefined when it is damaged. Closes the source. */
export async function readWhole(source: ShardSource, place?: Uint8Array): Promise<Uint8Array | undefined> {
  try {
    const bytes = place ?? new Uint8Array(Buffer.allocUnsafeSlow(source.leftBytes).buffer);
    return (await source.readInto(bytes)) && source.isIntact() ? bytes : undefined;
  } finally {
    await source.close();
  }
}

/** Some bytes of the shard, unchecked; undefined where it ends before. Closes the source. */
export async function readPart(
  source: ShardSource,
  { offset, length }: Pick<ShardRange, 'offset' | 'length'>,
): Promise<Uint8Array | undefined> {
  try {
    const bytes = new Uint8Array(length);
    return (await source.readAt(offset, bytes)) ? bytes : undefined;
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
    while ((await source.next()) !== undefined) source.recycle();
    return source.isIntact();
  } finally {
    await source.close();
  }
}

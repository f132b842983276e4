// Turns chunks into sealed, described packs and has each staged as soon as it is full. Leaves out what is known
// already. Used in worker threads: everything is synchronous but the wait for staging.

import { randomBytes } from 'node:crypto';
import {
  chunkIdsOf,
  cutPoint,
  decodePackEntries,
  describePack,
  encodePackEntries,
  isHole,
  namingKey,
  type PackDescriptor,
  type PackEntry,
  PackWriter,
} from '../../codec/index.ts';
import { blobBytesTarget, chunkBytesMax, packBytesTarget } from '../../limits.ts';
import type { ChunkId } from '../../units.ts';
import { encodeLine } from './line-journal.ts';
import type { PackToStage, Sealing } from './tasks.ts';

/** A pack that is staged (flushed in the outbox or already with its holders), and where its chunks lie. */
export interface StagedPack {
  readonly descriptor: PackDescriptor;
  readonly entries: readonly PackEntry[];
}

/** A staged pack as one line of a drive's journal. */
export interface PackLine {
  readonly descriptor: PackDescriptor;
  /** `encodePackEntries`, in base64. */
  readonly entries: string;
}

export const packLine = ({ descriptor, entries }: StagedPack): Uint8Array<ArrayBuffer> =>
  encodeLine({
    descriptor,
    entries: Buffer.from(encodePackEntries(entries)).toString('base64'),
  } satisfies PackLine);

export const packOfLine = ({ descriptor, entries }: PackLine): StagedPack => ({
  descriptor,
  entries: decodePackEntries(Buffer.from(entries, 'base64')),
});

export interface PackerOptions {
  readonly sealing: Sealing;
  readonly placementClass: PackDescriptor['placementClass'];
  /** True the first time that it is asked for a chunk that is stored nowhere yet. */
  readonly isNew: (chunk: ChunkId) => boolean;
  /** The shards' bytes may lie in shared memory, and are written anew once this resolves. */
  readonly stage: (pack: PackToStage, transfer: readonly ArrayBuffer[]) => Promise<unknown>;
}

export class Packer {
  /** Packs staged so far. */
  readonly staged: StagedPack[] = [];
  readonly #options: PackerOptions;
  readonly #idOf: (bytes: Uint8Array) => ChunkId;
  #knownHoleId: ChunkId | undefined;
  /** The pack that is being flushed while the next one fills. */
  #staging: Promise<unknown> = Promise.resolve();
  /** The pack that is filled now, and where it is written. */
  #open: { readonly writer: PackWriter; readonly memory?: Uint8Array } | undefined;

  constructor(options: PackerOptions) {
    this.#options = options;
    this.#idOf = chunkIdsOf(namingKey(options.sealing));
  }

  /** Takes a chunk; `bytes` may be used again afterwards. Call `stageFull` before the next one. */
  add(bytes: Uint8Array): ChunkId {
    const chunk = isHole(bytes) ? this.#holeId(bytes) : this.#idOf(bytes);
    if (this.#options.isNew(chunk)) {
      this.#open ??= this.#begin();
      this.#open.writer.add(chunk, bytes);
    }
    return chunk;
  }

  /** Sparse files have thousands of the same. */
  #holeId(bytes: Uint8Array): ChunkId {
    return (this.#knownHoleId ??= this.#idOf(bytes));
  }

  /** Cuts bytes into chunks and takes them all. */
  async addAll(bytes: Uint8Array): Promise<readonly ChunkId[]> {
    const chunks: ChunkId[] = [];
    for (let start = 0; start < bytes.length;) {
      const end = cutPoint(bytes, start, bytes.length);
      chunks.push(this.add(bytes.subarray(start, end)));
      await this.stageFull();
      start = end;
    }
    return chunks;
  }

  /** Has the pack staged when it has reached its size, once the one before is. */
  async stageFull(): Promise<void> {
    if ((this.#open?.writer.byteCount ?? 0) >= packBytesTarget) await this.#stage();
  }

  /** Stages what is left; ends when all is staged. */
  async finish(): Promise<void> {
    await this.#stage();
    await this.#staging;
  }

  async #stage(): Promise<void> {
    await this.#staging;
    const { sealing, placementClass, stage } = this.#options;
    const { owner, drive } = sealing;
    if (this.#open === undefined) return;
    const { writer, memory } = this.#open;
    this.#open = undefined;
    const { bytes, entries } = writer.finish();
    const redundancy = sealing.redundancy[placementClass];
    const { descriptor, shards } = describePack(bytes, { owner, drive, placementClass, redundancy });
    const pack: StagedPack = { descriptor, entries };
    const buffers = [...new Set(shards.map(({ buffer }) => buffer))].filter(
      (buffer) => buffer instanceof ArrayBuffer,
    );
    const staged = async (): Promise<void> => {
      await stage({ descriptor, shards, line: packLine(pack) }, buffers);
      if (memory !== undefined) idleMemory.push(memory);
      this.staged.push(pack);
    };
    this.#staging = staged();
    // A failure is thrown where the next pack, or the end, waits for this one.
    this.#staging.catch(() => {});
  }

  #begin(): { readonly writer: PackWriter; readonly memory?: Uint8Array } {
    const { sealing, placementClass } = this.#options;
    const { driveKey, drive, keyEpoch } = sealing;
    const keying = { driveKey, drive, keyEpoch, salt: new Uint8Array(randomBytes(16)) };
    // Packs of trees and indexes are mostly small.
    if (placementClass === 'small') return { writer: new PackWriter(keying) };
    const memory = idleMemory.pop() ?? new Uint8Array(new SharedArrayBuffer(bulkBytesExpected));
    return { writer: new PackWriter(keying, memory), memory };
  }
}

/** A pack of files ends soon after its target: with the chunk and the bundle that fill it, and its directory. */
const bulkBytesExpected = packBytesTarget + chunkBytesMax + 2 * blobBytesTarget;

/**
 * Memory of packs that were staged. Shared, so that it neither moves between threads nor counts for their collectors, which
 * would run for every few packs; and used again, as touching new pages costs as much as sealing what is put there.
 */
const idleMemory: Uint8Array[] = [];

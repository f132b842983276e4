// Turns chunks into sealed, described packs and has each staged as soon as it is full. Leaves out what is known
// already. Used in worker threads: everything is synchronous but the wait for staging.

import { randomBytes } from 'node:crypto';
import type { PackDescriptor, PackEntry, PackVersion } from '../../codec/index.ts';
import {
  chunkIdsOf,
  cutPoint,
  decodePackEntries,
  describePack,
  encodePackEntries,
  isHole,
  namingKey,
  PackWriter,
} from '../../codec/sealing.ts';
import { packBytesTarget } from '../../limits.ts';
import type { ChunkId } from '../../units.ts';
import { encodeLine } from './line-journal.ts';
import type { PackMemory } from './pack-memory.ts';
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
  /** How chunks are named: absent for new ones, and for moved ones as they were. */
  readonly version?: PackVersion;
  /** Where packs are filled; without it each allots its own, as it needs it. */
  readonly memory?: PackMemory;
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
  #open: { readonly writer: PackWriter; readonly memory: Uint8Array | undefined } | undefined;

  constructor(options: PackerOptions) {
    this.#options = options;
    this.#idOf = chunkIdsOf(namingKey(options.sealing), options.version);
  }

  /** Takes a chunk, and has the pack staged when that fills it; `bytes` may be used again afterwards. */
  async add(bytes: Uint8Array): Promise<ChunkId> {
    const chunk = isHole(bytes) ? this.#holeId(bytes) : this.#idOf(bytes);
    if (!this.#options.isNew(chunk)) return chunk;
    this.#open ??= await this.#begin();
    this.#open.writer.add(chunk, bytes);
    if (this.#open.writer.byteCount >= packBytesTarget) await this.#stage();
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
      chunks.push(await this.add(bytes.subarray(start, end)));
      start = end;
    }
    return chunks;
  }

  /** Stages what is left; ends when all is staged. */
  async finish(): Promise<void> {
    await this.#stage();
    await this.#staging;
  }

  /** Drops what is neither full nor finished. */
  [Symbol.dispose](): void {
    if (this.#open?.memory !== undefined) this.#options.memory?.give(this.#open.memory);
    this.#open = undefined;
  }

  async #stage(): Promise<void> {
    await this.#staging;
    const { sealing, placementClass, stage, memory: packMemory } = this.#options;
    const { owner, drive } = sealing;
    if (this.#open === undefined) return;
    const { writer, memory } = this.#open;
    const { bytes, entries } = writer.finish();
    const redundancy = sealing.redundancy[placementClass];
    const { descriptor, shards } = describePack(bytes, { owner, drive, placementClass, redundancy });
    this.#open = undefined;
    const pack: StagedPack = { descriptor, entries };
    const buffers = [...new Set(shards.map(({ buffer }) => buffer))].filter(
      (buffer) => buffer instanceof ArrayBuffer,
    );
    const staged = async (): Promise<void> => {
      try {
        await stage({ descriptor, shards, line: packLine(pack) }, buffers);
      } finally {
        if (memory !== undefined) packMemory?.give(memory);
      }
      this.staged.push(pack);
    };
    this.#staging = staged();
    // A failure is thrown where the next pack, or the end, waits for this one.
    this.#staging.catch(() => {});
  }

  async #begin(): Promise<{ readonly writer: PackWriter; readonly memory: Uint8Array | undefined }> {
    const { sealing, version } = this.#options;
    const { driveKey, drive, keyEpoch } = sealing;
    const salt = new Uint8Array(randomBytes(16));
    const keying = { driveKey, drive, keyEpoch, salt, ...(version === undefined ? {} : { version }) };
    const memory = await this.#options.memory?.take();
    return { writer: new PackWriter(keying, memory), memory };
  }
}

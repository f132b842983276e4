// Files of shards: where they lie, and how one comes to be there whole or not at all. Knows bytes and names, no meanings.
// `held`, `scratch` and `copy` have a file a shard; `outbox` has a file a pack, all its different shards one after the other.

import { mkdir, open, readdir, rename, rm, stat, unlink, type FileHandle } from 'node:fs/promises';
import { mkdirSync, statfsSync } from 'node:fs';
import { strict as assert } from 'node:assert';
import { dirname, join } from 'node:path';
import type { PackDescriptor } from '../../codec/index.ts';
import type { ShardLocation, ShardPlace, StoredShard } from '../../ports.ts';
import { systemCalls } from '../data-path/system-calls.ts';
import { scratchMemoryBytesMax } from '../limits.ts';
import { folderId, isShardFolder } from './shard-folder.ts';
import { type MemoryShard, ScratchMemory, type ShardHandle } from './scratch-memory.ts';

export const places = ['held', 'outbox', 'scratch', 'copy'] as const satisfies readonly ShardPlace[];

/** A file that is not yet whole. */
export interface ArrivingFile {
  readonly handle: FileHandle;
  readonly file: string;
}

/** A shard that is not yet whole: in a file, or in memory. */
export type Arriving = ArrivingFile | { readonly handle: MemoryShard };

/** Where in its file a shard lies. */
export interface FileRange {
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
}

export class ShardFiles {
  readonly #folder: string;
  readonly #arriving: string;
  readonly #memory: ScratchMemory;
  readonly #id: string | undefined;
  #arrivals = 0;

  constructor(folder: string, scratchBytesMax: number = scratchMemoryBytesMax) {
    this.#memory = new ScratchMemory(scratchBytesMax);
    this.#folder = folder;
    this.#id = folderId(folder);
    this.#arriving = join(folder, 'arriving');
    for (const place of places) mkdirSync(join(folder, place), { recursive: true, mode: 0o700 });
    mkdirSync(this.#arriving, { recursive: true, mode: 0o700 });
  }

  fileOf({ place, pack, index }: ShardLocation): string {
    const name = place === 'outbox' ? pack : `${pack}-${index}`;
    return join(this.#folder, place, pack.slice(0, 2), name);
  }

  rangeOf(shard: ShardLocation, { redundancy, shardBytes }: PackDescriptor): FileRange {
    // Replicas are all the pack itself: one is enough.
    const slot = shard.place === 'outbox' && redundancy.k > 1 ? shard.index : 0;
    return { file: this.fileOf(shard), offset: slot * shardBytes, bytes: shardBytes };
  }

  /** Length that the file of this shard must have. */
  static fileBytesOf(place: ShardPlace, { redundancy, shardBytes }: PackDescriptor): number {
    return place === 'outbox' && redundancy.k > 1 ? shardBytes * redundancy.n : shardBytes;
  }

  /** A new place for a shard that is not yet whole: scratch goes to memory while there is room. */
  async openArriving(shard: Pick<StoredShard, 'place' | 'descriptor'>): Promise<Arriving> {
    const memory = shard.place === 'scratch' ? this.#memory.open(shard.descriptor.shardBytes) : undefined;
    return memory === undefined ? this.openFile() : { handle: memory };
  }

  async openFile(): Promise<ArrivingFile> {
    const file = join(this.#arriving, `${process.pid}-${this.#arrivals++}`);
    return { handle: await open(file, 'wx', 0o600), file };
  }

  /** Flushes, closes and renames a whole file to its place, and flushes the folder. What leaves the page cache makes room for what people read. */
  async keep(arriving: Arriving, file: string, cached: 'stays in cache' | 'leaves cache'): Promise<void> {
    assert('file' in arriving, 'only scratch lies in memory');
    await arriving.handle.sync();
    if (cached === 'leaves cache') systemCalls?.forgetPages(arriving.handle.fd);
    await arriving.handle.close();
    const folder = dirname(file);
    if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined)
      await flushFolder(dirname(folder));
    await rename(arriving.file, file);
    await flushFolder(folder);
  }

  /** The same without a flush: for what the next start throws away. */
  async keepForNow(arriving: Arriving, file: string): Promise<void> {
    if (!('file' in arriving)) {
      this.#memory.keep(file, arriving.handle);
      return;
    }
    await arriving.handle.close();
    await mkdir(dirname(file), { recursive: true });
    await rename(arriving.file, file);
  }

  /** Throws away what did not become whole. */
  async drop(arriving: Arriving): Promise<void> {
    if (!('file' in arriving)) {
      this.#memory.drop(arriving.handle);
      return;
    }
    await arriving.handle.close().catch(() => undefined);
    await rm(arriving.file, { force: true });
  }

  /** Opens a whole shard's file for reading. Throws the system's error. */
  async open(file: string): Promise<ShardHandle> {
    return this.#memory.find(file) ?? open(file, 'r');
  }

  /** Throws an error that passes where the whole folder went away: of a file that is not found nothing is known then. */
  assertThere(): void {
    if (isShardFolder(this.#folder, this.#id)) return;
    throw Object.assign(new Error('the folder of the shards is away'), { code: 'EBUSY' });
  }

  /** The bytes of a shard that lies in memory. */
  inMemory(file: string): Uint8Array | undefined {
    return this.#memory.find(file)?.bytes;
  }

  async remove(file: string): Promise<void> {
    if (this.#memory.remove(file)) return;
    try {
      await unlink(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  /** Length of a file; undefined where there is none. Throws where the disk does not say: that is no reason to give a shard up. */
  async bytesOf(file: string): Promise<number | undefined> {
    try {
      return (await stat(file)).size;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw error;
    }
  }

  /** What an earlier run left half done, and what was only for it. */
  async sweep(): Promise<void> {
    for (const folder of [this.#arriving, join(this.#folder, 'scratch')]) {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true, mode: 0o700 });
    }
  }

  /** Files that `isKnown` does not know: mostly their index entry was never flushed, so nobody got a receipt. */
  async strays(isKnown: (file: string) => boolean): Promise<readonly string[]> {
    const strays: string[] = [];
    for (const place of places) {
      const folder = join(this.#folder, place);
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        const file = join(entry.parentPath, entry.name);
        if (entry.isFile() && !isKnown(file)) strays.push(file);
      }
    }
    return strays;
  }

  /** Bytes that this user may still write; none on a disk that is gone. */
  freeBytes(): number {
    try {
      const { bavail, bsize } = statfsSync(this.#folder);
      return bavail * bsize;
    } catch {
      return 0;
    }
  }
}

/** In one call where the system takes all: `writeFile` of a handle goes in pieces of 512 KiB, and each waits for a turn of the main thread. */
export async function writeWholly({ handle }: ArrivingFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten;
}

async function flushFolder(folder: string): Promise<void> {
  // Windows cannot open folders; its renames are flushed with the file.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

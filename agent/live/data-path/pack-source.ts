// Opens packs for a restore: fetches each at most once at a time, or only what is wanted of it, checks every seal and every chunk's keyed hash. What
// cannot be had is a reason in words, never an exception: a restore goes on with the rest.

import { DreyError } from '../../../datasets/words.ts';
import type {
  ChunkLocator,
  CodecRejection,
  Decoded,
  DriveKeys,
  PackDescriptor,
  PackEntry,
  PackVersion,
} from '../../codec/index.ts';
import { chunkIdsOf, keyOfEpoch, namingKey, OpenPack, readPackHeader } from '../../codec/opening.ts';
import type { ChunkId, PackId } from '../../units.ts';
import { fetchPart, isSmallPart, type WantedEntry } from './pack-part.ts';
import type { Ask, FetchQuestion } from './tasks.ts';

/** A pack that was opened, or why it could not be. */
export type Fetched = { readonly pack: OpenPack } | { readonly reason: string; readonly code?: string };
export type Chunk = { readonly bytes: Uint8Array } | { readonly reason: string };

export class PackSource {
  /** Packs fetched so far. */
  fetchedCount = 0;
  readonly #keys: DriveKeys;
  /** How chunks are named, by version of the pack. */
  readonly #idOf: Readonly<Record<PackVersion, (bytes: Uint8Array) => ChunkId>>;
  /** The chunk that was read last: a sparse file wants the same thousands of times. */
  #checked: { readonly pack: OpenPack; readonly entry: PackEntry } | undefined;
  readonly #ask: Ask<FetchQuestion, Uint8Array | undefined>;

  constructor(keys: DriveKeys, ask: Ask<FetchQuestion, Uint8Array | undefined>) {
    this.#keys = keys;
    const naming = namingKey(keys);
    this.#idOf = { 1: chunkIdsOf(naming, 1), 2: chunkIdsOf(naming, 2) };
    this.#ask = ask;
  }

  /** Never rejects. Where it is said which entries are wanted, others may be missing in it. */
  async fetch(descriptor: PackDescriptor, wanted?: readonly WantedEntry[]): Promise<Fetched> {
    const part =
      wanted && isSmallPart(descriptor, wanted) ? await this.#fetchPart(descriptor, wanted) : undefined;
    if (part !== undefined) {
      this.fetchedCount++;
      return { pack: part };
    }
    let bytes: Uint8Array | undefined;
    try {
      bytes = await this.#ask({ kind: 'fetch', descriptor });
    } catch (error) {
      return {
        reason: `its pack could not be fetched: ${error instanceof Error ? error.message : 'unknown error'}`,
        ...(error instanceof DreyError ? { code: error.code } : {}),
      };
    }
    if (bytes === undefined) return { reason: 'its pack could not be fetched' };
    this.fetchedCount++;
    const opened = this.#open(bytes);
    return opened.ok ? { pack: opened.value } : { reason: unopened(opened.rejection) };
  }

  /** Undefined where it must be fetched whole, whatever the reason. */
  #fetchPart(descriptor: PackDescriptor, wanted: readonly WantedEntry[]): Promise<OpenPack | undefined> {
    return fetchPart(descriptor, wanted, {
      fetchRange: (range) => this.#ask({ kind: 'fetch', descriptor, range }).catch(() => undefined),
      open: (bytes) => {
        const opened = this.#open(bytes);
        return opened.ok ? opened.value : undefined;
      },
    });
  }

  #open(bytes: Uint8Array): Decoded<OpenPack> {
    const header = readPackHeader(bytes);
    return OpenPack.open(bytes, keyOfEpoch(this.#keys, header.ok ? header.value.keyEpoch : 0));
  }

  /** The plain bytes of a chunk, valid until the next read of the same pack. */
  read(pack: OpenPack, entry: PackEntry): Chunk {
    const read = pack.read(entry);
    if (!read.ok) return { reason: `a part of it was altered: ${read.rejection.reason}` };
    const isChecked = this.#checked?.pack === pack && this.#checked.entry === entry;
    if (!isChecked && this.#idOf[pack.version](read.value) !== entry.chunk)
      return { reason: 'a part of it is not what was backed up' };
    this.#checked = { pack, entry };
    return { bytes: read.value };
  }

  /** The bytes of many chunks, by id, each pack fetched once; of those that cannot be had, the reason. */
  async readAll(
    locators: readonly ChunkLocator[],
    descriptors: ReadonlyMap<PackId, PackDescriptor>,
  ): Promise<ReadonlyMap<ChunkId, Chunk>> {
    const chunks = new Map<ChunkId, Chunk>();
    for (const [packId, wanted] of Map.groupBy(locators, ({ pack }) => pack)) {
      const descriptor = descriptors.get(packId);
      const fetched =
        descriptor === undefined
          ? { reason: 'its pack is not described' }
          : await this.fetch(descriptor, wanted);
      for (const locator of wanted) chunks.set(locator.chunk, this.#copyOf(fetched, locator));
    }
    return chunks;
  }

  #copyOf(fetched: Fetched, locator: ChunkLocator): Chunk {
    if ('reason' in fetched) return fetched;
    const chunk = this.read(fetched.pack, locator);
    return 'reason' in chunk ? chunk : { bytes: new Uint8Array(chunk.bytes) };
  }
}

/** A later version is no damage: nothing but a newer Drey opens it. */
const unopened = ({ code, reason }: CodecRejection): string =>
  code === 'wrong-version'
    ? `its pack was written by another version of Drey (${reason}): bring this machine up to date`
    : `its pack was altered: ${reason}`;

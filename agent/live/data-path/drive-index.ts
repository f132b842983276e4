// Where the chunks of a drive's snapshots lie, as whoever restores sees it: the newest snapshot's index says it for all of
// them (packs are rewritten, and only the newest index knows), an older snapshot's own index says the rest.

import type { ChunkLocator } from '../../codec/index.ts';
import { concatBytes, packsOfSegment } from '../../codec/opening.ts';
import type { ChunkId } from '../../units.ts';
import { ChunkPlaces } from './chunk-places.ts';
import { joinedBytes, whyTooLarge } from './snapshot-reader.ts';
import type { OpenedRoot, OpenPacks } from './tree-walk.ts';

export class DriveIndex {
  readonly places = new ChunkPlaces();
  /** Why parts of indexes are not there; empty when all are. */
  readonly failures: string[] = [];
  readonly #packs: OpenPacks;
  /** Segments that were read, by their chunks. */
  readonly #read = new Set<string>();
  /** Of all of them. */
  #byteCount = 0;

  constructor(packs: OpenPacks) {
    this.#packs = packs;
  }

  /** Adds what a snapshot's index says of chunks that nothing is known of yet. */
  async add({ root, descriptors }: OpenedRoot): Promise<void> {
    for (const locators of root.index.toReversed()) {
      const name = locators.map(({ chunk }) => chunk).join();
      if (this.#read.has(name)) continue;
      this.#read.add(name);
      const bytes = await this.#bytesOf(locators, descriptors);
      const failure = typeof bytes === 'string' ? bytes : this.#addSegment(bytes);
      if (failure !== undefined) this.failures.push(failure);
    }
  }

  /** Where a chunk is, looked for in the snapshot's own index too. */
  async find(chunk: ChunkId, own: OpenedRoot): Promise<number | undefined> {
    const found = this.places.find(chunk);
    if (found !== undefined) return found;
    await this.add(own);
    return this.places.find(chunk);
  }

  async #bytesOf(
    locators: readonly ChunkLocator[],
    descriptors: OpenedRoot['descriptors'],
  ): Promise<Uint8Array | string> {
    const why = whyTooLarge(this.#byteCount + joinedBytes(locators));
    if (why !== undefined) return `what is read of it ${why}`;
    this.#byteCount += joinedBytes(locators);
    const parts: Uint8Array[] = [];
    for (const locator of locators) {
      const chunk = await this.#packs.read(locator, descriptors);
      if ('reason' in chunk) return chunk.reason;
      parts.push(chunk.bytes);
    }
    return concatBytes(...parts);
  }

  /** Why the segment cannot be read to its end; undefined when it can. */
  #addSegment(bytes: Uint8Array): string | undefined {
    this.places.beginSegment();
    for (const decoded of packsOfSegment(bytes)) {
      if (!decoded.ok) return decoded.rejection.reason;
      const pack = this.places.numberOf(decoded.value.descriptor);
      for (const { chunk, length } of decoded.value.entries) this.places.add(chunk, pack, length);
    }
    return undefined;
  }
}

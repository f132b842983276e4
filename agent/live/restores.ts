// Packs for a restore: asks the core to fetch their shards, puts them together when they are here, and lets the scratch go.

import { DreyError, type UnixMs } from '../../datasets/index.ts';
import type { PackDescriptor } from '../codec/index.ts';
import type { CoreEvent } from '../core/index.ts';
import type { PackId } from '../units.ts';
import type { LiveDisk } from './disk/index.ts';

interface Waiting {
  readonly descriptor: PackDescriptor;
  readonly result: PromiseWithResolvers<Uint8Array>;
}

export class PackFetcher {
  readonly #disk: LiveDisk;
  readonly #tell: (event: CoreEvent) => void;
  readonly #now: () => UnixMs;
  readonly #waiting = new Map<PackId, Waiting>();

  constructor(parts: {
    readonly disk: LiveDisk;
    readonly tell: (event: CoreEvent) => void;
    readonly now: () => UnixMs;
  }) {
    this.#disk = parts.disk;
    this.#tell = parts.tell;
    this.#now = parts.now;
  }

  /** The whole sealed pack. Rejects with `pack-unreachable` when too few shards are found. */
  async fetch(descriptor: PackDescriptor): Promise<Uint8Array> {
    const known = this.#waiting.get(descriptor.pack);
    if (known !== undefined) return known.result.promise;
    const local = await this.#disk.assemble(descriptor).catch(() => undefined);
    if (local !== undefined) return local;
    const waiting: Waiting = { descriptor, result: Promise.withResolvers<Uint8Array>() };
    this.#waiting.set(descriptor.pack, waiting);
    this.#tell({ kind: 'packsWanted', packs: [descriptor], now: this.#now() });
    return waiting.result.promise;
  }

  ready(pack: PackId): void {
    const waiting = this.#take(pack);
    if (waiting === undefined) return;
    void this.#disk
      .assemble(waiting.descriptor)
      .then(waiting.result.resolve, waiting.result.reject)
      .finally(() => this.#tell({ kind: 'packUsed', pack, now: this.#now() }));
  }

  lost(pack: PackId, foundCount: number): void {
    const waiting = this.#take(pack);
    waiting?.result.reject(
      new DreyError({
        code: 'pack-unreachable',
        message: `${foundCount} of the ${waiting.descriptor.redundancy.k} shards that a pack needs were found`,
        advice: 'Start more of the machines that hold it, then restore again.',
        retry: 'retryable',
      }),
    );
  }

  #take(pack: PackId): Waiting | undefined {
    const waiting = this.#waiting.get(pack);
    this.#waiting.delete(pack);
    return waiting;
  }
}

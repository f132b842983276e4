// Packs for a restore: asks the core to fetch their shards, puts them together when they are here, and lets the scratch go.

import { DreyError, type UnixMs } from '../../datasets/index.ts';
import type { PackDescriptor } from '../codec/index.ts';
import type { CoreEvent, ShardCount } from '../core/index.ts';
import { surveyPackCountMax } from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';
import { type LiveDisk, PackIncomplete } from './disk/index.ts';

interface Waiting {
  readonly descriptor: PackDescriptor;
  readonly from: 'anywhere' | 'others';
  /** One for each who waits: whoever gets the bytes may move their buffer to another thread. */
  readonly results: PromiseWithResolvers<Fetched>[];
}

/** A sealed pack, and who sent shards of it. */
export interface Fetched {
  readonly bytes: Uint8Array;
  readonly senders: readonly PeerId[];
}

export class PackFetcher {
  readonly #disk: LiveDisk;
  readonly #tell: (event: CoreEvent) => void;
  readonly #now: () => UnixMs;
  readonly #waiting = new Map<PackId, Waiting>();
  /** Packs that are being put together. */
  readonly #ending = new Map<PackId, Promise<void>>();
  readonly #surveys = new Map<number, PromiseWithResolvers<readonly ShardCount[]>>();
  #nextSurvey = 1;
  readonly #wishes = new Map<number, PromiseWithResolvers<Uint8Array | undefined>>();
  #nextWish = 1;

  constructor(parts: {
    readonly disk: LiveDisk;
    readonly tell: (event: CoreEvent) => void;
    readonly now: () => UnixMs;
  }) {
    this.#disk = parts.disk;
    this.#tell = parts.tell;
    this.#now = parts.now;
  }

  /** The whole sealed pack; the bytes are the caller's. Rejects with `pack-unreachable` when too few shards are found. */
  async fetch(descriptor: PackDescriptor): Promise<Uint8Array> {
    const local = this.#waiting.has(descriptor.pack)
      ? undefined
      : await this.#disk.assemble(descriptor).catch(() => undefined);
    return local ?? (await this.#fetch(descriptor, 'anywhere')).bytes;
  }

  /** The same as if this machine's disk were gone: every shard comes from another machine. */
  fetchFromOthers(descriptor: PackDescriptor): Promise<Fetched> {
    return this.#fetch(descriptor, 'others');
  }

  /** Some bytes of an own pack, unchecked; undefined where it must be fetched whole. Never rejects. */
  fetchRange(
    descriptor: PackDescriptor,
    range: { readonly offset: number; readonly length: number },
  ): Promise<Uint8Array | undefined> {
    const wish = this.#nextWish++;
    const result = Promise.withResolvers<Uint8Array | undefined>();
    this.#wishes.set(wish, result);
    this.#tell({ kind: 'rangeWanted', wish, descriptor, ...range, now: this.#now() });
    return result.promise;
  }

  rangeReady(wish: number, bytes: Uint8Array | undefined): void {
    this.#wishes.get(wish)?.resolve(bytes);
    this.#wishes.delete(wish);
  }

  async #fetch(descriptor: PackDescriptor, from: Waiting['from']): Promise<Fetched> {
    const { pack } = descriptor;
    // What is fetched for the other purpose, or still being put together, ends first.
    for (let busy = this.#busyWith(pack, from); busy !== undefined; busy = this.#busyWith(pack, from))
      await busy.catch(() => undefined);
    const known = this.#waiting.get(pack);
    if (known !== undefined) return addResult(known);
    const waiting: Waiting = { descriptor, from, results: [] };
    this.#waiting.set(pack, waiting);
    const result = addResult(waiting);
    const wish = from === 'others' ? ({ from } as const) : {};
    this.#tell({ kind: 'packsWanted', packs: [descriptor], ...wish, now: this.#now() });
    return result;
  }

  #busyWith(pack: PackId, from: Waiting['from']): Promise<unknown> | undefined {
    const waiting = this.#waiting.get(pack);
    if (waiting !== undefined) return waiting.from === from ? undefined : waiting.results[0]?.promise;
    return this.#ending.get(pack);
  }

  ready(pack: PackId, senders: readonly PeerId[]): void {
    const waiting = this.#take(pack);
    if (waiting !== undefined) this.#ending.set(pack, this.#end(waiting, senders));
  }

  async #end(waiting: Waiting, senders: readonly PeerId[]): Promise<void> {
    const { pack } = waiting.descriptor;
    const intact = await this.#assemble(waiting, senders);
    this.#ending.delete(pack);
    const now = this.#now();
    if (intact === undefined) {
      this.#tell({ kind: 'packUsed', pack, now });
      return;
    }
    this.#waiting.set(pack, waiting);
    this.#tell({ kind: 'packUnreadable', pack, intact, now });
  }

  /** Hands the pack over, or says why not; where too few of its shards could be read, which could. */
  async #assemble(
    { descriptor, from, results }: Waiting,
    senders: readonly PeerId[],
  ): Promise<readonly number[] | undefined> {
    try {
      const bytes = await this.#disk.assemble(descriptor, from === 'others' ? 'scratch' : undefined);
      const copies = results.slice(1).map(() => bytes.slice());
      for (const [index, { resolve }] of results.entries())
        resolve({ bytes: copies[index - 1] ?? bytes, senders });
    } catch (error) {
      if (error instanceof PackIncomplete) return error.intact;
      for (const { reject } of results) reject(error);
    }
    return undefined;
  }

  lost(pack: PackId, foundCount: number): void {
    const waiting = this.#take(pack);
    if (waiting === undefined) return;
    const error = new DreyError({
      code: 'pack-unreachable',
      message: `${foundCount} of the ${waiting.descriptor.redundancy.k} shards that a pack needs were found`,
      advice: 'Start more of the machines that hold it, then restore again.',
      retry: 'retryable',
    });
    for (const { reject } of waiting.results) reject(error);
  }

  /** How many different shards of each pack there are, here and elsewhere. */
  async count(packs: readonly PackDescriptor[]): Promise<readonly ShardCount[]> {
    const counts: ShardCount[] = [];
    for (let at = 0; at < packs.length; at += surveyPackCountMax)
      counts.push(...(await this.#count(packs.slice(at, at + surveyPackCountMax))));
    return counts;
  }

  counted(survey: number, counts: readonly ShardCount[]): void {
    this.#surveys.get(survey)?.resolve(counts);
    this.#surveys.delete(survey);
  }

  #count(packs: readonly PackDescriptor[]): Promise<readonly ShardCount[]> {
    const survey = this.#nextSurvey++;
    const result = Promise.withResolvers<readonly ShardCount[]>();
    this.#surveys.set(survey, result);
    this.#tell({ kind: 'packsSought', survey, packs, now: this.#now() });
    return result.promise;
  }

  #take(pack: PackId): Waiting | undefined {
    const waiting = this.#waiting.get(pack);
    this.#waiting.delete(pack);
    return waiting;
  }
}

function addResult({ results }: Waiting): Promise<Fetched> {
  const result = Promise.withResolvers<Fetched>();
  results.push(result);
  return result.promise;
}

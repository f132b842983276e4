// Packs for a restore: asks the core to fetch their shards, puts them together when they are here, and lets the scratch go.

import { DreyError, type UnixMs } from '../../datasets/index.ts';
import type { PackDescriptor } from '../codec/index.ts';
import type { CoreEvent } from '../core/index.ts';
import { surveyPackCountMax } from '../limits.ts';
import type { PackId } from '../units.ts';
import type { LiveDisk } from './disk/index.ts';

interface Waiting {
  readonly descriptor: PackDescriptor;
  /** One for each who waits: whoever gets the bytes may move their buffer to another thread. */
  readonly results: PromiseWithResolvers<Uint8Array>[];
}

export class PackFetcher {
  readonly #disk: LiveDisk;
  readonly #tell: (event: CoreEvent) => void;
  readonly #now: () => UnixMs;
  readonly #waiting = new Map<PackId, Waiting>();
  readonly #surveys = new Map<number, PromiseWithResolvers<readonly number[]>>();
  #nextSurvey = 1;

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
    const known = this.#waiting.get(descriptor.pack);
    if (known !== undefined) return addResult(known);
    const local = await this.#disk.assemble(descriptor).catch(() => undefined);
    if (local !== undefined) return local;
    const meanwhile = this.#waiting.get(descriptor.pack);
    if (meanwhile !== undefined) return addResult(meanwhile);
    const waiting: Waiting = { descriptor, results: [] };
    this.#waiting.set(descriptor.pack, waiting);
    const result = addResult(waiting);
    this.#tell({ kind: 'packsWanted', packs: [descriptor], now: this.#now() });
    return result;
  }

  ready(pack: PackId): void {
    const waiting = this.#take(pack);
    if (waiting === undefined) return;
    void this.#assemble(waiting).finally(() => this.#tell({ kind: 'packUsed', pack, now: this.#now() }));
  }

  async #assemble({ descriptor, results }: Waiting): Promise<void> {
    try {
      const bytes = await this.#disk.assemble(descriptor);
      const copies = results.slice(1).map(() => bytes.slice());
      for (const [index, { resolve }] of results.entries()) resolve(copies[index - 1] ?? bytes);
    } catch (error) {
      for (const { reject } of results) reject(error);
    }
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

  /** How many different shards of each pack can be had at this moment, here and elsewhere. */
  async count(packs: readonly PackDescriptor[]): Promise<readonly number[]> {
    const found: number[] = [];
    for (let at = 0; at < packs.length; at += surveyPackCountMax)
      found.push(...(await this.#count(packs.slice(at, at + surveyPackCountMax))));
    return found;
  }

  counted(survey: number, found: readonly number[]): void {
    this.#surveys.get(survey)?.resolve(found);
    this.#surveys.delete(survey);
  }

  #count(packs: readonly PackDescriptor[]): Promise<readonly number[]> {
    const survey = this.#nextSurvey++;
    const result = Promise.withResolvers<readonly number[]>();
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

function addResult({ results }: Waiting): Promise<Uint8Array> {
  const result = Promise.withResolvers<Uint8Array>();
  results.push(result);
  return result.promise;
}

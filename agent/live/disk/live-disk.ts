// Shards on a real disk: files, flushed before anybody hears of them, and an index in LevelDB. Keeps to a quota and leaves a
// reserve; believes no byte that it reads. It decides nothing about what should be kept.

import {
  assemblePack,
  type PackDescriptor,
  placeForSlices,
  rebuildShard,
  type ShardRange,
  sliceIn,
} from '../../codec/index.ts';
import type { PackTable } from '../../core/index.ts';
import { quotaBytesDefaultMax, quotaShareDefault, reserveBytes } from '../../limits.ts';
import type {
  Disk,
  DiskUsage,
  Done,
  ProofOutcome,
  ReadOutcome,
  ShardArrival,
  ShardLocation,
  ShardOutcome,
  ShardPlace,
  StoredShard,
} from '../../ports.ts';
import type { PackId } from '../../units.ts';
import { diskFull, isFullError, isPassingError, nameDiskError } from '../disk-full.ts';
import { outboxCachedBytesMax } from '../limits.ts';
import { tell, tellResult } from '../tell.ts';
import { PackIncomplete } from './pack-incomplete.ts';
import type { LiveDiskOptions } from './live-disk-options.ts';
import { PieceBuffers } from './piece-buffers.ts';
import { type DiskParts, type DiskRepairs, locationOf, putRight } from './putting-right.ts';
import { type Arriving, ShardFiles, writeWholly } from './shard-files.ts';
import { type HandedOver, ShardIndex } from './shard-index.ts';
import { ShardSink } from './shard-sink.ts';
import { settleShardFolder } from './shard-folder.ts';
import { isSourceIntact, readPart, readProof, readWhole, ShardSource } from './shard-source.ts';

export interface StoredPlace extends ShardArrival {
  readonly place: ShardPlace;
}

/** A `Disk`, and what the wire and the data path need of it: bytes. */
export interface LiveDisk extends Disk {
  /** Where packs have their rows, for the core too. */
  readonly packs: PackTable;
  readonly repairs: DiskRepairs;
  readonly handedOver: HandedOver;
  /** Opens a shard for reading; undefined where there is none. */
  openSource(shard: ShardLocation): Promise<ShardSource | undefined>;
  /** Opens a place for a shard; an outcome when there is no room or no way to write. */
  openSink(wanted: StoredPlace): Promise<ShardSink | ShardOutcome>;
  /** Puts an own pack whole into the outbox, flushed. Throws `disk-full`. */
  stage(descriptor: PackDescriptor, shards: readonly Uint8Array[]): Promise<void>;
  /** The sealed pack from k intact shards here, wherever they lie or in one place only. Throws `pack-incomplete`. */
  assemble(descriptor: PackDescriptor, place?: ShardPlace): Promise<Uint8Array>;
  /** Removes all scratch shards of a pack. */
  dropScratch(pack: PackId): Promise<void>;
  /** Removes what is left of an outbox pack that no holder has. */
  discard(pack: PackId): Promise<void>;
}

/** Opens the disk: sweeps what a crash left, and checks that each indexed file is there with its length. Throws `shards-away`. */
export async function openLiveDisk(options: LiveDiskOptions): Promise<LiveDisk> {
  const index = new ShardIndex(options.database);
  await index.load();
  await settleShardFolder({ ...options, hasRows: index.all().next().done !== true });
  const files = new ShardFiles(options.folder, options.scratchMemoryBytes);
  await files.sweep();
  const repairs = await putRight({ files, index }, options.stagedHere ?? (() => []));
  return new FileDisk(options, { files, index, repairs });
}

interface OpenParts extends DiskParts {
  readonly repairs: DiskRepairs;
}

/** Which shards of a pack are looked for. */
interface Choice {
  /** This one alone is enough. */
  readonly wanted?: number;
  /** In this place only. */
  readonly place?: ShardPlace | undefined;
  /** Where slices are read to. */
  readonly slices?: Uint8Array;
}

class FileDisk implements LiveDisk {
  readonly packs: PackTable;
  readonly repairs: DiskRepairs;
  readonly handedOver: HandedOver;
  readonly #files: ShardFiles;
  readonly #index: ShardIndex;
  readonly #quotaBytes: number;
  readonly #reserveBytes: number;
  readonly #report: (error: unknown) => void;
  readonly #buffers = new PieceBuffers();
  /** Removals that are under way, by file: the same shard may come again before they are done. */
  readonly #removals = new Map<string, Promise<void>>();
  /** Files that are being put in place: whoever orders a removal now means what was there before. */
  readonly #keeping = new Set<string>();
  readonly #bytesIn = { held: 0, outbox: 0, copy: 0 };
  readonly #outboxCachedBytesMax: number;
  /** Room promised to shards that are arriving: under the quota, and all. */
  #promisedQuotaBytes = 0;
  #promisedBytes = 0;

  constructor(options: LiveDiskOptions, { files, index, repairs }: OpenParts) {
    this.repairs = repairs;
    [this.packs, this.handedOver] = [index.packs, index.handedOver];
    this.#files = files;
    this.#index = index;
    this.#report = options.report ?? (() => undefined);
    this.#reserveBytes = options.reserveBytes ?? reserveBytes;
    this.#outboxCachedBytesMax = options.outboxCachedBytesMax ?? outboxCachedBytesMax;
    for (const shard of index.all()) this.#count(shard);
    const keptBytes = this.#bytesIn.held + this.#bytesIn.copy;
    const share = Math.floor((files.freeBytes() + keptBytes) * quotaShareDefault);
    this.#quotaBytes = options.quotaBytes ?? Math.min(share, quotaBytesDefaultMax);
  }

  list(done: Done<readonly StoredShard[]>): void {
    tell(done, [...this.#index.all()]);
  }

  usage(): DiskUsage {
    const freeBytes = Math.max(0, this.#files.freeBytes() - this.#reserveBytes - this.#promisedBytes);
    return {
      heldBytes: this.#bytesIn.held,
      copyBytes: this.#bytesIn.copy,
      quotaBytes: this.#quotaBytes,
      freeBytes,
    };
  }

  verify(shard: ShardLocation, done: Done<ReadOutcome>): void {
    void tellResult(this.#verify(shard), this.#unreadable, done);
  }

  prove(shard: ShardLocation, leaf: number, done: Done<ProofOutcome>): void {
    void tellResult(this.#prove(shard, leaf), this.#unreadable, done);
  }

  readonly #unreadable = (error: unknown): 'damaged' | 'unread' => {
    this.#report(error);
    return isPassingError(error) ? 'unread' : 'damaged';
  };

  readRange(place: ShardPlace, range: ShardRange, done: Done<Uint8Array | undefined>): void {
    const reading = this.openSource({ ...range, place }).then((source) => source && readPart(source, range));
    void tellResult(reading, (error) => (this.#report(error), undefined), done);
  }

  rebuild(wanted: StoredPlace, done: Done<ShardOutcome>): void {
    const failed = (error: unknown): ShardOutcome => {
      this.#report(error);
      return 'refused';
    };
    void tellResult(this.#rebuild(wanted), failed, done);
  }

  remove(shard: ShardLocation, done: Done<'removed'>): void {
    const failed = (error: unknown): 'removed' => {
      this.#report(error);
      return 'removed';
    };
    void tellResult(this.#remove(shard), failed, done);
  }

  async openSource(shard: ShardLocation): Promise<ShardSource | undefined> {
    const stored = this.#index.get(shard);
    if (stored === undefined || shard.index >= stored.descriptor.redundancy.n) return undefined;
    const range = this.#files.rangeOf(shard, stored.descriptor);
    const parts = { shard: { ...stored, index: shard.index }, range, buffers: this.#buffers };
    const source = await ShardSource.open(parts, this.#files);
    if (source === undefined) this.#files.assertThere();
    return source;
  }

  async openSink(wanted: StoredPlace): Promise<ShardSink | ShardOutcome> {
    const { descriptor, index, place } = wanted;
    if (index >= descriptor.redundancy.n || place === 'outbox') return 'refused';
    const isNew = this.#index.get({ place, pack: descriptor.pack, index }) === undefined;
    if (isNew) await this.#makeRoom(place, descriptor.shardBytes);
    if (isNew && !this.#hasRoom(place, descriptor.shardBytes)) return 'full';
    const quotaBytes = isUnderQuota(place) && isNew ? descriptor.shardBytes : 0;
    this.#promise(quotaBytes, descriptor.shardBytes);
    const release = (): void => this.#promise(-quotaBytes, -descriptor.shardBytes);
    let arriving: Arriving;
    try {
      arriving = await this.#files.openArriving(wanted);
    } catch (error) {
      release();
      this.#report(error);
      return isFullError(error) ? 'full' : 'refused';
    }
    const parts = { shard: { place, descriptor, index }, arriving, buffers: this.#buffers };
    return new ShardSink(parts, {
      keep: (shard, whole) => this.#keep(shard, whole),
      drop: (rest) => this.#files.drop(rest),
      release,
      report: this.#report,
    });
  }

  async stage(descriptor: PackDescriptor, shards: readonly Uint8Array[]): Promise<void> {
    const shard: StoredShard = { place: 'outbox', descriptor, index: 0 };
    if (this.#index.get(locationOf(shard)) !== undefined) return;
    const bytes = ShardFiles.fileBytesOf('outbox', descriptor);
    await this.#makeRoom('outbox', bytes);
    if (!this.#hasRoom('outbox', bytes)) throw diskFull();
    this.#promise(0, bytes);
    try {
      await this.#stage(shard, descriptor.redundancy.k === 1 ? shards.slice(0, 1) : shards);
    } catch (error) {
      throw nameDiskError(error);
    } finally {
      this.#promise(0, -bytes);
    }
  }

  async assemble(descriptor: PackDescriptor, place?: ShardPlace): Promise<Uint8Array> {
    // Slices are read to where they belong.
    const pack = placeForSlices(descriptor);
    const shards = await this.#intactShards(descriptor, { place, slices: pack });
    const assembled = assemblePack(descriptor, shards, pack);
    if (assembled.ok) return assembled.value;
    throw new PackIncomplete(descriptor, [...shards.keys()]);
  }

  async dropScratch(pack: PackId): Promise<void> {
    const scratch = [...this.#index.ofPack(pack)].filter(({ place }) => place === 'scratch');
    for (const shard of scratch) await this.#remove(locationOf(shard));
  }

  async discard(pack: PackId): Promise<void> {
    await this.#remove({ place: 'outbox', pack, index: 0 }, 'lost');
  }

  async #verify(shard: ShardLocation): Promise<'intact' | 'damaged' | 'missing'> {
    const source = await this.openSource(shard);
    if (source === undefined) return 'missing';
    return (await isSourceIntact(source)) ? 'intact' : 'damaged';
  }

  async #prove(shard: ShardLocation, leaf: number): Promise<ProofOutcome> {
    const source = await this.openSource(shard);
    return source === undefined ? 'missing' : ((await readProof(source, leaf)) ?? 'damaged');
  }

  async #rebuild(wanted: StoredPlace): Promise<ShardOutcome> {
    const { descriptor, index } = wanted;
    const shards = await this.#intactShards(descriptor, { wanted: index });
    const known = shards.get(index);
    const rebuilt = known === undefined ? rebuildShard(descriptor, shards, index) : undefined;
    const bytes = known ?? (rebuilt?.ok === true ? rebuilt.value : undefined);
    if (bytes === undefined) return 'damaged';
    const sink = await this.openSink(wanted);
    if (!(sink instanceof ShardSink)) return sink;
    await sink.write(bytes);
    return sink.finish();
  }

  /** The file goes also when the disk is too full for the index: that frees space. */
  async #remove(shard: ShardLocation, why: 'ordered' | 'lost' = 'ordered'): Promise<'removed'> {
    const stored = this.#index.get(shard);
    const file = this.#files.fileOf(shard);
    if (stored === undefined || this.#keeping.has(file)) return 'removed';
    this.#count(stored, -1);
    const isHandedOver = shard.place === 'outbox' && why === 'ordered';
    const noting = isHandedOver ? this.#index.handOver(shard.pack) : this.#index.remove(shard);
    // A start that finds neither the file nor the word of its holders takes a pack for lost.
    const removing = isHandedOver
      ? Promise.allSettled([noting]).then(() => this.#files.remove(file))
      : this.#files.remove(file);
    const removal = Promise.allSettled([noting, removing]);
    const isOver = removal.then(() => void this.#removals.delete(file));
    this.#removals.set(file, isOver);
    await isOver;
    for (const result of await removal) if (result.status === 'rejected') throw result.reason;
    return 'removed';
  }

  async #keep(shard: StoredShard, arriving: Arriving): Promise<void> {
    const file = this.#files.fileOf(locationOf(shard));
    this.#keeping.add(file);
    try {
      await this.#removals.get(file);
      await this.#keepAs(file, shard, arriving);
    } finally {
      this.#keeping.delete(file);
    }
  }

  async #keepAs(file: string, shard: StoredShard, arriving: Arriving): Promise<void> {
    if (shard.place === 'scratch') {
      await this.#files.keepForNow(arriving, file);
      this.#index.putForNow(shard);
      return;
    }
    // What is sent next is read once more; all else is read again late, or never.
    const isReadSoon = shard.place === 'outbox' && this.#bytesIn.outbox < this.#outboxCachedBytesMax;
    await this.#files.keep(arriving, file, isReadSoon ? 'stays in cache' : 'leaves cache');
    const isNew = this.#index.get(locationOf(shard)) === undefined;
    await this.#index.put(shard);
    if (isNew) this.#count(shard);
  }

  async #stage(shard: StoredShard, shards: readonly Uint8Array[]): Promise<void> {
    const arriving = await this.#files.openFile();
    try {
      for (const bytes of shards) await writeWholly(arriving, bytes);
      await this.#keep(shard, arriving);
    } catch (error) {
      await this.#files.drop(arriving);
      throw error;
    }
  }

  /** Up to k intact shards of a pack, slices first. */
  async #intactShards(
    descriptor: PackDescriptor,
    { wanted, place, slices }: Choice,
  ): Promise<ReadonlyMap<number, Uint8Array>> {
    const { k, n } = descriptor.redundancy;
    const here: ShardLocation[] = [];
    for (const shard of this.#index.ofPack(descriptor.pack)) {
      if (place !== undefined && shard.place !== place) continue;
      const indexes = shard.place === 'outbox' ? Array.from({ length: n }, (_, at) => at) : [shard.index];
      for (const index of indexes) here.push({ ...locationOf(shard), index });
    }
    const order = (index: number): number => (index === wanted ? -1 : index);
    const intact = new Map<number, Uint8Array>();
    for (const location of here.toSorted((a, b) => order(a.index) - order(b.index))) {
      if (intact.size >= k || (wanted !== undefined && intact.has(wanted))) break;
      if (intact.has(location.index)) continue;
      const room = slices && sliceIn(slices, descriptor, location.index);
      const bytes = await this.#readIntact(location, room);
      if (bytes !== undefined) intact.set(location.index, bytes);
    }
    return intact;
  }

  /** A shard's bytes, in `room` where that is given; what lies in memory was checked on its way there. */
  async #readIntact(location: ShardLocation, room: Uint8Array | undefined): Promise<Uint8Array | undefined> {
    const kept = this.#files.inMemory(this.#files.fileOf(location));
    if (kept !== undefined) {
      room?.set(kept);
      return room ?? kept;
    }
    // Where the disk cannot read one of them others may be enough.
    const read = this.openSource(location).then((source) => source && readWhole(source, room));
    return read.catch((error: unknown) => (this.#report(error), undefined));
  }

  /** Scratch may use the reserve: it is what a restore or a repair on a full disk needs. */
  #hasRoom(place: ShardPlace, bytes: number, givingBytes = 0): boolean {
    if (place === 'scratch') return true;
    const { heldBytes, copyBytes, quotaBytes, freeBytes } = this.usage();
    const takenBytes = heldBytes + copyBytes - givingBytes + this.#promisedQuotaBytes;
    const isInQuota = !isUnderQuota(place) || takenBytes + bytes <= quotaBytes;
    return isInQuota && bytes <= freeBytes + givingBytes;
  }

  /** Copies of popular packs give way to everything else, the oldest first; none goes where all of them would not be enough. */
  async #makeRoom(place: ShardPlace, bytes: number): Promise<void> {
    if (place === 'copy' || this.#hasRoom(place, bytes)) return;
    if (!this.#hasRoom(place, bytes, this.#bytesIn.copy)) return;
    for (const shard of this.#index.all()) {
      if (shard.place !== 'copy') continue;
      await this.#remove(locationOf(shard));
      if (this.#hasRoom(place, bytes)) return;
    }
  }

  #promise(quotaBytes: number, bytes: number): void {
    this.#promisedQuotaBytes += quotaBytes;
    this.#promisedBytes += bytes;
  }

  #count({ place, descriptor }: Pick<StoredShard, 'place' | 'descriptor'>, sign: 1 | -1 = 1): void {
    if (place !== 'scratch') this.#bytesIn[place] += sign * ShardFiles.fileBytesOf(place, descriptor);
  }
}

const isUnderQuota = (place: ShardPlace): boolean => place === 'held' || place === 'copy';

// A pretend disk with a quota. What was not flushed when the machine crashed is torn; bits rot when told to. Bytes are
// shared, never changed in place, so a thousand disks cost little memory.

import {
  encodeShards,
  type PackDescriptor,
  proveLeaf,
  rebuildShard,
  shardHashAt,
  shardHashOf,
  type ShardKey,
  type ShardRange,
} from '../codec/index.ts';
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
} from '../ports.ts';
import type { PackId } from '../units.ts';
import type { Life } from './life.ts';

/** Time from a write to its flush, and of a read, in milliseconds. */
const flushMs = 8;
const readMs = 2;

/** A shard, or a whole pack, on a disk. */
export interface Slot {
  readonly place: ShardPlace;
  readonly descriptor: PackDescriptor;
  readonly index: number;
  bytes: Uint8Array;
  isFlushed: boolean;
  /** Its removal is under way. */
  isLeaving?: boolean;
}

const slotName = (place: ShardPlace, index: number): string => `${place}/${index}`;

/** Shards in all simulated disks are few and shared; their hashes are remembered by identity. */
const knownHashes = new WeakMap<Uint8Array, string>();

function hashOf(bytes: Uint8Array): string {
  const known = knownHashes.get(bytes);
  if (known !== undefined) return known;
  const hash = shardHashOf(bytes);
  knownHashes.set(bytes, hash);
  return hash;
}

/** The outbox keeps packs whole; their shards are computed when asked for, once for all readers. */
const knownShards = new WeakMap<Uint8Array, readonly Uint8Array[]>();

function shardsOfPack(slot: Slot): readonly Uint8Array[] {
  const known = knownShards.get(slot.bytes);
  if (known !== undefined) return known;
  const shards = encodeShards(slot.bytes, slot.descriptor.redundancy);
  knownShards.set(slot.bytes, shards);
  return shards;
}

/** What is on the platters: it outlives the agent's process. */
export class Platters {
  readonly quotaBytes: number;
  readonly #packs = new Map<PackId, Map<string, Slot>>();
  #usedBytes = 0;
  #copyBytes = 0;
  /** How many times longer everything takes than on a sound disk. */
  slowness = 1;
  /** Somebody else filled the disk: nothing more can be written. */
  isFull = false;
  /** When it was last so. */
  fullUntilMs = Number.NEGATIVE_INFINITY;
  /** What is to be checked cannot be read before then. */
  unreadUntilMs = Number.NEGATIVE_INFINITY;
  /** Told of each shard that comes to be held here. */
  onHeld: ((shard: ShardKey) => void) | undefined;

  constructor(quotaBytes: number) {
    this.quotaBytes = quotaBytes;
  }

  /** The same contents on other platters: an image of the disk, as a backup program makes it. */
  copy(): Platters {
    const image = new Platters(this.quotaBytes);
    image.slowness = this.slowness;
    for (const slot of this.all()) if (slot.isFlushed) image.put({ ...slot });
    return image;
  }

  /** Held bytes; outbox and scratch are the owner's own. */
  get heldBytes(): number {
    return this.#usedBytes;
  }

  get copyBytes(): number {
    return this.#copyBytes;
  }

  slot(place: ShardPlace, { pack, index }: ShardKey): Slot | undefined {
    return this.#packs.get(pack)?.get(slotName(place, index));
  }

  slotsOf(pack: PackId): readonly Slot[] {
    return [...(this.#packs.get(pack)?.values() ?? [])];
  }

  *all(): Generator<Slot> {
    for (const slots of this.#packs.values()) yield* slots.values();
  }

  put(slot: Slot): void {
    const { pack } = slot.descriptor;
    const slots = this.#packs.get(pack) ?? new Map<string, Slot>();
    this.#packs.set(pack, slots);
    const name = slotName(slot.place, slot.index);
    if (!slots.has(name)) this.#count(slot.place, slot.descriptor.shardBytes);
    slots.set(name, slot);
    if (slot.place === 'held') this.onHeld?.({ pack, index: slot.index });
  }

  remove({ pack, index, place }: ShardLocation): void {
    const slots = this.#packs.get(pack);
    const slot = slots?.get(slotName(place, index));
    if (slots === undefined || slot === undefined) return;
    slots.delete(slotName(place, index));
    this.#count(place, -slot.descriptor.shardBytes);
    if (slots.size === 0) this.#packs.delete(pack);
  }

  #count(place: ShardPlace, bytes: number): void {
    if (place === 'held') this.#usedBytes += bytes;
    if (place === 'copy') this.#copyBytes += bytes;
  }

  /** Popular copies, the oldest first, until a shard has room; none where all of them would not be enough. */
  dropCopiesFor(shardBytes: number): void {
    if (this.#usedBytes + shardBytes > this.quotaBytes) return;
    for (const { place, descriptor, index } of this.all()) {
      if (this.#usedBytes + this.#copyBytes + shardBytes <= this.quotaBytes) return;
      if (place === 'copy') this.remove({ place, pack: descriptor.pack, index });
    }
  }

  /** Held shards that are flushed and unharmed. */
  *intactHeld(): Generator<Slot> {
    for (const slot of this.all()) if (slot.place === 'held' && slot.isFlushed && isIntact(slot)) yield slot;
  }

  /** Indexes of a pack's held shards that are flushed and unharmed. */
  *intactIndexesOf(pack: PackId): Generator<number> {
    for (const slot of this.#packs.get(pack)?.values() ?? [])
      if (slot.place === 'held' && slot.isFlushed && isIntact(slot)) yield slot.index;
  }

  hasIntact(shard: ShardKey): boolean {
    const slot = this.slot('held', shard);
    return slot !== undefined && slot.isFlushed && isIntact(slot);
  }

  /** A power cut: writes that were under way are torn, and the next start drops them with all scratch. */
  crash(): void {
    for (const slot of this.all()) {
      if (slot.isFlushed && slot.place !== 'scratch') continue;
      this.remove({ pack: slot.descriptor.pack, index: slot.index, place: slot.place });
    }
  }

  /** Flips one bit of the `choice`-th held shard and says of which; undefined where nothing is held. */
  rot(choice: number): ShardKey | undefined {
    const held = [...this.all()].filter((slot) => slot.place === 'held' && slot.isFlushed);
    const slot = held[choice % Math.max(1, held.length)];
    if (slot === undefined) return undefined;
    const bytes = Uint8Array.from(slot.bytes);
    const at = choice % bytes.length;
    bytes[at] = bytes[at]! ^ (1 << (choice % 8));
    slot.bytes = bytes;
    return { pack: slot.descriptor.pack, index: slot.index };
  }
}

const fits = (bytes: Uint8Array, { shardBytes, shardHashes }: PackDescriptor, index: number): boolean =>
  bytes.length === shardBytes && hashOf(bytes) === shardHashAt(shardHashes, index);

const isIntact = (slot: Slot): boolean =>
  slot.place === 'outbox'
    ? slot.bytes.length === slot.descriptor.packBytes &&
      shardsOfPack(slot).every((bytes, index) => fits(bytes, slot.descriptor, index))
    : fits(slot.bytes, slot.descriptor, slot.index);

/** The disk as one life of the agent sees it. */
export class SimulatedDisk implements Disk {
  readonly platters: Platters;
  readonly #life: Life;

  constructor(platters: Platters, life: Life) {
    this.platters = platters;
    this.#life = life;
  }

  #after(ms: number, then: () => void): void {
    this.#life.after(ms * this.platters.slowness, then);
  }

  list(done: Done<readonly StoredShard[]>): void {
    this.#after(readMs, () => done(this.whole()));
  }

  /** What `list` will say. */
  whole(): readonly StoredShard[] {
    return [...this.platters.all()]
      .filter((slot) => slot.isFlushed)
      .map(({ place, descriptor, index }) => ({ place, descriptor, index }));
  }

  usage(): DiskUsage {
    const { heldBytes, copyBytes, quotaBytes, isFull } = this.platters;
    const freeBytes = isFull ? 0 : Math.max(0, quotaBytes - heldBytes - copyBytes);
    return { heldBytes, copyBytes, quotaBytes, freeBytes };
  }

  verify(shard: ShardLocation, done: Done<ReadOutcome>): void {
    this.#after(readMs, () => {
      if (this.#life.queue.nowMs < this.platters.unreadUntilMs) return done('unread');
      const slot = this.platters.slot(shard.place, shard);
      if (slot === undefined || !slot.isFlushed) done('missing');
      else done(isIntact(slot) ? 'intact' : 'damaged');
    });
  }

  prove(shard: ShardLocation, leaf: number, done: Done<ProofOutcome>): void {
    this.#after(readMs, () => {
      const slot = this.platters.slot(shard.place, shard);
      if (slot === undefined || !slot.isFlushed) done('missing');
      else done(isIntact(slot) ? proveLeaf(slot.bytes, leaf) : 'damaged');
    });
  }

  readRange(
    place: ShardPlace,
    { pack, index, offset, length }: ShardRange,
    done: Done<Uint8Array | undefined>,
  ): void {
    this.#after(readMs, () => {
      const bytes = this.read({ place, pack, index })?.bytes.slice(offset, offset + length);
      done(bytes?.length === length ? bytes : undefined);
    });
  }

  rebuild(wanted: ShardArrival & { readonly place: ShardPlace }, done: Done<ShardOutcome>): void {
    this.#after(readMs, () => {
      const { descriptor, index } = wanted;
      const shards = this.intactShards(descriptor.pack);
      const known = shards.get(index);
      const rebuilt = known === undefined ? rebuildShard(descriptor, shards, index) : undefined;
      const bytes = known ?? (rebuilt?.ok === true ? rebuilt.value : undefined);
      if (bytes === undefined) done('damaged');
      else this.store(wanted, bytes, done);
    });
  }

  remove(shard: ShardLocation, done: Done<'removed'>): void {
    // Only what is there now: the same shard may come again before this is done, or be on its way.
    const found = this.platters.slot(shard.place, shard);
    const slot = found?.isFlushed === true ? found : undefined;
    if (slot !== undefined) slot.isLeaving = true;
    this.#after(readMs, () => {
      if (slot !== undefined && this.platters.slot(shard.place, shard) === slot) this.platters.remove(shard);
      done('removed');
    });
  }

  /** Unharmed shards of a pack by index, wherever they lie, or in one place only. */
  intactShards(pack: PackId, place?: ShardPlace): ReadonlyMap<number, Uint8Array> {
    const intact = new Map<number, Uint8Array>();
    for (const slot of this.platters.slotsOf(pack)) {
      if (!slot.isFlushed || !isIntact(slot) || (place ?? slot.place) !== slot.place) continue;
      if (slot.place === 'outbox')
        for (const [index, bytes] of shardsOfPack(slot).entries()) intact.set(index, bytes);
      else intact.set(slot.index, slot.bytes);
    }
    return intact;
  }

  /** What a sender finds: the bytes unchecked, and the descriptor that says what they should be. */
  read(
    shard: ShardLocation,
  ): { readonly descriptor: PackDescriptor; readonly bytes: Uint8Array } | undefined {
    const isOutbox = shard.place === 'outbox';
    const slot = this.platters.slot(shard.place, isOutbox ? { pack: shard.pack, index: 0 } : shard);
    if (slot === undefined || !slot.isFlushed) return undefined;
    const bytes = isOutbox ? shardsOfPack(slot)[shard.index] : slot.bytes;
    return bytes === undefined ? undefined : { descriptor: slot.descriptor, bytes };
  }

  /**
   * Checks the hash, writes, flushes, and only then says `stored`. Already there and unharmed is `stored` too. A pack for
   * the outbox comes whole, as index 0.
   */
  store(
    wanted: ShardArrival & { readonly place: ShardPlace },
    bytes: Uint8Array,
    done: Done<ShardOutcome>,
  ): void {
    const { descriptor, index, place } = wanted;
    const slot: Slot = { descriptor, index, place, bytes, isFlushed: false };
    const known = this.platters.slot(place, { pack: descriptor.pack, index });
    const isAdded = known === undefined && (place === 'held' || place === 'copy');
    const addedBytes = isAdded ? descriptor.shardBytes : 0;
    if (place === 'held') this.platters.dropCopiesFor(addedBytes);
    const outcome = storeOutcome(slot, this.platters, addedBytes);
    const isThere = (): boolean => {
      const present = this.platters.slot(place, { pack: descriptor.pack, index });
      return present !== undefined && present.isLeaving !== true && isIntact(present);
    };
    if (outcome === 'stored' && !isThere()) this.platters.put(slot);
    this.#after(flushMs, () => {
      slot.isFlushed = true;
      // It was there already, and its removal was ordered meanwhile.
      if (outcome === 'stored' && !isThere()) this.platters.put(slot);
      done(outcome);
    });
  }
}

function storeOutcome(slot: Slot, platters: Platters, addedBytes: number): ShardOutcome {
  if (!isIntact(slot)) return 'damaged';
  if (platters.isFull && slot.place !== 'scratch') return 'full';
  const takenBytes = platters.heldBytes + (addedBytes > 0 ? platters.copyBytes : 0);
  return takenBytes + addedBytes > platters.quotaBytes ? 'full' : 'stored';
}

// What this agent knows of packs: which shards it has itself, which it knows others to have, and who should have them
// under the current plan. Pure bookkeeping for placement, repair and restore; it orders nothing.

import { type UnixMs, unixMs } from '../../datasets/index.ts';
import { groupOfPack, type Plan, type PlacementGroup } from '../../optimizer/index.ts';
import type { PackDescriptor, PlanName } from '../codec/index.ts';
import { givenUpPacksMax, heardPacksPerPeerMax } from '../limits.ts';
import type { DriveId, PackId, PeerId } from '../units.ts';
import { isOnShelf, KnownPack, newShelfPage, type RareWords, type ShelfPage } from './known-pack.ts';
import { type PackFacts, PackTable, rowsPerPage } from './pack-table.ts';
import { indexOfPlan } from './plan-index.ts';

/** Before all that a holder waits for. */
const longAgoMs = unixMs(0);

/** A pack, and who gave it up, where it is known here. */
interface GivenUpPack {
  readonly pack: PackId;
  readonly givenUpBy?: KnownPack['givenUpBy'];
}

/** All packs of a shelf, in no order that means anything; one that comes meanwhile may be met or not. */
interface ShelvedPacks {
  readonly size: number;
  keys(): IterableIterator<PackId>;
  values(): IterableIterator<KnownPack>;
}

export class Shelf {
  readonly #table: PackTable;
  /** By the rows of the table, which others may use for packs that are not on the shelf. */
  readonly #pages: ShelfPage[] = [];
  readonly #rare: RareWords = { heard: new Map(), givenUpBy: new Map() };
  #size = 0;
  /** Who was the first to speak of a pack of which nothing else is known, and of how many each was. */
  readonly #heardFrom = new Map<PackId, PeerId>();
  readonly #heardCounts = new Map<PeerId, number>();
  #groups: ReadonlyMap<string, PlacementGroup> = new Map();
  /** When packs were given up, known here or not, by the ids of the pack and of who said so; the newest words only. */
  readonly #givenUp = new Map<string, UnixMs>();
  #wiped: ReadonlySet<DriveId> = new Set();
  #plan: Plan | undefined;
  #planName: PlanName | undefined;
  readonly #isOut: (owner: PeerId) => boolean;
  heldBytes = 0;
  heldShards = 0;

  readonly packs: ShelvedPacks;

  /** `isOut`: whether a machine was put out of the fleet. */
  constructor(isOut = (_owner: PeerId): boolean => false, table = new PackTable()) {
    this.#isOut = isOut;
    this.#table = table;
    const [sizeOf, values] = [() => this.#size, () => this.#values()];
    this.packs = {
      get size() {
        return sizeOf();
      },
      *keys() {
        for (const { pack } of values()) yield pack;
      },
      values,
    };
  }

  *#values(): IterableIterator<KnownPack> {
    for (let row = 0; row < this.#table.rowCount; row++) if (this.#isShelved(row)) yield this.#at(row);
  }

  #isShelved(row: number): boolean {
    const page = this.#pages[Math.floor(row / rowsPerPage)];
    return page !== undefined && (page.marks[row % rowsPerPage]! & isOnShelf) !== 0;
  }

  #at(row: number, pack?: PackId): KnownPack {
    const page = this.#pages[Math.floor(row / rowsPerPage)]!;
    return new KnownPack({ table: this.#table, page, rare: this.#rare, row }, pack);
  }

  get plan(): Plan | undefined {
    return this.#plan;
  }

  /** The plan that holds here, by the name under which words speak of it. */
  get planName(): PlanName | undefined {
    return this.#planName;
  }

  /** Whether a word speaks of the very plan that holds here: not of another one of the same author and epoch. */
  isOurPlan({ epoch, author, batch }: PlanName): boolean {
    const own = this.#planName;
    return batch !== undefined && batch === own?.batch && epoch === own.epoch && author === own.author;
  }

  /** Every pack's group is looked up again under the new plan, which stands in this batch. */
  usePlan(plan: Plan, batch: string): void {
    this.#plan = plan;
    this.#planName = { epoch: plan.epoch, author: plan.author, batch };
    this.#groups = indexOfPlan(plan).byId;
    for (const { groups, confirmed, shown } of this.#pages) {
      groups.fill(undefined);
      confirmed.fill(0);
      shown.fill(0);
    }
  }

  groupById(id: string): PlacementGroup | undefined {
    return this.#groups.get(id);
  }

  get(pack: PackId): KnownPack | undefined {
    const row = this.#table.rowOf(pack);
    return row === undefined || !this.#isShelved(row) ? undefined : this.#at(row, pack);
  }

  /** Throws a RangeError for what is no pack's id. */
  take(pack: PackId): KnownPack {
    const found = this.get(pack);
    if (found !== undefined) return found;
    const row = this.#table.keep(pack);
    while (row >= this.#pages.length * rowsPerPage) this.#pages.push(newShelfPage());
    this.#pages[Math.floor(row / rowsPerPage)]!.marks[row % rowsPerPage] = isOnShelf;
    this.#size++;
    return this.#at(row, pack);
  }

  /** The same when another machine speaks of a pack; undefined where it has named too many of which nothing is here: it may invent them. */
  hear(pack: PackId, from: PeerId): KnownPack | undefined {
    const found = this.get(pack);
    if (found !== undefined) return found;
    const count = this.#heardCounts.get(from) ?? 0;
    if (count >= heardPacksPerPeerMax) return undefined;
    this.#heardCounts.set(from, count + 1);
    this.#heardFrom.set(pack, from);
    return this.take(pack);
  }

  #noHearsay(pack: PackId): void {
    const from = this.#heardFrom.get(pack);
    if (from === undefined) return;
    this.#heardFrom.delete(pack);
    this.#heardCounts.set(from, this.#heardCounts.get(from)! - 1);
  }

  /** Forgets a pack that is neither here nor wanted here. */
  drop(pack: PackId): void {
    this.#noHearsay(pack);
    const known = this.get(pack);
    if (known === undefined) return;
    known.clear();
    this.#size--;
    this.#table.release(known.row);
  }

  /**
   * Notes a word that a pack is given up. It counts for packs of whoever gave it, known now or later. Whether it is the first such word of a
   * pack that is known here, and may be the owner's.
   */
  giveUp(pack: PackId, by: PeerId, heardMs: UnixMs): boolean {
    const name = `${pack} ${by}`;
    const isFirst = !this.#givenUp.has(name);
    if (isFirst) this.#givenUp.set(name, heardMs);
    const [oldest] = this.#givenUp.keys();
    if (this.#givenUp.size > givenUpPacksMax && oldest !== undefined) this.#givenUp.delete(oldest);
    const known = this.get(pack);
    if (known === undefined || (known.facts?.owner ?? by) !== by) return false;
    if (known.givenUpBy?.has(by) !== true) known.noteGivenUp(by, heardMs);
    // Nobody places or repairs it from now on.
    known.group = undefined;
    return isFirst;
  }

  /** Drives of which admins had everything deleted: from now on their packs count as given up long ago. Whether it is news. */
  wipe(drives: ReadonlySet<DriveId>): boolean {
    const isSame = drives.size === this.#wiped.size && [...drives].every((drive) => this.#wiped.has(drive));
    if (isSame) return false;
    this.#wiped = drives;
    for (const { groups } of this.#pages) groups.fill(undefined);
    return true;
  }

  /** Drives of which everything is to be freed. */
  get wiped(): ReadonlySet<DriveId> {
    return this.#wiped;
  }

  /** Packs of a drive that were given up until then count as given up long ago. Whether there are any. */
  hasten(drive: DriveId, untilMs: UnixMs): boolean {
    let isNews = false;
    for (const known of this.packs.values()) {
      const { facts } = known;
      if (facts?.drive !== drive) continue;
      const sinceMs = this.givenUpMs(known);
      if (sinceMs === undefined || sinceMs > untilMs || sinceMs === longAgoMs) continue;
      known.noteGivenUp(facts.owner, longAgoMs);
      isNews = true;
    }
    return isNews;
  }

  /**
   * Since when the pack's owner has given it up, by this machine's clock; undefined while the pack is wanted. Who was put out gives nothing up,
   * also not what it gave up before and what is still here: it may have been stolen then. What admins hastened stays given up.
   */
  givenUpMs(known: KnownPack): UnixMs | undefined {
    const { facts } = known;
    return facts === undefined || known.isInOutbox ? undefined : this.#givenUpMsOf(known, facts);
  }

  /** The same of a pack that need not be known here. */
  givenUpMsBy(pack: PackId, facts: Pick<PackFacts, 'owner' | 'drive'>): UnixMs | undefined {
    return this.#givenUpMsOf(this.get(pack) ?? { pack }, facts);
  }

  #givenUpMsOf(known: GivenUpPack, { owner, drive }: Pick<PackFacts, 'owner' | 'drive'>): UnixMs | undefined {
    if (this.#wiped.size > 0 && this.#wiped.has(drive)) return longAgoMs;
    if (this.#givenUp.size === 0) return undefined;
    const sinceMs = known.givenUpBy?.get(owner) ?? this.#givenUp.get(`${known.pack} ${owner}`);
    return sinceMs !== longAgoMs && this.#isOut(owner) ? undefined : sinceMs;
  }

  /** Whether the owner gave the pack up, known here or not. */
  isGivenUpBy(pack: PackId, owner: PeerId): boolean {
    return this.get(pack)?.givenUpBy?.has(owner) === true || this.#givenUp.has(`${pack} ${owner}`);
  }

  /** Takes a pack's descriptor: from now on its group is looked up by that, whatever others said of it. */
  describe(descriptor: PackDescriptor): KnownPack {
    const known = this.take(descriptor.pack);
    this.#noHearsay(descriptor.pack);
    if (!known.describe(descriptor)) return known;
    known.group = undefined;
    for (const [index, peer] of known.others) if (!isIndexOf(known, index)) known.others.delete(peer, index);
    return known;
  }

  hold(descriptor: PackDescriptor, index: number): KnownPack {
    const known = this.describe(descriptor);
    if (!known.held.has(index)) {
      known.held.add(index);
      this.heldShards++;
      this.heldBytes += descriptor.shardBytes;
    }
    return known;
  }

  release(pack: PackId, index: number): void {
    const known = this.get(pack);
    if (known === undefined || !known.held.delete(index)) return;
    this.heldShards--;
    this.heldBytes -= known.shardBytes;
  }

  /** The group of a pack under the current plan; undefined when the plan has no class for its (k, n), or it is given up. */
  groupOf(known: KnownPack): PlacementGroup | undefined {
    const isTakenBack = known.group === null && known.givenUpBy !== undefined;
    if (known.group === undefined || isTakenBack) known.group = this.#lookUp(known) ?? null;
    return known.group ?? undefined;
  }

  /** How many packs are known here of each group, by its id; those that are given up do not count. */
  packCounts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const known of this.packs.values()) {
      const id = this.groupOf(known)?.id;
      if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return counts;
  }

  #lookUp(known: KnownPack): PlacementGroup | undefined {
    const { pack, facts, heard } = known;
    if (this.#plan === undefined || this.givenUpMs(known) !== undefined) return undefined;
    if (facts !== undefined) return groupUnder(this.#plan, { pack, ...facts });
    return heard !== undefined && this.isOurPlan(heard) ? this.#groups.get(heard.group) : undefined;
  }
}

/** The group of a pack under a plan: of the class with the pack's own redundancy, by rendezvous, off its owner. */
export function groupUnder(
  plan: Plan,
  { pack, owner, redundancy, placementClass }: PackFacts & Pick<PackDescriptor, 'pack'>,
): PlacementGroup | undefined {
  return groupOfPack(plan, { pack, owner, redundancy, packClass: placementClass });
}

/** Whether nothing is known of a pack any more but its name. */
export const isForgotten = ({ facts, others }: KnownPack): boolean =>
  facts === undefined && others.size === 0;

/** Notes that a peer has a shard, by its own word. Whether that is news; what the pack does not have never is. */
export const noteHas = (known: KnownPack, peer: PeerId, index: number): boolean =>
  isIndexOf(known, index) && known.others.add(index, peer);

/** Notes that a machine has shown a shard that the plan gives to it. */
export function noteShown(known: KnownPack, peer: PeerId, index: number): void {
  if (known.group?.members[index] === peer) known.shown.add(index);
}

/** Of a pack that is not described yet any index may be right. */
const isIndexOf = ({ facts }: KnownPack, index: number): boolean =>
  facts === undefined || index < facts.redundancy.n;

/** Forgets what a peer said about a pack; one index, or all. */
export function noteLacks(known: KnownPack, peer: PeerId, index?: number): void {
  if (!known.others.hasPeer(peer)) return;
  for (const slots of [known.confirmed, known.shown])
    for (const slot of slots)
      if (known.group?.members[slot] === peer && (index ?? slot) === slot) slots.delete(slot);
  known.others.delete(peer, index);
}

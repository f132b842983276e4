// One pack of the shelf, as others see it. What is known of it lies in columns, a page of rows each; this is a view of one row, made for each who
// asks and good until its pack is dropped.

import type { UnixMs } from '../../datasets/index.ts';
import type { PlacementGroup } from '../../optimizer/index.ts';
import type { PackDescriptor, PlanName } from '../codec/index.ts';
import type { PackId, PeerId } from '../units.ts';
import { IndexSet } from './index-set.ts';
import { type PackFacts, type PackTable, rowsPerPage } from './pack-table.ts';
import { noPairs, type Pairs, ShardHolders } from './shard-holders.ts';

export interface HeardGroup extends PlanName {
  readonly group: string;
}

/** What is known of `rowsPerPage` packs. */
export interface ShelfPage {
  readonly marks: Uint8Array;
  readonly held: Uint32Array;
  readonly confirmed: Uint32Array;
  readonly shown: Uint32Array;
  readonly others: Pairs[];
  /** Made when somebody signs: most packs are others'. */
  signed: Pairs[] | undefined;
  readonly groups: (PlacementGroup | null | undefined)[];
}

const column = <Value>(value: Value): Value[] => Array.from({ length: rowsPerPage }, () => value);

export const newShelfPage = (): ShelfPage => ({
  marks: new Uint8Array(rowsPerPage),
  held: new Uint32Array(rowsPerPage),
  confirmed: new Uint32Array(rowsPerPage),
  shown: new Uint32Array(rowsPerPage),
  others: column(noPairs),
  signed: undefined,
  groups: column(undefined),
});

/** Bits of `marks`. */
export const isOnShelf = 1;
const isDescribed = 2;
const isInOutbox = 4;

/** What is known of few packs, by their rows. */
export interface RareWords {
  readonly heard: Map<number, HeardGroup>;
  readonly givenUpBy: Map<number, Map<PeerId, UnixMs>>;
}

/** Where a pack's row is. */
export interface RowPlace {
  readonly table: PackTable;
  readonly page: ShelfPage;
  readonly rare: RareWords;
  readonly row: number;
}

export class KnownPack {
  readonly #place: RowPlace;
  readonly #at: number;
  #pack: PackId | undefined;

  constructor(place: RowPlace, pack?: PackId) {
    this.#place = place;
    this.#at = place.row % rowsPerPage;
    this.#pack = pack;
  }

  /** In the table of packs. */
  get row(): number {
    return this.#place.row;
  }

  get pack(): PackId {
    this.#pack ??= this.#place.table.packAt(this.#place.row);
    return this.#pack;
  }

  /** Known once a shard of it was here, or the owner staged it. Made anew each time. */
  get descriptor(): PackDescriptor | undefined {
    return this.#has(isDescribed) ? this.#place.table.descriptorAt(this.#place.row) : undefined;
  }

  /** The same without what no other pack has. */
  get facts(): PackFacts | undefined {
    return this.#has(isDescribed) ? this.#place.table.factsAt(this.#place.row) : undefined;
  }

  /** Length of each shard in bytes; 0 while that is not known. */
  get shardBytes(): number {
    return this.#has(isDescribed) ? this.#place.table.shardBytesAt(this.#place.row) : 0;
  }

  /** Takes the descriptor, unless one is known. Whether it is news. */
  describe(descriptor: PackDescriptor): boolean {
    if (this.#has(isDescribed)) return false;
    this.#place.table.describe(this.#place.row, descriptor);
    this.#mark(isDescribed, true);
    return true;
  }

  /** Indexes of shards held here. */
  get held(): IndexSet {
    return new IndexSet(this.#place.page.held, this.#at);
  }

  /** The whole pack waits here for receipts: this agent owns it. */
  get isInOutbox(): boolean {
    return this.#has(isInOutbox);
  }

  set isInOutbox(isThere: boolean) {
    this.#mark(isInOutbox, isThere);
  }

  /** Who has which index, by their own word (inventory or receipt). */
  get others(): ShardHolders {
    return new ShardHolders(this.#place.page.others, this.#at);
  }

  /** Who signed for which index, while the whole pack waits here in the outbox. */
  get signed(): ShardHolders {
    this.#place.page.signed ??= column(noPairs);
    return new ShardHolders(this.#place.page.signed, this.#at);
  }

  /** Slots whose machine said, under the very plan that holds here, that its shard is there. */
  get confirmed(): IndexSet {
    return new IndexSet(this.#place.page.confirmed, this.#at);
  }

  /** Those of them whose machine has shown its shard here, by a leaf that both drew, since it said so. */
  get shown(): IndexSet {
    return new IndexSet(this.#place.page.shown, this.#at);
  }

  /** The group that the pack maps to under the current plan; undefined until looked up, null when there is none. */
  get group(): PlacementGroup | null | undefined {
    return this.#place.page.groups[this.#at];
  }

  set group(group: PlacementGroup | null | undefined) {
    this.#place.page.groups[this.#at] = group;
  }

  /** Group under which others spoke of the pack while its descriptor is not known here, and of which plan. */
  get heard(): HeardGroup | undefined {
    return this.#place.rare.heard.get(this.#place.row);
  }

  set heard(heard: HeardGroup | undefined) {
    const { rare, row } = this.#place;
    if (heard === undefined) rare.heard.delete(row);
    else rare.heard.set(row, heard);
  }

  /** Who said that the pack is given up, and when that was first heard here. */
  get givenUpBy(): ReadonlyMap<PeerId, UnixMs> | undefined {
    return this.#place.rare.givenUpBy.get(this.#place.row);
  }

  /** Notes who said that the pack is given up. */
  noteGivenUp(by: PeerId, atMs: UnixMs): void {
    const { rare, row } = this.#place;
    rare.givenUpBy.set(row, (rare.givenUpBy.get(row) ?? new Map<PeerId, UnixMs>()).set(by, atMs));
  }

  /** Nothing is known of it any more. */
  clear(): void {
    const { page, rare, row } = this.#place;
    for (const numbers of [page.marks, page.held, page.confirmed, page.shown]) numbers[this.#at] = 0;
    page.others[this.#at] = noPairs;
    if (page.signed !== undefined) page.signed[this.#at] = noPairs;
    page.groups[this.#at] = undefined;
    for (const words of [rare.heard, rare.givenUpBy]) words.delete(row);
  }

  #has(bit: number): boolean {
    return (this.#place.page.marks[this.#at]! & bit) !== 0;
  }

  #mark(bit: number, isSet: boolean): void {
    const { marks } = this.#place.page;
    marks[this.#at] = isSet ? marks[this.#at]! | bit : marks[this.#at]! & ~bit;
  }
}

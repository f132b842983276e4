// Which shards are here: one LevelDB row a shard ("place/pack/index" → its descriptor), and the same in memory. A shard
// counts as stored only when its row is flushed, and the row is written only after the file. Held shards, of which there are hundreds of
// thousands, lie in the table of packs that the core uses too.

import { getRandomValues } from 'node:crypto';
import { decodeDescriptor, encodeDescriptor } from '../../codec/index.ts';
import { IndexSet, PackTable, rowsPerPage } from '../../core/index.ts';
import type { ShardLocation, StoredShard } from '../../ports.ts';
import { type PackId, packId } from '../../units.ts';
import type { Database, Table } from '../database.ts';
import { places } from './shard-files.ts';

/** A pack lies in the outbox as one: whatever the index, it is the same row. */
const rowIndex = ({ place, index }: Pick<ShardLocation, 'place' | 'index'>): number =>
  place === 'outbox' ? 0 : index;
const keyOf = (shard: ShardLocation): string => `${shard.place}/${shard.pack}/${rowIndex(shard)}`;
const isAt =
  (location: Pick<ShardLocation, 'place' | 'index'>) =>
  (shard: StoredShard): boolean =>
    shard.place === location.place && rowIndex(shard) === rowIndex(location);

/** Packs that left the outbox because their holders have them. */
export interface HandedOver {
  has(pack: PackId): boolean;
  /** Their snapshot is acknowledged: nobody will ask of them again. */
  forget(packs: readonly PackId[]): Promise<void>;
}

export class ShardIndex {
  readonly #database: Database;
  readonly #rows: Table<Uint8Array>;
  readonly #handedOverRows: Table<Uint8Array>;
  readonly #handedOver = new Set<PackId>();
  /** Packs of held shards, and those that the core knows. */
  readonly packs = new PackTable(getRandomValues(new Uint32Array(8)));
  /** Indexes of held shards as bits, by the rows of the table. */
  readonly #held: Uint32Array[] = [];
  /** Shards in all other places. */
  readonly #others = new Map<PackId, readonly StoredShard[]>();

  readonly handedOver: HandedOver = {
    has: (pack) => this.#handedOver.has(pack),
    forget: (packs) => this.#forgetHandedOver(packs),
  };

  constructor(database: Database) {
    this.#database = database;
    this.#rows = database.table<Uint8Array>('shard', 'view');
    this.#handedOverRows = database.table<Uint8Array>('handed-over', 'view');
  }

  /** Reads all rows; those that do not decode are dropped, so their files become strays. */
  async load(): Promise<void> {
    const damaged: string[] = [];
    for await (const [key, row] of this.#rows.iterator()) {
      const [name, , index] = key.split('/');
      const place = places.find((known) => known === name);
      const descriptor = decodeDescriptor(row);
      if (place === undefined || !descriptor.ok) damaged.push(key);
      else this.#remember({ place, descriptor: descriptor.value, index: Number(index) });
    }
    await this.#database.note(damaged.map((key) => ({ table: this.#rows, key })));
    for await (const pack of this.#handedOverRows.keys()) this.#handedOver.add(packId(pack));
  }

  /** The pack leaves the outbox, and a start can tell it from one that was lost; flushed when it ends. */
  async handOver(pack: PackId): Promise<void> {
    this.#forget({ place: 'outbox', pack, index: 0 });
    this.#handedOver.add(pack);
    const row = { table: this.#rows, key: keyOf({ place: 'outbox', pack, index: 0 }) };
    await this.#database.write([row, { table: this.#handedOverRows, key: pack, value: new Uint8Array() }]);
  }

  async #forgetHandedOver(packs: readonly PackId[]): Promise<void> {
    const noted = packs.filter((pack) => this.#handedOver.delete(pack));
    await this.#database.note(noted.map((key) => ({ table: this.#handedOverRows, key })));
  }

  get(shard: ShardLocation): StoredShard | undefined {
    return this.ofPack(shard.pack).find(isAt(shard));
  }

  /** Shards of one pack, in every place. */
  ofPack(pack: PackId): readonly StoredShard[] {
    const row = this.packs.rowOf(pack);
    return [...(row === undefined ? [] : this.#heldAt(row)), ...(this.#others.get(pack) ?? [])];
  }

  /** Held shards first; of the others those that came first. */
  *all(): IterableIterator<StoredShard> {
    for (let row = 0; row < this.packs.rowCount; row++) yield* this.#heldAt(row);
    for (const shards of this.#others.values()) yield* shards;
  }

  #heldAt(row: number): readonly StoredShard[] {
    const indexes = this.#indexesAt(row);
    const descriptor = indexes.size === 0 ? undefined : this.packs.descriptorAt(row);
    return descriptor === undefined
      ? []
      : Array.from(indexes, (index) => ({ place: 'held', descriptor, index }));
  }

  #indexesAt(row: number): IndexSet {
    while (row >= this.#held.length * rowsPerPage) this.#held.push(new Uint32Array(rowsPerPage));
    return new IndexSet(this.#held[Math.floor(row / rowsPerPage)], row % rowsPerPage);
  }

  /** Flushed when it ends. */
  async put(shard: StoredShard): Promise<void> {
    const key = keyOf({ ...shard, pack: shard.descriptor.pack });
    const row = { table: this.#rows, key, value: encodeDescriptor(shard.descriptor) };
    const { pack } = shard.descriptor;
    // The same pack may be staged once more.
    const isBack = shard.place === 'outbox' && this.#handedOver.delete(pack);
    await this.#database.write(isBack ? [row, { table: this.#handedOverRows, key: pack }] : [row]);
    this.#remember(shard);
  }

  /** Known until the agent ends: scratch is emptied at the start, so no row needs to say what was in it. */
  putForNow(shard: StoredShard): void {
    this.#remember(shard);
  }

  /** Forgotten at once; the row may stay if the disk is too full to say so, and is then dropped at the next start. */
  async remove(shard: ShardLocation): Promise<void> {
    if (this.get(shard) === undefined) return;
    this.#forget(shard);
    if (shard.place === 'scratch') return;
    await this.#database.note([{ table: this.#rows, key: keyOf(shard) }]);
  }

  #forget(shard: ShardLocation): void {
    if (shard.place === 'held') {
      this.#forgetHeld(shard);
      return;
    }
    const left = this.#withoutThat(shard.pack, shard);
    if (left.length === 0) this.#others.delete(shard.pack);
    else this.#others.set(shard.pack, left);
  }

  #forgetHeld({ pack, index }: ShardLocation): void {
    const row = this.packs.rowOf(pack);
    if (row === undefined) return;
    const indexes = this.#indexesAt(row);
    if (indexes.delete(index) && indexes.size === 0) this.packs.release(row);
  }

  #rememberHeld({ descriptor, index }: StoredShard): void {
    const known = this.packs.rowOf(descriptor.pack);
    const isHeld = known !== undefined && this.#indexesAt(known).size > 0;
    const row = isHeld ? known : this.packs.keep(descriptor.pack);
    this.packs.describe(row, descriptor);
    this.#indexesAt(row).add(index);
  }

  #remember(shard: StoredShard): void {
    if (shard.place === 'held') {
      this.#rememberHeld(shard);
      return;
    }
    const { pack } = shard.descriptor;
    this.#others.set(pack, [...this.#withoutThat(pack, shard), shard]);
  }

  #withoutThat(pack: PackId, location: Pick<ShardLocation, 'place' | 'index'>): readonly StoredShard[] {
    const isThat = isAt(location);
    return (this.#others.get(pack) ?? []).filter((shard) => !isThat(shard));
  }
}

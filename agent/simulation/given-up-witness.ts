// What each machine heard that owners gave up, over all its lives: it stays for a week of the machine's own clock, and nothing of it comes after that
// was heard long ago.

import { hours, unixMs } from '../../datasets/index.ts';
import { type ShardKey, sha256Hex } from '../codec/index.ts';
import { type CoreEvent, idsIn } from '../core/index.ts';
import { forgottenGraceMs } from '../limits.ts';
import type { ShardLocation } from '../ports.ts';
import { type PackId, packId, type PeerId } from '../units.ts';
import type { Checking } from './checking.ts';
import type { Ledger } from './ledger.ts';
import type { Machine } from './machine.ts';

/** Clocks are set by hours. */
const longMs = hours(12);
/** Of those on a disk, those that may just have come. */
const newestBatches = 8;

export interface GivingUpWorld extends Checking {
  readonly ledger: Ledger;
}

export class GivenUpWitness {
  readonly #world: GivingUpWorld;
  /** By its own clock, when each machine first heard from its owner that a pack is given up. */
  readonly #heardMs = new WeakMap<Machine, Map<PackId, number>>();
  /** By its own clock, when each machine last heard a statement, by the hash of its bytes. */
  readonly #statedMs = new WeakMap<Machine, Map<string, number>>();

  constructor(world: GivingUpWorld) {
    this.#world = world;
  }

  stored(machine: Machine, { batch, now }: Extract<CoreEvent, { kind: 'batchStored' }>): void {
    const { author, records } = batch;
    // At a start its disk is read again; put back to an older image, it hears anew what it had heard.
    const isNews = machine.shelves.order.slice(-newestBatches).includes(batch);
    for (const record of records) {
      if (record.kind === 'statement') this.#noteStatement(machine, record.bytes, { now, isNews });
      if (record.kind !== 'forget') continue;
      const heard = this.#heardMs.get(machine) ?? new Map<PackId, number>();
      this.#heardMs.set(machine, heard);
      for (const id of idsIn(record.packs)) {
        const pack = packId(id);
        if (this.#world.ledger.ownerOf(pack) === author)
          heard.set(pack, Math.min(now, heard.get(pack) ?? now));
      }
    }
  }

  #noteStatement(
    machine: Machine,
    bytes: Uint8Array,
    { now, isNews }: { readonly now: number; readonly isNews: boolean },
  ): void {
    const stated = this.#statedMs.get(machine) ?? new Map<string, number>();
    this.#statedMs.set(machine, stated);
    const name = sha256Hex(bytes);
    if (isNews || !stated.has(name)) stated.set(name, now);
  }

  /** A shard has come to stay. */
  takes(machine: Machine, { pack }: ShardKey, now: number): void {
    const heardMs = this.#heardMs.get(machine)?.get(pack);
    const owner = this.#world.ledger.ownerOf(pack);
    if (owner === undefined || heardMs === undefined || now - heardMs < longMs) return;
    this.#world.count('deleted');
    if (machine.shell?.core.membership.isRevoked(owner) === true || this.#isOld(machine, pack)) return;
    this.#world.violate('deleted', machine, `takes pack ${pack.slice(0, 8)} though it was given up long ago`);
  }

  /** Whether the machine's disk says nothing of it: it was put back to an older image. */
  #isOld({ shelves }: Machine, pack: PackId): boolean {
    return !shelves.order.some(({ records }) =>
      records.some((record) => record.kind === 'forget' && [...idsIn(record.packs)].includes(pack)),
    );
  }

  /** What was given up stays for a week of the holder's own clock; less where admins agreed, of what it had heard of by then. */
  frees(machine: Machine, shard: ShardLocation, now: number): void {
    const { ledger, count, violate } = this.#world;
    const owner = ledger.ownerOf(shard.pack);
    if (owner === undefined || ledger.isToBeWiped(owner)) return;
    if (!ledger.isGivenUp(shard.pack)) return;
    // Its disk may have failed it, or it moved on before its owner gave it up.
    if (machine.shell?.core.shelf.get(shard.pack) !== undefined || !machine.platters.hasIntact(shard)) return;
    count('removals');
    const heardMs = this.#heardMs.get(machine)?.get(shard.pack);
    if (heardMs !== undefined && now - heardMs >= forgottenGraceMs) return;
    if (heardMs !== undefined && this.#isHastened(machine, owner, heardMs)) {
      // While it was off, somebody may have stopped it.
      if (machine.shell?.core.wipes.mayFree(unixMs(now)) === false)
        violate('removals', machine, `frees pack ${shard.pack.slice(0, 8)} at once when it is back`);
      return;
    }
    violate('removals', machine, `frees pack ${shard.pack.slice(0, 8)} before its time is over`);
  }

  #isHastened(machine: Machine, owner: PeerId, heardMs: number): boolean {
    const stated = this.#statedMs.get(machine);
    return this.#world.ledger.hasteningOf(owner).some((words) => {
      const agreedMs = Math.max(...words.map((word) => stated?.get(word) ?? Number.POSITIVE_INFINITY));
      return Number.isFinite(agreedMs) && heardMs <= agreedMs + longMs;
    });
  }
}

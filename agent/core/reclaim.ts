// Frees shards whose owner gave their packs up, after a time by this machine's own clock. It believes only the owner: the
// pack's descriptor names it, and the pack's id is the descriptor's hash. Until then such shards are still served.

import type { UnixMs } from '../../datasets/index.ts';
import { hexOf, type SignedBatch } from '../codec/index.ts';
import { forgottenGraceMs, reclaimEveryMs } from '../limits.ts';
import { packId } from '../units.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { EventOf } from './events.ts';
import type { KnownPack } from './known-pack.ts';
import { NextTime } from './next-time.ts';
import { NotedTimes } from './noted-times.ts';
import type { Shelf } from './shelf.ts';

const idBytes = 32;

/** Ids that lie one after another in a `forget` record. */
export function* idsIn(bytes: Uint8Array): Generator<string> {
  for (let at = 0; at + idBytes <= bytes.length; at += idBytes) yield hexOf(bytes.subarray(at, at + idBytes));
}

export class Reclaim {
  readonly hears = ['started', 'batchStored', 'tick'] as const;
  readonly hearsRecords = ['forget'] as const;
  readonly #shelf: Shelf;
  readonly #mayFreeWiped: (now: UnixMs) => boolean;
  /** Of batches that give something up. */
  readonly #noted = new NotedTimes('forget');
  readonly #nextLook = new NextTime();

  /** `mayFreeWiped`: whether shards of drives that admins had deleted may go now. */
  constructor(shelf: Shelf, mayFreeWiped = (_now: UnixMs): boolean => true) {
    this.#shelf = shelf;
    this.#mayFreeWiped = mayFreeWiped;
  }

  /** Looks with the next tick. */
  lookSoon(): void {
    this.#nextLook.comeAtOnce();
  }

  handle(event: EventOf<Reclaim['hears'][number]>): Effects {
    switch (event.kind) {
      case 'started':
        this.#noted.restore(event.heard, event.now);
        return [];
      case 'batchStored':
        return this.#heard(event.batch, event.now);
      case 'tick':
        return this.#tick(event.now);
    }
  }

  #heard(batch: SignedBatch, now: UnixMs): Effects {
    const heardMs = this.#noted.of(batch) ?? now;
    let isNews = false;
    for (const record of batch.records) {
      if (record.kind !== 'forget') continue;
      for (const id of idsIn(record.packs))
        isNews = this.#shelf.giveUp(packId(id), batch.author, heardMs) || isNews;
    }
    // Who says the same again and again, or speaks of others' packs, writes nothing here but its own log.
    return isNews ? this.#noted.note(batch, now) : [];
  }

  #tick(now: UnixMs): Effects {
    if (!this.#nextLook.hasCome(now)) return [];
    this.#nextLook.waitFor(reclaimEveryMs, now);
    const { wiped } = this.#shelf;
    const isHeldBack = wiped.size > 0 && !this.#mayFreeWiped(now);
    const over = [...this.#shelf.packs.values()].filter((known) => {
      if (isHeldBack && known.facts !== undefined && wiped.has(known.facts.drive)) return false;
      const sinceMs = this.#shelf.givenUpMs(known);
      return sinceMs !== undefined && now - sinceMs >= forgottenGraceMs;
    });
    return over.flatMap((known) => this.#free(known));
  }

  #free(known: KnownPack): Effects {
    const effects = [...known.held].map((index): CoreEffect => {
      this.#shelf.release(known.pack, index);
      return { kind: 'removeShard', shard: { place: 'held', pack: known.pack, index } };
    });
    this.#shelf.drop(known.pack);
    return effects;
  }
}

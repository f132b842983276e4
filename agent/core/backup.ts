// The owner's side: a snapshot becomes a drive head when every slot's machine has signed a receipt for every shard of
// every pack. Until then the packs stay whole in the outbox, whatever happens.

import { type HeadRecord, hexOf, type Receipt, sha256 } from '../codec/index.ts';
import type { PackId, PeerId } from '../units.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { CoreEvent, StagedSnapshot } from './events.ts';
import type { Membership } from './membership.ts';
import type { KnownPack, Shelf } from './shelf.ts';

export interface PendingCount {
  readonly startedMs: number;
  readonly shardsStored: number;
  readonly shardsWanted: number;
}

export class Backup {
  readonly #membership: Membership;
  readonly #shelf: Shelf;
  readonly #staged: StagedSnapshot[] = [];
  /** Receipts of packs in the outbox: index → holders. */
  readonly #receipts = new Map<PackId, Map<number, Set<PeerId>>>();
  readonly #publishing = new Set<StagedSnapshot>();

  constructor(membership: Membership, shelf: Shelf) {
    this.#membership = membership;
    this.#shelf = shelf;
  }

  get outboxPacks(): number {
    let count = 0;
    for (const known of this.#shelf.packs.values()) if (known.isInOutbox) count++;
    return count;
  }

  get staged(): readonly StagedSnapshot[] {
    return this.#staged;
  }

  handle(event: CoreEvent): Effects {
    switch (event.kind) {
      case 'started':
        this.#staged.push(...event.staged);
        return [];
      case 'snapshotStaged':
        this.#staged.push(event.staged);
        return this.#publishFinished();
      case 'receiptOpened':
        return this.#receipt(event.receipt);
      case 'batchStored':
        return event.batch.author === this.#membership.self ? this.#acknowledge(event.batch.records) : [];
      case 'tick':
        return this.#publishing.size === 0 ? this.#publishFinished() : [];
      default:
        return [];
    }
  }

  /** Slots may belong to others now; packs whose receipts fit the new plan are finished. */
  planChanged(): Effects {
    return [...this.#receipts.keys()].flatMap((pack) => this.#finishIfFilled(pack));
  }

  /** Progress of the newest snapshot on its way of a drive. */
  pendingOf(drive: string): PendingCount | undefined {
    const staged = this.#staged.findLast((candidate) => candidate.drive === drive);
    if (staged === undefined) return undefined;
    let [shardsStored, shardsWanted] = [0, 0];
    for (const pack of staged.packs) {
      const known = this.#shelf.get(pack);
      const n = known?.descriptor?.redundancy.n ?? 0;
      shardsWanted += n;
      shardsStored += known?.isInOutbox === true ? (this.#receipts.get(pack)?.size ?? 0) : n;
    }
    return { startedMs: staged.startedMs, shardsStored, shardsWanted };
  }

  #receipt({ pack, index, holder }: Receipt): Effects {
    const known = this.#shelf.get(pack);
    if (known?.isInOutbox !== true || !this.#membership.hasRole(holder, 'holder')) return [];
    const byIndex = this.#receipts.get(pack) ?? new Map<number, Set<PeerId>>();
    const holders = byIndex.get(index) ?? new Set();
    byIndex.set(index, holders.add(holder));
    this.#receipts.set(pack, byIndex);
    return this.#finishIfFilled(pack);
  }

  #finishIfFilled(pack: PackId): Effects {
    const known = this.#shelf.get(pack);
    if (known?.isInOutbox !== true || !this.#isFilled(known)) return [];
    known.isInOutbox = false;
    this.#receipts.delete(pack);
    const remove: CoreEffect = { kind: 'removeShard', shard: { place: 'outbox', pack, index: 0 } };
    return [remove, ...this.#publishFinished()];
  }

  #isFilled(known: KnownPack): boolean {
    const group = this.#shelf.groupOf(known);
    const receipts = this.#receipts.get(known.pack);
    return group?.members.every((member, index) => receipts?.get(index)?.has(member) === true) === true;
  }

  /** Heads are published in the order of their snapshots, one at a time. */
  #publishFinished(): Effects {
    const [next] = this.#staged;
    if (next === undefined || this.#publishing.has(next)) return [];
    const isWaiting = next.packs.some((pack) => this.#shelf.get(pack)?.isInOutbox === true);
    if (isWaiting) return [];
    this.#publishing.add(next);
    const record: HeadRecord = { ...next.head, receiptsDigest: digestOf(next.packs) };
    return [{ kind: 'appendRecords', stream: 'facts', records: [record] }];
  }

  /** The head is flushed in the own log: the snapshot is acknowledged. */
  #acknowledge(records: readonly { readonly kind: string }[]): Effects {
    const snapshots = new Set(
      (records as readonly HeadRecord[])
        .filter(({ kind }) => kind === 'head')
        .map(({ snapshot }) => snapshot),
    );
    const [first] = this.#staged;
    if (first === undefined || !snapshots.has(first.snapshot)) return [];
    this.#staged.shift();
    this.#publishing.delete(first);
    return [{ kind: 'snapshotAcknowledged', staged: first }, ...this.#publishFinished()];
  }
}

/** SHA-256 over the ids of the packs whose receipts are complete, in order: a short name for "all receipts were in". */
const digestOf = (packs: readonly PackId[]): string =>
  hexOf(sha256(new TextEncoder().encode(packs.join('\n'))));

// The owner's side: a snapshot becomes a drive head when a machine of its own has signed a receipt for every shard of every pack: the planned
// holder of its slot, or one that stands in for it (keepers.ts). It is acknowledged when as many other machines have that head as may be lost, and one more. Until then
// the packs stay whole in the outbox, whatever happens.

import type { UnixMs } from '../../datasets/index.ts';
import { type HeadRecord, hexOf, type Receipt, sha256, type SignedBatch } from '../codec/index.ts';
import { reminderMsMax, shardRetryMs } from '../limits.ts';
import { type PackId, packId, type PeerId } from '../units.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { EventOf, StagedSnapshot } from './events.ts';
import type { Keepers } from './keepers.ts';
import type { KnownPack } from './known-pack.ts';
import type { Membership } from './membership.ts';
import type { OwnLog } from './own-log.ts';
import { idsIn } from './reclaim.ts';
import type { Shelf } from './shelf.ts';

export interface PendingCount {
  readonly startedMs: number;
  readonly shardsStored: number;
  readonly shardsWanted: number;
  /** Machines that are away and whose shards nobody keeps yet. */
  readonly waitsFor: readonly PeerId[];
}

/** A snapshot whose head stands in the own log; others must have it before anybody relies on it. */
interface PublishedHead {
  readonly staged: StagedSnapshot;
  /** Of the batch that contains the head. */
  readonly sequence: number;
}

export interface BackupParts {
  readonly membership: Membership;
  readonly shelf: Shelf;
  readonly ownLog: Pick<OwnLog, 'isSure'>;
  readonly keepers: Keepers;
}

export class Backup {
  readonly hears = [
    'started',
    'connected',
    'snapshotStaged',
    'outboxLost',
    'receiptOpened',
    'message',
    'batchStored',
    'tick',
  ] as const;
  readonly #membership: Membership;
  readonly #shelf: Shelf;
  readonly #ownLog: BackupParts['ownLog'];
  readonly #keepers: Keepers;
  readonly #staged: StagedSnapshot[] = [];
  readonly #publishing = new Set<StagedSnapshot>();
  #published: readonly PublishedHead[] = [];
  /** Machines that have the own facts, flushed, up to a sequence number (exclusive). */
  readonly #factsAt = new Map<PeerId, number>();
  /** Sequence number of the next batch of the own facts. */
  #ownNext = 0;
  #nextOfferMs = 0;
  #offerWaitMs = shardRetryMs;

  constructor({ membership, shelf, ownLog, keepers }: BackupParts) {
    this.#membership = membership;
    this.#shelf = shelf;
    this.#ownLog = ownLog;
    this.#keepers = keepers;
  }

  get outboxPacks(): number {
    let count = 0;
    for (const known of this.#shelf.packs.values()) if (known.isInOutbox) count++;
    return count;
  }

  get staged(): readonly StagedSnapshot[] {
    return this.#staged;
  }

  handle(event: EventOf<Backup['hears'][number]>): Effects {
    switch (event.kind) {
      case 'started':
        this.#staged.push(...event.staged);
        return [];
      case 'connected':
        return this.#offerTo(event.peer);
      case 'snapshotStaged':
        this.#staged.push(event.staged);
        return this.#publishFinished();
      case 'outboxLost':
        return this.#lose(event);
      case 'receiptOpened':
        return this.#receipt(event.receipt);
      case 'message':
        return event.message.kind === 'logStored' && event.message.stream === 'facts'
          ? this.#heldBy(event.from, event.message.next)
          : [];
      case 'batchStored':
        return event.batch.author === this.#membership.self ? this.#stored(event.batch, event.now) : [];
      case 'tick':
        return [
          ...(this.#publishing.size === 0 ? this.#publishFinished() : []),
          ...this.#offerAgain(event.now),
        ];
    }
  }

  /** Slots may belong to others now; packs whose receipts fit the new plan are finished. */
  planChanged(): Effects {
    return [...this.#shelf.packs.values()].flatMap((known) => this.#finishIfFilled(known));
  }

  /** Progress of the newest snapshot on its way of a drive. */
  pendingOf(drive: string): PendingCount | undefined {
    const waiting = [...this.#published.map((head) => head.staged), ...this.#staged];
    const staged = waiting.findLast((candidate) => candidate.drive === drive);
    if (staged === undefined) return undefined;
    let [shardsStored, shardsWanted] = [0, 0];
    const away = new Set<PeerId>();
    for (const pack of staged.packs) {
      const known = this.#shelf.get(pack);
      const n = known?.facts?.redundancy.n ?? 0;
      shardsWanted += n;
      shardsStored += known?.isInOutbox === true ? this.#countKept(known, away) : n;
    }
    return { startedMs: staged.startedMs, shardsStored, shardsWanted, waitsFor: [...away] };
  }

  /** Notes who is away of those whose shards nobody keeps yet. */
  #countKept(known: KnownPack, away: Set<PeerId>): number {
    const members = this.#shelf.groupOf(known)?.members ?? [];
    const keepers = this.#keepers.of(known);
    for (const [slot, member] of members.entries())
      if (keepers[slot] === undefined && this.#membership.isAway(member)) away.add(member);
    return keepers.filter((keeper) => keeper !== undefined).length;
  }

  /** Later snapshots of the drive may have chunks in the same packs, and no older one has. The shell removes what is left of the packs. */
  #lose({ drive, packs }: EventOf<'outboxLost'>): Effects {
    for (const pack of packs) {
      const known = this.#shelf.get(pack);
      if (known !== undefined) waitNoMore(known);
    }
    const ofDrive = this.#staged.filter((staged) => staged.drive === drive);
    const first = ofDrive.findIndex((staged) => staged.packs.some((pack) => packs.includes(pack)));
    const lost = new Set(first < 0 ? [] : ofDrive.slice(first));
    this.#staged.splice(0, Infinity, ...this.#staged.filter((staged) => !lost.has(staged)));
    return this.#publishFinished();
  }

  #receipt({ pack, index, holder }: Receipt): Effects {
    const known = this.#shelf.get(pack);
    if (known?.isInOutbox !== true || !this.#membership.hasRole(holder, 'holder')) return [];
    known.signed.add(index, holder);
    return this.#finishIfFilled(known);
  }

  #finishIfFilled(known: KnownPack): Effects {
    if (!known.isInOutbox || !this.#isFilled(known)) return [];
    return [this.#leaveOutbox(known), ...this.#publishFinished()];
  }

  #isFilled(known: KnownPack): boolean {
    const keepers = this.#keepers.of(known);
    return keepers.length > 0 && keepers.every((keeper) => keeper !== undefined);
  }

  /**
   * Heads are published in the order of their snapshots, one at a time, and none before the own log is known to be whole: while it is
   * read, or given back by others, the next head may be the next word in it.
   */
  #publishFinished(): Effects {
    const [next] = this.#staged;
    if (next === undefined || this.#publishing.has(next) || !this.#ownLog.isSure) return [];
    const isWaiting = next.packs.some((pack) => this.#shelf.get(pack)?.isInOutbox === true);
    if (isWaiting) return [];
    this.#publishing.add(next);
    const record: HeadRecord = { ...next.head, receiptsDigest: digestOf(next.packs) };
    return [{ kind: 'appendRecords', stream: 'facts', records: [record] }];
  }

  /** The head is flushed in the own log: now others must get it. */
  #stored({ records, sequence, stream }: SignedBatch, now: UnixMs): Effects {
    if (stream === 'facts') this.#ownNext = Math.max(this.#ownNext, sequence + 1);
    const effects = this.#leaveGivenUp(records);
    const snapshots = new Set(
      records.map((record) => (record.kind === 'head' ? record.snapshot : undefined)),
    );
    const [first] = this.#staged;
    if (first === undefined || !snapshots.has(first.snapshot)) return effects;
    this.#staged.shift();
    this.#publishing.delete(first);
    this.#published = [...this.#published, { staged: first, sequence }];
    this.#offerWaitMs = shardRetryMs;
    return [...effects, ...this.#offer(now), ...this.#publishFinished()];
  }

  /** What was given up waits for nobody's receipt: nobody would take it. A disk that was put back to an older image may still have it whole. */
  #leaveGivenUp(records: SignedBatch['records']): Effects {
    const needed = new Set(this.#staged.flatMap(({ packs }) => packs));
    const given = records.flatMap((record) => (record.kind === 'forget' ? [...idsIn(record.packs)] : []));
    return given.flatMap((id): Effects => {
      const known = this.#shelf.get(packId(id));
      if (known?.isInOutbox !== true || needed.has(known.pack)) return [];
      return [this.#leaveOutbox(known)];
    });
  }

  #leaveOutbox(known: KnownPack): CoreEffect {
    waitNoMore(known);
    return { kind: 'removeShard', shard: { place: 'outbox', pack: known.pack, index: 0 } };
  }

  #heldBy(peer: PeerId, next: number): Effects {
    // Nobody has more of this log than there is: such a word would count for all heads to come.
    if (next > this.#ownNext) return [];
    this.#factsAt.set(peer, next);
    const safe = this.#published.filter(({ sequence }) => this.#copiesOf(sequence) >= this.#copiesWanted());
    if (safe.length === 0) return [];
    this.#published = this.#published.filter((head) => !safe.includes(head));
    return safe.map(({ staged }) => ({ kind: 'snapshotAcknowledged', staged }));
  }

  #copiesOf(sequence: number): number {
    let count = 0;
    for (const [peer, next] of this.#factsAt)
      if (next > sequence && !this.#membership.isRevoked(peer)) count++;
    return count;
  }

  /** A head outlives as many machines as the packs that it names, and one copy is left. */
  #copiesWanted(): number {
    const spare = (this.#shelf.plan?.classes ?? []).map(({ redundancy: { k, n } }) => n - k);
    return 1 + Math.max(1, ...spare);
  }

  #offerAgain(now: UnixMs): Effects {
    if (this.#published.length === 0 || now < this.#nextOfferMs) return [];
    this.#offerWaitMs = Math.min(reminderMsMax, 2 * this.#offerWaitMs);
    return this.#offer(now);
  }

  /** Sends the oldest head that waits to machines that did not confirm it; all others hear of it by the hint. */
  #offer(now: UnixMs): Effects {
    const [oldest] = this.#published;
    if (oldest === undefined) return [];
    this.#nextOfferMs = now + this.#offerWaitMs;
    const { self: author, up } = this.#membership;
    const { sequence } = oldest;
    const missing = [...up].filter((peer) => (this.#factsAt.get(peer) ?? 0) <= sequence);
    this.#callFor(sequence, now);
    return missing
      .slice(0, this.#copiesWanted() + 1)
      .map((to) => ({ kind: 'sendBatches', to, want: [{ author, stream: 'facts', sequence }] }));
  }

  /** In a large fleet the neighbours may be too few to keep a head: others are called, those that follow on this machine by id. */
  #callFor(sequence: number, now: UnixMs): void {
    if (!this.#membership.isSparse) return;
    const { self } = this.#membership;
    const others = this.#membership.holders(now).filter((peer) => peer !== self);
    const start = others.findIndex((peer) => peer > self);
    const inTurn = start < 0 ? others : [...others.slice(start), ...others.slice(0, start)];
    const isOpen = (peer: PeerId): boolean =>
      (this.#factsAt.get(peer) ?? 0) <= sequence && !this.#membership.isAway(peer);
    for (const peer of inTurn.filter(isOpen).slice(0, this.#copiesWanted() + 1)) this.#membership.call(peer);
  }

  /** Who was called for it gets the oldest head that waits. */
  #offerTo(peer: PeerId): Effects {
    const [oldest] = this.#published;
    const isWanted = this.#membership.isSparse && oldest !== undefined;
    if (!isWanted || (this.#factsAt.get(peer) ?? 0) > oldest.sequence) return [];
    const { sequence } = oldest;
    const want = [{ author: this.#membership.self, stream: 'facts', sequence } as const];
    return [{ kind: 'sendBatches', to: peer, want }];
  }
}

/** SHA-256 over the ids of the packs whose receipts are complete, in order: a short name for "all receipts were in". */
const digestOf = (packs: readonly PackId[]): string =>
  hexOf(sha256(new TextEncoder().encode(packs.join('\n'))));

/** The pack is in the outbox no more. */
function waitNoMore(known: KnownPack): void {
  known.isInOutbox = false;
  known.signed.clear();
  // Whether it is given up counts from now on.
  known.group = undefined;
}

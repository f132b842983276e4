// Asks the other holders of what is held here to prove that they still have their shards, one leaf at a time: whom, and when. What answers are
// worth is for audit-questions.ts, how others' questions are answered for audit-answers.ts.

import type { UnixMs } from '../../datasets/index.ts';
import type { Plan } from '../../optimizer/index.ts';
import type { Receipt, WireMessage } from '../codec/index.ts';
import {
  auditedReceiptsMax,
  auditEveryMsMax,
  auditEveryMsMin,
  auditRoundMsMax,
  auditRoundMsMin,
  receiptAuditMs,
} from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';
import { AuditAnswers } from './audit-answers.ts';
import type { AuditCount, AuditQuestions, AuditSubject } from './audit-questions.ts';
import type { Effects } from './effects.ts';
import type { EventOf } from './events.ts';
import type { KnownPack } from './known-pack.ts';
import type { Membership } from './membership.ts';
import { NextTime } from './next-time.ts';
import { groupUnder, type Shelf } from './shelf.ts';

/** A fresh receipt whose shard is to be shown. */
type Receipted = Pick<AuditSubject, 'descriptor' | 'peer' | 'index'> & {
  readonly atMs: UnixMs;
  readonly dueMs: number;
};

export interface AuditParts {
  readonly membership: Membership;
  readonly shelf: Shelf;
  readonly questions: AuditQuestions;
  /** Uniform in [0, 1). */
  readonly fraction: () => number;
}

/** Packs looked at in one tick in search of one that can be asked about. */
const packsPerTick = 64;

export class Audit {
  readonly hears = ['message', 'shardProved', 'receiptOpened', 'connected', 'disconnected', 'tick'] as const;
  readonly #membership: Membership;
  readonly #shelf: Shelf;
  readonly #questions: AuditQuestions;
  readonly #fraction: () => number;
  /** Packs that are still to be asked about in this round. */
  #round: Iterator<PackId> = [].values();
  #roundNumber = 0;
  readonly #nextRound = new NextTime();
  readonly #nextQuestion = new NextTime();
  readonly #answers: AuditAnswers;
  #receipted: readonly Receipted[] = [];
  /** Under which those who signed were last to have their shards. */
  #plan: Plan | undefined;
  /**
   * What others who were not there are asked when they are, the last pack of each; in the same round only. A round begins at about the same time of
   * each day: who has few packs would never ask a machine that is off then.
   */
  readonly #called = new Map<PeerId, PackId>();

  constructor({ membership, shelf, questions, fraction }: AuditParts) {
    this.#membership = membership;
    this.#shelf = shelf;
    this.#questions = questions;
    this.#fraction = fraction;
    this.#answers = new AuditAnswers({ self: membership.self, shelf, fraction });
  }

  /** Whether a proof is asked of a machine, or read for it. */
  isWith(peer: PeerId): boolean {
    return this.#questions.isOpenTo(peer) || this.#answers.isFor(peer);
  }

  /** What this agent found out about a machine since it started. */
  countOf(peer: PeerId): AuditCount {
    return this.#questions.countOf(peer);
  }

  handle(event: EventOf<Audit['hears'][number]>): Effects {
    switch (event.kind) {
      case 'message':
        return this.#heard(event.from, event.message, event.now);
      case 'shardProved':
        return this.#answers.proved(event);
      case 'receiptOpened':
        this.#noteReceipt(event.receipt, event.now);
        return [];
      case 'connected':
        return this.#called.has(event.peer) && !this.#questions.isAuditing
          ? this.#askCalled(event.peer, event.now)
          : [];
      case 'disconnected':
        this.#answers.forget(event.peer);
        this.#questions.forget(event.peer);
        return [];
      case 'tick':
        return this.#tick(event.now);
    }
  }

  #heard(from: PeerId, message: WireMessage, now: UnixMs): Effects {
    switch (message.kind) {
      case 'auditOffer':
        return this.#answers.offered(from, message, now);
      case 'auditDraw':
        return this.#questions.drawn(from, message);
      case 'auditOpen':
        return this.#answers.opened(from, message);
      case 'auditAnswer':
        return this.#questions.answered(from, message, now);
      default:
        return [];
    }
  }

  /**
   * Whoever is to have another shard by a new plan hands its own on, and gets it back if a later plan takes that back: it has as long for that as
   * after a fresh receipt.
   */
  #watchPlan(now: UnixMs): void {
    const { plan } = this.#shelf;
    if (plan === this.#plan) return;
    this.#plan = plan;
    this.#receipted = this.#receipted
      .filter((receipted) => this.#shouldHaveIt(receipted, now))
      .map((receipted) => ({ ...receipted, dueMs: Math.max(receipted.dueMs, now + receiptAuditMs) }));
  }

  #tick(now: UnixMs): Effects {
    this.#watchPlan(now);
    const expired = this.#questions.expire(now);
    if (this.#questions.isAuditing || !this.#nextQuestion.hasCome(now)) return expired;
    if (this.#shelf.heldShards === 0 && this.#receipted.length === 0) return expired;
    this.#nextQuestion.waitFor(this.#waitMs(), now);
    return [...expired, ...this.#askNext(now)];
  }

  #waitMs(): number {
    const waitMs = auditRoundMsMax / Math.max(1, this.#shelf.packs.size);
    return Math.min(auditEveryMsMax, Math.max(auditEveryMsMin, waitMs));
  }

  /** A receipt that is due, or the next pack of the round of which another holder can be asked. */
  #askNext(now: UnixMs): Effects {
    const receipted = this.#dueReceipt(now);
    if (receipted !== undefined) return this.#questions.ask(receipted, now);
    for (const peer of this.#called.keys())
      if (this.#membership.up.has(peer)) return this.#askCalled(peer, now);
    for (let looked = 0; looked < packsPerTick; looked++) {
      const { value: pack, done } = this.#round.next();
      if (done === true) return this.#beginRound(now);
      const subject = this.#subjectOf(this.#shelf.get(pack));
      if (subject !== undefined) return this.#questions.ask(subject, now);
    }
    return [];
  }

  /** It is there now. */
  #askCalled(peer: PeerId, now: UnixMs): Effects {
    const pack = this.#called.get(peer);
    this.#called.delete(peer);
    const known = pack === undefined ? undefined : this.#shelf.get(pack);
    const subject = this.#subjectOf(known);
    return subject === undefined ? [] : this.#questions.ask(subject, now);
  }

  #beginRound(now: UnixMs): Effects {
    if (!this.#nextRound.hasCome(now)) return [];
    this.#nextRound.waitFor(auditRoundMsMin, now);
    this.#roundNumber++;
    this.#round = this.#shelf.packs.keys();
    // Who comes too late for the round is asked about the pack by the next one: no pack is read more often than others.
    this.#called.clear();
    return [];
  }

  /** Who signs for a shard of an own pack is asked to show it a little later, though no inventory says so: some of all. */
  #noteReceipt({ holder, pack, index }: Receipt, now: UnixMs): void {
    const descriptor = this.#shelf.get(pack)?.descriptor;
    if (descriptor === undefined || holder === this.#membership.self) return;
    if (this.#receipted.length >= auditedReceiptsMax || descriptor.owner !== this.#membership.self) return;
    this.#watchPlan(now);
    const dueMs = now + receiptAuditMs * (1 + this.#fraction());
    this.#receipted = [...this.#receipted, { descriptor, index, peer: holder, atMs: now, dueMs }];
  }

  /** Takes the first due one of a machine that can be asked now; those of packs that were given up go. */
  #dueReceipt(now: UnixMs): AuditSubject | undefined {
    const due = this.#receipted.find(({ peer, dueMs }) => dueMs <= now && this.#canBeAsked(peer));
    if (due === undefined) return undefined;
    this.#receipted = this.#receipted.filter((receipted) => receipted !== due);
    const { descriptor, index, peer } = due;
    const isGivenUp = this.#shelf.givenUpMsBy(descriptor.pack, descriptor) !== undefined;
    if (isGivenUp || !this.#shouldHaveIt(due, now)) return undefined;
    return { descriptor, index, peer, occasion: 'receipt' };
  }

  /** Under another plan it may have handed the shard on; a stand-in keeps it as long as the planned holder is away. */
  #shouldHaveIt({ descriptor, index, peer, atMs }: Receipted, now: UnixMs): boolean {
    const group = this.#shelf.plan === undefined ? undefined : groupUnder(this.#shelf.plan, descriptor);
    const member = group?.members[index];
    if (group === undefined || member === undefined || member === peer) return member === peer;
    const isAwaySince = this.#membership.isAway(member) && this.#membership.awayMs(member, now) > now - atMs;
    return isAwaySince && !group.members.includes(peer);
  }

  /** Each round another holder of the pack is asked, so that in n − 1 rounds each was asked by each. */
  #subjectOf(known: KnownPack | undefined): AuditSubject | undefined {
    if (known?.facts === undefined || known.held.size === 0) return undefined;
    const members = this.#shelf.groupOf(known)?.members ?? [];
    const slot = members.indexOf(this.#membership.self);
    if (slot < 0 || members.length < 2) return undefined;
    const index = (slot + 1 + (this.#roundNumber % (members.length - 1))) % members.length;
    const peer = members[index]!;
    if (!known.others.has(index, peer)) return this.#standInOf(known, { members, index });
    // It may have spoken of its outbox, which is empty by now.
    if (peer === known.facts.owner && !known.confirmed.has(index)) return undefined;
    if (!this.#canBeAsked(peer)) {
      if (!this.#membership.up.has(peer)) this.#called.set(peer, known.pack);
      return undefined;
    }
    return { descriptor: known.descriptor!, index, peer, occasion: 'round' };
  }

  /** The planned holder is away, and another machine said that it has its shard. */
  #standInOf(
    known: KnownPack,
    { members, index }: { readonly members: readonly PeerId[]; readonly index: number },
  ): AuditSubject | undefined {
    const { up } = this.#membership;
    if (!this.#membership.isAway(members[index]!)) return undefined;
    const mayAsk = (other: PeerId): boolean => up.has(other) && !this.#questions.isOpenTo(other);
    const peer = known.others.of(index).find((other) => mayAsk(other) && !members.includes(other));
    const { descriptor } = known;
    return descriptor === undefined || peer === undefined
      ? undefined
      : { descriptor, index, peer, occasion: 'stand-in' };
  }

  /** It is there, and asked nothing else; in a large fleet who is not there is called. */
  #canBeAsked(peer: PeerId): boolean {
    if (this.#membership.up.has(peer)) return !this.#questions.isOpenTo(peer);
    this.#membership.call(peer);
    return false;
  }
}

// Asks the other holders of what is held here to prove that they still have their shards, one leaf at a time. Whoever fails is not believed any more about that shard; what else it costs is for trust.ts.

import type { UnixMs } from '../../datasets/index.ts';
import {
  leafCountOf,
  leafMatches,
  type LeafProof,
  type PackDescriptor,
  type Receipt,
  type ShardKey,
  type WireMessage,
} from '../codec/index.ts';
import {
  auditAnswerMsMax,
  auditedReceiptsMax,
  auditEveryMsMax,
  auditEveryMsMin,
  auditRoundMsMax,
  auditRoundMsMin,
  lateAnswerMsMax,
  receiptAuditMs,
} from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';
import { AuditAnswers } from './audit-answers.ts';
import { drawnLeaf, newPart, sealOfPart } from './audit-draws.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { EventOf } from './events.ts';
import type { Membership } from './membership.ts';
import { groupUnder, type KnownPack, noteLacks, type Shelf } from './shelf.ts';
import type { Trust } from './trust.ts';

export interface AuditCount {
  readonly proven: number;
  readonly failed: number;
  /** When the last proof came; undefined where there was none. */
  readonly provenMs: UnixMs | undefined;
  /** What was wrong with the last answer; undefined where nothing was. */
  readonly problem: string | undefined;
}

interface Question extends ShardKey {
  readonly descriptor: PackDescriptor;
  readonly peer: PeerId;
  /** This agent's part in what leaf it is; undefined until the other's came. */
  readonly part: string;
  readonly leaf: number | undefined;
  readonly askedMs: UnixMs;
  /** By what word it says to have the shard; a stand-in may have handed it over since. */
  readonly word: 'inventory' | 'receipt' | 'stand-in';
}

/** A fresh receipt whose shard is to be shown. */
type Receipted = Pick<Question, 'descriptor' | 'peer' | 'index'> & {
  readonly atMs: UnixMs;
  readonly dueMs: number;
};
type Part = Extract<WireMessage, { kind: 'auditDraw' | 'auditOpen' }>;
type Answer = Extract<WireMessage, { kind: 'auditAnswer' }>;

export interface AuditParts {
  readonly membership: Membership;
  readonly shelf: Shelf;
  readonly trust: Trust;
  /** Uniform in [0, 1). */
  readonly fraction: () => number;
}

/** Leaves that a wrong proof is compared with: 16 MiB of shard. */
const otherLeavesMax = 1024;
/** Packs looked at in one tick in search of one that can be asked about. */
const packsPerTick = 64;

const nothing: AuditCount = {
  proven: 0,
  failed: 0,
  provenMs: undefined,
  problem: undefined,
};

export class Audit {
  readonly hears = ['message', 'shardProved', 'receiptOpened', 'connected', 'disconnected', 'tick'] as const;
  readonly #membership: Membership;
  readonly #shelf: Shelf;
  readonly #trust: Trust;
  readonly #fraction: () => number;
  readonly #counts = new Map<PeerId, AuditCount>();
  #question: Question | undefined;
  /** Packs that are still to be asked about in this round. */
  #round: Iterator<PackId> = [].values();
  #roundNumber = 0;
  #nextRoundMs = 0;
  #nextMs = 0;
  readonly #answers: AuditAnswers;
  /** The last question that each did not answer in time: an answer that still comes says more than none. */
  readonly #missed = new Map<PeerId, Question>();
  #receipted: readonly Receipted[] = [];
  /** In a large fleet: what others are asked when they have answered a call, the last of each; in the same round only. */
  readonly #called = new Map<PeerId, PackId>();

  constructor({ membership, shelf, trust, fraction }: AuditParts) {
    this.#membership = membership;
    this.#shelf = shelf;
    this.#trust = trust;
    this.#fraction = fraction;
    const isOut = (peer: PeerId): boolean => membership.isRevoked(peer);
    this.#answers = new AuditAnswers({ self: membership.self, shelf, fraction, isOut });
  }

  /** Whether a proof is asked of a machine, or read for it. */
  isWith(peer: PeerId): boolean {
    return this.#question?.peer === peer || this.#answers.isFor(peer);
  }

  /** What this agent found out about a machine since it started. */
  countOf(peer: PeerId): AuditCount {
    return this.#counts.get(peer) ?? nothing;
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
        return this.#called.has(event.peer) && this.#question === undefined
          ? this.#askCalled(event.peer, event.now)
          : [];
      case 'disconnected':
        this.#answers.forget(event.peer);
        if (this.#question?.peer === event.peer) this.#question = undefined;
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
        return this.#drawn(from, message);
      case 'auditOpen':
        return this.#answers.opened(from, message);
      case 'auditAnswer':
        return this.#answered(from, message, now);
      default:
        return [];
    }
  }

  /** The leaf is known now, here and, once it is told this agent's part, there. */
  #drawn(from: PeerId, { pack, index, part: holderPart }: Part): Effects {
    const missed = this.#missed.get(from);
    const isIt = (question: Question | undefined): question is Question =>
      question?.peer === from &&
      question.pack === pack &&
      question.index === index &&
      question.leaf === undefined;
    const question = [this.#question, missed].find(isIt);
    if (question === undefined) return [];
    const { part: askerPart, descriptor } = question;
    const { self: asker } = this.#membership;
    const leafCount = leafCountOf(descriptor.shardBytes);
    const leaf = drawnLeaf({ asker, holder: from, pack, index, askerPart, holderPart, leafCount });
    if (question === missed) this.#missed.set(from, { ...question, leaf });
    else this.#question = { ...question, leaf };
    return [{ kind: 'send', to: from, message: { kind: 'auditOpen', pack, index, part: askerPart } }];
  }

  #answered(from: PeerId, message: Answer, now: UnixMs): Effects {
    const question = this.#question;
    if (question?.peer !== from || !isAbout(question, message)) return this.#answeredLate(from, message, now);
    // The same may have been asked before, in vain: one answer is enough for both.
    const missed = this.#missed.get(from);
    if (missed !== undefined && isAbout(missed, message)) this.#missed.delete(from);
    this.#question = undefined;
    const { descriptor } = question;
    const { proof } = message;
    if (proof === undefined && question.word === 'stand-in') return this.#forget(question);
    if (proof === undefined) {
      const failed = this.#failed(question, 'says that it does not have it');
      const kind = question.word === 'receipt' ? 'claimed' : 'dropped';
      return [...failed, ...this.#trust.noteFault(from, kind, now)];
    }
    if (!leafMatches(descriptor, message, proof)) {
      const kind = isOtherLeaf(question, proof) ? 'replayed' : 'wrong';
      return [...this.#failed(question, 'showed other bytes'), ...this.#trust.noteFault(from, kind, now)];
    }
    const count = this.countOf(from);
    this.#counts.set(from, { ...count, proven: count.proven + 1, provenMs: now, problem: undefined });
    this.#trust.noteProof(from);
    return [];
  }

  #answeredLate(from: PeerId, message: Answer, now: UnixMs): Effects {
    const missed = this.#missed.get(from);
    if (missed === undefined || !isAbout(missed, message)) return [];
    this.#missed.delete(from);
    return message.proof !== undefined && leafMatches(missed.descriptor, message, message.proof)
      ? this.#trust.noteFault(from, 'late', now)
      : [];
  }

  /** Its word about this shard counts no more: others keep what they have until somebody really holds it. */
  #failed({ peer, pack, index }: Question, problem: string): Effects {
    const count = this.countOf(peer);
    this.#counts.set(peer, { ...count, failed: count.failed + 1, problem });
    this.#forget({ peer, pack, index });
    const name = this.#membership.nameOf(peer);
    const text = `${name} was asked to prove a shard that it holds and ${problem}`;
    return [{ kind: 'report', level: 'warning', text }];
  }

  #forget({ peer, pack, index }: Pick<Question, 'peer' | 'pack' | 'index'>): Effects {
    const known = this.#shelf.get(pack);
    if (known !== undefined) noteLacks(known, peer, index);
    return [];
  }

  #tick(now: UnixMs): Effects {
    const silent = this.#noteSilent(now);
    const question = this.#question;
    if (question !== undefined) {
      if (now - question.askedMs < auditAnswerMsMax) return silent;
      this.#question = undefined;
      this.#missed.set(question.peer, question);
      return [...silent, ...this.#failed(question, 'did not answer')];
    }
    if (now < this.#nextMs || (this.#shelf.heldShards === 0 && this.#receipted.length === 0)) return silent;
    this.#nextMs = now + this.#waitMs();
    return [...silent, ...this.#askNext(now)];
  }

  /** Who did not answer may still do so, late; after that it was silence. */
  #noteSilent(now: UnixMs): Effects {
    const effects: CoreEffect[] = [];
    for (const [peer, { askedMs }] of this.#missed) {
      if (now - askedMs < lateAnswerMsMax) continue;
      this.#missed.delete(peer);
      effects.push(...this.#trust.noteFault(peer, 'silent', now));
    }
    return effects;
  }

  #waitMs(): number {
    const waitMs = auditRoundMsMax / Math.max(1, this.#shelf.packs.size);
    return Math.min(auditEveryMsMax, Math.max(auditEveryMsMin, waitMs));
  }

  /** A receipt that is due, or the next pack of the round of which another holder can be asked. */
  #askNext(now: UnixMs): Effects {
    const receipted = this.#dueReceipt(now);
    if (receipted !== undefined) return this.#ask(receipted);
    for (const peer of this.#called.keys())
      if (this.#membership.up.has(peer)) return this.#askCalled(peer, now);
    for (let looked = 0; looked < packsPerTick; looked++) {
      const { value: pack, done } = this.#round.next();
      if (done === true) return this.#beginRound(now);
      const question = this.#questionAbout(this.#shelf.get(pack), now);
      if (question !== undefined) return this.#ask(question);
    }
    return [];
  }

  /** It is there now. */
  #askCalled(peer: PeerId, now: UnixMs): Effects {
    const pack = this.#called.get(peer);
    this.#called.delete(peer);
    const known = pack === undefined ? undefined : this.#shelf.get(pack);
    const question = this.#questionAbout(known, now);
    return question === undefined ? [] : this.#ask(question);
  }

  #ask(question: Question): Effects {
    this.#question = question;
    const { peer: to, pack, index, part } = question;
    return [{ kind: 'send', to, message: { kind: 'auditOffer', pack, index, seal: sealOfPart(part) } }];
  }

  #beginRound(now: UnixMs): Effects {
    if (now < this.#nextRoundMs) return [];
    this.#nextRoundMs = now + auditRoundMsMin;
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
    const dueMs = now + receiptAuditMs * (1 + this.#fraction());
    this.#receipted = [...this.#receipted, { descriptor, index, peer: holder, atMs: now, dueMs }];
  }

  /** Takes the first due one of a machine that can be asked now; those of packs that were given up go. */
  #dueReceipt(now: UnixMs): Question | undefined {
    const due = this.#receipted.find(({ peer, dueMs }) => dueMs <= now && this.#isThere(peer));
    if (due === undefined) return undefined;
    this.#receipted = this.#receipted.filter((receipted) => receipted !== due);
    const { descriptor, index, peer } = due;
    const isGivenUp =
      this.#shelf.givenUpMs({ descriptor, isInOutbox: false, givenUpBy: undefined }) !== undefined;
    if (isGivenUp || !this.#shouldHaveIt(due, now)) return undefined;
    return this.#questionTo({ descriptor, index, peer, word: 'receipt', now });
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
  #questionAbout(known: KnownPack | undefined, now: UnixMs): Question | undefined {
    if (known?.descriptor === undefined || known.held.size === 0) return undefined;
    const members = this.#shelf.groupOf(known)?.members ?? [];
    const slot = members.indexOf(this.#membership.self);
    if (slot < 0 || members.length < 2) return undefined;
    const index = (slot + 1 + (this.#roundNumber % (members.length - 1))) % members.length;
    const peer = members[index]!;
    if (!known.others.has(index, peer)) return this.#questionToStandIn(known, { members, index, now });
    // It may have spoken of its outbox, which is empty by now.
    if (peer === known.descriptor.owner && !known.confirmed.has(index)) return undefined;
    if (!this.#isThere(peer)) {
      if (this.#membership.isExpected(peer)) this.#called.set(peer, known.pack);
      return undefined;
    }
    return this.#questionTo({ descriptor: known.descriptor, index, peer, word: 'inventory', now });
  }

  /** The planned holder is away, and another machine said that it has its shard. */
  #questionToStandIn(
    { descriptor, others }: KnownPack,
    at: { readonly members: readonly PeerId[]; readonly index: number; readonly now: UnixMs },
  ): Question | undefined {
    const { members, index, now } = at;
    const { up } = this.#membership;
    if (descriptor === undefined || !this.#membership.isAway(members[index]!)) return undefined;
    const peer = others.of(index).find((other) => up.has(other) && !members.includes(other));
    return peer === undefined
      ? undefined
      : this.#questionTo({ descriptor, index, peer, word: 'stand-in', now });
  }

  /** Whether it can be asked now; in a large fleet who cannot is called. */
  #isThere(peer: PeerId): boolean {
    if (this.#membership.up.has(peer)) return true;
    this.#membership.call(peer);
    return false;
  }

  #questionTo({
    now,
    ...about
  }: Pick<Question, 'descriptor' | 'index' | 'peer' | 'word'> & { readonly now: UnixMs }): Question {
    const part = newPart(this.#fraction);
    return { ...about, pack: about.descriptor.pack, part, leaf: undefined, askedMs: now };
  }
}

/** Who does not have the shard says so of any leaf. */
const isAbout = (question: Question, { pack, index, leaf, proof }: Answer): boolean =>
  question.pack === pack && question.index === index && (proof === undefined || question.leaf === leaf);

/** Whether the proof is a true one, of another leaf of the same shard: somebody kept what it once showed. */
function isOtherLeaf({ descriptor, index }: Question, proof: LeafProof): boolean {
  const count = Math.min(leafCountOf(descriptor.shardBytes), otherLeavesMax);
  return Array.from({ length: count }, (_, leaf) => leaf).some((leaf) =>
    leafMatches(descriptor, { index, leaf }, proof),
  );
}

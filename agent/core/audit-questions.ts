// Proofs of shards that are asked of others, at most one of each machine at a time, and what answers are worth. Whoever fails is not believed any
// more about that shard; what else it costs is for trust.ts. Whom to ask, and when, is for audit.ts and surplus.ts.

import type { UnixMs } from '../../datasets/index.ts';
import {
  leafCountOf,
  leafMatches,
  type LeafProof,
  type PackDescriptor,
  type ShardKey,
  type WireMessage,
} from '../codec/index.ts';
import { auditAnswerMsMax, lateAnswerMsMax } from '../limits.ts';
import type { PeerId } from '../units.ts';
import { drawnLeaf, newPart, sealOfPart } from './audit-draws.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { Membership } from './membership.ts';
import { noteLacks, noteShown, type Shelf } from './shelf.ts';
import type { Trust } from './trust.ts';

export interface AuditCount {
  readonly proven: number;
  readonly failed: number;
  /** When the last proof came; undefined where there was none. */
  readonly provenMs: UnixMs | undefined;
  /** What was wrong with the last answer; undefined where nothing was. */
  readonly problem: string | undefined;
}

/**
 * What a proof is asked for: the round, in which every holder has its turn; a receipt that was signed lately; a shard that somebody keeps for
 * another machine; a shard that is to be removed here.
 */
export type AuditOccasion = 'round' | 'receipt' | 'stand-in' | 'removal';

export interface AuditSubject {
  readonly peer: PeerId;
  readonly descriptor: PackDescriptor;
  readonly index: number;
  readonly occasion: AuditOccasion;
}

interface Question extends AuditSubject, ShardKey {
  /** This agent's part in what leaf it is; undefined until the other's came. */
  readonly part: string;
  readonly leaf: number | undefined;
  readonly askedMs: UnixMs;
}

type Part = Extract<WireMessage, { kind: 'auditDraw' }>;
type Answer = Extract<WireMessage, { kind: 'auditAnswer' }>;

/** Leaves that a wrong proof is compared with: 16 MiB of shard. */
const otherLeavesMax = 1024;

const nothing: AuditCount = { proven: 0, failed: 0, provenMs: undefined, problem: undefined };

/** Between its word and the question it may have followed a later plan and handed the shard on: it says so, and no more. */
const mayHaveHandedOn: Readonly<Record<AuditOccasion, boolean>> = {
  round: false,
  receipt: false,
  'stand-in': true,
  removal: true,
};

export interface AuditQuestionsParts {
  readonly membership: Membership;
  readonly shelf: Shelf;
  readonly trust: Trust;
  /** Uniform in [0, 1). */
  readonly fraction: () => number;
}

export class AuditQuestions {
  readonly #parts: AuditQuestionsParts;
  readonly #counts = new Map<PeerId, AuditCount>();
  readonly #open = new Map<PeerId, Question>();
  /** The last question that each did not answer in time: an answer that still comes says more than none. */
  readonly #missed = new Map<PeerId, Question>();

  constructor(parts: AuditQuestionsParts) {
    this.#parts = parts;
  }

  /** What this agent found out about a machine since it started. */
  countOf(peer: PeerId): AuditCount {
    return this.#counts.get(peer) ?? nothing;
  }

  /** Whether an answer of this machine is waited for. */
  isOpenTo(peer: PeerId): boolean {
    return this.#open.has(peer);
  }

  /** Whether an answer is waited for that was not asked for a removal. */
  get isAuditing(): boolean {
    return this.#open.values().some(({ occasion }) => occasion !== 'removal');
  }

  /** Nobody may be waited for that is asked. */
  ask(subject: AuditSubject, now: UnixMs): Effects {
    const { peer: to, descriptor, index } = subject;
    const { pack } = descriptor;
    const part = newPart(this.#parts.fraction);
    this.#open.set(to, { ...subject, pack, part, leaf: undefined, askedMs: now });
    return [{ kind: 'send', to, message: { kind: 'auditOffer', pack, index, seal: sealOfPart(part) } }];
  }

  /** It went away. */
  forget(peer: PeerId): void {
    this.#open.delete(peer);
  }

  /** The leaf is known now, here and, once it is told this agent's part, there. */
  drawn(from: PeerId, { pack, index, part: holderPart }: Part): Effects {
    const isIt = (question: Question | undefined): question is Question =>
      question?.pack === pack && question.index === index && question.leaf === undefined;
    const place = [this.#open, this.#missed].find((questions) => isIt(questions.get(from)));
    const question = place?.get(from);
    if (place === undefined || question === undefined) return [];
    const { part: askerPart, descriptor } = question;
    const { self: asker } = this.#parts.membership;
    const leafCount = leafCountOf(descriptor.shardBytes);
    const leaf = drawnLeaf({ asker, holder: from, pack, index, askerPart, holderPart, leafCount });
    place.set(from, { ...question, leaf });
    return [{ kind: 'send', to: from, message: { kind: 'auditOpen', pack, index, part: askerPart } }];
  }

  answered(from: PeerId, message: Answer, now: UnixMs): Effects {
    const question = this.#open.get(from);
    if (question === undefined || !isAbout(question, message)) return this.#answeredLate(from, message, now);
    // The same may have been asked before, in vain: one answer is enough for both.
    const missed = this.#missed.get(from);
    if (missed !== undefined && isAbout(missed, message)) this.#missed.delete(from);
    this.#open.delete(from);
    const { descriptor, occasion } = question;
    const { trust } = this.#parts;
    if (message.proof === undefined) {
      if (mayHaveHandedOn[occasion]) {
        this.#lacks(question);
        return [];
      }
      const kind = occasion === 'receipt' ? 'claimed' : 'dropped';
      return [
        ...this.#failed(question, 'says that it does not have it'),
        ...trust.noteFault(from, kind, now),
      ];
    }
    if (!leafMatches(descriptor, message, message.proof)) {
      const kind = isOtherLeaf(question, message.proof) ? 'replayed' : 'wrong';
      return [...this.#failed(question, 'showed other bytes'), ...trust.noteFault(from, kind, now)];
    }
    const count = this.countOf(from);
    this.#counts.set(from, { ...count, proven: count.proven + 1, provenMs: now, problem: undefined });
    trust.noteProof(from);
    const known = this.#parts.shelf.get(question.pack);
    if (known !== undefined) noteShown(known, from, question.index);
    return [];
  }

  /** Who has not answered by now has failed; who does not do so later either was silent. */
  expire(now: UnixMs): Effects {
    const effects: CoreEffect[] = [];
    for (const [peer, { askedMs }] of this.#missed) {
      if (now - askedMs < lateAnswerMsMax) continue;
      this.#missed.delete(peer);
      effects.push(...this.#parts.trust.noteFault(peer, 'silent', now));
    }
    for (const [peer, question] of this.#open) {
      if (now - question.askedMs < auditAnswerMsMax) continue;
      this.#open.delete(peer);
      // Many want to remove at once where much moves: its turn in a round says what its silence is worth.
      if (question.occasion !== 'removal') this.#missed.set(peer, question);
      effects.push(...this.#failed(question, 'did not answer'));
    }
    return effects;
  }

  #answeredLate(from: PeerId, message: Answer, now: UnixMs): Effects {
    const missed = this.#missed.get(from);
    if (missed === undefined || !isAbout(missed, message)) return [];
    this.#missed.delete(from);
    return message.proof !== undefined && leafMatches(missed.descriptor, message, message.proof)
      ? this.#parts.trust.noteFault(from, 'late', now)
      : [];
  }

  /** Its word about this shard counts no more: others keep what they have until somebody really holds it. */
  #failed(question: Question, problem: string): Effects {
    const { peer } = question;
    const count = this.countOf(peer);
    this.#counts.set(peer, { ...count, failed: count.failed + 1, problem });
    this.#lacks(question);
    const name = this.#parts.membership.nameOf(peer);
    const text = `${name} was asked to prove a shard that it holds and ${problem}`;
    return [{ kind: 'report', level: 'warning', text }];
  }

  #lacks({ peer, pack, index }: Question): void {
    const known = this.#parts.shelf.get(pack);
    if (known !== undefined) noteLacks(known, peer, index);
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

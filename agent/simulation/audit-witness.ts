// What each agent asked others to prove, and what was shown to it, kept apart from what its core makes of it. Once an agent is told or orders
// something it is compared; it breaks no run off by itself.

import { leafCountOf, leafMatches, type PackDescriptor, type WireMessage } from '../codec/index.ts';
import { type CoreEffect, drawnLeaf } from '../core/index.ts';
import { auditAnswerMsMax, auditRoundMsMin } from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';
import type { Ledger } from './ledger.ts';
import type { Machine } from './machine.ts';
import type { CheckName } from './options.ts';

type Offer = Extract<WireMessage, { kind: 'auditOffer' }>;
type Part = Extract<WireMessage, { kind: 'auditDraw' | 'auditOpen' }>;
type Answer = Extract<WireMessage, { kind: 'auditAnswer' }>;

/** A pack stands near the end of one round and the beginning of the next. */
const questionsPerRoundMax = 2;

interface Question extends Offer {
  readonly to: PeerId;
  /** As this agent and the other drew it. */
  readonly leaf: number | undefined;
  readonly atMs: number;
  readonly descriptor: PackDescriptor | undefined;
}

export interface AuditedWorld {
  readonly ledger: Ledger;
  readonly count: (check: CheckName) => void;
  readonly violate: (check: CheckName, machine: Machine, text: string) => void;
}

const shortOf = ({ pack }: { readonly pack: string }): string => `pack ${pack.slice(0, 8)}`;

/** Of one life of an agent. */
export class AuditWitness {
  readonly #world: AuditedWorld;
  readonly #machine: Machine;
  /** Proofs of each machine that its audits counted when it last answered. */
  readonly #proven = new Map<PeerId, number>();
  readonly #askedMs = new Map<PackId, number[]>();
  /** What its audits had counted against the machine that is asked, when it was. */
  #failedBefore = 0;
  #question: Question | undefined;
  /** The last part of another in a draw. */
  #drawn: (Part & { readonly from: PeerId }) | undefined;
  /** When it last asked for a proof, by its own clock. */
  lastAskedMs: number | undefined;

  constructor(world: AuditedWorld, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  disconnected(peer: PeerId): void {
    if (this.#question?.to === peer) this.#question = undefined;
  }

  /** After the core took it. */
  told(from: PeerId, message: WireMessage): void {
    if (message.kind === 'auditDraw') this.#drawn = { ...message, from };
    if (message.kind === 'auditAnswer') this.#answered(from, message);
  }

  /** Who has not answered in time has failed, and is not waited for any more. */
  ticked(now: number): void {
    const question = this.#question;
    const { core } = this.#machine.shell ?? {};
    if (question === undefined || core === undefined || now - question.atMs < auditAnswerMsMax) return;
    this.#question = undefined;
    if (core.audit.countOf(question.to).failed <= this.#failedBefore)
      this.#world.violate('audits', this.#machine, `waits for the proof of ${shortOf(question)} for ever`);
  }

  /** Before it is sent. `nowMs`: by its own clock. */
  ordered({ to, message }: Extract<CoreEffect, { kind: 'send' }>, nowMs: number): void {
    if (message.kind === 'auditOffer') this.#asks(to, message, nowMs);
    if (message.kind === 'auditOpen') this.#opens(to, message);
  }

  /** One question at a time, and no pack more often than once in a round, but for fresh receipts. */
  #asks(to: PeerId, offer: Offer, now: number): void {
    // It may be freed in the very moment in which it is asked about.
    const descriptor = this.#world.ledger.descriptorOf(offer.pack);
    this.#world.count('audits');
    if (this.#question !== undefined && now - this.#question.atMs < auditAnswerMsMax)
      this.#world.violate('audits', this.#machine, 'asks for a proof while it waits for another');
    this.#question = { ...offer, to, leaf: undefined, atMs: now, descriptor };
    this.lastAskedMs = now;
    this.#failedBefore = this.#machine.shell?.core.audit.countOf(to).failed ?? 0;
    if (descriptor?.owner === this.#machine.peer) return;
    const lately = (this.#askedMs.get(offer.pack) ?? []).filter((atMs) => now - atMs < auditRoundMsMin);
    this.#askedMs.set(offer.pack, [...lately, now]);
    if (lately.length >= questionsPerRoundMax)
      this.#world.violate('audits', this.#machine, `asks for ${shortOf(offer)} too often in a day`);
  }

  /** The leaf that both have drawn, worked out once more. */
  #opens(to: PeerId, { pack, index, part: askerPart }: Part): void {
    const [question, drawn] = [this.#question, this.#drawn];
    const isIts = question?.to === to && question.pack === pack && question.index === index;
    if (!isIts || drawn?.from !== to || drawn.pack !== pack || drawn.index !== index) return;
    const parts = { asker: this.#machine.peer, holder: to, askerPart, holderPart: drawn.part };
    const leafCount = leafCountOf(question.descriptor?.shardBytes ?? 0);
    this.#question = { ...question, leaf: drawnLeaf({ ...parts, pack, index, leafCount }) };
  }

  /** Only a true proof of what was asked counts as one. */
  #answered(from: PeerId, answer: Answer): void {
    this.#world.count('audits');
    const question = this.#question;
    const { pack, index, leaf, proof } = answer;
    const isAsked =
      question?.to === from &&
      question.pack === pack &&
      question.index === index &&
      (proof === undefined || question.leaf === leaf);
    const isTrue =
      isAsked &&
      proof !== undefined &&
      question.descriptor !== undefined &&
      leafMatches(question.descriptor, answer, proof);
    const before = this.#proven.get(from) ?? 0;
    const proven = this.#machine.shell?.core.audit.countOf(from).proven ?? 0;
    this.#proven.set(from, proven);
    if (isAsked) this.#question = undefined;
    if (proven > before && !isTrue)
      this.#world.violate(
        'audits',
        this.#machine,
        `takes a proof of ${shortOf(answer)} that is none for one`,
      );
  }
}

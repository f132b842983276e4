// What each agent asked others to prove, and what was shown to it, kept apart from what its core makes of it. Once an agent is told or orders
// something it is compared; it breaks no run off by itself.

import { leafCountOf, leafMatches, logName, type PackDescriptor, type WireMessage } from '../codec/index.ts';
import { type CoreEffect, drawnLeaf } from '../core/index.ts';
import { auditAnswerMsMax, auditRoundMsMin } from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';
import type { Checking } from './checking.ts';
import { doubtsAbout } from './doubting.ts';
import type { Ledger } from './ledger.ts';
import type { Machine } from './machine.ts';
import { nameOf, shortOf } from './naming.ts';
import type { RemovalWitness } from './removal-witness.ts';

type Offer = Extract<WireMessage, { kind: 'auditOffer' }>;
type Part = Extract<WireMessage, { kind: 'auditDraw' | 'auditOpen' }>;
type Answer = Extract<WireMessage, { kind: 'auditAnswer' }>;

/** A pack stands near the end of one round and the beginning of the next. */
const questionsPerRoundMax = 2;

/** What a machine writes down stands in its log after so many looks at the clock. */
const lateTicks = 12;

interface Question extends Offer {
  readonly to: PeerId;
  /** As this agent and the other drew it. */
  readonly leaf: number | undefined;
  readonly atMs: number;
  readonly descriptor: PackDescriptor | undefined;
  /** What its audits had counted against the machine that is asked, when it was. */
  readonly failedBefore: number;
  /** The shard lies here too, and is to be removed. */
  readonly isForRemoval: boolean;
}

export interface AuditedWorld extends Checking {
  readonly ledger: Ledger;
}

/** Of one life of an agent. */
export class AuditWitness {
  readonly #world: AuditedWorld;
  readonly #machine: Machine;
  readonly #removals: RemovalWitness;
  /** Proofs of each machine that its audits counted when it last answered. */
  readonly #proven = new Map<PeerId, number>();
  readonly #askedMs = new Map<PackId, number[]>();
  readonly #questions = new Map<PeerId, Question>();
  /** The last part of each in a draw. */
  readonly #drawn = new Map<PeerId, Part>();
  /** Who has shown other bytes than it was asked for, and at how many ticks since the own log could have said so. */
  readonly #accused = new Map<PeerId, number>();
  /** When it last asked for a proof, by its own clock. */
  lastAskedMs: number | undefined;

  constructor(world: AuditedWorld, machine: Machine, removals: RemovalWitness) {
    this.#world = world;
    this.#machine = machine;
    this.#removals = removals;
  }

  disconnected(peer: PeerId): void {
    this.#questions.delete(peer);
  }

  /** After the core took it. */
  told(from: PeerId, message: WireMessage): void {
    if (message.kind === 'auditDraw') this.#drawn.set(from, message);
    if (message.kind === 'auditAnswer') this.#answered(from, message);
  }

  /** Who has not answered in time has failed, and is not waited for any more. */
  ticked(now: number): void {
    const { core } = this.#machine.shell ?? {};
    if (core === undefined) return;
    this.#lookForDoubts();
    for (const [peer, question] of this.#questions) {
      if (now - question.atMs < auditAnswerMsMax) continue;
      this.#questions.delete(peer);
      if (core.audit.countOf(peer).failed <= question.failedBefore)
        this.#world.violate('audits', this.#machine, `waits for the proof of ${shortOf(question)} for ever`);
    }
  }

  /** Before it is sent. `nowMs`: by its own clock. */
  ordered({ to, message }: Extract<CoreEffect, { kind: 'send' }>, nowMs: number): void {
    if (message.kind === 'auditOffer') this.#asks(to, message, nowMs);
    if (message.kind === 'auditOpen') this.#opens(to, message);
  }

  /** One question at a time of each machine, one for audits, and of no pack more often than once in a round, but for fresh receipts. */
  #asks(to: PeerId, offer: Offer, now: number): void {
    const { shell } = this.#machine;
    // It may be freed in the very moment in which it is asked about.
    const descriptor = this.#world.ledger.descriptorOf(offer.pack);
    const isForRemoval = shell?.core.shelf.get(offer.pack)?.held.has(offer.index) === true;
    const failedBefore = shell?.core.audit.countOf(to).failed ?? 0;
    this.#world.count('audits');
    const others = [...this.#questions].filter(([, { atMs }]) => now - atMs < auditAnswerMsMax);
    const isTooMany = others.some(
      ([peer, question]) => peer === to || !(isForRemoval || question.isForRemoval),
    );
    if (isTooMany)
      this.#world.violate('audits', this.#machine, 'asks for a proof while it waits for another');
    this.#questions.set(to, {
      ...offer,
      to,
      leaf: undefined,
      atMs: now,
      descriptor,
      failedBefore,
      isForRemoval,
    });
    if (isForRemoval) return;
    this.lastAskedMs = now;
    if (descriptor?.owner === this.#machine.peer) return;
    const lately = (this.#askedMs.get(offer.pack) ?? []).filter((atMs) => now - atMs < auditRoundMsMin);
    this.#askedMs.set(offer.pack, [...lately, now]);
    if (lately.length >= questionsPerRoundMax)
      this.#world.violate('audits', this.#machine, `asks for ${shortOf(offer)} too often in a day`);
  }

  /** The leaf that both have drawn, worked out once more. */
  #opens(to: PeerId, shown: Part): void {
    const { pack, index, part: askerPart } = shown;
    const [question, drawn] = [this.#questions.get(to), this.#drawn.get(to)];
    if (question === undefined || drawn === undefined) return;
    if (nameOf(question) !== nameOf(shown) || nameOf(drawn) !== nameOf(shown)) return;
    const parts = { asker: this.#machine.peer, holder: to, askerPart, holderPart: drawn.part };
    const leafCount = leafCountOf(question.descriptor?.shardBytes ?? 0);
    const leaf = drawnLeaf({ ...parts, pack, index, leafCount });
    this.#questions.set(to, { ...question, leaf });
  }

  /** Its word about this shard is not believed any more; and what was shown in bad faith is written down. */
  #failed(from: PeerId, { pack, index, proof }: Answer): void {
    const known = this.#machine.shell?.core.shelf.get(pack);
    if (known?.others.has(index, from) === true)
      this.#world.violate(
        'audits',
        this.#machine,
        `still believes that another has ${shortOf({ pack })}, which that could not show`,
      );
    if (proof !== undefined && !this.#accused.has(from)) this.#accused.set(from, 0);
  }

  /** Other bytes than were asked for are reason enough for a doubt, which stands in the own log soon. */
  #lookForDoubts(): void {
    const { core, mayPublish } = this.#machine.shell ?? {};
    if (core === undefined) return;
    for (const [peer, ticks] of this.#accused) {
      const isHeld = !core.ownLog.isSure || mayPublish !== true;
      const isOver = core.membership.pardonedMs(peer) !== undefined || this.#machine.hasLied;
      this.#accused.set(peer, isHeld ? 0 : ticks + 1);
      if (ticks < lateTicks && !isOver) continue;
      this.#accused.delete(peer);
      if (isOver) continue;
      this.#world.count('audits');
      if (!this.#hasDoubted(peer))
        this.#world.violate(
          'audits',
          this.#machine,
          `has not written down that it doubts ${core.membership.nameOf(peer)}, which showed other bytes`,
        );
    }
  }

  #hasDoubted(peer: PeerId): boolean {
    const { peer: self, shelves } = this.#machine;
    const last = doubtsAbout(peer, shelves.logs.get(logName(self, 'facts'))?.batches ?? []).at(-1);
    return last !== undefined && last.record.evidence.length > 0;
  }

  /** Only a true proof of what was asked counts as one. */
  #answered(from: PeerId, answer: Answer): void {
    this.#world.count('audits');
    const question = this.#questions.get(from);
    const { leaf, proof } = answer;
    const isAsked =
      question !== undefined &&
      nameOf(question) === nameOf(answer) &&
      (proof === undefined || question.leaf === leaf);
    const isTrue =
      isAsked &&
      proof !== undefined &&
      question.descriptor !== undefined &&
      leafMatches(question.descriptor, answer, proof);
    const before = this.#proven.get(from) ?? 0;
    const proven = this.#machine.shell?.core.audit.countOf(from).proven ?? 0;
    this.#proven.set(from, proven);
    if (isAsked) this.#questions.delete(from);
    if (isTrue) this.#removals.shown(from, answer);
    if (isAsked && !isTrue) this.#failed(from, answer);
    if (proven > before && !isTrue)
      this.#world.violate(
        'audits',
        this.#machine,
        `takes a proof of ${shortOf(answer)} that is none for one`,
      );
  }
}

// Asks the other holders of what is held here to prove that they still have their shards, one leaf at a time, and answers
// the same. Whoever fails is not believed any more about that shard, and people hear of it; it is not put out.

import type { UnixMs } from '../../datasets/index.ts';
import { leafCountOf, leafMatches, type LeafProof, type ShardKey, type WireMessage } from '../codec/index.ts';
import {
  auditAnswerMsMax,
  auditEveryMsMax,
  auditEveryMsMin,
  auditRoundMsMax,
  auditRoundMsMin,
  proofsMax,
} from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { CoreEvent } from './events.ts';
import type { Membership } from './membership.ts';
import { type KnownPack, noteLacks, type Shelf } from './shelf.ts';

export interface AuditCount {
  readonly proven: number;
  readonly failed: number;
  /** When the last proof came; undefined where there was none. */
  readonly provenMs: UnixMs | undefined;
  /** What was wrong with the last answer; undefined where nothing was. */
  readonly problem: string | undefined;
}

interface Question extends ShardKey {
  readonly peer: PeerId;
  readonly leaf: number;
  readonly askedMs: UnixMs;
}

/** Packs looked at in one tick in search of one that can be asked about. */
const packsPerTick = 64;

const nothing: AuditCount = {
  proven: 0,
  failed: 0,
  provenMs: undefined,
  problem: undefined,
};

export class Audit {
  readonly #membership: Membership;
  readonly #shelf: Shelf;
  readonly #fraction: () => number;
  readonly #counts = new Map<PeerId, AuditCount>();
  #question: Question | undefined;
  /** Packs that are still to be asked about in this round. */
  #round: Iterator<PackId> = [].values();
  #roundNumber = 0;
  #nextRoundMs = 0;
  #nextMs = 0;
  /** Who waits for a proof that is being read. */
  readonly #proving = new Set<PeerId>();

  constructor(membership: Membership, shelf: Shelf, fraction: () => number) {
    this.#membership = membership;
    this.#shelf = shelf;
    this.#fraction = fraction;
  }

  /** What this agent found out about a machine since it started. */
  countOf(peer: PeerId): AuditCount {
    return this.#counts.get(peer) ?? nothing;
  }

  handle(event: CoreEvent): Effects {
    switch (event.kind) {
      case 'message':
        if (event.message.kind === 'auditAsk') return this.#asked(event.from, event.message);
        if (event.message.kind === 'auditAnswer') return this.#answered(event.from, event.message, event.now);
        return [];
      case 'shardProved':
        this.#proving.delete(event.to);
        return [answer(event.to, event, typeof event.outcome === 'string' ? undefined : event.outcome)];
      case 'disconnected':
        this.#proving.delete(event.peer);
        if (this.#question?.peer === event.peer) this.#question = undefined;
        return [];
      case 'tick':
        return this.#tick(event.now);
      default:
        return [];
    }
  }

  /** One question at a time is honest work; more of one peer, or of many at once, would keep the disk busy. */
  #asked(from: PeerId, { pack, index, leaf }: Extract<WireMessage, { kind: 'auditAsk' }>): Effects {
    if (this.#proving.has(from) || this.#proving.size >= proofsMax) return [];
    const known = this.#shelf.get(pack);
    const isHere = known?.held.has(index) === true;
    const leafCount = leafCountOf(known?.descriptor?.shardBytes ?? 0);
    if (!isHere || leaf >= leafCount) return [answer(from, { pack, index, leaf }, undefined)];
    this.#proving.add(from);
    return [{ kind: 'proveShard', to: from, shard: { place: 'held', pack, index }, leaf }];
  }

  #answered(from: PeerId, message: Extract<WireMessage, { kind: 'auditAnswer' }>, now: UnixMs): Effects {
    const question = this.#question;
    const isWanted =
      question?.peer === from &&
      question.pack === message.pack &&
      question.index === message.index &&
      question.leaf === message.leaf;
    if (!isWanted) return [];
    this.#question = undefined;
    const descriptor = this.#shelf.get(question.pack)?.descriptor;
    if (descriptor === undefined) return [];
    if (message.proof === undefined) return this.#failed(question, 'says that it does not have it');
    if (!leafMatches(descriptor, question, message.proof))
      return this.#failed(question, 'showed other bytes');
    const count = this.countOf(from);
    this.#counts.set(from, { ...count, proven: count.proven + 1, provenMs: now, problem: undefined });
    return [];
  }

  /** Its word about this shard counts no more: others keep what they have until somebody really holds it. */
  #failed({ peer, pack, index }: Question, problem: string): Effects {
    const count = this.countOf(peer);
    this.#counts.set(peer, { ...count, failed: count.failed + 1, problem });
    const known = this.#shelf.get(pack);
    if (known !== undefined) noteLacks(known, peer, index);
    const name = this.#membership.certificateOf(peer)?.name ?? peer;
    const text = `${name} was asked to prove a shard that it holds and ${problem}`;
    return [{ kind: 'report', level: 'warning', text }];
  }

  #tick(now: UnixMs): Effects {
    const question = this.#question;
    if (question !== undefined) {
      if (now - question.askedMs < auditAnswerMsMax) return [];
      this.#question = undefined;
      return this.#failed(question, 'did not answer');
    }
    if (now < this.#nextMs || this.#shelf.heldShards === 0) return [];
    this.#nextMs = now + this.#waitMs();
    return this.#askNext(now);
  }

  #waitMs(): number {
    const waitMs = auditRoundMsMax / this.#shelf.packs.size;
    return Math.min(auditEveryMsMax, Math.max(auditEveryMsMin, waitMs));
  }

  /** The next pack of the round of which another holder can be asked. */
  #askNext(now: UnixMs): Effects {
    for (let looked = 0; looked < packsPerTick; looked++) {
      const { value: pack, done } = this.#round.next();
      if (done === true) return this.#beginRound(now);
      const question = this.#questionAbout(this.#shelf.get(pack), now);
      if (question === undefined) continue;
      this.#question = question;
      const { peer: to, index, leaf } = question;
      return [{ kind: 'send', to, message: { kind: 'auditAsk', pack, index, leaf } }];
    }
    return [];
  }

  #beginRound(now: UnixMs): Effects {
    if (now < this.#nextRoundMs) return [];
    this.#nextRoundMs = now + auditRoundMsMin;
    this.#roundNumber++;
    this.#round = this.#shelf.packs.keys();
    return [];
  }

  /** Each round another holder of the pack is asked, so that in n − 1 rounds each was asked by each. */
  #questionAbout(known: KnownPack | undefined, now: UnixMs): Question | undefined {
    if (known?.descriptor === undefined || known.held.size === 0) return undefined;
    const members = this.#shelf.groupOf(known)?.members ?? [];
    const slot = members.indexOf(this.#membership.self);
    if (slot < 0 || members.length < 2) return undefined;
    const index = (slot + 1 + (this.#roundNumber % (members.length - 1))) % members.length;
    const peer = members[index]!;
    if (!this.#membership.up.has(peer) || known.others.get(index)?.has(peer) !== true) return undefined;
    const leaf = Math.floor(this.#fraction() * leafCountOf(known.descriptor.shardBytes));
    return { pack: known.pack, index, peer, leaf, askedMs: now };
  }
}

function answer(
  to: PeerId,
  { pack, index, leaf }: ShardKey & { readonly leaf: number },
  proof: LeafProof | undefined,
): CoreEffect {
  const shard = { kind: 'auditAnswer', pack, index, leaf } as const;
  return { kind: 'send', to, message: proof === undefined ? shard : { ...shard, proof } };
}

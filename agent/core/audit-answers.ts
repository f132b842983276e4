// Answers whoever audits this machine: draws the leaf with the asker, has the shard read, shows the leaf. What others have to show is for audit.ts.

import type { UnixMs } from '../../datasets/index.ts';
import { leafCountOf, type LeafProof, type ShardKey, type WireMessage } from '../codec/index.ts';
import { proofsMax, queuedProofsMax } from '../limits.ts';
import type { PeerId } from '../units.ts';
import { drawnLeaf, newPart, OfferedDraws } from './audit-draws.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { EventOf } from './events.ts';
import type { Shelf } from './shelf.ts';

type Offer = Extract<WireMessage, { kind: 'auditOffer' }>;
type Part = Extract<WireMessage, { kind: 'auditDraw' | 'auditOpen' }>;
/** A leaf to be shown. */
type Ask = ShardKey & { readonly leaf: number };

export interface AnswerParts {
  readonly self: PeerId;
  readonly shelf: Shelf;
  /** Uniform in [0, 1). */
  readonly fraction: () => number;
}

export class AuditAnswers {
  readonly #self: PeerId;
  readonly #shelf: Shelf;
  readonly #fraction: () => number;
  readonly #offers = new OfferedDraws();
  /** For whom a proof is being read, also where it went away meanwhile: the reading goes on. */
  readonly #proving = new Set<PeerId>();
  /** Questions that wait until a proof was read, the last one of each machine. */
  readonly #queue = new Map<PeerId, Ask>();

  constructor({ self, shelf, fraction }: AnswerParts) {
    this.#self = self;
    this.#shelf = shelf;
    this.#fraction = fraction;
  }

  /** Whether a proof is read for it, or will be. */
  isFor(peer: PeerId): boolean {
    return this.#proving.has(peer) || this.#queue.has(peer);
  }

  /** It went away: what is not read yet need not be. */
  forget(peer: PeerId): void {
    this.#queue.delete(peer);
  }

  offered(from: PeerId, offer: Offer, now: UnixMs): Effects {
    const { pack, index } = offer;
    if (this.#shelf.get(pack)?.held.has(index) !== true)
      return [answer(from, { pack, index, leaf: 0 }, undefined)];
    const part = newPart(this.#fraction);
    if (!this.#offers.take(from, offer, { holderPart: part, now })) return [];
    return [{ kind: 'send', to: from, message: { kind: 'auditDraw', pack, index, part } }];
  }

  opened(from: PeerId, opened: Part): Effects {
    const { pack, index, part: askerPart } = opened;
    const holderPart = this.#offers.open(from, opened);
    if (holderPart === undefined) return [];
    const holder = this.#self;
    const leafCount = leafCountOf(this.#shelf.get(pack)?.shardBytes ?? 0);
    const leaf = drawnLeaf({ asker: from, holder, pack, index, askerPart, holderPart, leafCount });
    return this.#asked(from, { pack, index, leaf });
  }

  proved({ to, pack, index, leaf, outcome }: EventOf<'shardProved'>): Effects {
    this.#proving.delete(to);
    // Whoever asks hears nothing, and asks again: it is not gone.
    if (outcome === 'unread') return this.#proveNext();
    const proof = typeof outcome === 'string' ? undefined : outcome;
    return [answer(to, { pack, index, leaf }, proof), ...this.#proveNext()];
  }

  /** One question of each machine at a time, a few in all: each reads a whole shard. What must wait is answered in its turn. */
  #asked(from: PeerId, ask: Ask): Effects {
    if (!this.#proving.has(from) && this.#proving.size < proofsMax) return this.#prove(from, ask);
    if (this.#queue.size < queuedProofsMax || this.#queue.has(from)) this.#queue.set(from, ask);
    return [];
  }

  #prove(from: PeerId, { pack, index, leaf }: Ask): Effects {
    // It may have gone while the question waited.
    const isHere = this.#shelf.get(pack)?.held.has(index) === true;
    if (!isHere) return [answer(from, { pack, index, leaf }, undefined)];
    this.#proving.add(from);
    return [{ kind: 'proveShard', to: from, shard: { place: 'held', pack, index }, leaf }];
  }

  #proveNext(): Effects {
    const effects: CoreEffect[] = [];
    for (const [from, ask] of this.#queue) {
      if (this.#proving.size >= proofsMax) break;
      if (this.#proving.has(from)) continue;
      this.#queue.delete(from);
      effects.push(...this.#prove(from, ask));
    }
    return effects;
  }
}

function answer(to: PeerId, { pack, index, leaf }: Ask, proof: LeafProof | undefined): CoreEffect {
  const shard = { kind: 'auditAnswer', pack, index, leaf } as const;
  return { kind: 'send', to, message: proof === undefined ? shard : { ...shard, proof } };
}

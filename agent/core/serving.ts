// Answers what other members ask of the shards here: streams them, a few at once, shows parts of them to their owner, or says that they are
// not here. Nobody else is shown parts: a holder that keeps nothing could answer audits with them (docs/THREATS.md).

import type { ShardRange, WireMessage } from '../codec/index.ts';
import {
  queuedPullsMax,
  queuedPullsPerPeerMax,
  rangeReadsMax,
  rangeReadsPerPeerMax,
  shardSendsMax,
} from '../limits.ts';
import type { ShardLocation, ShardPlace } from '../ports.ts';
import type { PackId, PeerId } from '../units.ts';
import type { Copies } from './copies.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { CoreEvent, EventOf } from './events.ts';
import { Placement } from './placement.ts';
import type { Shelf } from './shelf.ts';

interface Send {
  readonly to: PeerId;
  readonly shard: ShardLocation;
}

export class Serving {
  readonly hears = ['message', 'shardSent', 'rangeRead', 'disconnected'] as const;
  readonly #shelf: Shelf;
  readonly #copies: Copies;
  #queue: Send[] = [];
  /** Of how many in the queue each is the receiver. */
  readonly #queuedFor = new Map<PeerId, number>();
  #sending = 0;
  /** Of how many shards each is the receiver. */
  readonly #sendingTo = new Map<PeerId, number>();
  /** For whom how many ranges are being read, also where it went away meanwhile: the reading goes on. */
  readonly #readingFor = new Map<PeerId, number>();
  #reading = 0;

  constructor(shelf: Shelf, copies: Copies) {
    this.#shelf = shelf;
    this.#copies = copies;
  }

  /** Shards on their way out or waiting for it. */
  get sendCount(): number {
    return this.#queue.length + this.#sending;
  }

  /** Whether shards or parts of them are on their way to a machine, or wait for it. */
  isFor(peer: PeerId): boolean {
    return this.#sendingTo.has(peer) || this.#queuedFor.has(peer) || this.#readingFor.has(peer);
  }

  handle(event: EventOf<Serving['hears'][number]>): Effects {
    switch (event.kind) {
      case 'message':
        if (event.message.kind === 'shardPull')
          return this.#pulled(event.from, event.message.pack, event.message.index);
        if (event.message.kind === 'shardsAsk') return this.#asked(event.from, event.message.packs);
        if (event.message.kind === 'rangeAsk') return this.#rangeAsked(event.from, event.message);
        return [];
      case 'rangeRead':
        this.#reading--;
        count(this.#readingFor, event.to, -1);
        return [rangeAnswer(event.to, event.range, event.bytes)];
      case 'shardSent':
        this.#sending--;
        count(this.#sendingTo, event.to, -1);
        return [...this.#ended(event), ...this.#next()];
      case 'disconnected':
        this.#queue = this.#queue.filter(({ to }) => to !== event.peer);
        this.#queuedFor.delete(event.peer);
        return [];
    }
  }

  #pulled(to: PeerId, pack: PackId, index: number): Effects {
    const place = this.#placeOf(pack, index);
    const isFull =
      this.#queue.length >= queuedPullsMax || (this.#queuedFor.get(to) ?? 0) >= queuedPullsPerPeerMax;
    if (place === undefined || isFull) return [missing(to, pack, index)];
    this.#queue.push({ to, shard: { place, pack, index } });
    count(this.#queuedFor, to, 1);
    return this.#next();
  }

  #placeOf(pack: PackId, index: number): ShardPlace | undefined {
    const known = this.#shelf.get(pack);
    if (known !== undefined && Placement.indexesHere(known).includes(index))
      return known.held.has(index) ? 'held' : 'outbox';
    return this.#copies.indexesOf(pack).has(index) ? 'copy' : undefined;
  }

  #rangeAsked(
    to: PeerId,
    { pack, index, offset, length }: WireMessage & { readonly kind: 'rangeAsk' },
  ): Effects {
    const range = { pack, index, offset, length };
    const descriptor = this.#shelf.get(pack)?.descriptor ?? this.#copies.descriptorOf(pack);
    const place = this.#placeOf(pack, index);
    const isBusy = this.#reading >= rangeReadsMax || (this.#readingFor.get(to) ?? 0) >= rangeReadsPerPeerMax;
    const isInside = offset + length <= (descriptor?.shardBytes ?? 0);
    if (place === undefined || descriptor?.owner !== to || !isInside || isBusy)
      return [rangeAnswer(to, range, undefined)];
    this.#reading++;
    count(this.#readingFor, to, 1);
    return [{ kind: 'readRange', to, place, range }];
  }

  #next(): Effects {
    const effects: CoreEffect[] = [];
    while (this.#sending < shardSendsMax) {
      const send = this.#takeNext();
      if (send === undefined) break;
      this.#sending++;
      count(this.#queuedFor, send.to, -1);
      count(this.#sendingTo, send.to, 1);
      effects.push({ kind: 'sendShard', ...send });
    }
    return effects;
  }

  /** The oldest of a machine to which nothing is on its way; else the oldest: who asks for much takes only what nobody else wants. */
  #takeNext(): Send | undefined {
    const others = this.#queuedFor.keys().some((peer) => !this.#sendingTo.has(peer));
    const at = others ? this.#queue.findIndex(({ to }) => !this.#sendingTo.has(to)) : 0;
    return this.#queue.splice(at, 1)[0];
  }

  /** `damaged`: the shard was not what its pack promises when it was read here, and was not sent. Who is told of a rest asks others, or again. */
  #ended({ to, shard, outcome }: Extract<CoreEvent, { kind: 'shardSent' }>): Effects {
    const { pack, index } = shard;
    if (outcome === 'resting') return [{ kind: 'send', to, message: { kind: 'shardRefused', pack, index } }];
    return outcome === 'damaged' ? [missing(to, pack, index)] : [];
  }

  /** Copies are not told: whoever asks counts what is safe. */
  #asked(to: PeerId, packs: readonly PackId[]): Effects {
    const held = packs.flatMap((pack) => {
      const known = this.#shelf.get(pack);
      if (known?.descriptor === undefined) return [];
      const indexes = Placement.indexesHere(known);
      return indexes.length === 0 ? [] : [{ descriptor: known.descriptor, indexes }];
    });
    return [{ kind: 'send', to, message: { kind: 'shardsHeld', held } }];
  }
}

function count(counts: Map<PeerId, number>, peer: PeerId, change: 1 | -1): void {
  const next = (counts.get(peer) ?? 0) + change;
  if (next > 0) counts.set(peer, next);
  else counts.delete(peer);
}

const missing = (to: PeerId, pack: PackId, index: number): CoreEffect => ({
  kind: 'send',
  to,
  message: { kind: 'shardMissing', pack, index },
});

function rangeAnswer(to: PeerId, range: ShardRange, bytes: Uint8Array | undefined): CoreEffect {
  const answer = { kind: 'rangeAnswer', ...range } as const;
  return { kind: 'send', to, message: bytes === undefined ? answer : { ...answer, bytes } };
}

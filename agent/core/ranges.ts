// Asks holders for a few bytes of an own pack, for a file that is small beside it: each stretch from the nearest machine that has the slice
// it lies in. No word is believed here: whoever wanted the bytes has the key, and sees by the seals whether they are right. Where a stretch
// cannot be had at once, the wish has failed, and the pack is fetched whole (restore.ts), from any k shards and checked shard by shard.

import type { UnixMs } from '../../datasets/index.ts';
import type { PackDescriptor, ShardRange, WireMessage } from '../codec/index.ts';
import { rangeAnswerMsMax, rangeBytesMax, rangeSilenceMs, rangeWishesMax } from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { EventOf } from './events.ts';
import { type NextTime, timeAfter } from './next-time.ts';
import { Sources, type SourcesParts } from './sources.ts';

type Wanted = EventOf<'rangeWanted'>;
type Answer = Extract<WireMessage, { kind: 'rangeAnswer' }>;

/** A stretch of the pack inside one shard. */
interface Piece {
  readonly range: ShardRange;
  /** Where its bytes belong among those that were wanted. */
  readonly at: number;
  /** Which shards have it. */
  readonly indexes: readonly number[];
  readonly sources: Sources;
  asked: { readonly index: number; readonly from: PeerId } | undefined;
  isHere: boolean;
}

interface Wish {
  readonly wish: number;
  readonly pack: PackId;
  readonly pieces: readonly Piece[];
  readonly bytes: Uint8Array;
  readonly senders: Set<PeerId>;
  /** Whoever was asked has answered by then. */
  readonly end: NextTime;
}

export class Ranges {
  readonly hears = ['rangeWanted', 'message', 'connected', 'disconnected', 'tick'] as const;
  readonly #parts: SourcesParts;
  readonly #wishes = new Set<Wish>();
  /** Who has not answered, and until when nothing is asked of it. */
  readonly #silent = new Map<PeerId, NextTime>();

  constructor(parts: SourcesParts) {
    this.#parts = parts;
  }

  /** Whether bytes of a machine are waited for. */
  isWaitingFor(peer: PeerId): boolean {
    for (const { pieces } of this.#wishes) if (pieces.some(({ asked }) => asked?.from === peer)) return true;
    return false;
  }

  handle(event: EventOf<Ranges['hears'][number]>): Effects {
    switch (event.kind) {
      case 'rangeWanted':
        return this.#wanted(event);
      case 'message':
        return event.message.kind === 'rangeAnswer' ? this.#answered(event.from, event.message) : [];
      case 'connected':
        return this.#pursueAll();
      case 'disconnected':
        return this.#left(event.peer);
      case 'tick':
        return this.#wishes.size === 0 ? [] : this.#expire(event.now);
    }
  }

  #wanted({ wish, descriptor, offset, length, now }: Wanted): Effects {
    const { membership, shelf } = this.#parts;
    const isOwn = descriptor.owner === membership.self;
    const isInside = length > 0 && offset + length <= descriptor.packBytes;
    const isHere = shelf.get(descriptor.pack)?.isInOutbox === true;
    if (!isOwn || !isInside || isHere || this.#wishes.size >= rangeWishesMax)
      return [{ kind: 'rangeReady', wish, bytes: undefined, from: [] }];
    const added: Wish = {
      wish,
      pack: descriptor.pack,
      pieces: this.#piecesOf(descriptor, offset, length),
      bytes: new Uint8Array(length),
      senders: new Set(),
      end: timeAfter(rangeAnswerMsMax, now),
    };
    this.#wishes.add(added);
    return this.#pursue(added);
  }

  #answered(from: PeerId, { pack, index, offset, length, bytes }: Answer): Effects {
    for (const wish of this.#wishes) {
      if (wish.pack !== pack) continue;
      const piece = wish.pieces.find(
        ({ asked, range }) =>
          asked?.from === from && asked.index === index && range.offset === offset && range.length === length,
      );
      if (piece === undefined) continue;
      piece.asked = undefined;
      if (bytes?.length === length) {
        wish.bytes.set(bytes, piece.at);
        wish.senders.add(from);
        piece.isHere = true;
      }
      return this.#pursue(wish);
    }
    return [];
  }

  #left(peer: PeerId): Effects {
    for (const { pieces } of this.#wishes)
      for (const piece of pieces) if (piece.asked?.from === peer) piece.asked = undefined;
    return this.#pursueAll();
  }

  #pursueAll(): Effects {
    return [...this.#wishes].flatMap((wish) => this.#pursue(wish));
  }

  /** Asks for what is neither here nor asked for. Over when all is here, or when nobody is left to ask for a part of it. */
  #pursue(wish: Wish): Effects {
    const effects: CoreEffect[] = [];
    for (const piece of wish.pieces) {
      if (piece.isHere || piece.asked !== undefined) continue;
      const { range, sources } = piece;
      const [index] = sources.nearestFirst(piece.indexes);
      const from = index === undefined ? undefined : sources.nearest(index);
      if (index === undefined || from === undefined) return this.#end(wish, undefined);
      // In a large fleet it is called, and may answer still.
      if (!this.#parts.membership.up.has(from)) continue;
      piece.asked = { index, from };
      sources.tried(index, from);
      effects.push({ kind: 'send', to: from, message: { kind: 'rangeAsk', ...range, index } });
    }
    return wish.pieces.every(({ isHere }) => isHere) ? this.#end(wish, wish.bytes) : effects;
  }

  #expire(now: UnixMs): Effects {
    for (const [peer, end] of this.#silent) if (end.hasCome(now)) this.#silent.delete(peer);
    const effects: CoreEffect[] = [];
    for (const wish of this.#wishes) {
      if (!wish.end.hasCome(now)) continue;
      for (const { asked } of wish.pieces)
        if (asked !== undefined) this.#silent.set(asked.from, timeAfter(rangeSilenceMs, now));
      effects.push(...this.#end(wish, undefined));
    }
    return effects;
  }

  #end(wish: Wish, bytes: Uint8Array | undefined): Effects {
    this.#wishes.delete(wish);
    return [{ kind: 'rangeReady', wish: wish.wish, bytes, from: [...wish.senders] }];
  }

  #piecesOf(descriptor: PackDescriptor, offset: number, length: number): readonly Piece[] {
    const { pack, redundancy, shardBytes } = descriptor;
    const pieces: Piece[] = [];
    for (let at = 0; at < length;) {
      const index = Math.floor((offset + at) / shardBytes);
      const inShard = offset + at - index * shardBytes;
      const range = {
        pack,
        index,
        offset: inShard,
        length: Math.min(length - at, shardBytes - inShard, rangeBytesMax),
      };
      // Copies of the whole pack are alike.
      const indexes = redundancy.k === 1 ? Array.from({ length: redundancy.n }, (_, each) => each) : [index];
      const sources = this.#sourcesOf(descriptor, indexes);
      pieces.push({ range, at, indexes, sources, asked: undefined, isHere: false });
      at += range.length;
    }
    return pieces;
  }

  #sourcesOf(descriptor: PackDescriptor, indexes: readonly number[]): Sources {
    const sources = new Sources(this.#parts, descriptor, { hasCopies: true });
    for (const peer of this.#silent.keys()) for (const index of indexes) sources.tried(index, peer);
    for (const peer of indexes.flatMap((index) => sources.untriedOf(index)))
      this.#parts.membership.call(peer, 'now');
    return sources;
  }
}

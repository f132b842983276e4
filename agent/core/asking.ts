// Asks machines which shards of packs they have, each once: those that are connected at once, the others when they answer a call; who went away
// with the question is asked again when it is back in time. It is over when all have said something, or could not be reached. What they say is for restore.ts and survey.ts.

import type { UnixMs } from '../../datasets/index.ts';
import { shardRetryMs } from '../limits.ts';
import { askingMsMax, asksAtOnce } from '../mesh-limits.ts';
import type { PackId, PeerId } from '../units.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { Membership } from './membership.ts';

export class Asking {
  readonly #membership: Membership;
  readonly #untilMs: number;
  /** Who was not called yet, and about which packs each is to be asked. */
  readonly #later: Map<PeerId, readonly PackId[]>;
  readonly #called = new Map<PeerId, readonly PackId[]>();
  readonly #asked = new Map<PeerId, { readonly packs: readonly PackId[]; readonly atMs: UnixMs }>();
  /** Who went away before it answered. */
  readonly #left = new Map<PeerId, readonly PackId[]>();

  constructor(membership: Membership, packsOf: ReadonlyMap<PeerId, readonly PackId[]>, now: UnixMs) {
    this.#membership = membership;
    this.#later = new Map(packsOf);
    this.#untilMs = now + askingMsMax;
  }

  /** Whether an answer of this machine is waited for. */
  isWaitingFor(peer: PeerId): boolean {
    return this.#asked.has(peer) || this.#called.has(peer);
  }

  isOver(now: UnixMs): boolean {
    const isDone = this.#later.size + this.#called.size + this.#asked.size === 0;
    return isDone || now >= this.#untilMs;
  }

  /** It answered. */
  end(peer: PeerId): boolean {
    return this.#asked.delete(peer);
  }

  /** It went away: nobody waits for its answer. */
  left(peer: PeerId): boolean {
    const question = this.#asked.get(peer);
    if (question !== undefined) this.#left.set(peer, question.packs);
    return this.#asked.delete(peer);
  }

  /** Asks who is connected, calls the next few of the others, and gives up those that do not answer. Nobody when the time is over. */
  work(now: UnixMs): Effects {
    if (now >= this.#untilMs) return [];
    for (const [peer, { atMs }] of this.#asked) if (now - atMs >= shardRetryMs) this.#asked.delete(peer);
    const effects: CoreEffect[] = [];
    for (const waiting of [this.#left, this.#called, this.#later]) {
      for (const [to, packs] of waiting) {
        if (!this.#membership.up.has(to)) continue;
        waiting.delete(to);
        this.#asked.set(to, { packs, atMs: now });
        effects.push({ kind: 'send', to, message: { kind: 'shardsAsk', packs } });
      }
    }
    for (const peer of this.#called.keys()) if (!this.#membership.isExpected(peer)) this.#called.delete(peer);
    this.#callNext();
    return effects;
  }

  #callNext(): void {
    for (const [peer, packs] of this.#later) {
      if (this.#called.size + this.#asked.size >= asksAtOnce && this.#membership.isSparse) return;
      this.#later.delete(peer);
      this.#membership.call(peer, 'now');
      if (this.#membership.isExpected(peer)) this.#called.set(peer, packs);
    }
  }
}

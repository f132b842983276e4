// Pulls what this agent lacks of others' logs, answers what others lack, and spreads hints. It decides nothing about
// the contents: records are for the other machines, after they are stored.

import type { UnixMs } from '../../datasets/index.ts';
import { logName, type LogWant, type SignedBatch, type Stream } from '../codec/index.ts';
import { headsAfterAppendMs, headsEveryMs, recordsPerBatchMax } from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { CoreEvent } from './events.ts';
import type { Membership } from './membership.ts';

interface KnownLog {
  readonly author: PeerId;
  readonly stream: Stream;
  /** Sequence number of the next batch that the log wants, counting those that are being stored. */
  next: number;
}

export class Replication {
  readonly #membership: Membership;
  readonly #fraction: () => number;
  readonly #logs = new Map<string, KnownLog>();
  #nextHeadsMs = 0;

  constructor(membership: Membership, fraction: () => number) {
    this.#membership = membership;
    this.#fraction = fraction;
  }

  handle(event: CoreEvent): Effects {
    switch (event.kind) {
      case 'connected':
        return [this.#headsTo(event.peer, 'wanted')];
      case 'message':
        return this.#message(event);
      case 'hint':
        return this.#hint(event);
      case 'batchOpened':
        return this.#opened(event.batch, event.from);
      case 'batchStored':
        return this.#stored(event.batch, event.now);
      case 'tick':
        return this.#compareWithSomebody(event.now);
      default:
        return [];
    }
  }

  #message({ from, message }: Extract<CoreEvent, { kind: 'message' }>): Effects {
    if (message.kind === 'heads') return this.#heads(from, message.next, message.reply);
    if (message.kind === 'logPull') return [{ kind: 'sendBatches', to: from, want: message.want }];
    return [];
  }

  /** Sends what the other lacks; asks for what it lacks itself. */
  #heads(from: PeerId, theirs: readonly LogWant[], reply: 'wanted' | 'none'): Effects {
    const known = new Map(theirs.map((want) => [logName(want.author, want.stream), want.sequence]));
    const missing: LogWant[] = [];
    for (const [name, log] of this.#logs) {
      const sequence = known.get(name) ?? 0;
      if (sequence < log.next) missing.push({ author: log.author, stream: log.stream, sequence });
    }
    const lacking = theirs.filter((want) => want.sequence > this.#nextOf(want.author, want.stream));
    const effects: CoreEffect[] = [];
    if (missing.length > 0) effects.push({ kind: 'sendBatches', to: from, want: missing });
    if (lacking.length > 0 && reply === 'wanted') effects.push(this.#headsTo(from, 'none'));
    return effects;
  }

  #hint({ from, hint }: Extract<CoreEvent, { kind: 'hint' }>): Effects {
    const sequence = this.#nextOf(hint.author, hint.stream);
    if (hint.next <= sequence || hint.author === this.#membership.self) return [];
    const want = [{ author: hint.author, stream: hint.stream, sequence }];
    const to = this.#membership.up.has(hint.author) ? hint.author : from;
    return [{ kind: 'send', to, message: { kind: 'logPull', want } }];
  }

  #opened(batch: SignedBatch, from: PeerId): Effects {
    const log = this.#logOf(batch.author, batch.stream);
    // A machine that never got a certificate may not fill others' disks; its own roster entry comes with a statement.
    const isKnown =
      this.#membership.certificateOf(batch.author) !== undefined || batch.records.some(isCertificateLike);
    if (!isKnown || this.#membership.isRevoked(batch.author) || batch.records.length > recordsPerBatchMax)
      return [];
    const startsLate = log.next === 0 && batch.stream === 'telemetry';
    if (batch.sequence !== log.next && !startsLate) {
      if (batch.sequence < log.next) return [];
      const want = [{ author: batch.author, stream: batch.stream, sequence: log.next }];
      return [{ kind: 'send', to: from, message: { kind: 'logPull', want } }];
    }
    log.next = batch.sequence + 1;
    return [{ kind: 'storeBatch', batch }];
  }

  #stored(batch: SignedBatch, now: UnixMs): Effects {
    const log = this.#logOf(batch.author, batch.stream);
    log.next = Math.max(log.next, batch.sequence + 1);
    if (batch.author !== this.#membership.self) return [];
    this.#nextHeadsMs = Math.min(this.#nextHeadsMs, now + headsAfterAppendMs);
    return [{ kind: 'broadcast', hint: { author: batch.author, stream: batch.stream, next: log.next } }];
  }

  /** The log did not take a batch: ask again from where it really stands. */
  forget(batch: SignedBatch, next: number): void {
    this.#logOf(batch.author, batch.stream).next = next;
  }

  #compareWithSomebody(now: UnixMs): Effects {
    if (now < this.#nextHeadsMs) return [];
    this.#nextHeadsMs = now + headsEveryMs * (0.75 + 0.5 * this.#fraction());
    const peers = [...this.#membership.up];
    const peer = peers[Math.floor(this.#fraction() * peers.length)];
    return peer === undefined ? [] : [this.#headsTo(peer, 'wanted')];
  }

  #headsTo(to: PeerId, reply: 'wanted' | 'none'): CoreEffect {
    const next = [...this.#logs.values()].map((log) => ({
      author: log.author,
      stream: log.stream,
      sequence: log.next,
    }));
    return { kind: 'send', to, message: { kind: 'heads', next, reply } };
  }

  #nextOf(author: PeerId, stream: Stream): number {
    return this.#logs.get(logName(author, stream))?.next ?? 0;
  }

  #logOf(author: PeerId, stream: Stream): KnownLog {
    const name = logName(author, stream);
    const known = this.#logs.get(name);
    if (known !== undefined) return known;
    const log: KnownLog = { author, stream, next: 0 };
    this.#logs.set(name, log);
    return log;
  }
}

const isCertificateLike = (record: SignedBatch['records'][number]): boolean => record.kind === 'statement';

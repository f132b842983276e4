// Pulls what this agent lacks of others' logs, answers what others lack, and spreads hints. It decides nothing about
// the contents: records are for the other machines, after they are stored.

import { minutes, seconds, type UnixMs } from '../../datasets/index.ts';
import { type LogWant, type SignedBatch, type Stream } from '../codec/index.ts';
import {
  headsAfterAppendMs,
  headsEveryMs,
  headsOnConnect,
  recordsPerBatchMax,
  retryMsMin,
} from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { CoreEvent } from './events.ts';
import type { Membership } from './membership.ts';

interface KnownLog {
  readonly author: PeerId;
  readonly stream: Stream;
  /** Sequence number of the next batch that the log wants, counting those that are being stored. */
  next: number;
  /** How far a hint or a later batch said that the log goes. */
  heardNext: number;
  /** The last question for batches: from which one on, and when. */
  asked: { readonly sequence: number; readonly atMs: number } | undefined;
  /** In the comparison with this number the other side named the log, as far as `theirNext`. */
  comparison: number;
  theirNext: number;
}

/** A batch whose author is not known yet is asked for again after this long. */
const strangerRetryMs = seconds(2);

/** A machine that has just come up compares often, for this long: what it was sent before it knew the authors was refused. */
const youngMsMax = minutes(2);
const youngCompareMs = seconds(4);
const youngLogsMax = 64;

/** Up to this many logs are compared as often as `headsEveryMs` says. */
const logsComparedOften = 16;

export class Replication {
  readonly #membership: Membership;
  readonly #fraction: () => number;
  readonly #logs = { facts: new Map<PeerId, KnownLog>(), telemetry: new Map<PeerId, KnownLog>() };
  #comparison = 0;
  /** What all logs want next, as it is sent; undefined since one moved on. */
  #heads: readonly LogWant[] | undefined;
  /** Logs of which more is known to exist. */
  readonly #behind = new Set<KnownLog>();
  #nextHeadsMs = 0;
  #startedMs: number | undefined;

  constructor(membership: Membership, fraction: () => number) {
    this.#membership = membership;
    this.#fraction = fraction;
  }

  handle(event: CoreEvent): Effects {
    switch (event.kind) {
      case 'connected':
        return this.#greet(event.peer);
      case 'message':
        return this.#message(event);
      case 'hint':
        return this.#hint(event);
      case 'batchOpened':
        return this.#opened(event);
      case 'batchStored':
        return this.#stored(event.batch, event.now);
      case 'tick':
        return [...this.#catchUp(event.now), ...this.#compareWithSomebody(event.now)];
      default:
        return [];
    }
  }

  /** Compares logs with about the first few that connect: where hundreds come up, all with all would be the whole work. */
  #greet(peer: PeerId): Effects {
    const isChosen = Math.sqrt(this.#fraction()) * this.#membership.up.size < headsOnConnect;
    return isChosen ? [this.#headsTo(peer, 'wanted')] : [];
  }

  #message({ from, message }: Extract<CoreEvent, { kind: 'message' }>): Effects {
    if (message.kind === 'heads') return this.#compare(from, message.next, message.reply);
    if (message.kind === 'logPull') return [{ kind: 'sendBatches', to: from, want: message.want }];
    return [];
  }

  /** Sends what the other lacks; asks for what it lacks itself. */
  #compare(from: PeerId, theirs: readonly LogWant[], reply: 'wanted' | 'none'): Effects {
    // Hundreds of logs are compared at once: what they say is noted on the logs themselves, no table is built.
    const comparison = ++this.#comparison;
    let isBehind = false;
    for (const { author, stream, sequence } of theirs) {
      const log = this.#logs[stream].get(author);
      if (sequence > (log?.next ?? 0)) isBehind = true;
      if (log === undefined) continue;
      log.comparison = comparison;
      log.theirNext = sequence;
    }
    const missing: LogWant[] = [];
    for (const log of this.#all()) {
      const sequence = log.comparison === comparison ? log.theirNext : 0;
      if (sequence < log.next) missing.push({ author: log.author, stream: log.stream, sequence });
    }
    const effects: CoreEffect[] = [];
    if (missing.length > 0) effects.push({ kind: 'sendBatches', to: from, want: missing });
    if (isBehind && reply === 'wanted') effects.push(this.#headsTo(from, 'none'));
    return effects;
  }

  #hint({ from, hint, now }: Extract<CoreEvent, { kind: 'hint' }>): Effects {
    const log = this.#logOf(hint.author, hint.stream);
    if (hint.next <= log.next || hint.author === this.#membership.self) return [];
    log.heardNext = Math.max(log.heardNext, hint.next);
    this.#behind.add(log);
    return this.#ask(log, this.#membership.up.has(hint.author) ? hint.author : from, now);
  }

  #opened({ batch, from, now }: Extract<CoreEvent, { kind: 'batchOpened' }>): Effects {
    // A machine that never got a certificate may not fill others' disks; its own roster entry comes with a statement.
    const isKnown =
      this.#membership.certificateOf(batch.author) !== undefined || batch.records.some(isCertificateLike);
    if (this.#membership.isRevoked(batch.author) || batch.records.length > recordsPerBatchMax) return [];
    if (!isKnown) {
      // Its certificate is on its way in an admin's log: compare again soon.
      this.#nextHeadsMs = Math.min(this.#nextHeadsMs, now + strangerRetryMs);
      return [];
    }
    const log = this.#logOf(batch.author, batch.stream);
    const startsLate = log.next === 0 && batch.stream === 'telemetry';
    if (batch.sequence < log.next) return [];
    if (batch.sequence > log.next && !startsLate) {
      log.heardNext = Math.max(log.heardNext, batch.sequence + 1);
      this.#behind.add(log);
      return this.#ask(log, from, now);
    }
    this.#moveTo(log, batch.sequence + 1);
    return [{ kind: 'storeBatch', batch }];
  }

  /** What was asked for and did not come, or moved on meanwhile: ask again, the author or anybody. */
  #catchUp(now: UnixMs): Effects {
    const { up } = this.#membership;
    const effects: CoreEffect[] = [];
    for (const log of this.#behind) {
      if (log.next >= log.heardNext) this.#behind.delete(log);
      else {
        const to = up.has(log.author) ? log.author : this.#anybody();
        if (to !== undefined) effects.push(...this.#ask(log, to, now));
      }
    }
    return effects;
  }

  /**
   * Asks for what follows. Not at once again, because the answer is on its way, and the very same only after a while: a
   * batch that this agent cannot open would else be sent for ever.
   */
  #ask(log: KnownLog, to: PeerId, now: UnixMs): Effects {
    const { author, stream, next: sequence, asked } = log;
    const waitMs = asked?.sequence === sequence ? headsAfterAppendMs : retryMsMin;
    if (asked !== undefined && now - asked.atMs < waitMs) return [];
    log.asked = { sequence, atMs: now };
    return [{ kind: 'send', to, message: { kind: 'logPull', want: [{ author, stream, sequence }] } }];
  }

  #stored(batch: SignedBatch, now: UnixMs): Effects {
    const log = this.#logOf(batch.author, batch.stream);
    this.#moveTo(log, Math.max(log.next, batch.sequence + 1));
    if (batch.author !== this.#membership.self) return [];
    this.#nextHeadsMs = Math.min(this.#nextHeadsMs, now + headsAfterAppendMs);
    return [{ kind: 'broadcast', hint: { author: batch.author, stream: batch.stream, next: log.next } }];
  }

  /** The log did not take a batch: ask again from where it really stands. */
  forget(batch: SignedBatch, next: number): void {
    this.#moveTo(this.#logOf(batch.author, batch.stream), next);
  }

  #compareWithSomebody(now: UnixMs): Effects {
    this.#startedMs ??= now;
    if (now < this.#nextHeadsMs) return [];
    const logCount = this.#logs.facts.size + this.#logs.telemetry.size;
    const isYoung = now - this.#startedMs < youngMsMax && logCount <= youngLogsMax;
    // A comparison names every log: the more there are, the rarer it is.
    const everyMs = isYoung ? youngCompareMs : headsEveryMs * Math.max(1, logCount / logsComparedOften);
    this.#nextHeadsMs = now + everyMs * (0.75 + 0.5 * this.#fraction());
    const peer = this.#anybody();
    return peer === undefined ? [] : [this.#headsTo(peer, 'wanted')];
  }

  #anybody(): PeerId | undefined {
    const peers = [...this.#membership.up];
    return peers[Math.floor(this.#fraction() * peers.length)];
  }

  #headsTo(to: PeerId, reply: 'wanted' | 'none'): CoreEffect {
    this.#heads ??= Array.from(this.#all(), ({ author, stream, next: sequence }) => ({
      author,
      stream,
      sequence,
    }));
    return { kind: 'send', to, message: { kind: 'heads', next: this.#heads, reply } };
  }

  #moveTo(log: KnownLog, next: number): void {
    if (log.next !== next) this.#heads = undefined;
    log.next = next;
  }

  *#all(): Generator<KnownLog> {
    yield* this.#logs.facts.values();
    yield* this.#logs.telemetry.values();
  }

  #logOf(author: PeerId, stream: Stream): KnownLog {
    const known = this.#logs[stream].get(author);
    if (known !== undefined) return known;
    const log: KnownLog = {
      author,
      stream,
      next: 0,
      heardNext: 0,
      asked: undefined,
      comparison: 0,
      theirNext: 0,
    };
    this.#logs[stream].set(author, log);
    this.#heads = undefined;
    return log;
  }
}

const isCertificateLike = (record: SignedBatch['records'][number]): boolean => record.kind === 'statement';

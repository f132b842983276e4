// Pulls what this agent lacks of others' logs, answers what others lack, and spreads hints. It decides nothing about
// the contents: records are for the other machines, after they are stored.

import { type UnixMs } from '../../datasets/index.ts';
import { hexOf, type LogWant, type SignedBatch, type Stream } from '../codec/index.ts';
import {
  headsAfterAppendMs,
  headsEveryMs,
  headsOnConnect,
  logHashesKept,
  meetingMs,
  ownLogHashesKept,
  questionsInVainMax,
  retryMsMin,
  strangerLogsMax,
  waitingAskersMax,
} from '../limits.ts';
import type { PeerId } from '../units.ts';
import { Comparing } from './comparing.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { CoreEvent, EventOf } from './events.ts';
import type { KnownLength } from './acts.ts';
import { type Authors, type Heads, headsOf, isAmong, pagesOf } from './heads.ts';
import {
  certifiesItself,
  emptyLog,
  isAfterGivenUp,
  isKnownAuthor,
  isOtherThan,
  isUnfit,
  keepHash,
  type KnownLog,
  lengthOf,
  lengthTold,
} from './known-log.ts';
import type { Membership } from './membership.ts';
import { NextTime } from './next-time.ts';

interface HeadsWish {
  readonly reply: Heads['reply'];
  readonly authors?: Authors;
  readonly now: UnixMs;
}

/** Statements handed on by one life of an agent; an admin writes a few in a year, and each disk goes back once. */
const handedOnMax = 1024;

/** Up to this many logs are compared as often as `headsEveryMs` says. */
const logsComparedOften = 64;

export class Replication {
  readonly hears = ['connected', 'message', 'hint', 'batchOpened', 'batchStored', 'tick'] as const;
  readonly #membership: Membership;
  readonly #fraction: () => number;
  readonly #logs = { facts: new Map<PeerId, KnownLog>(), telemetry: new Map<PeerId, KnownLog>() };
  #comparison = 0;
  /** What all logs want next, as it is sent; undefined since one moved on. */
  #heads: readonly LogWant[] | undefined;
  /** Who is known to have written two histories. */
  readonly #forkedAuthors = new Set<PeerId>();
  /** Authors of telemetry with two histories. */
  readonly forkedInTelemetry = new Set<PeerId>();
  /** Logs of which more is known to exist. */
  readonly #behind = new Set<KnownLog>();
  /** Statements out of second histories that were written into the own log. */
  readonly #handedOn = new Set<string>();
  readonly #nextHeads = new NextTime();
  readonly #comparing: Comparing;
  /** When the first other machine was there. */
  #metMs: UnixMs | undefined;

  constructor(membership: Membership, fraction: () => number) {
    this.#membership = membership;
    this.#fraction = fraction;
    this.#comparing = new Comparing(membership);
  }

  handle(event: EventOf<Replication['hears'][number]>): Effects {
    switch (event.kind) {
      case 'connected':
        return this.#greet(event.peer, event.now);
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
    }
  }

  /** Compares logs with about the first few that connect: where hundreds come up, all with all would be the whole work. */
  #greet(peer: PeerId, now: UnixMs): Effects {
    if (this.#metMs === undefined) {
      this.#metMs = now;
      this.#nextHeads.waitFor(retryMsMin, now);
    }
    this.#comparing.connected(peer);
    const isChosen = Math.sqrt(this.#fraction()) * this.#membership.up.size < headsOnConnect;
    if (!isChosen) return [];
    // Two that are asked at once both send all that is missing: in a large fleet the second is asked when the first has answered.
    if (!this.#membership.isSparse || !this.#comparing.isUnderWay(now))
      return this.#headsTo(peer, { reply: 'wanted', now });
    this.#nextHeads.comeWithin(headsAfterAppendMs, now);
    return [];
  }

  #message({ from, message, now }: Extract<CoreEvent, { kind: 'message' }>): Effects {
    if (message.kind === 'heads') return this.#compare(from, message, now);
    if (message.kind !== 'logPull') return [];
    for (const want of message.want) this.#rememberAsker(from, want);
    // Who asks for its own log wants to know how much of it there is, and that there is no more.
    const isOwn = message.want.some(({ author, stream }) => author === from && stream === 'facts');
    return [
      { kind: 'sendBatches', to: from, want: message.want },
      ...(isOwn ? [lengthTold(this.#logs.facts.get(from) ?? emptyLog(from, 'facts'))] : []),
    ];
  }

  /** In a large fleet hints are faster than what they tell of: who asks for it too early gets it when it comes. */
  #rememberAsker(from: PeerId, { author, stream, sequence }: LogWant): void {
    const log = this.#logs[stream].get(author);
    if (!this.#membership.isSparse || log === undefined) return;
    if (sequence < log.storedNext || sequence >= log.heardNext) return;
    log.askers ??= new Set();
    if (log.askers.size < waitingAskersMax) log.askers.add(from);
  }

  /** Sends what the other lacks; asks for what it lacks itself. */
  #compare(from: PeerId, { next: theirs, reply, authors }: Heads, now: UnixMs): Effects {
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
    for (const logs of [this.#logs.facts, this.#logs.telemetry]) {
      for (const log of logs.values()) {
        if (!isAmong(authors, log.author)) continue;
        const sequence = log.comparison === comparison ? log.theirNext : 0;
        if (sequence < log.next) missing.push({ author: log.author, stream: log.stream, sequence });
      }
    }
    const effects: CoreEffect[] = [];
    if (missing.length > 0) effects.push({ kind: 'sendBatches', to: from, want: missing });
    // Where the words of both crossed it has these heads already, and sends what is missing here.
    if (isBehind && reply === 'wanted' && !this.#comparing.isWith(from, now))
      effects.push(...this.#headsTo(from, { reply: 'none', authors, now }));
    return effects;
  }

  #hint({ from, hint, now }: Extract<CoreEvent, { kind: 'hint' }>): Effects {
    const { author, stream, next } = hint;
    if (author === this.#membership.self || next <= (this.#logs[stream].get(author)?.next ?? 0)) return [];
    // Nobody signs hints: of names that no admin has signed either anybody may invent as many as it likes.
    if (this.#membership.certificateOf(author) === undefined && this.#behind.size >= strangerLogsMax)
      return [];
    const log = this.#logOf(author, stream);
    this.#hear(log, next);
    return this.#ask(log, this.#membership.up.has(author) ? author : from, now);
  }

  #opened({ batch, from, now }: Extract<CoreEvent, { kind: 'batchOpened' }>): Effects {
    // A machine that never got a certificate may not fill others' disks; its own one may come with the batch.
    const isKnown = isKnownAuthor(batch.author, this.#membership) || certifiesItself(batch, this.#membership);
    // Of a machine that was put out others hand on what they had before: its owner wants those files back on another one.
    const isFromOutside = this.#membership.isRevoked(batch.author) && from === batch.author;
    if (isFromOutside || isUnfit(batch, this.#membership)) return [];
    if (!isKnown && this.#behind.size >= strangerLogsMax) return [];
    const log = this.#logOf(batch.author, batch.stream);
    log.signedNext = Math.max(log.signedNext, batch.sequence + 1);
    if (!isKnown) {
      // Its certificate is on its way in an admin's log; what is dropped now is asked for once that is here.
      this.#hear(log, batch.sequence + 1);
      return [];
    }
    const isWanted = batch.sequence === log.next || isAfterGivenUp(batch, log);
    if (isOtherThan(batch, log)) return [...this.#forked(log, { batch, from, now }), ...this.#handOn(batch)];
    // Its author sends a batch again that it wants to hear of. Of old ones nobody knows whether they are of another history.
    if (batch.sequence < log.next && from === batch.author && log.hashes?.of(batch.sequence) !== undefined)
      return this.#confirm(log);
    // The same batch by another way, mostly while it is being stored, is no other history.
    const isSame = log.hashes?.of(batch.sequence) === batch.hash;
    if (batch.sequence < log.next) return isSame ? [] : this.#handOn(batch);
    if (!isWanted) {
      this.#hear(log, batch.sequence + 1);
      return this.#ask(log, from, now);
    }
    this.#moveTo(log, batch.sequence + 1);
    this.#keepHash(log, batch);
    return [{ kind: 'storeBatch', batch }];
  }

  /**
   * One author, one number, two batches, both signed: its disk was put back to an older image. The first that came is believed and
   * the other is not; the author is shown what it has forgotten, asks for all of it once, and shows what it said since.
   */
  #forked(
    log: KnownLog,
    {
      batch: { sequence },
      from,
      now,
    }: Pick<Extract<CoreEvent, { kind: 'batchOpened' }>, 'batch' | 'from' | 'now'>,
  ): Effects {
    const { author, stream } = log;
    const { self, up } = this.#membership;
    const wasForked = log.isForked;
    log.isForked = true;
    (stream === 'facts' ? this.#forkedAuthors : this.forkedInTelemetry).add(author);
    const effects: CoreEffect[] = [];
    if (author === self && !wasForked) {
      const want = [{ author, stream, sequence: 0 }];
      effects.push({ kind: 'send', to: from, message: { kind: 'logPull', want } });
      effects.push({ kind: 'sendBatches', to: from, want });
    }
    if (author !== self && up.has(author) && now - log.shownMs >= headsAfterAppendMs) {
      log.shownMs = now;
      effects.push({
        kind: 'sendBatches',
        to: author,
        want: [{ author, stream, sequence: Math.max(0, sequence - 1) }],
      });
    }
    if (wasForked) return effects;
    const name = this.#membership.nameOf(author);
    const text =
      author === self
        ? 'this machine was put back to an old image of its disk, or its folder was copied, and others know later words of it: `drey status` says what that means; join it again'
        : `${name} was put back to an old image of its disk: what it says since then is not believed; join it again`;
    return [...effects, { kind: 'report', level: 'problem', text }];
  }

  /**
   * What an admin signed holds in whatever history it stands: a machine that was put out stays out, also for those who refuse the log
   * that says so. What is news here is written into the own log, so that it is kept and others hear of it.
   */
  #handOn({ records }: SignedBatch): Effects {
    const news = records.filter((record) => {
      if (record.kind !== 'statement' || !this.#membership.isNews(record)) return false;
      const name = hexOf(record.bytes);
      if (this.#handedOn.has(name) || this.#handedOn.size >= handedOnMax) return false;
      this.#handedOn.add(name);
      return true;
    });
    return news.length === 0 ? [] : [{ kind: 'appendRecords', stream: 'facts', records: news }];
  }

  #hear(log: KnownLog, next: number): void {
    log.heardNext = Math.max(log.heardNext, next);
    this.#behind.add(log);
  }

  /**
   * What was asked for and did not come, or moved on meanwhile: ask again, the author or anybody. What nobody has after many questions was
   * hearsay, or comes up again when logs are compared with whoever has it.
   */
  #catchUp(now: UnixMs): Effects {
    const { up } = this.#membership;
    const effects: CoreEffect[] = [];
    for (const log of this.#behind) {
      if (log.askedCount >= questionsInVainMax) log.heardNext = log.next;
      if (log.next >= log.heardNext) this.#behind.delete(log);
      else if (isKnownAuthor(log.author, this.#membership)) {
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
    log.askedCount++;
    return [{ kind: 'send', to, message: { kind: 'logPull', want: [{ author, stream, sequence }] } }];
  }

  #stored(batch: SignedBatch, now: UnixMs): Effects {
    const log = this.#logOf(batch.author, batch.stream);
    this.#moveTo(log, Math.max(log.next, batch.sequence + 1));
    this.#keepHash(log, batch);
    log.storedNext = Math.max(log.storedNext, batch.sequence + 1);
    if (batch.author !== this.#membership.self) {
      const confirmed = batch.records.some(({ kind }) => kind === 'head') ? this.#confirm(log) : [];
      return log.askers === undefined ? confirmed : [...confirmed, ...this.#answerAskers(log, batch)];
    }
    this.#nextHeads.comeWithin(headsAfterAppendMs, now);
    return [{ kind: 'broadcast', hint: { author: batch.author, stream: batch.stream, next: log.next } }];
  }

  /** Those of all that is being stored too: what comes again meanwhile, by another way, is no other history. */
  #keepHash(log: KnownLog, batch: SignedBatch): void {
    const keptMax = batch.author === this.#membership.self ? ownLogHashesKept : logHashesKept;
    keepHash(log, batch, Math.max(keptMax, log.next - log.storedNext));
  }

  #answerAskers(log: KnownLog, { sequence }: SignedBatch): Effects {
    const { author, stream, askers = new Set() } = log;
    log.askers = undefined;
    const asked = [...askers].filter((peer) => this.#membership.up.has(peer));
    return asked.map((to) => ({ kind: 'sendBatches', to, want: [{ author, stream, sequence }] }));
  }

  /** How long each log of facts is: by batches that its author signed, and by what others say. */
  get knownFacts(): ReadonlyMap<PeerId, KnownLength> {
    const isMachine = (author: PeerId): boolean => this.#membership.certificateOf(author) !== undefined;
    return new Map([...this.#logs.facts].map(([author, log]) => [author, lengthOf(log, isMachine(author))]));
  }

  /** Batches of a machine's log of facts that are here, each signed by it: what others only spoke of does not count. */
  factsHere(author: PeerId): number {
    return this.#logs.facts.get(author)?.next ?? 0;
  }

  /** Whether the author of a log of facts is known to have written two histories. */
  isForked(author: PeerId): boolean {
    return this.#forkedAuthors.has(author);
  }

  get forkedAuthors(): ReadonlySet<PeerId> {
    return this.#forkedAuthors;
  }

  /** Tells an author how much of its log is safe here. */
  #confirm(log: KnownLog): Effects {
    return log.storedNext === 0 || !this.#membership.up.has(log.author) ? [] : [lengthTold(log)];
  }

  /** The log did not take a batch: ask again from where it really stands. */
  forget(batch: SignedBatch, next: number): void {
    const log = this.#logOf(batch.author, batch.stream);
    this.#moveTo(log, next);
    log.hashes?.forgetFrom(next);
    log.storedNext = Math.min(log.storedNext, next);
  }

  #compareWithSomebody(now: UnixMs): Effects {
    if (!this.#nextHeads.hasCome(now)) return [];
    // A comparison names every log, and every machine makes some: the more there are of both, the rarer it is.
    const count = Math.max(
      this.#membership.machines.length,
      this.#logs.facts.size + this.#logs.telemetry.size,
    );
    const everyMs = headsEveryMs * Math.max(1, count / logsComparedOften);
    const isMeeting = now - (this.#metMs ?? -Infinity) < meetingMs && !this.#membership.isSparse;
    const waitMs = (isMeeting ? retryMsMin : everyMs) * (0.75 + 0.5 * this.#fraction());
    this.#nextHeads.waitFor(waitMs, now);
    const peer = this.#anybody();
    return peer === undefined ? [] : this.#headsTo(peer, { reply: 'wanted', now });
  }

  #anybody(): PeerId | undefined {
    const peers = [...this.#membership.up];
    return peers[Math.floor(this.#fraction() * peers.length)];
  }

  #headsTo(to: PeerId, { reply, authors, now }: HeadsWish): Effects {
    this.#heads ??= headsOf([...this.#logs.facts.values(), ...this.#logs.telemetry.values()]);
    if (reply === 'wanted') this.#comparing.asked(to, now);
    return pagesOf(this.#heads, authors).map((page) => ({
      kind: 'send',
      to,
      message: { kind: 'heads', ...page, reply },
    }));
  }

  #moveTo(log: KnownLog, next: number): void {
    if (log.next === next) return;
    this.#heads = undefined;
    log.told = undefined;
    log.askedCount = 0;
    log.next = next;
  }

  #logOf(author: PeerId, stream: Stream): KnownLog {
    const known = this.#logs[stream].get(author);
    if (known !== undefined) return known;
    const log = emptyLog(author, stream);
    this.#logs[stream].set(author, log);
    this.#heads = undefined;
    return log;
  }
}

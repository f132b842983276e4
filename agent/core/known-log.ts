// What an agent remembers of one log besides the batches themselves: how far it goes here and elsewhere, who asked, its newest hashes.

import type { SignedBatch, LogWant, Stream } from '../codec/index.ts';
import { recordsPerBatchMax, telemetryAsksMin } from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { KnownLength } from './acts.ts';
import type { CoreEffect } from './effects.ts';
import type { Membership } from './membership.ts';
import { RecentHashes } from './recent-hashes.ts';

export interface KnownLog {
  readonly author: PeerId;
  readonly stream: Stream;
  /** Sequence number of the next batch that the log wants, counting those that are being stored. */
  next: number;
  /** The same as it is told to others; undefined since it moved on. */
  told: LogWant | undefined;
  /** The same of those that are flushed. */
  storedNext: number;
  /** How far a hint or a later batch said that the log goes; anybody may give a hint, and it may be a lie. */
  heardNext: number;
  /** How far it goes by the newest batch that was seen with its author's signature. */
  signedNext: number;
  /** The last question for batches: from which one on, and when. */
  asked: { readonly sequence: number; readonly atMs: number } | undefined;
  /** Questions since the log last moved on. */
  askedCount: number;
  /** In the comparison with this number the other side named the log, as far as `theirNext`. */
  comparison: number;
  theirNext: number;
  /** Of the newest batches here; undefined before the first. */
  hashes: RecentHashes | undefined;
  isForked: boolean;
  /** When its author was last shown what it forgot. */
  shownMs: number;
  /** Who asked for what is still on its way here. */
  askers: Set<PeerId> | undefined;
}

export const emptyLog = (author: PeerId, stream: Stream): KnownLog => ({
  author,
  stream,
  next: 0,
  told: undefined,
  storedNext: 0,
  heardNext: 0,
  signedNext: 0,
  asked: undefined,
  askedCount: 0,
  comparison: 0,
  theirNext: 0,
  hashes: undefined,
  isForked: false,
  shownMs: Number.NEGATIVE_INFINITY,
  askers: undefined,
});

export const lengthTold = ({ author, stream, storedNext: next }: KnownLog): CoreEffect => ({
  kind: 'send',
  to: author,
  message: { kind: 'logStored', stream, next },
});

/** How long a log is. Of names that no admin has signed anybody may invent as many as it likes: there words of others do not count. */
export function lengthOf({ next, heardNext, signedNext }: KnownLog, isOfMachine: boolean): KnownLength {
  const signed = Math.max(next, signedNext);
  return { signed, spokenOf: isOfMachine ? Math.max(signed, heardNext) : signed };
}

export function keepHash(log: KnownLog, { sequence, hash }: SignedBatch, keptMax: number): void {
  log.hashes ??= new RecentHashes();
  log.hashes.keep(sequence, { hash, keptMax });
}

/** Whether a log's author signed something else under the same number, or after other words; of old ones nobody knows any more. */
export function isOtherThan({ sequence, hash, previous }: SignedBatch, { hashes }: KnownLog): boolean {
  if (hashes === undefined) return false;
  return (hashes.of(sequence) ?? hash) !== hash || (hashes.of(sequence - 1) ?? previous) !== previous;
}

/**
 * Old telemetry is given up by all. Who was away for longer than that gets what is still there, from its beginning: nobody had what was asked for.
 */
export const isAfterGivenUp = (
  { sequence, stream }: SignedBatch,
  { next, asked, askedCount }: KnownLog,
): boolean =>
  stream === 'telemetry' &&
  sequence > next &&
  (next === 0 || (asked?.sequence === next && askedCount >= telemetryAsksMin));

/** A new machine may say itself who it is, in the words of an admin who is believed: names without them anybody may invent. */
export const certifiesItself = (batch: SignedBatch, membership: Membership): boolean =>
  membership
    .statementsIn(batch)
    .some(
      ({ statement, admin }) =>
        statement.kind === 'certificate' &&
        statement.peer === batch.author &&
        membership.authority.holds(admin, batch),
    );

/** Certified, or its log says who is: that of an admin whose key was put out counts when all that is left of it is here. */
export const isKnownAuthor = (author: PeerId, membership: Membership): boolean =>
  membership.certificateOf(author) !== undefined || membership.authority.isNamed(author);

/** Too long; or written anew by whoever was put out with its admin key, in place of words that still count. */
export const isUnfit = (batch: SignedBatch, membership: Membership): boolean =>
  batch.records.length > recordsPerBatchMax ||
  (batch.stream === 'facts' && membership.isRevoked(batch.author) && membership.authority.contradicts(batch));

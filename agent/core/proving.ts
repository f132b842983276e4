// When an agent restores some files of its own drives from the others, to know that it could restore all of them. How files are
// chosen, fetched and compared is for the shell; what came of it is kept here and told to people.

import { dayMs, minutes, type UnixMs } from '../../datasets/index.ts';
import { clockSkewMsMax, proofBytesPerDay, proofEveryMs, proofRetryMs, proofSettleMs } from '../limits.ts';
import type { DriveId, SnapshotId } from '../units.ts';
import type { Catalogue } from './catalogue.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { EventOf } from './events.ts';
import type { Membership } from './membership.ts';
import { Resting } from './resting.ts';

/** What one proof found. */
export interface ProofResult {
  readonly snapshot: SnapshotId;
  readonly atMs: UnixMs;
  /** Files of which all that was looked at came back as it was backed up. */
  readonly fileCount: number;
  /** Plain bytes that were fetched and compared. */
  readonly byteCount: number;
  /** Sealed bytes that the proof fetched, for the tree and the index too. */
  readonly fetchedBytes: number;
  /** Machines that sent shards for it. */
  readonly machineCount: number;
  /** Files that are unchanged here and were compared with what came back. */
  readonly comparedCount: number;
  /** `unreachable`: too few holders were there. `wrong`: what came was not what was backed up. */
  readonly verdict: 'proven' | 'unreachable' | 'wrong';
  /** Why files could not be restored, each reason once; names no file. */
  readonly reasons: readonly string[];
}

export interface DriveProof {
  readonly drive: DriveId;
  readonly last: ProofResult;
  /** The last one that was whole; undefined where there was none. */
  readonly proven: ProofResult | undefined;
}

/** Drives are looked through this often. */
const lookEveryMs = minutes(1);
/** A proof that was ordered and of which nothing came back is over. */
const proofMsMax = dayMs / 2;

export class Proving {
  readonly hears = ['started', 'powerChanged', 'pullsPaused', 'driveProved', 'tick'] as const;
  readonly #membership: Membership;
  readonly #catalogue: Catalogue;
  readonly #proofs = new Map<DriveId, DriveProof>();
  /** When the first snapshot was made that was seen of each drive: whoever saves all the time would else be proven never. */
  readonly #savedMs = new Map<DriveId, number>();
  /** When a proof of each was ordered last: one of which nothing ever comes back must not keep all others from theirs. */
  readonly #orderedMs = new Map<DriveId, UnixMs>();
  readonly #resting = new Resting();
  #nextLookMs = 0;
  #running: { readonly drive: DriveId; readonly sinceMs: UnixMs } | undefined;

  constructor(membership: Membership, catalogue: Catalogue) {
    this.#membership = membership;
    this.#catalogue = catalogue;
  }

  /** What is known of a drive of this machine; undefined before its first proof. */
  proofOf(drive: DriveId): DriveProof | undefined {
    return this.#proofs.get(drive);
  }

  handle(event: EventOf<Proving['hears'][number]>): Effects {
    switch (event.kind) {
      case 'started':
        for (const proof of event.proofs ?? []) this.#proofs.set(proof.drive, proof);
        return [];
      case 'powerChanged':
      case 'pullsPaused':
        this.#resting.handle(event);
        return [];
      case 'driveProved':
        return this.#proved(event.proof);
      case 'tick':
        return this.#tick(event.now);
    }
  }

  #proved(proof: DriveProof): Effects {
    const before = this.#proofs.get(proof.drive);
    this.#proofs.set(proof.drive, proof);
    if (this.#running?.drive === proof.drive) this.#running = undefined;
    const { verdict, reasons, fileCount } = proof.last;
    if (verdict === 'proven' || before?.last.verdict === verdict) return [];
    const text = `a proof that files of a drive can be restored failed (${fileCount} came back well): ${reasons[0] ?? 'nothing came'}`;
    return [{ kind: 'report', level: verdict === 'wrong' ? 'problem' : 'warning', text }];
  }

  /** One drive at a time, the one whose last try is longest ago first; none on battery, and none when nobody is there. */
  #tick(now: UnixMs): Effects {
    if (now < this.#nextLookMs) return [];
    this.#nextLookMs = now + lookEveryMs;
    if (this.#running !== undefined && now - this.#running.sinceMs < proofMsMax) return [];
    if (this.#resting.isOn || this.#membership.up.size === 0) return [];
    const [drive] = [...this.#catalogue.drives]
      .filter(([id, { owner }]) => owner === this.#membership.self && this.#dueMs(id, now) <= now)
      .map(([id]) => id)
      .toSorted((a, b) => this.#triedMs(a) - this.#triedMs(b));
    if (drive === undefined) return [];
    this.#running = { drive, sinceMs: now };
    this.#orderedMs.set(drive, now);
    const order: CoreEffect = { kind: 'proveDrive', drive };
    return [order];
  }

  #triedMs(drive: DriveId): number {
    return Math.max(this.#proofs.get(drive)?.last.atMs ?? 0, this.#orderedMs.get(drive) ?? 0);
  }

  /** What is dated a day ahead, or more, was dated by a clock that was set right since: it puts nothing off. */
  #dueMs(drive: DriveId, now: UnixMs): number {
    const head = this.#catalogue.drives.get(drive)?.heads.at(-1);
    if (head === undefined) return Number.POSITIVE_INFINITY;
    const last = this.#proofs.get(drive)?.last;
    if (last === undefined) {
      const savedMs = this.#savedMs.get(drive) ?? Math.min(head.atMs, now);
      this.#savedMs.set(drive, savedMs);
      return savedMs + proofSettleMs;
    }
    if (last.atMs > now + clockSkewMsMax) return now;
    if (last.verdict !== 'proven') return last.atMs + proofRetryMs;
    return last.atMs + Math.max(proofEveryMs, (last.fetchedBytes / proofBytesPerDay) * dayMs);
  }
}

// Watches over the other owners: who has gone silent, and whose files have not been saved for too long though it speaks (the owner may
// be the one that is broken, so others raise the alarm). It judges by what the logs say, over all restarts, and changes nothing.

import { days, hours, minutes, type UnixMs, unixMs } from '../../datasets/index.ts';
import type { SignedBatch } from '../codec/index.ts';
import {
  clockSkewMsMax,
  ownerSilenceMsMax,
  ownerSilenceMsMin,
  savedAgeMsMax,
  savedSayEveryMs,
  vigilSettleMs,
} from '../limits.ts';
import type { DriveId, PeerId } from '../units.ts';
import type { Catalogue } from './catalogue.ts';
import type { Effects } from './effects.ts';
import type { EventOf } from './events.ts';
import type { Membership } from './membership.ts';

export interface Silence {
  readonly peer: PeerId;
  /** Its last word. */
  readonly sinceMs: UnixMs;
  /** So long it may be silent: by what it usually does. */
  readonly allowedMs: number;
  readonly driveCount: number;
}

export interface OldDrive {
  readonly drive: DriveId;
  readonly owner: PeerId;
  /** Until when all its changes are saved, as far as its owner said. */
  readonly savedMs: UnixMs;
}

/** A pause in a machine's words. */
interface Pause {
  readonly endMs: number;
  readonly lengthMs: number;
}

/** Machines say what they saw of themselves each hour: shorter pauses are none. */
const pauseMsMin = days(1);
const pausesMax = 64;
/** What a machine usually does is what it did for so long. */
const usualMs = days(56);
/** A machine may be silent for so much longer than it usually is. */
const usualFactor = 1.5;
/** Within this time a machine that comes back has looked through its folders. */
const backForMs = hours(6);
/** Where more than half of all owners fell silent it is a holiday, or a disaster that everybody sees. */
const holidayShare = 0.5;
const holidaySilenceMs = days(2);

export class Vigil {
  readonly hears = ['started', 'connected', 'batchStored', 'driveSaved', 'tick'] as const;
  readonly #membership: Membership;
  readonly #catalogue: Catalogue;
  /** When each machine said something last, by its own clock, never later than it was heard. */
  readonly #wordMs = new Map<PeerId, UnixMs>();
  /** Of machines of which the own disk has words with dates ahead of the clock here: when that was read. It counts where nothing else is known. */
  readonly #aheadMs = new Map<PeerId, UnixMs>();
  readonly #pauses = new Map<PeerId, readonly Pause[]>();
  readonly #telemetryMs = new Map<PeerId, number>();
  readonly #savedMs = new Map<DriveId, UnixMs>();
  /** When the newest snapshot of each was made, never later than it was heard. */
  readonly #headMs = new Map<DriveId, UnixMs>();
  readonly #saidMs = new Map<DriveId, number>();
  #startedMs: UnixMs | undefined;
  /** The own disk is being read: what it says was heard before. */
  #isReading = false;

  constructor(membership: Membership, catalogue: Catalogue) {
    this.#membership = membership;
    this.#catalogue = catalogue;
  }

  handle(event: EventOf<Vigil['hears'][number]>): Effects {
    switch (event.kind) {
      case 'started':
        this.#startedMs = event.now;
        this.#isReading = true;
        return [];
      case 'connected':
      case 'tick':
        this.#isReading = false;
        return [];
      case 'batchStored':
        this.#learn(event.batch, event.now);
        return [];
      case 'driveSaved':
        return this.#say(event.drive, event.savedMs, event.now);
    }
  }

  /** Until when all changes of a drive are saved, by its owner's word or its newest snapshot; undefined without any. */
  savedMs(drive: DriveId): UnixMs | undefined {
    const { heads = [] } = this.#catalogue.drives.get(drive) ?? {};
    const head = heads.length === 0 ? undefined : this.#headMs.get(drive);
    const said = this.#savedMs.get(drive);
    return said === undefined || (head !== undefined && head > said) ? head : said;
  }

  /**
   * Since when a machine says nothing, by the last word of it in any log, over restarts of this agent; undefined while logs may be behind
   * after a start.
   */
  silentSinceMs(peer: PeerId, now: UnixMs): UnixMs | undefined {
    return this.#hasSettled(now) ? this.#lastMs(peer, now) : undefined;
  }

  /** Owners of drives that were silent for longer than they usually are; none where most of them are. */
  silences(now: UnixMs): readonly Silence[] {
    if (!this.#hasSettled(now)) return [];
    const counts = this.#driveCounts();
    const silent = [...counts.keys()].filter((peer) => now - this.#lastMs(peer, now) > holidaySilenceMs);
    if (silent.length > 1 && silent.length > holidayShare * counts.size) return [];
    return silent.flatMap((peer): readonly Silence[] => {
      const sinceMs = this.#lastMs(peer, now);
      const allowedMs = this.#allowedMs(peer, now);
      return now - sinceMs > allowedMs ? [{ peer, sinceMs, allowedMs, driveCount: counts.get(peer)! }] : [];
    });
  }

  /** Drives whose owner speaks, and has not saved all changes for too long. Silent owners are another matter. */
  oldDrives(now: UnixMs): readonly OldDrive[] {
    if (!this.#hasSettled(now)) return [];
    return [...this.#catalogue.drives].flatMap(([drive, { owner }]): readonly OldDrive[] => {
      const savedMs = this.savedMs(drive);
      if (savedMs === undefined || !this.#isWatched(owner)) return [];
      const spokeMs = this.#telemetryMs.get(owner) ?? 0;
      const backMs = this.#pauses.get(owner)?.at(-1)?.endMs ?? 0;
      // Who was away has not had the time to save.
      const isOld = spokeMs - savedMs > savedAgeMsMax && spokeMs - backMs > backForMs;
      return isOld ? [{ drive, owner, savedMs }] : [];
    });
  }

  /** After a start the logs of others are behind for a while. */
  #hasSettled(now: UnixMs): boolean {
    return this.#startedMs !== undefined && now - this.#startedMs >= vigilSettleMs;
  }

  #isWatched(peer: PeerId): boolean {
    return this.#membership.certificateOf(peer) !== undefined && !this.#membership.isRevoked(peer);
  }

  #driveCounts(): ReadonlyMap<PeerId, number> {
    const counts = new Map<PeerId, number>();
    for (const { owner } of this.#catalogue.drives.values())
      if (this.#isWatched(owner)) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    return counts;
  }

  #lastMs(peer: PeerId, now: UnixMs): UnixMs {
    const { self, up } = this.#membership;
    if (peer === self || up.has(peer)) return now;
    const word = this.#wordMs.get(peer) ?? this.#aheadMs.get(peer) ?? 0;
    const heard = this.#membership.hasMet(peer) ? (this.#membership.heardAt(peer) ?? 0) : 0;
    return unixMs(Math.max(word, heard));
  }

  #allowedMs(peer: PeerId, now: UnixMs): number {
    const lengths = (this.#pauses.get(peer) ?? [])
      .filter(({ endMs }) => now - endMs < usualMs)
      .map(({ lengthMs }) => lengthMs);
    return Math.min(ownerSilenceMsMax, Math.max(ownerSilenceMsMin, usualFactor * Math.max(0, ...lengths)));
  }

  #learn({ author, stream, atMs, records }: SignedBatch, now: UnixMs): void {
    const saidMs = unixMs(Math.min(atMs, now));
    // Its clock was wrong when it wrote that, and nobody knows any more when it was heard: whoever starts each day would hear it anew each day.
    if (this.#isReading && atMs > now + clockSkewMsMax) this.#aheadMs.set(author, now);
    else this.#noteWord(author, stream, saidMs);
    for (const record of records) {
      if (record.kind !== 'saved' && record.kind !== 'head') continue;
      if (this.#catalogue.drives.get(record.drive)?.owner !== author) continue;
      const { drive } = record;
      if (record.kind === 'saved') this.#noteSaved(this.#savedMs, { drive, dateMs: record.savedMs }, now);
      else this.#noteSaved(this.#headMs, { drive, dateMs: record.atMs }, now);
    }
  }

  /** With dates ahead it is as with words: saved by when it was heard, and nobody knows any more when that was where it comes from the own disk. */
  #noteSaved(
    known: Map<DriveId, UnixMs>,
    { drive, dateMs }: { readonly drive: DriveId; readonly dateMs: UnixMs },
    now: UnixMs,
  ): void {
    if (this.#isReading && dateMs > now + clockSkewMsMax) return;
    const savedMs = unixMs(Math.min(dateMs, now));
    if (savedMs > (known.get(drive) ?? 0)) known.set(drive, savedMs);
  }

  #noteWord(author: PeerId, stream: SignedBatch['stream'], saidMs: UnixMs): void {
    if (saidMs > (this.#wordMs.get(author) ?? 0)) this.#wordMs.set(author, saidMs);
    if (stream === 'telemetry') this.#notePause(author, saidMs);
  }

  #notePause(author: PeerId, saidMs: number): void {
    const before = this.#telemetryMs.get(author);
    this.#telemetryMs.set(author, Math.max(saidMs, before ?? 0));
    const lengthMs = saidMs - (before ?? saidMs);
    // Before its first word it was away too, nobody knows how long.
    if (before !== undefined && lengthMs < pauseMsMin) return;
    const pauses = this.#pauses.get(author) ?? [];
    this.#pauses.set(author, [...pauses.slice(1 - pausesMax), { endMs: saidMs, lengthMs }]);
  }

  /** Others read it once a day. */
  #say(drive: DriveId, savedMs: UnixMs, now: UnixMs): Effects {
    this.#savedMs.set(drive, savedMs);
    if (now - (this.#saidMs.get(drive) ?? 0) < savedSayEveryMs - minutes(1)) return [];
    this.#saidMs.set(drive, now);
    return [{ kind: 'appendRecords', stream: 'telemetry', records: [{ kind: 'saved', drive, savedMs }] }];
  }
}

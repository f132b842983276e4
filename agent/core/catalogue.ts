// Which drives exist and which snapshots of them are acknowledged, by their owners' own records. It opens nothing: names
// and roots are sealed.

import type { UnixMs } from '../../datasets/index.ts';
import {
  type DriveRecord,
  driveIdOf,
  type ForgetRecord,
  type HeadRecord,
  type SignedBatch,
} from '../codec/index.ts';
import type { DriveId, PeerId } from '../units.ts';
import type { Effects } from './effects.ts';
import type { EventOf } from './events.ts';
import { idsIn } from './reclaim.ts';

export interface ForgottenHead {
  readonly head: HeadRecord;
  readonly sinceMs: UnixMs;
}

export interface KnownDrive {
  readonly owner: PeerId;
  /** The id follows from the owner's first record of it: it can be nobody else's. */
  readonly isBound: boolean;
  /** The newest key epoch's record. */
  record: DriveRecord;
  /** Those of the epochs before it, oldest first. */
  readonly formerRecords: DriveRecord[];
  /** Those that are kept, oldest first. */
  heads: HeadRecord[];
  /** Those that their owner gave up, and when it said so by its own clock; their packs last for a while. */
  forgotten: ForgottenHead[];
}

type Lists = Pick<KnownDrive, 'heads' | 'forgotten'>;

/**
 * A drive belongs to whoever its id was made by; nobody else's heads count. Ids of old drives are of chance: there the first who is heard
 * of has it, until somebody comes whose it is.
 */
export class Catalogue {
  readonly hears = ['batchStored'] as const;
  readonly hearsRecords = ['drive', 'head', 'forget'] as const;
  readonly #drives = new Map<DriveId, KnownDrive>();

  /** Snapshots of drives that are wiped. A clock that was set, or an admin's word, may take that back. */
  readonly #hidden = new Map<DriveId, Lists>();

  get drives(): ReadonlyMap<DriveId, KnownDrive> {
    return this.#drives;
  }

  /** Drives of which admins had everything deleted: none of their snapshots is there any more. */
  wipe(drives: ReadonlySet<DriveId>): void {
    for (const [drive, lists] of this.#hidden) {
      if (drives.has(drive)) continue;
      this.#hidden.delete(drive);
      Object.assign(this.#drives.get(drive) ?? {}, lists);
    }
    for (const drive of drives) {
      if (this.#hidden.has(drive)) continue;
      const { heads = [], forgotten = [] } = this.#drives.get(drive) ?? {};
      this.#hidden.set(drive, { heads, forgotten });
      Object.assign(this.#drives.get(drive) ?? {}, { heads: [], forgotten: [] });
    }
  }

  isWiped(drive: DriveId): boolean {
    return this.#hidden.has(drive);
  }

  handle(event: EventOf<Catalogue['hears'][number]>): Effects {
    this.#learn(event.batch);
    return [];
  }

  #learn({ author, atMs, records }: SignedBatch): void {
    for (const record of records) {
      if (record.kind === 'drive') this.#learnDrive(author, record);
      if (record.kind === 'head') this.#learnHead(author, record);
      if (record.kind === 'forget') this.#forget(author, record, atMs);
    }
  }

  #learnDrive(owner: PeerId, record: DriveRecord): void {
    const known = this.#drives.get(record.drive);
    const isBound = driveIdOf(owner, record) === record.drive;
    if (known === undefined || (isBound && !known.isBound && known.owner !== owner)) {
      this.#drives.set(record.drive, { owner, isBound, record, formerRecords: [], heads: [], forgotten: [] });
      if (this.#hidden.has(record.drive)) this.#hidden.set(record.drive, { heads: [], forgotten: [] });
      return;
    }
    if (known.owner !== owner || record.keyEpoch < known.record.keyEpoch) return;
    if (record.keyEpoch > known.record.keyEpoch) known.formerRecords.push(known.record);
    known.record = record;
  }

  #learnHead(author: PeerId, head: HeadRecord): void {
    const known = this.#drives.get(head.drive);
    if (known?.owner === author) this.#listsOf(known, head.drive).heads.push(head);
  }

  /** The newest snapshot stays, whatever a record says. */
  #forget(author: PeerId, { drive, snapshots }: ForgetRecord, sinceMs: UnixMs): void {
    const known = this.#drives.get(drive);
    if (known?.owner !== author) return;
    const ids = new Set(idsIn(snapshots));
    const lists = this.#listsOf(known, drive);
    const newest = lists.heads.at(-1);
    const isForgotten = (head: HeadRecord): boolean => ids.has(head.snapshot) && head !== newest;
    for (const head of lists.heads) if (isForgotten(head)) lists.forgotten.push({ head, sinceMs });
    lists.heads = lists.heads.filter((head) => !isForgotten(head));
  }

  #listsOf(known: KnownDrive, drive: DriveId): Lists {
    return this.#hidden.get(drive) ?? known;
  }
}

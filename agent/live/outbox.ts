// Packs that wait here whole for their holders, and the snapshots that wait for them. A pack that is lost or rots before others have enough
// of it takes those snapshots with it: none is acknowledged, and the next one reads and stages anew what was in it.

import { DreyError, type UnixMs } from '../../datasets/index.ts';
import type { PackDescriptor } from '../codec/index.ts';
import type { StagedSnapshot } from '../core/index.ts';
import type { ReadOutcome, StoredShard } from '../ports.ts';
import { type DriveId, driveId, type PackId, packId } from '../units.ts';
import type { SnapshotOutcome } from './data-path/index.ts';
import type { Drives } from './drives.ts';
import { type DrivesParts, type RunningDrive, stagedFor } from './running-drive.ts';
import type { StoredLoss } from './stored-drives.ts';
import { Submissions } from './submissions.ts';

export type OutboxParts = Pick<DrivesParts, 'home' | 'core' | 'disk' | 'clock' | 'tell' | 'report'>;

export class Outbox {
  readonly submissions: Submissions;
  readonly #parts: OutboxParts;
  readonly #drives: Pick<Drives, 'running' | 'note' | 'takeSoon'>;
  /** Packs that are being read. */
  readonly #judging = new Set<PackId>();
  /** Handed over, of acknowledged snapshots that the journal may name still. */
  readonly #forgettable: PackId[] = [];

  /** Throws `home-file-damaged`. */
  constructor(parts: OutboxParts, drives: Pick<Drives, 'running' | 'note' | 'takeSoon'>) {
    this.#parts = parts;
    this.#drives = drives;
    this.submissions = new Submissions(parts);
  }

  /** At a start, before the core hears of what is stored. */
  takeStock(stored: readonly StoredShard[]): void {
    const outbox = stored.filter(({ place }) => place === 'outbox');
    const here = new Set(outbox.map(({ descriptor }) => descriptor.pack));
    const byDrive = Map.groupBy(this.submissions.pending, ({ drive }) => drive);
    for (const [drive, pending] of byDrive) {
      const packs = new Set(pending.flatMap((staged) => staged.packs));
      const lost = [...packs].filter((pack) => !here.has(pack) && !this.#parts.disk.handedOver.has(pack));
      if (lost.length > 0) this.#take(drive, lost);
    }
  }

  /** Journals what a snapshot staged and tells the core, as `Submissions.submit`. Throws `outbox-lost` as well. */
  submit(drive: RunningDrive, outcome: SnapshotOutcome, startedMs: UnixMs): Promise<void> {
    const staged = stagedFor(outcome, startedMs);
    const lost = outcome.outcome === 'staged' ? staged.packs.filter((pack) => !this.#isSafe(pack)) : [];
    if (lost.length === 0) return this.submissions.submit(staged);
    this.#lose(driveId(drive.stored.drive), lost);
    throw outboxLost(lost.length);
  }

  acknowledged(staged: StagedSnapshot): void {
    this.#forgettable.push(...staged.packs);
    if (this.submissions.acknowledged(staged))
      void this.#parts.disk.handedOver.forget(this.#forgettable.splice(0)).catch(this.#unnoted);
    const drive = this.#drives.running.get(staged.drive);
    const lost = drive?.stored.lost;
    if (drive === undefined || lost === undefined || lost.counted.length > 0) return;
    if (staged.startedMs < lost.sinceMs) return;
    try {
      this.#drives.note(drive, { lost: undefined });
    } catch (error) {
      this.#unnoted(error);
    }
  }

  /** Reads a pack of which a shard was not what it should be. While others have enough of it, they give it to each other. */
  async damaged(pack: PackId): Promise<void> {
    const known = this.#parts.core.shelf.get(pack);
    if (known?.isInOutbox !== true || known.descriptor === undefined || this.#judging.has(pack)) return;
    this.#judging.add(pack);
    try {
      await this.#judge(known.descriptor);
    } finally {
      this.#judging.delete(pack);
    }
  }

  /** Before a snapshot: the drive's state counts no more on what was lost. Its keeper gives it up, once it is needed by nothing that is kept. */
  async settle(drive: RunningDrive): Promise<void> {
    const { lost } = drive.stored;
    if (lost === undefined || lost.counted.length === 0) return;
    await drive.snapshotter.lose(lost.counted.map(packId));
    // More may have been lost meanwhile.
    const now = drive.stored.lost ?? lost;
    const left = now.counted.filter((pack) => !lost.counted.includes(pack));
    this.#drives.note(drive, {
      lost: { ...now, counted: left },
      gone: {
        sinceMs: this.#parts.clock.now(),
        packs: [...new Set([...(drive.stored.gone?.packs ?? []), ...lost.counted])],
        isJudged: false,
      },
    });
  }

  #isSafe(pack: PackId): boolean {
    const { core, disk } = this.#parts;
    return core.shelf.get(pack)?.isInOutbox === true || disk.handedOver.has(pack);
  }

  async #judge(descriptor: PackDescriptor): Promise<void> {
    const { core, disk } = this.#parts;
    const { pack, drive, redundancy } = descriptor;
    const intact = await this.#intactOf(descriptor);
    const known = core.shelf.get(pack);
    if (intact === undefined || known?.isInOutbox !== true) return;
    if (new Set([...intact, ...known.others.indexes()]).size >= redundancy.k) return;
    try {
      this.#lose(drive, [pack]);
    } catch (error) {
      // It is found again when its holders ask again.
      this.#unnoted(error);
      return;
    }
    await disk.discard(pack).catch(this.#unnoted);
    const running = this.#drives.running.get(drive);
    if (running !== undefined) this.#drives.takeSoon(running);
  }

  /** Indexes of intact shards, k of them where there are so many; undefined where the system could not read just now. */
  async #intactOf({ pack, redundancy: { k, n } }: PackDescriptor): Promise<readonly number[] | undefined> {
    const intact: number[] = [];
    for (let index = 0; index < n && intact.length < k; index++) {
      const outcome = await new Promise<ReadOutcome>((resolve) => {
        this.#parts.disk.verify({ place: 'outbox', pack, index }, resolve);
      });
      if (outcome === 'unread') return undefined;
      if (outcome === 'intact') intact.push(index);
    }
    return intact;
  }

  #lose(drive: DriveId, packs: readonly PackId[]): void {
    this.#take(drive, packs);
    this.#parts.tell({ kind: 'outboxLost', drive, packs, now: this.#parts.clock.now() });
  }

  /** Noted first: killed in between, the next start finds them missing again. */
  #take(id: DriveId, packs: readonly PackId[]): void {
    const drive = this.#drives.running.get(id);
    if (drive !== undefined)
      this.#drives.note(drive, {
        lost: countLost(drive.stored.lost, packs, { where: 'here', now: this.#parts.clock.now() }),
      });
    this.submissions.takeBack(id, packs);
    this.#parts.report('problem', `${lostText(packs.length)}; their files are read and stored anew`);
  }

  readonly #unnoted = (error: unknown): void =>
    this.#parts.report('warning', `what became of the outbox could not be noted: ${String(error)}`);
}

/** What is noted of a drive of which more packs were lost; those that the drive's state still counts on are counted once. */
export function countLost(
  before: StoredLoss | undefined,
  packs: readonly PackId[],
  { where, now }: { readonly where: 'here' | 'elsewhere'; readonly now: UnixMs },
): StoredLoss {
  const counted = [...new Set([...(before?.counted ?? []), ...packs])];
  const addedCount = counted.length - (before?.counted.length ?? 0);
  const elsewhereCount = (before?.elsewhereCount ?? 0) + (where === 'elsewhere' ? addedCount : 0);
  return { sinceMs: now, packCount: (before?.packCount ?? 0) + addedCount, elsewhereCount, counted };
}

/** For people, as the beginning of a sentence. */
export const lostText = (packCount: number): string =>
  packCount === 1
    ? '1 pack that waited here for other machines was lost or damaged on this disk'
    : `${packCount} packs that waited here for other machines were lost or damaged on this disk`;

const outboxLost = (packCount: number): DreyError =>
  new DreyError({
    code: 'outbox-lost',
    message: lostText(packCount),
    advice: 'Their files are read and stored anew by themselves; look at the disk of this machine.',
    retry: 'retryable',
  });

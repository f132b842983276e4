// Snapshots on their way: journalled before the core hears of them, until others have their heads. Of those that lost a pack it takes each back.

import { countText } from '../../datasets/index.ts';
import type { AgentCore, StagedSnapshot } from '../core/index.ts';
import type { DriveId, PackId, SnapshotId } from '../units.ts';
import { isFullError } from './disk-full.ts';
import { readPending, writePending } from './pending.ts';
import type { DrivesParts } from './running-drive.ts';

export interface SubmissionsParts extends Pick<DrivesParts, 'home' | 'clock' | 'tell' | 'report'> {
  readonly core: Pick<AgentCore, 'catalogue' | 'shelf'>;
}

export class Submissions {
  readonly #parts: SubmissionsParts;
  readonly #waiting = new Map<SnapshotId, PromiseWithResolvers<void>>();
  /** Who waits for snapshots that were taken back: the next one of the drive is as good. */
  readonly #orphans = new Map<DriveId, PromiseWithResolvers<void>[]>();
  #pending: readonly StagedSnapshot[];

  /** Throws `home-file-damaged`. */
  constructor(parts: SubmissionsParts) {
    this.#parts = parts;
    this.#pending = readPending(parts.home);
  }

  get pending(): readonly StagedSnapshot[] {
    return this.#pending;
  }

  /**
   * Journals a staged snapshot, then tells the core; does nothing for one that is acknowledged already. Resolves when it is
   * acknowledged; throws the system's error where it cannot be journalled.
   */
  submit(staged: StagedSnapshot): Promise<void> {
    const { core, clock, tell } = this.#parts;
    const { snapshot, drive } = staged;
    const isOut = core.catalogue.drives.get(drive)?.heads.some((head) => head.snapshot === snapshot) === true;
    const isPending = this.#pending.some((known) => known.snapshot === snapshot);
    if (isOut && !isPending) return Promise.resolve();
    const whole = isPending ? undefined : this.#journal(staged);
    const waiting = this.#waiting.get(snapshot) ?? Promise.withResolvers<void>();
    this.#waiting.set(snapshot, waiting);
    if (whole !== undefined) tell({ kind: 'snapshotStaged', staged: whole, now: clock.now() });
    return waiting.promise;
  }

  /** The core may hear of nothing that the next start would not know. */
  #journal(staged: StagedSnapshot): StagedSnapshot {
    const whole = this.#withLeftOver(staged);
    const pending = [...this.#pending, whole];
    writePending(this.#parts.home, pending);
    this.#pending = pending;
    return whole;
  }

  /** Answers whether the journal names it no more: on a full disk it does, and the next start asks after its packs before its own log says that it is out. */
  acknowledged(staged: StagedSnapshot): boolean {
    const { report } = this.#parts;
    this.#pending = this.#pending.filter(({ snapshot }) => snapshot !== staged.snapshot);
    const isJournalled = this.#journalWhatIsLeft();
    this.#waiting.get(staged.snapshot)?.resolve();
    this.#waiting.delete(staged.snapshot);
    for (const waiting of this.#orphans.get(staged.drive) ?? []) waiting.resolve();
    this.#orphans.delete(staged.drive);
    report(
      'info',
      `a snapshot of ${countText(staged.head.fileCount, 'file')} is acknowledged: every shard has its receipt, and others know of it`,
    );
    return isJournalled;
  }

  #journalWhatIsLeft(): boolean {
    try {
      writePending(this.#parts.home, this.#pending);
      return true;
    } catch (error) {
      if (!isFullError(error)) throw error;
      return false;
    }
  }

  /** Takes back the first snapshot of a drive that names one of these packs, and all later ones. Throws the system's error, and then none is. */
  takeBack(drive: DriveId, packs: readonly PackId[]): void {
    const ofDrive = this.#pending.filter((staged) => staged.drive === drive);
    const first = ofDrive.findIndex((staged) => staged.packs.some((pack) => packs.includes(pack)));
    if (first < 0) return;
    const lost = new Set(ofDrive.slice(first));
    const pending = this.#pending.filter((staged) => !lost.has(staged));
    writePending(this.#parts.home, pending);
    this.#pending = pending;
    const waiting = [...lost].flatMap(({ snapshot }) => this.#waiting.get(snapshot) ?? []);
    for (const { snapshot } of lost) this.#waiting.delete(snapshot);
    this.#orphans.set(drive, [...(this.#orphans.get(drive) ?? []), ...waiting]);
  }

  /**
   * With packs of the drive that wait in the outbox for nobody: those of a snapshot that was never journalled, as the agent ended or the disk
   * was full just then. The drive's state counts on them, so this snapshot may need them, and is not safe before they are.
   */
  #withLeftOver(staged: StagedSnapshot): StagedSnapshot {
    const named = new Set([staged, ...this.#pending].flatMap(({ packs }) => packs));
    const leftOver = [...this.#parts.core.shelf.packs.values()].filter(
      ({ pack, isInOutbox, facts }) => isInOutbox && facts?.drive === staged.drive && !named.has(pack),
    );
    return { ...staged, packs: [...staged.packs, ...leftOver.map(({ pack }) => pack)] };
  }
}

// The owner's side of retention: forgets snapshots that a drive's rules do not keep, and gives up packs that no kept snapshot
// needs. What is going to be given up stands in a small file first, so that a crash anywhere is finished by the next start.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { countText, DreyError } from '../../datasets/index.ts';
import { bytesOfHex, type ForgetRecord } from '../codec/index.ts';
import type { RetentionAnswer } from '../control/index.ts';
import { areRulesSet, type JudgedSnapshot, judgeSnapshots, type RetentionRules } from '../core/index.ts';
import { forgetIdCountMax, keepingEveryMs } from '../limits.ts';
import { type DriveId, driveId, type PackId, packId, type SnapshotId } from '../units.ts';
import type { LiveAgent } from './agent.ts';
import type { PruneCounts, PruneOptions } from './data-path/index.ts';
import type { RunningDrive, TakenSnapshot } from './running-drive.ts';
import { type Home, readJson, writeJson } from './home.ts';
import { localClock } from './local-clock.ts';
import type { LookupLine } from './lookups.ts';
import { reasonToKeepAll } from './mass-changes.ts';
import { Turns } from './turns.ts';

const intentionSchema = z.strictObject({ version: z.literal(1), packs: z.array(z.string()) });

export interface KeeperParts {
  readonly home: Home;
  readonly report: (level: 'info' | 'warning' | 'problem', text: string) => void;
}

export interface KeepWish extends Pick<PruneOptions, 'signal' | 'onProgress'> {
  readonly rules: RetentionRules;
  /** `look` changes nothing. */
  readonly mode: 'look' | 'apply';
}

export interface Kept {
  readonly snapshots: readonly JudgedSnapshot[];
  /** Why nothing is forgotten, whatever the rules say; absent when nothing stands against it. */
  readonly held?: string;
  /** Packs as they are, or would be, without the forgotten snapshots; absent when that could not be seen. */
  readonly packs?: PruneCounts & { readonly emptiedCount: number };
  /** Why packs could not be judged now. */
  readonly unseen?: string;
}

export class Keeper {
  readonly #agent: LiveAgent;
  readonly #parts: KeeperParts;
  readonly #ranMs = new Map<DriveId, number>();
  readonly #resumed = new Map<DriveId, Promise<void>>();
  readonly #turns = new Turns();

  constructor(agent: LiveAgent, parts: KeeperParts) {
    this.#agent = agent;
    this.#parts = parts;
  }

  /**
   * Finishes what an earlier run of the agent had begun to give up, and counts no more on what was given up since a folder that was put back to
   * an older state; before the first snapshot of this one.
   */
  resume(drive: RunningDrive): Promise<void> {
    const id = driveId(drive.stored.drive);
    const known = this.#resumed.get(id);
    if (known !== undefined) return known;
    const resuming = this.#resume(drive, id);
    this.#resumed.set(id, resuming);
    resuming.catch(() => this.#resumed.delete(id));
    return resuming;
  }

  /** After a snapshot: applies the drive's rules, once a day, and gives up what was lost, also without rules. */
  async consider(drive: RunningDrive, taken: TakenSnapshot): Promise<void> {
    await taken.acknowledged;
    const { retention: rules = {} } = drive.stored;
    if (!this.#isDue(drive.stored)) return;
    try {
      const { unseen } = await this.keep(drive, { rules, mode: 'apply' });
      if (unseen !== undefined)
        this.#parts.report('warning', `packs could not be judged and all of them stay: ${unseen}`);
    } catch (error) {
      this.#parts.report('warning', `retention could not be applied: ${String(error)}`);
    }
  }

  /** What was lost since waits for no day: its holders go on seeking the rest of it, and tell their people that it is out of reach. */
  #isDue({ drive, retention = {}, gone }: RunningDrive['stored']): boolean {
    const ranMs = this.#ranMs.get(driveId(drive)) ?? -Infinity;
    const isLossNew = gone?.isJudged === false;
    if (isLossNew && gone.sinceMs >= ranMs) return true;
    return (areRulesSet(retention) || isLossNew) && this.#agent.now() - ranMs >= keepingEveryMs;
  }

  /** What the rules keep of a drive of this machine, and what that frees; applied, or only looked at. */
  keep(drive: RunningDrive, wish: KeepWish): Promise<Kept> {
    return this.#turns.take(() => this.#keep(drive, wish));
  }

  async #keep(drive: RunningDrive, wish: KeepWish): Promise<Kept> {
    const { core } = this.#agent;
    const id = driveId(drive.stored.drive);
    const heads = core.catalogue.drives.get(id)?.heads ?? [];
    const snapshots = judgeSnapshots(heads, wish.rules, localClock).map(({ snapshot, atMs, reasons }) => ({
      snapshot,
      atMs,
      reasons,
    }));
    const isOnItsWay = core.backup.staged.some((staged) => staged.drive === id);
    const held =
      reasonToKeepAll(drive) ?? (isOnItsWay ? 'a snapshot is on its way to its holders' : undefined);
    if (held !== undefined) return { snapshots, held };
    const forgotten = snapshots.filter(({ reasons }) => reasons.length === 0).map(({ snapshot }) => snapshot);
    if (wish.mode === 'apply') {
      this.#ranMs.set(id, this.#agent.now());
      await this.#publish(id, { snapshots: forgotten, packs: [] });
    }
    const gone = new Set(forgotten);
    const kept = heads.filter(({ snapshot }) => !gone.has(snapshot));
    return { snapshots, ...(await this.#prune(drive, kept, wish)) };
  }

  async #prune(
    drive: RunningDrive,
    kept: PruneOptions['kept'],
    { mode, signal, onProgress }: KeepWish,
  ): Promise<Pick<Kept, 'packs' | 'unseen'>> {
    const { core, fetcher } = this.#agent;
    const { gone } = drive.stored;
    const outbox = [...core.shelf.packs.values()].filter(({ isInOutbox }) => isInOutbox);
    try {
      const { counts, dead, repackedCount } = await drive.snapshotter.prune({
        kept,
        outbox: outbox.map(({ pack }) => pack),
        lost: (gone?.packs ?? []).map(packId),
        fetchPack: (descriptor) => fetcher.fetch(descriptor),
        ...(signal === undefined ? {} : { signal }),
        ...(onProgress === undefined ? {} : { onProgress }),
        ...(drive.stored.leftMs === undefined ? {} : { isLast: true as const }),
        ...(mode === 'look' ? {} : { giveUp: this.#givingUp(driveId(drive.stored.drive)) }),
      });
      if (repackedCount > 0) this.#agent.drives.takeSoon(drive);
      if (mode === 'apply') this.#noteJudged(drive, gone, new Set<string>(dead));
      return { packs: { ...counts, emptiedCount: repackedCount } };
    } catch (error) {
      if (error instanceof DreyError && error.code === 'snapshot-unreadable')
        return { unseen: error.message };
      throw error;
    }
  }

  /** Of what was lost that stays which a kept snapshot needs; more may have been lost while it was judged. */
  #noteJudged(drive: RunningDrive, judged: RunningDrive['stored']['gone'], dead: ReadonlySet<string>): void {
    const { gone } = drive.stored;
    if (gone === undefined || (gone.isJudged && dead.size === 0)) return;
    const packs = gone.packs.filter((pack) => !dead.has(pack));
    this.#agent.drives.note(drive, {
      gone: packs.length > 0 ? { ...gone, packs, isJudged: gone === judged } : undefined,
    });
  }

  #givingUp(drive: DriveId): NonNullable<PruneOptions['giveUp']> {
    const file = this.#intentionFile(drive);
    return {
      // What was noted before, and could not be said yet, is said with it.
      intend: (packs) =>
        writeJson(file, { version: 1, packs: [...new Set([...this.#intended(drive), ...packs])] }),
      publish: async () => {
        const packs = this.#intended(drive);
        await this.#publish(drive, { snapshots: [], packs });
        rmSync(file, { force: true });
        this.#parts.report(
          'info',
          `${countText(packs.length, 'pack')} that no kept snapshot needs ${packs.length === 1 ? 'is' : 'are'} given up`,
        );
      },
    };
  }

  async #resume(drive: RunningDrive, id: DriveId): Promise<void> {
    const packs = this.#intended(id);
    if (packs.length > 0) {
      await drive.snapshotter.drop(packs);
      await this.#givingUp(id).publish(packs);
    }
    await this.#dropGivenUp(drive, id);
  }

  /** The words that gave packs up may have to come back from others first; until then no snapshot is acknowledged either. */
  async #dropGivenUp(drive: RunningDrive, id: DriveId): Promise<void> {
    const { core, ownWords } = this.#agent;
    await ownWords.settled();
    const gone = drive.snapshotter
      .stagedPacks()
      .filter(({ pack, owner }) => core.shelf.isGivenUpBy(pack, owner))
      .map(({ pack }) => pack);
    if (gone.length > 0) {
      await drive.snapshotter.lose(gone);
      this.#parts.report(
        'warning',
        `the notes of a drive here are older than what others know: ${countText(gone.length, 'pack')} of it ${gone.length === 1 ? 'was' : 'were'} given up since, and what of them is still in the folder is stored anew`,
      );
    }
    // Nobody was there who could know: it is asked again before the next snapshot.
    if (!core.ownLog.isSure) this.#resumed.delete(id);
  }

  #intended(drive: DriveId): readonly PackId[] {
    return (readJson(this.#intentionFile(drive), intentionSchema)?.packs ?? []).map(packId);
  }

  #intentionFile(drive: DriveId): string {
    return join(this.#parts.home.drives, `${drive}.given-up.json`);
  }

  /** As few records as the ids fit into; none for nothing. */
  async #publish(
    drive: DriveId,
    { snapshots, packs }: { readonly snapshots: readonly SnapshotId[]; readonly packs: readonly PackId[] },
  ): Promise<void> {
    const pageCount = Math.ceil(Math.max(snapshots.length, packs.length) / forgetIdCountMax);
    for (let page = 0; page < pageCount; page++) {
      const [from, to] = [page * forgetIdCountMax, (page + 1) * forgetIdCountMax];
      const record: ForgetRecord = {
        kind: 'forget',
        drive,
        snapshots: bytesOfHex(snapshots.slice(from, to).join('')),
        packs: bytesOfHex(packs.slice(from, to).join('')),
      };
      await this.#agent.ownWords.writeWhenSure([record]);
    }
  }
}

/** Drives of this machine by "all", the first digits of their ids, or their folders. Throws `drive-unknown`. */
function ownDrives(agent: LiveAgent, wanted: string): readonly RunningDrive[] {
  const found = [...agent.drives.running.values()].filter(
    ({ stored }) => wanted === 'all' || stored.drive.startsWith(wanted) || stored.folder === wanted,
  );
  if (found.length > 0 && (found.length === 1 || wanted === 'all')) return found;
  throw new DreyError({
    code: 'drive-unknown',
    message: found.length === 0 ? 'no such drive is protected here' : 'several drives begin so',
    advice: 'Name a drive of this machine by id or folder, or "all": see `drey status`.',
  });
}

/** Shows or sets what drives of this machine keep. Throws `drive-unknown`. */
export async function setRetention(
  agent: LiveAgent,
  wish: { readonly drive: string; readonly rules?: RetentionRules; readonly apply: boolean },
  line: LookupLine,
): Promise<RetentionAnswer> {
  const drives: RetentionAnswer['drives'][number][] = [];
  for (const drive of ownDrives(agent, wish.drive)) {
    const rules = wish.rules ?? drive.stored.retention ?? {};
    if (wish.apply) agent.drives.note(drive, { retention: rules });
    const kept = await agent.keeper.keep(drive, {
      rules,
      mode: wish.apply ? 'apply' : 'look',
      signal: line.signal,
      onProgress: ({ phase, done, of }) => line.report({ kind: 'counted', what: phase, done, of }),
    });
    const { drive: id, folder, leftMs } = drive.stored;
    const left = leftMs === undefined ? {} : { leftMs };
    drives.push({ drive: driveId(id), path: folder, rules, isApplied: wish.apply, ...left, ...kept });
  }
  return { drives };
}

// Which packs the drives of this machine have, kept between looks: the list is read from a drive's journal on the disk, which is long for a large
// one. Decides nothing.

import type { PackDescriptor } from '../codec/index.ts';
import type { AgentCore } from '../core/index.ts';
import type { DriveId, SnapshotId } from '../units.ts';
import type { RunningDrive } from './running-drive.ts';

/** Those of a drive of this machine, by its newest acknowledged snapshot; undefined where there is none. */
export function packsOfDrive(
  {
    core: { catalogue },
    drives,
    operations,
  }: {
    readonly core: Pick<AgentCore, 'catalogue'>;
    readonly drives: { readonly running: ReadonlyMap<DriveId, RunningDrive> };
    readonly operations: { readonly ownPacks: OwnPacks };
  },
  drive: DriveId,
): readonly PackDescriptor[] | undefined {
  const running = drives.running.get(drive);
  const newest = catalogue.drives.get(drive)?.heads.at(-1);
  if (running === undefined || newest === undefined) return undefined;
  return operations.ownPacks.of(running, newest.snapshot);
}

interface Kept {
  readonly packs: readonly PackDescriptor[];
  readonly newest: SnapshotId;
  readonly againMs: number;
}

/** The time for reading is at most this share of all. */
const busyShareMax = 0.01;

export class OwnPacks {
  readonly #kept = new WeakMap<RunningDrive, Kept>();
  readonly #nowMs: () => number;

  /** `nowMs` never goes back. */
  constructor(nowMs = (): number => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Of a drive whose newest acknowledged snapshot is this one; those of a snapshot that has just come may be missing for a while. */
  of(drive: RunningDrive, newest: SnapshotId): readonly PackDescriptor[] {
    const kept = this.#kept.get(drive);
    const beganMs = this.#nowMs();
    if (kept !== undefined && (kept.newest === newest || beganMs < kept.againMs)) return kept.packs;
    const packs = stagedPacksOf(drive) ?? kept?.packs ?? [];
    const readMs = this.#nowMs() - beganMs;
    this.#kept.set(drive, { packs, newest, againMs: beganMs + readMs / busyShareMax });
    return packs;
  }
}

/** Undefined where the disk does not let it be read just now: whoever only looks must not end for that. */
function stagedPacksOf({ snapshotter }: RunningDrive): readonly PackDescriptor[] | undefined {
  try {
    return snapshotter.stagedPacks();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return undefined;
  }
}

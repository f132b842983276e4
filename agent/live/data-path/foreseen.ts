// Which files have changed by their times alone, before anything that is remembered of them is read: threads start for them while the walk
// goes on, and read them while the state is read. A guess that is never wrong: who has changed since the state was last written differs from it.

import { statSync } from 'node:fs';
import { packBytesTarget } from '../../limits.ts';
import { batchFilesMax } from './batches.ts';
import { driveFiles } from './drive-state.ts';
import type { ScannedEntry } from './scan.ts';
import type { SnapshotRequest } from './tasks.ts';

const nanosecondsPerMillisecond = 1_000_000n;

export class ForeseenChanges {
  readonly #threadCountMax: number;
  readonly #foresee: (taskCount: number) => void;
  readonly #sinceNs: bigint;
  /** A time that lies ahead was set by somebody, and may have been there before. */
  readonly #untilNs: bigint;
  #byteCount = 0;
  #fileCount = 0;
  #taskCount = 0;

  /** `foresee` is told each time that there is work for one thread more. */
  constructor(
    { stateFolder, jobCountMax }: Pick<SnapshotRequest, 'stateFolder' | 'jobCountMax'>,
    foresee: (taskCount: number) => void,
  ) {
    this.#threadCountMax = jobCountMax;
    this.#foresee = foresee;
    const { filesFile } = driveFiles(stateFolder);
    const written = statSync(filesFile, { bigint: true, throwIfNoEntry: false });
    this.#sinceNs = written?.mtimeNs ?? -1n;
    this.#untilNs = BigInt(Date.now()) * nanosecondsPerMillisecond;
  }

  has({ type, ctimeNs }: ScannedEntry): boolean {
    return type === 'file' && ctimeNs > this.#sinceNs && ctimeNs <= this.#untilNs;
  }

  /** Takes the walk's entries one after another. A file is never divided, and tasks have at least a pack's bytes (batches.ts). */
  see(entry: ScannedEntry): void {
    if (!this.has(entry)) return;
    this.#fileCount++;
    this.#byteCount += Math.min(entry.byteCount, packBytesTarget);
    const taskCount = Math.floor(
      Math.max(this.#byteCount / packBytesTarget, this.#fileCount / batchFilesMax),
    );
    if (taskCount <= this.#taskCount || this.#taskCount >= this.#threadCountMax) return;
    this.#taskCount = taskCount;
    this.#foresee(taskCount);
  }
}

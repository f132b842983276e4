// Takes snapshots of one folder: has the workers scan and seal, has every pack staged before it is remembered, and says
// what must now be stored elsewhere. It acknowledges nothing: that is for receipts to do.

import { rm } from 'node:fs/promises';
import { isAbsolute, relative, sep } from 'node:path';
import { minutes, type UnixMs } from '../../../datasets/index.ts';
import type { Redundancy } from '../../../optimizer/index.ts';
import type { PackDescriptor } from '../../codec/index.ts';
import type { DriveId, PeerId } from '../../units.ts';
import type { Access } from '../telemetry/index.ts';
import { nameDiskError } from './disk-errors.ts';
import { driveFiles, readStagedPacks, type StagedSnapshot } from './drive-state.ts';
import { appendLineAsync } from './line-journal.ts';
import { pathText } from './path-bytes.ts';
import type { LeftOut } from './scan.ts';
import type { Difference, PackResult, PackToStage, SnapshotQuestion, SnapshotResult } from './tasks.ts';
import type { Answer, WorkerPool } from './worker-pool.ts';

export interface SnapshotterOptions {
  readonly drive: DriveId;
  /** The drive's key of `keyEpoch`, 32 bytes. */
  readonly driveKey: Uint8Array;
  readonly keyEpoch: number;
  readonly owner: PeerId;
  readonly folder: string;
  /** Patterns of what is left out (see ignore.ts). */
  readonly ignore: readonly string[];
  /** Real folders that are never backed up wherever they lie: the agent's own, whose every change would cause another. */
  readonly exclude?: readonly string[];
  /** A folder of this drive alone, where the state of its last scan is kept. */
  readonly stateFolder: string;
  readonly workers: WorkerPool;
  /** Puts a pack's shards into the outbox; resolves once they are flushed, and their bytes are gone then. `shards[j]` is shard j. */
  readonly stagePack: (descriptor: PackDescriptor, shards: readonly Uint8Array[]) => Promise<void>;
  /** Asked at the start of each snapshot; throw where there is no plan yet. */
  readonly redundancyFor: (placementClass: PackDescriptor['placementClass']) => Redundancy;
  readonly now: () => UnixMs;
}

export type SnapshotProgress = (progress: { readonly done: number; readonly of: number }) => void;

export interface SnapshotOutcome {
  /** `unchanged`: nothing was staged; `staged` is the last one, which may still lack its receipts. */
  readonly outcome: 'staged' | 'unchanged';
  readonly staged: StagedSnapshot;
  readonly fileCount: number;
  readonly byteCount: number;
  /** Sealed bytes that were added, before redundancy. */
  readonly sealedBytes: number;
  /** For the person's own eyes, never for logs: what could not be read or kept changing. */
  readonly unreadable: readonly Difference[];
  /** Sockets, pipes and devices that are not kept. */
  readonly special: readonly Difference[];
  readonly accesses: readonly Access[];
}

export interface Snapshotter {
  /**
   * Takes a snapshot after any that is being taken. Throws `folder-missing`, `folder-unreadable`, `not-a-folder`,
   * `disk-full`, `worker-lost`, and what `stagePack` and `redundancyFor` throw; the next call goes on where it ended.
   */
  snapshot(onProgress?: SnapshotProgress): Promise<SnapshotOutcome>;
  /** Packs that this drive has staged and counts on: all others of it in the outbox are left over from a crash. */
  stagedPacks(): readonly PackDescriptor[];
  /** For an outbox that lost a pack before its holders had it: the next snapshot reads and stages everything anew. */
  forget(): Promise<void>;
}

export function createSnapshotter(options: SnapshotterOptions): Snapshotter {
  return new FolderSnapshotter(options);
}

/** Reads are told by access times since the last scan, if it is not so long ago that an hour's count means nothing. */
const countedGapMsMax = minutes(90);

class FolderSnapshotter implements Snapshotter {
  readonly #options: SnapshotterOptions;
  #last: Promise<unknown> = Promise.resolve();
  readonly #staging = new Set<Promise<void>>();
  #scannedMs: UnixMs | undefined;

  constructor(options: SnapshotterOptions) {
    this.#options = options;
  }

  snapshot(onProgress: SnapshotProgress = () => {}): Promise<SnapshotOutcome> {
    const turn = this.#last.then(() => this.#take(onProgress));
    this.#last = turn.catch(() => {});
    return turn;
  }

  stagedPacks(): readonly PackDescriptor[] {
    return readStagedPacks(this.#options.stateFolder);
  }

  forget(): Promise<void> {
    const turn = this.#last.then(() => this.#forget());
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #forget(): Promise<void> {
    await Promise.allSettled(this.#staging);
    await rm(this.#options.stateFolder, { recursive: true, force: true });
  }

  async #take(onProgress: SnapshotProgress): Promise<SnapshotOutcome> {
    const { workers, folder, ignore, stateFolder, redundancyFor, now } = this.#options;
    const { drive, driveKey, keyEpoch, owner } = this.#options;
    // A worker that was lost may have left a pack on its way into the journal.
    await Promise.allSettled(this.#staging);
    const redundancy = { small: redundancyFor('small'), bulk: redundancyFor('bulk') };
    const startedMs = now();
    const scannedMs = this.#scannedMs ?? -Infinity;
    const result = await workers.run({
      task: 'snapshot',
      request: {
        sealing: { drive, driveKey, keyEpoch, owner, redundancy },
        folder,
        ignore,
        exclude: insidePaths(folder, this.#options.exclude ?? []),
        stateFolder,
        atMs: startedMs,
        jobCountMax: workers.threadCountMax,
        ...(startedMs - scannedMs <= countedGapMsMax ? { scannedMs } : {}),
      },
      answer: (question) => this.#answer(question, onProgress),
    });
    this.#scannedMs = now();
    return outcomeOf(result);
  }

  async #answer(
    question: SnapshotQuestion,
    onProgress: SnapshotProgress,
  ): Promise<Answer<PackResult | undefined>> {
    switch (question.kind) {
      case 'pack': {
        const { workers } = this.#options;
        const answer = (pack: PackToStage): Promise<Answer<undefined>> => this.#stage(pack);
        return { body: await workers.run({ task: 'pack', request: question.request, answer }) };
      }
      case 'stage':
        return this.#stage(question.pack);
      case 'progress':
        onProgress({ done: question.done, of: question.of });
        return { body: undefined };
      default:
        return question satisfies never;
    }
  }

  async #stage(pack: PackToStage): Promise<Answer<undefined>> {
    const staging = this.#stageAndRemember(pack);
    this.#staging.add(staging);
    try {
      await staging;
    } catch (error) {
      throw nameDiskError(error);
    } finally {
      this.#staging.delete(staging);
    }
    return { body: undefined };
  }

  /** Staged first, remembered second: a crash in between costs a pack twice, never a pack that is not there. */
  async #stageAndRemember({ descriptor, shards, line }: PackToStage): Promise<void> {
    await this.#options.stagePack(descriptor, shards);
    // Given back at once: a snapshot stages faster than the collector comes round.
    for (const bytes of new Set(shards.map((shard) => shard.buffer))) release(bytes);
    await appendLineAsync(driveFiles(this.#options.stateFolder).packsFile, line);
  }
}

function release(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}

/** Drive paths of those folders that lie inside the protected one. */
const insidePaths = (folder: string, others: readonly string[]): readonly string[] =>
  others
    .map((other) => relative(folder, other))
    .filter((path) => path !== '' && path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path))
    .map((path) => path.split(sep).join('/'));

const forPeople = (all: readonly LeftOut[]): readonly Difference[] =>
  all.map(({ path, reason }) => ({ path: pathText(path), reason }));

function outcomeOf(result: SnapshotResult): SnapshotOutcome {
  const { unreadable, special, ...rest } = result;
  return { ...rest, unreadable: forPeople(unreadable), special: forPeople(special) };
}

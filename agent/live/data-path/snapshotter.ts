// Takes snapshots of one folder: has the workers scan and seal, has every pack staged before it is remembered, and says
// what must now be stored elsewhere. It acknowledges nothing: that is for receipts to do.

import { minutes, type UnixMs } from '../../../datasets/index.ts';
import type { Redundancy } from '../../../optimizer/index.ts';
import { type DriveKeys, type HeadRecord, keysIn, type PackDescriptor } from '../../codec/index.ts';
import type { DriveId, PackId, PeerId } from '../../units.ts';
import type { Access } from '../telemetry/index.ts';
import type { MassChange } from './change-watch.ts';
import { nameDiskError } from '../disk-full.ts';
import { driveFiles, readStagedPacks, type StagedSnapshot } from './drive-state.ts';
import { appendLineAsync } from './line-journal.ts';
import type { Letter } from './letter.ts';
import { pathText } from './path-bytes.ts';
import { insidePaths } from './real-folders.ts';
import type { LeftOut } from './scan.ts';
import { answerReading } from './restorer.ts';
import type {
  Difference,
  PackQuestion,
  PackResult,
  PackToStage,
  PruneResult,
  ReadProgress,
  Sealing,
  SnapshotQuestion,
  SnapshotResult,
} from './tasks.ts';
import type { Answer, WorkerPool } from './worker-pool.ts';
import { Turns } from '../turns.ts';

/** Keys and patterns are read anew for each task: they may be getters. */
export interface SnapshotterOptions extends DriveKeys {
  readonly drive: DriveId;
  /** Of `driveKey`. */
  readonly keyEpoch: number;
  readonly owner: PeerId;
  readonly folder: string;
  /** Patterns of what is left out (see ignore.ts). */
  readonly ignore: readonly string[];
  /** Folders that are never backed up wherever they lie, or links lead: the agent's own, whose every change would cause another. */
  readonly exclude?: readonly string[];
  /** A folder of this drive alone, where the state of its last scan is kept. */
  readonly stateFolder: string;
  readonly workers: WorkerPool;
  /** Puts a pack's shards into the outbox; resolves once they are flushed, and their bytes are gone then. `shards[j]` is shard j. */
  readonly stagePack: (descriptor: PackDescriptor, shards: readonly Uint8Array[]) => Promise<void>;
  /** Asked at the start of each snapshot; throw where there is no plan yet. */
  readonly redundancyFor: (placementClass: PackDescriptor['placementClass']) => Redundancy;
  readonly now: () => UnixMs;
  /** Absent: as fast as the disk is. */
  readonly pace?: () => ReadPace;
  /** Until when a person accepted mass changes; absent: never. */
  readonly acceptedMs?: () => number | undefined;
}

/** How fast files are read. */
export interface ReadPace {
  /** Whether anything has to wait: asked before each batch of files. */
  readonly isReadingSlowed: boolean;
  /** Resolves when so many more bytes may be read. */
  beforeReading(byteCount: number): Promise<void>;
}

export interface PruneOptions {
  /** Of the snapshots that are kept, oldest first. */
  readonly kept: readonly Pick<HeadRecord, 'sealedRoot'>[];
  readonly outbox: readonly PackId[];
  /** Packs that `lose` took out of the drive's state: they are given up with the others. */
  readonly lost: readonly PackId[];
  readonly fetchPack: (descriptor: PackDescriptor) => Promise<Uint8Array>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ReadProgress) => void;
  /** No snapshot comes whose index could name new packs: mostly dead ones stay as they are. */
  readonly isLast?: true;
  /** Absent: it only looks. */
  readonly giveUp?: {
    /** Before the drive's state changes: what is going to be given up, flushed. */
    readonly intend: (packs: readonly PackId[]) => void;
    /** After it: no later snapshot counts on these packs. */
    readonly publish: (packs: readonly PackId[]) => Promise<void>;
  };
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
  /** Much was removed or turned into noise within a day, and nobody has accepted it. */
  readonly massChange?: MassChange;
}

export interface Snapshotter {
  /**
   * Takes a snapshot after any that is being taken. Throws `folder-missing`, `folder-unreadable`, `not-a-folder`,
   * `disk-full`, `worker-lost`, and what `stagePack` and `redundancyFor` throw; the next call goes on where it ended.
   */
  snapshot(onProgress?: SnapshotProgress): Promise<SnapshotOutcome>;
  /** Ends those that are being taken or wait, with this reason: no more files are read. What they have staged stays. */
  cancel(reason: Error): void;
  /** Packs that this drive has staged and counts on: all others of it in the outbox are left over from a crash. */
  stagedPacks(): readonly PackDescriptor[];
  /**
   * Judges the drive's packs by the snapshots that are kept, while no snapshot is taken; with `giveUp` it also empties mostly
   * dead packs and gives dead ones up. Killed anywhere, the next `prune` goes on. Throws `snapshot-unreadable`, `disk-full`,
   * `worker-lost`, `restore-cancelled`, and what the options throw.
   */
  prune(options: PruneOptions): Promise<PruneResult>;
  /** Drops packs from the drive's state: what a `prune` had begun. */
  drop(packs: readonly PackId[]): Promise<void>;
  /** The same for packs that were lost, here before holders had them or there: the next snapshot reads and stages anew what was in them. */
  lose(packs: readonly PackId[]): Promise<void>;
}

export function createSnapshotter(options: SnapshotterOptions): Snapshotter {
  return new FolderSnapshotter(options);
}

/** Reads are told by access times since the last scan, if it is not so long ago that an hour's count means nothing. */
const countedGapMsMax = minutes(90);

class FolderSnapshotter implements Snapshotter {
  readonly #options: SnapshotterOptions;
  readonly #turns = new Turns();
  readonly #staging = new Set<Promise<void>>();
  /** Packs that are noted as given up, and that the drive's state may still count on. */
  #doomed: readonly PackId[] = [];
  #scannedMs: UnixMs | undefined;
  #cancelling = new AbortController();

  constructor(options: SnapshotterOptions) {
    this.#options = options;
  }

  snapshot(onProgress: SnapshotProgress = () => {}): Promise<SnapshotOutcome> {
    const { signal } = this.#cancelling;
    return this.#turns.take(() => this.#take(onProgress, signal));
  }

  cancel(reason: Error): void {
    this.#cancelling.abort(reason);
    this.#cancelling = new AbortController();
  }

  stagedPacks(): readonly PackDescriptor[] {
    return readStagedPacks(this.#options.stateFolder);
  }

  prune(options: PruneOptions): Promise<PruneResult> {
    return this.#turns.take(() => this.#prune(options));
  }

  drop(packs: readonly PackId[]): Promise<void> {
    return this.#turns.take(() => this.#drop(packs));
  }

  lose(packs: readonly PackId[]): Promise<void> {
    return this.#turns.take(() => this.#drop(packs, 'lost'));
  }

  async #prune(options: PruneOptions): Promise<PruneResult> {
    const { workers, stateFolder } = this.#options;
    await Promise.allSettled(this.#staging);
    await this.#dropDoomed();
    const result = await workers.run({
      task: 'prune',
      request: {
        sealing: this.#sealing(),
        stateFolder,
        sealedRoots: options.kept.map(({ sealedRoot }) => sealedRoot),
        outbox: options.outbox,
        lost: options.lost,
        mode: options.giveUp === undefined || options.isLast === true ? 'look' : 'repack',
      },
      answer: (question) =>
        question.kind === 'stage' ? this.#stage(question.pack) : answerReading(question, options),
    });
    if (options.giveUp === undefined || result.dead.length === 0) return result;
    this.#doomed = result.dead;
    options.giveUp.intend(result.dead);
    await this.#dropDoomed();
    await options.giveUp.publish(result.dead);
    return result;
  }

  /** Before anything else: what was noted is given up some day, whatever a snapshot finds in it meanwhile. */
  async #dropDoomed(): Promise<void> {
    if (this.#doomed.length > 0) await this.#drop(this.#doomed);
    this.#doomed = [];
  }

  async #drop(packs: readonly PackId[], why: 'given up' | 'lost' = 'given up'): Promise<void> {
    const { workers, stateFolder, drive, keyEpoch } = this.#options;
    await workers.run({
      task: 'drop',
      request: { stateFolder, drive, keyEpoch, packs, why },
      answer: (question) => question,
    });
  }

  #sealing(): Sealing {
    const { drive, keyEpoch, owner, redundancyFor } = this.#options;
    const redundancy = { small: redundancyFor('small'), bulk: redundancyFor('bulk') };
    return { drive, ...keysIn(this.#options), keyEpoch, owner, redundancy };
  }

  async #take(onProgress: SnapshotProgress, signal: AbortSignal): Promise<SnapshotOutcome> {
    const { workers, folder, ignore, stateFolder, now } = this.#options;
    // A worker that was lost may have left a pack on its way into the journal.
    await Promise.allSettled(this.#staging);
    await this.#dropDoomed();
    const sealing = this.#sealing();
    const startedMs = now();
    const scannedMs = this.#scannedMs ?? -Infinity;
    const result = await workers.run({
      task: 'snapshot',
      request: {
        sealing,
        folder,
        ignore,
        exclude: insidePaths(folder, this.#options.exclude ?? []),
        stateFolder,
        atMs: startedMs,
        acceptedMs: this.#options.acceptedMs?.() ?? -Infinity,
        jobCountMax: workers.threadCountMax,
        ...(startedMs - scannedMs <= countedGapMsMax ? { scannedMs } : {}),
      },
      answer: (question) => this.#answer(question, onProgress, signal),
      signal,
    });
    this.#scannedMs = now();
    return outcomeOf(result);
  }

  async #answer(
    question: SnapshotQuestion,
    onProgress: SnapshotProgress,
    signal: AbortSignal,
  ): Promise<Answer<Letter<PackResult> | undefined>> {
    switch (question.kind) {
      case 'pack': {
        const { workers, pace } = this.#options;
        const request = { ...question.request, isSlowed: pace?.().isReadingSlowed === true };
        const answer = (asked: PackQuestion): Promise<Answer<undefined>> => this.#answerPack(asked);
        return { body: await workers.run({ task: 'pack', request, answer, signal }) };
      }
      case 'stage':
        return this.#stage(question.pack);
      case 'foresee':
        this.#options.workers.foresee(question.taskCount);
        return { body: undefined };
      case 'progress':
        onProgress({ done: question.done, of: question.of });
        return { body: undefined };
      default:
        return question satisfies never;
    }
  }

  async #answerPack(question: PackQuestion): Promise<Answer<undefined>> {
    if (question.kind === 'stage') return this.#stage(question.pack);
    await this.#options.pace?.().beforeReading(question.byteCount);
    return { body: undefined };
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

const forPeople = (all: readonly LeftOut[]): readonly Difference[] =>
  all.map(({ path, reason }) => ({ path: pathText(path), reason }));

function outcomeOf(result: SnapshotResult): SnapshotOutcome {
  const { unreadable, special, ...rest } = result;
  return { ...rest, unreadable: forPeople(unreadable), special: forPeople(special) };
}

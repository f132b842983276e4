// Looks into snapshots without restoring them: versions of files, changes between two moments. Workers open and read;
// this side only hands packs over.

import { type DriveKeys, type HeadRecord, keysIn, type PackDescriptor } from '../../codec/index.ts';
import { answerReading, runReading } from './restorer.ts';
import type {
  DifferenceResult,
  HistoryRequest,
  HistoryResult,
  ReadProgress,
  ProveRequest,
  ProveResult,
  VerifyRequest,
  VerifyResult,
} from './tasks.ts';
import type { WorkerPool } from './worker-pool.ts';

/** Versions of one answer: more is no answer that a person reads. */
const versionCountMax = 10_000;
const changeCountMax = 10_000;
const problemCountMax = 1000;

export interface ReadingOptions extends DriveKeys {
  readonly workers: WorkerPool;
  /** Gives a whole sealed pack and its buffer with it (it is moved); rejects where it cannot be had. */
  readonly fetchPack: (descriptor: PackDescriptor) => Promise<Uint8Array>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ReadProgress) => void;
}

type Head = Pick<HeadRecord, 'drive' | 'sealedRoot'>;

/** All versions of what `wanted` fits, in snapshots of one drive, oldest first. Throws `restore-cancelled`, `worker-lost`. */
export const findVersions = (
  heads: readonly [Head, ...Head[]],
  wanted: HistoryRequest['wanted'],
  options: ReadingOptions,
): Promise<HistoryResult> =>
  options.workers.run({
    task: 'history',
    request: {
      drive: heads[0].drive,
      ...keysIn(options),
      sealedRoots: heads.map(({ sealedRoot }) => sealedRoot),
      wanted,
      versionCountMax,
    },
    answer: (question) => answerReading(question, options),
  });

/** What changed from one snapshot of a drive to another. Throws `snapshot-unreadable`, `restore-cancelled`, `worker-lost`. */
export const findDifferences = (
  heads: { readonly before: Head; readonly after: Head },
  options: ReadingOptions,
): Promise<DifferenceResult> =>
  options.workers.run({
    task: 'difference',
    request: {
      drive: heads.after.drive,
      ...keysIn(options),
      before: heads.before.sealedRoot,
      after: heads.after.sealedRoot,
      changeCountMax,
    },
    answer: (question) => answerReading(question, options),
  });

export interface VerifyOptions extends ReadingOptions {
  readonly depth: VerifyRequest['depth'];
  /** The drive's newest head. */
  readonly newest: Head;
  /** How many different shards of each pack can be had now. */
  readonly countShards: (packs: readonly PackDescriptor[]) => Promise<readonly number[]>;
}

/** Whether every file of snapshots of one drive, oldest first, could be restored. Throws `restore-cancelled`, `worker-lost`. */
export const verifySnapshots = (
  heads: readonly [Head, ...Head[]],
  options: VerifyOptions,
): Promise<VerifyResult> =>
  options.workers.run({
    task: 'verify',
    request: {
      drive: heads[0].drive,
      ...keysIn(options),
      sealedRoots: heads.map(({ sealedRoot }) => sealedRoot),
      newestRoot: options.newest.sealedRoot,
      depth: options.depth,
      problemCountMax,
      // One more than threads: a pack is fetched while others are checked.
      jobCountMax: options.workers.threadCountMax + 1,
    },
    answer: async (question) => {
      if (question.kind === 'count') return { body: await options.countShards(question.descriptors) };
      if (question.kind === 'check') return runReading('check', question.request, options);
      return answerReading(question, options);
    },
  });

export interface ProveOptions
  extends Omit<ReadingOptions, keyof DriveKeys>, Omit<ProveRequest, 'drive' | 'sealedRoot'> {}

/** Restores some random files of a snapshot into memory and compares them. Throws `restore-cancelled`, `worker-lost`. */
export const proveSnapshot = ({ drive, sealedRoot }: Head, options: ProveOptions): Promise<ProveResult> => {
  const { folder, seed, filesMax, fileBytesMax } = options;
  return options.workers.run({
    task: 'prove',
    request: { drive, ...keysIn(options), sealedRoot, folder, seed, filesMax, fileBytesMax },
    answer: (question) => answerReading(question, options),
  });
};

// Brings a snapshot's files back into a folder, and compares folders. Workers open, check and write; this side only
// hands packs over. Every chunk is checked by its keyed hash; what cannot be had is listed, never guessed.

import { resolve } from 'node:path';
import { DreyError } from '../../../datasets/index.ts';
import {
  type DriveKeys,
  type HeadRecord,
  keysIn,
  type PackDescriptor,
  type PackRange,
} from '../../codec/index.ts';
import { restoreFolderInUse } from './unfinished-restore.ts';
import type { Difference, ReadProgress, ReadQuestion, RestoreResult, Tasks } from './tasks.ts';
import type { Answer, WorkerPool } from './worker-pool.ts';

/** A pack more than threads is on its way at once: this bounds the memory. */
const placingThreadsMax = 3;

/** Where packs come from. */
export interface PackSupply {
  /** Gives a whole sealed pack and the bytes' buffer with it (it is moved, not copied); rejects where it cannot be had. */
  readonly fetchPack: (descriptor: PackDescriptor) => Promise<Uint8Array>;
  /** Gives some bytes of a pack, unchecked; undefined where it is to be fetched whole. */
  readonly fetchRange?: (descriptor: PackDescriptor, range: PackRange) => Promise<Uint8Array | undefined>;
}

export interface RestoreOptions extends DriveKeys, PackSupply {
  readonly workers: WorkerPool;
  readonly head: Pick<HeadRecord, 'drive' | 'keyEpoch' | 'sealedRoot'>;
  /** The drive's newest head, where that is another one. */
  readonly newest?: Pick<HeadRecord, 'sealedRoot'>;
  /** A new or empty folder, or that of a restore of the same snapshot that was cut off, unless `overwrite`. */
  readonly to: string;
  /** Drive paths of files and folders; everything when absent or empty. */
  readonly paths?: readonly string[];
  readonly overwrite?: 'refuse' | 'replace';
  /** Ends the restore before its next pack; files that are whole by then stay. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ReadProgress) => void;
}

/**
 * Restores what can be had and lists the rest. Throws `restore-folder-not-empty`, `restore-folder-in-use`,
 * `restore-folder-unusable`, `snapshot-unreadable` (root, index or tree is missing or altered), `path-not-in-snapshot`,
 * `restore-cancelled`, `disk-full`, `worker-lost`.
 */
export async function restoreSnapshot(options: RestoreOptions): Promise<RestoreResult> {
  const { workers, to } = options;
  const place = resolve(to);
  // Threads of one process are one to the mark in the folder.
  const places = (restoring.get(workers) ?? restoring.set(workers, new Set()).get(workers))!;
  if (places.has(place)) throw restoreFolderInUse();
  places.add(place);
  try {
    return await runRestore(options);
  } finally {
    places.delete(place);
  }
}

const restoring = new WeakMap<WorkerPool, Set<string>>();

function runRestore(options: RestoreOptions): Promise<RestoreResult> {
  const { workers, head, to } = options;
  const { drive, keyEpoch, sealedRoot } = head;
  return workers.run({
    task: 'restore',
    request: {
      drive,
      ...keysIn(options),
      keyEpoch,
      sealedRoot,
      ...(options.newest === undefined ? {} : { newestRoot: options.newest.sealedRoot }),
      to,
      paths: options.paths ?? [],
      overwrite: options.overwrite === 'replace',
      jobCountMax: Math.min(workers.threadCountMax, placingThreadsMax) + 1,
    },
    answer: (question) =>
      question.kind === 'place'
        ? runReading('place', question.request, options)
        : answerReading(question, options),
  });
}

/** Answers what a task that reads packs asks. Throws `restore-cancelled`, and what `fetchPack` throws. */
export async function answerReading(
  question: ReadQuestion,
  { fetchPack, fetchRange, onProgress, signal }: PackSupply & Pick<RestoreOptions, 'onProgress' | 'signal'>,
): Promise<Answer<Uint8Array | undefined>> {
  if (signal?.aborted === true) throw cancelled();
  if (question.kind === 'progress') {
    onProgress?.({ phase: question.phase, done: question.done, of: question.of });
    return { body: undefined };
  }
  const { descriptor, range } = question;
  const body = await (range === undefined ? fetchPack(descriptor) : fetchRange?.(descriptor, range));
  return body === undefined ? { body } : { body, transfer: [body.buffer as ArrayBuffer] };
}

/** Has another task read a pack for the one that asks. Throws as `answerReading`, and `worker-lost`. */
export async function runReading<Name extends 'check' | 'place'>(
  task: Name,
  request: Tasks[Name]['request'],
  options: PackSupply & Pick<RestoreOptions, 'workers' | 'onProgress' | 'signal'>,
): Promise<Answer<Tasks[Name]['result']>> {
  const answer = (question: ReadQuestion): ReturnType<typeof answerReading> =>
    answerReading(question, options);
  return { body: await options.workers.run({ task, request, answer }) };
}

const cancelled = (): DreyError =>
  new DreyError({
    code: 'restore-cancelled',
    message: 'The restore was cancelled',
    advice: 'What was whole by then is in the folder: the same command goes on there.',
  });

export interface CompareOptions {
  readonly workers: WorkerPool;
  readonly left: string;
  readonly right: string;
  /** Patterns of what the drive leaves out. */
  readonly ignore?: readonly string[];
}

/** Every difference of bytes, type, mode, link target or time; empty when the folders are the same. */
export const compareTrees = ({
  workers,
  left,
  right,
  ignore,
}: CompareOptions): Promise<readonly Difference[]> =>
  workers.run({
    task: 'compare',
    request: { left, right, ignore: ignore ?? [] },
    answer: (question) => question,
  });

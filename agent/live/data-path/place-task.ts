// Task of a worker thread: one pack fetched, opened, and each of its chunks written to where a restore wants it, once its keyed hash was
// checked. What cannot be had or written is a reason, file by file; only a full disk ends the restore.

import { nameDiskError } from '../disk-full.ts';
import { DreyError } from '../../../datasets/words.ts';
import type { DriveKeys, PackDescriptor, PackEntry } from '../../codec/index.ts';
import { isHole } from '../../codec/sealing.ts';
import { type GrowingFile, GrowingFiles } from './growing-files.ts';
import { type Letter, openLetter } from './letter.ts';
import { PackSource } from './pack-source.ts';
import { failureText } from './scan.ts';
import type { Ask, ReadQuestion, Remedy, TaskEnd } from './tasks.ts';

/** Task `place`: one pack, and where its chunks belong. */
export interface PlaceRequest extends DriveKeys {
  readonly descriptor: PackDescriptor;
  /** In the order in which the chunks lie in the pack. */
  readonly writes: Letter<readonly ChunkWrite[]>;
}

export interface ChunkWrite {
  readonly entry: PackEntry;
  readonly file: GrowingFile;
  readonly offset: number;
}

export interface PlaceResult {
  readonly isFetched: boolean;
  /** Files that cannot become whole, by their temporary names, and why; all others have their chunks of this pack. */
  readonly failures: readonly ({ readonly temporary: string } & PlaceFailure)[];
}

interface PlaceFailure {
  readonly reason: string;
  readonly remedy: Remedy;
}

/** Task `place`. Throws `disk-full`. */
export async function placeTask(
  { descriptor, writes: letter, ...keys }: PlaceRequest,
  ask: Ask<ReadQuestion, Uint8Array | undefined>,
): Promise<TaskEnd<PlaceResult>> {
  const source = new PackSource(keys, ask);
  const writes = openLetter(letter);
  const fetched = await source.fetch(
    descriptor,
    writes.map(({ entry }) => entry),
  );
  // The agent's own disk was full: no machine can help with that.
  const remedy: Remedy = 'reason' in fetched && fetched.code === 'disk-full' ? 'here' : 'machines';
  const failures = new Map<string, PlaceFailure>();
  using files = new GrowingFiles();
  /** A chunk that is nothing but zeros: a sparse file wants it thousands of times, and needs none of it written. */
  let zeros: PackEntry | undefined;
  for (const { entry, file, offset } of writes) {
    if (failures.has(file.temporary) || (file.isSparse && entry === zeros)) continue;
    const chunk = 'reason' in fetched ? fetched : source.read(fetched.pack, entry);
    const failure =
      'reason' in chunk
        ? { reason: chunk.reason, remedy }
        : whyNotWritten(() => files.writeAt(file, chunk.bytes, offset));
    if ('bytes' in chunk && isHole(chunk.bytes)) zeros = entry;
    if (failure !== undefined) failures.set(file.temporary, failure);
  }
  return {
    result: {
      isFetched: 'pack' in fetched,
      failures: [...failures].map(([temporary, failure]) => ({ temporary, ...failure })),
    },
  };
}

function whyNotWritten(write: () => void): PlaceFailure | undefined {
  try {
    write();
    return undefined;
  } catch (error) {
    return { reason: writeFailure(error), remedy: 'here' };
  }
}

/** Why something could not be written, for a person. Throws `disk-full`, which ends the whole restore, and what no system said. */
export function writeFailure(error: unknown): string {
  const named = nameDiskError(error);
  if (named instanceof DreyError) throw named;
  if (typeof (error as { syscall?: unknown }).syscall === 'string')
    return failureText(error).replace('be read', 'be written').replace('read', 'write');
  throw error;
}

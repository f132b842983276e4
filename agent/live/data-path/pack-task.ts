// Task of a worker thread: reads files, cuts them into chunks and stages the new ones in packs. A file that changes
// under the reader is read again; what cannot be read is listed. Follows no link.

import type { ChunkId } from '../../units.ts';
import { packBytesTarget } from '../../limits.ts';
import { assertNotExhausted } from '../disk-full.ts';
import { ChunkTable } from './chunk-table.ts';
import { type FilePlace, openFile } from './file-reader.ts';
import { type Letter, letterOf, openLetter } from './letter.ts';
import { placeCheck } from './opened-place.ts';
import { PackMemory } from './pack-memory.ts';
import { Packer } from './packer.ts';
import { placeUnder } from './path-bytes.ts';
import { failureText, type LeftOut } from './scan.ts';
import type { Ask, PackQuestion, PackRequest, PackResult, ReadFile, TaskEnd } from './tasks.ts';

/** A file that changes more often than this while it is read is kept as it was read last, and marked. */
const attemptCountMax = 3;
/** A file of so much that only grew is read once: what it was when it was opened is known, and it may grow for ever. */
const grownBytesMax = 4 * packBytesTarget;

/** Of this thread, for all tasks that read files. */
const packMemory = new PackMemory();

/** Task `pack`. Every pack that it lists is staged when it ends. */
export async function packTask(
  { sealing, folder, way, seen, known, isSlowed }: PackRequest,
  ask: Ask<PackQuestion, undefined>,
): Promise<TaskEnd<Letter<PackResult>>> {
  const table = new ChunkTable(known);
  using packer = new Packer({
    sealing,
    placementClass: 'bulk',
    isNew: (chunk) => table.add(chunk),
    stage: (pack, transfer) => ask({ kind: 'stage', pack }, transfer),
    memory: packMemory,
  });
  const mayRead = async (byteCount: number): Promise<void> => {
    if (isSlowed) await ask({ kind: 'read', byteCount });
  };
  const [place, isThere] = [placeUnder(folder), placeCheck(way)];
  const files: ReadFile[] = [];
  const missed: LeftOut[] = [];
  for (const one of openLetter(seen)) {
    const outcome = await readFile({ seen: one, place: place(one.path), isThere, packer, mayRead });
    if ('reason' in outcome) missed.push(outcome);
    else files.push(outcome);
  }
  await packer.finish();
  return { result: letterOf({ files, missed, packs: packer.staged }) };
}

interface FileToRead extends FilePlace {
  readonly packer: Packer;
  readonly mayRead: (byteCount: number) => Promise<void>;
}

async function readFile(file: FileToRead): Promise<ReadFile | LeftOut> {
  const { path } = file.seen;
  try {
    let read = await readOnce(file);
    for (let attempt = 1; mayBeStill(read) && attempt < attemptCountMax; attempt++)
      read = await readOnce(file);
    return read?.file ?? { path, reason: 'it was removed or replaced while the snapshot was taken' };
  } catch (error) {
    if (typeof (error as { syscall?: unknown }).syscall !== 'string') throw error;
    assertNotExhausted(error);
    return { path, reason: failureText(error) };
  }
}

interface Attempt {
  readonly file: ReadFile;
  readonly hasGrown: boolean;
}

const mayBeStill = (read: Attempt | undefined): boolean =>
  read?.file.state === 'changing' && !(read.hasGrown && read.file.entry.byteCount >= grownBytesMax);

async function readOnce({ packer, mayRead, ...place }: FileToRead): Promise<Attempt | undefined> {
  using file = openFile(place);
  if (file === undefined) return undefined;
  const chunks: ChunkId[] = [];
  let byteCount = 0;
  for (const bytes of file.chunks()) {
    chunks.push(await packer.add(bytes));
    byteCount += bytes.length;
    await mayRead(bytes.length);
  }
  const attributes = file.attributes();
  const state = file.state();
  const hasGrown = state === 'grown';
  const isWhole = byteCount === file.entry.byteCount;
  return {
    file: {
      entry: { ...file.entry, byteCount },
      chunks,
      attributes,
      state: isWhole && state !== 'changed' && !hasGrown ? state : 'changing',
    },
    hasGrown,
  };
}

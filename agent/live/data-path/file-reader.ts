// Reads one file in content-defined chunks, and says whether it was the same file from the first byte to the last.
// Reads no link, pipe or device, even where one took the file's place since the scan; leaves access times alone.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { mebibyte, secondMs } from '../../../datasets/words.ts';
import { cutPoint, hole } from '../../codec/sealing.ts';
import { chunkBytesMax } from '../../limits.ts';
import type { Attribute } from '../../codec/index.ts';
import type { PlaceCheck, SeenFile } from './opened-place.ts';
import { type BytePath, bytePath } from './path-bytes.ts';
import { statsOf } from './file-stats.ts';
import { errorCode, identityOf, scannedEntry, type ScannedEntry } from './scan.ts';
import { keptAttributes, systemCalls } from './system-calls.ts';

const windowBytes = 8 * mebibyte;
/** Coarsest clock of a file system in use (FAT): a file changed this recently may change again unseen. */
const timeGrainMs = 2 * secondMs;

const readFlags =
  constants.O_RDONLY |
  (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0) |
  ((constants as { O_BINARY?: number }).O_BINARY ?? 0);
const quietFlag = constants.O_NOATIME ?? 0;

/** A regular file, open for reading. */
export interface OpenFile extends Disposable {
  readonly entry: ScannedEntry;
  /**
   * Chunks in order, as views that are valid until the next one is asked for. An empty file has none. Nothing beyond the length that the
   * file had when it was opened: whoever writes faster than this reads would keep it from ever ending.
   */
  chunks(): Generator<Uint8Array, void>;
  /** A copy of some bytes; fewer where the file ends before. */
  bytesAt(offset: number, length: number): Buffer;
  attributes(): readonly Attribute[];
  /** `still`: nothing changed since it was opened. `recent`: the same, but a change just now could hide. `grown`: there is more of it now. */
  state(): 'still' | 'recent' | 'changed' | 'grown';
}

/** A file of the scan, and where it is opened. */
export interface FilePlace {
  readonly seen: SeenFile;
  readonly place: Buffer;
  readonly isThere: PlaceCheck;
}

/** Opens a file of the scan; undefined where no regular file is there any more, or a link led elsewhere. Throws the system's error otherwise. */
export function openFile({ seen, place, isThere }: FilePlace): OpenFile | undefined {
  const handle = openQuietly(place);
  if (handle === undefined) return undefined;
  const { path } = seen;
  const entry = entryOf(handle, path);
  if (entry === undefined || !isThere(handle, entry.inode, seen)) {
    closeSync(handle);
    return undefined;
  }
  const openedMs = Date.now();
  const bytesAt = (offset: number, length: number): Buffer => {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(handle, bytes, 0, length, offset));
  };
  return {
    entry,
    chunks: () => readChunks(handle, entry),
    bytesAt,
    attributes: () => keptAttributes(handle),
    state: () => {
      const now = entryOf(handle, path);
      // Some file systems tell a length that they do not know.
      if (now !== undefined && (now.byteCount > entry.byteCount || bytesAt(entry.byteCount, 1).length > 0))
        return 'grown';
      if (now === undefined || identityOf(now) !== identityOf(entry)) return 'changed';
      const [changedMs, writtenMs] = [entry.ctimeNs, entry.mtimeNs].map((ns) => Number(ns / 1_000_000n));
      // A time of writing that lies ahead was set by somebody, and says nothing.
      const touchedMs = writtenMs! > openedMs ? changedMs! : Math.max(changedMs!, writtenMs!);
      return touchedMs > openedMs - timeGrainMs ? 'recent' : 'still';
    },
    [Symbol.dispose]: () => closeSync(handle),
  };
}

/** The same for what is only looked at and saved nowhere, wherever a link led. */
export const openToLookAt = (place: Buffer): OpenFile | undefined =>
  openFile({ seen: { path: bytePath(''), inode: '' }, place, isThere: () => true });

function openQuietly(place: Buffer): number | undefined {
  try {
    return openSync(place, readFlags | quietFlag);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ELOOP') return undefined;
    // Only a file's owner may leave its access time alone.
    if (errorCode(error) === 'EPERM' && quietFlag !== 0) return openSync(place, readFlags);
    throw error;
  }
}

function entryOf(handle: number, path: BytePath): ScannedEntry | undefined {
  const stats = statsOf(fstatSync(handle, { bigint: true }));
  return stats.type === 'file' ? scannedEntry(path, stats.type, stats) : undefined;
}

/** Windows that no reader uses now. A thread may have several readers, each waiting for its pack to be staged. */
const idleWindows: Buffer[] = [];

function* readChunks(handle: number, entry: ScannedEntry): Generator<Uint8Array, void> {
  const window = idleWindows.pop() ?? Buffer.allocUnsafeSlow(windowBytes);
  try {
    yield* cutWindow({ handle, entry }, window);
  } finally {
    idleWindows.push(window);
  }
}

interface Reading {
  readonly handle: number;
  readonly entry: ScannedEntry;
}

function* cutWindow(reading: Reading, window: Buffer): Generator<Uint8Array, void> {
  const { handle, entry } = reading;
  const holes = new Holes(reading);
  /** `offset`: in the file, of the byte at `end`. */
  let [start, end, offset, atEnd] = [0, 0, 0, false];
  for (;;) {
    // Zeros that nobody wrote are cut where they would be if they were read.
    for (let at = offset - (end - start); holes.isChunkAt(at); at += chunkBytesMax) {
      [start, end, offset, atEnd] = [0, 0, at + chunkBytesMax, false];
      yield hole;
    }
    if (!atEnd && windowBytes - start < chunkBytesMax) {
      window.copyWithin(0, start, end);
      [start, end] = [0, end - start];
    }
    while (!atEnd && end - start < chunkBytesMax) {
      const length = Math.min(windowBytes - end, entry.byteCount - offset);
      const count = readSync(handle, window, end, length, offset);
      end += count;
      offset += count;
      atEnd = count === 0;
    }
    if (start === end) return;
    const cut = cutPoint(window, start, end);
    yield window.subarray(start, cut);
    start = cut;
  }
}

/** Where a file has holes, as its file system knows: an image of terabytes is mostly nothing, and reading that takes an hour. */
class Holes {
  readonly #reading: Reading;
  /** The next byte that is there, seen from `#askedAt`. */
  #dataAt = 0;
  #askedAt = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /** Whether a whole chunk of the longest kind, from this offset on, lies in a hole. False where that cannot be told. */
  isChunkAt(offset: number): boolean {
    const { entry, handle } = this.#reading;
    const end = offset + chunkBytesMax;
    if (!entry.isSparse || end > entry.byteCount) return false;
    if (offset < this.#askedAt || offset >= this.#dataAt) {
      this.#askedAt = offset;
      this.#dataAt = systemCalls?.dataFrom(handle, offset) ?? offset;
    }
    return end <= this.#dataAt;
  }
}

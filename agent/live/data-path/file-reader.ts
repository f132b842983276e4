// Reads one file in content-defined chunks, and says whether it was the same file from the first byte to the last.
// Opens no link, pipe or device, even where one took the file's place since the scan; leaves access times alone.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { mebibyte, secondMs } from '../../../datasets/words.ts';
import { cutPoint } from '../../codec/sealing.ts';
import { chunkBytesMax } from '../../limits.ts';
import type { BytePath } from './path-bytes.ts';
import { statsOf } from './file-stats.ts';
import { errorCode, identityOf, scannedEntry, type ScannedEntry } from './scan.ts';

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
  /** Chunks in order, as views that are valid until the next one is asked for. An empty file has none. */
  chunks(): Generator<Uint8Array, void>;
  /** `still`: nothing changed since it was opened. `recent`: the same, but a change just now could hide. */
  state(): 'still' | 'recent' | 'changed';
}

/** Opens a file of the scan; undefined where no regular file is there any more. Throws the system's error otherwise. */
export function openFile(place: Buffer, path: BytePath): OpenFile | undefined {
  const handle = openQuietly(place);
  if (handle === undefined) return undefined;
  const entry = entryOf(handle, path);
  if (entry === undefined) {
    closeSync(handle);
    return undefined;
  }
  const openedMs = Date.now();
  return {
    entry,
    chunks: () => readChunks(handle),
    state: () => {
      const now = entryOf(handle, path);
      if (now === undefined || identityOf(now) !== identityOf(entry)) return 'changed';
      const [changedMs, writtenMs] = [entry.ctimeNs, entry.mtimeNs].map((ns) => Number(ns / 1_000_000n));
      // A time of writing that lies ahead was set by somebody, and says nothing.
      const touchedMs = writtenMs! > openedMs ? changedMs! : Math.max(changedMs!, writtenMs!);
      return touchedMs > openedMs - timeGrainMs ? 'recent' : 'still';
    },
    [Symbol.dispose]: () => closeSync(handle),
  };
}

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

function* readChunks(handle: number): Generator<Uint8Array, void> {
  const window = idleWindows.pop() ?? Buffer.allocUnsafeSlow(windowBytes);
  try {
    yield* cutWindow(handle, window);
  } finally {
    idleWindows.push(window);
  }
}

function* cutWindow(handle: number, window: Buffer): Generator<Uint8Array, void> {
  let [start, end, atEnd] = [0, 0, false];
  for (;;) {
    if (!atEnd && windowBytes - start < chunkBytesMax) {
      window.copyWithin(0, start, end);
      [start, end] = [0, end - start];
    }
    while (!atEnd && end - start < chunkBytesMax) {
      const count = readSync(handle, window, end, windowBytes - end, null);
      end += count;
      atEnd = count === 0;
    }
    if (start === end) return;
    const cut = cutPoint(window, start, end);
    yield window.subarray(start, cut);
    start = cut;
  }
}

// What waits in the queue of a file of inotify(7), event by event. Knows nothing of folders.

import { readSync } from 'node:fs';
import { errorCode } from './scan.ts';

/** Bits of a mask (inotify(7)). */
export const bits = {
  modified: 0x2,
  attributes: 0x4,
  movedFrom: 0x40,
  movedTo: 0x80,
  created: 0x1_00,
  deleted: 0x2_00,
  deletedSelf: 0x4_00,
  movedSelf: 0x8_00,
  overflow: 0x40_00,
  ended: 0x80_00,
  onlyFolders: 0x1_00_00_00,
  noLinks: 0x2_00_00_00,
  notUnlinked: 0x4_00_00_00,
  isFolder: 0x40_00_00_00,
} as const;

export interface InotifyEvent {
  readonly watch: number;
  readonly mask: number;
  /** '' where it is about the watched folder itself. */
  readonly name: string;
}

/** `struct inotify_event`: watch, mask, cookie, length of the name with the zeros after it, name. */
const headBytes = 16;
/** Of all queues, as each event is handled before more is read. */
const memory = Buffer.alloc(65_536);

/** More than a full queue of 16,384: who writes without end keeps nobody here. */
const readsMax = 64;

/** What came so far and was not read, in order; `handle` was opened with `Inotify.open`. */
export function* waitingEvents(handle: number): Generator<InotifyEvent> {
  for (let reads = 0; reads < readsMax; reads++) {
    const length = readNow(handle);
    if (length === 0) return;
    for (let at = 0; at + headBytes <= length;) {
      const end = at + headBytes + memory.readInt32LE(at + 12);
      const name = memory.toString('latin1', at + headBytes, end).replace(/\0+$/u, '');
      yield { watch: memory.readInt32LE(at), mask: memory.readInt32LE(at + 4), name };
      at = end;
    }
  }
}

/** How many bytes of events are in `memory` now; none where none waits. */
function readNow(handle: number): number {
  try {
    return readSync(handle, memory);
  } catch (error) {
    if (errorCode(error) === 'EAGAIN') return 0;
    throw error;
  }
}

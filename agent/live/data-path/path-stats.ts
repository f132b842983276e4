// What the system says of a path, a link not being followed. By `statx` where there is one: half of what `lstat` of node:fs costs, and a scan
// asks for hundreds of thousands.

import { lstatSync } from 'node:fs';
import { type FileStats, statsOf } from './file-stats.ts';
import { systemCalls, terminated } from './system-calls.ts';

/** Throws the system's error. */
export const statsAt = (place: Buffer): FileStats => statsIn(terminated(place), place.length);

/** Of the path that is the first `length` bytes of `memory`; one more has room there for the zero that ends it. */
export function statsIn(memory: Buffer, length: number): FileStats {
  if (systemCalls?.statsAt === undefined)
    return statsOf(lstatSync(memory.subarray(0, length), { bigint: true }));
  memory[length] = 0;
  return systemCalls.statsAt(memory);
}

// What running processes have used, from /proc (Linux): for agents that go on living after what is measured.

import { readFileSync } from 'node:fs';

/** `getconf CLK_TCK` of every Linux that Node runs on. */
const ticksPerSecond = 100;

/** CPU seconds of the processes so far, all threads and ended children. */
export function cpuSecondsOf(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold spaces; utime, stime, cutime and cstime are 12th to 15th behind it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    for (const field of fields.slice(11, 15)) ticks += Number(field);
  }
  return ticks / ticksPerSecond;
}

export interface ResidentMemory {
  readonly nowBytes: number;
  readonly peakBytes: number;
  /** Of those of now the pages of files: the program itself, and tables of its database. */
  readonly mappedBytes: number;
}

/** Resident memory in bytes. */
export function memoryOf(pid: number): ResidentMemory {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kibibytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`, 'u').exec(text)?.[1]);
  return {
    nowBytes: kibibytes('VmRSS') * 1024,
    peakBytes: kibibytes('VmHWM') * 1024,
    mappedBytes: kibibytes('RssFile') * 1024,
  };
}

// Runs one command and says what it and all its children used: `node usage.ts COMMAND…` prints one line of JSON at the end. The same wrapper
// measures every tool, by getrusage(RUSAGE_CHILDREN) of a process that has no other children (Linux).

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

/** What one run used. */
export interface Usage {
  readonly wallSeconds: number;
  /** User and system, of the whole process tree. */
  readonly cpuSeconds: number;
  /** Largest resident memory of any one process of the tree, in bytes. */
  readonly peakBytes: number;
}

interface Koffi {
  load(library: string): { func(prototype: string): (...values: readonly unknown[]) => number };
}

/** struct rusage of 64-bit Linux: two pairs of seconds and microseconds, then the largest resident size in KiB. */
function childUsage(): Pick<Usage, 'cpuSeconds' | 'peakBytes'> {
  const koffi = createRequire(import.meta.url)('koffi') as Koffi;
  const fields = new BigInt64Array(18);
  const getrusage = koffi.load('libc.so.6').func('int getrusage(int who, void *usage)');
  if (getrusage(-1, fields) !== 0) throw new Error('getrusage failed');
  const [userSeconds, userMicros, systemSeconds, systemMicros, residentKib] = [...fields].map(Number);
  return {
    cpuSeconds: userSeconds! + systemSeconds! + (userMicros! + systemMicros!) / 1e6,
    peakBytes: residentKib! * 1024,
  };
}

const [command, ...args] = process.argv.slice(2);
if (import.meta.main && command !== undefined) {
  const startMs = performance.now();
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const wallSeconds = (performance.now() - startMs) / 1000;
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
  process.stdout.write(`${JSON.stringify({ wallSeconds, ...childUsage() } satisfies Usage)}\n`);
}

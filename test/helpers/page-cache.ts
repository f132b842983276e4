// What the page cache has of a file.

import { execFileSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import { systemCalls } from '../../agent/live/data-path/system-calls.ts';

/** Of tmpfs (statfs(2)): the page cache is all that it has. */
const memoryDisk = 0x01_02_19_94;

/** Bytes of a file in the page cache, by fincore of util-linux. */
export function cachedBytesOf(file: string): number {
  const options = ['--bytes', '--noheadings', '--output', 'RES'];
  return Number(execFileSync('fincore', [...options, file], { stdio: 'pipe' }));
}

/** Whether files in `folder` can leave the page cache, and fincore can say so; says why not. */
export function canLeaveCache(t: ExecutionContext, folder: string): boolean {
  try {
    cachedBytesOf(import.meta.filename);
  } catch {
    t.pass('skipped: there is no fincore to ask the page cache with');
    return false;
  }
  if (systemCalls !== undefined && statfsSync(folder).type !== memoryDisk) return true;
  t.pass('skipped: the system has no call for it, or the temporary folder lies in memory');
  return false;
}

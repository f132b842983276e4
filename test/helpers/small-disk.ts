// A small file system of its own, for what happens when a disk is full.

import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';

/** Mounts one at a folder that is there, until the test ends; false, with the reason logged, where that is not allowed. */
export function mountSmallDisk(t: ExecutionContext, folder: string, size: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'drey-test', folder], { stdio: 'pipe' });
  } catch (error) {
    t.log(`skipped: this process may not mount a small file system (${String(error)})`);
    t.pass();
    return false;
  }
  t.teardown(() => execFileSync('umount', ['--lazy', folder]));
  return true;
}

/** Takes all space but so much; what it returns gives it back, and waits until it is there. */
export function fillDisk(folder: string, leftBytes: number): () => void {
  const ballast = join(folder, 'ballast');
  const byteCount = roomIn(folder) - leftBytes;
  writeFileSync(ballast, Buffer.alloc(byteCount));
  return () => {
    rmSync(ballast);
    // A process that another test began while the ballast was written has it open until its own program runs.
    while (roomIn(folder) < byteCount) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  };
}

function roomIn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

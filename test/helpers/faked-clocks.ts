// Clocks of agents that a test sets, all at once and while they run: those of the library that chaos uses too.

import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { fakeTimeLibrary } from '../chaos/machine.ts';
import { temporaryFolder } from './agents.ts';

export { fakeTimeLibrary } from '../chaos/machine.ts';

export interface FakedClocks {
  /** What all clocks show from the next second on. */
  readonly nowMs: number;
  pass(ms: number): void;
}

/** For every process that this one starts from now on; its own clock stays as it is. */
export function fakeClocks(t: ExecutionContext): FakedClocks {
  const file = join(temporaryFolder(t, 'clock'), 'now');
  let aheadMs = 0;
  // In one step: whoever looks meanwhile must not find half of a number.
  const write = (): void => {
    writeFileSync(`${file}.new`, `+${Math.round(aheadMs / 1000)}`);
    renameSync(`${file}.new`, file);
  };
  write();
  Object.assign(process.env, {
    LD_PRELOAD: fakeTimeLibrary,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  });
  return {
    get nowMs() {
      return Date.now() + aheadMs;
    },
    pass(ms) {
      aheadMs += ms;
      write();
    },
  };
}

// The live clock: the system's time, made to never go backwards while the agent runs.

import { type UnixMs, unixMs } from '../../datasets/index.ts';
import type { Clock, Timer } from '../ports.ts';

export function createLiveClock(): Clock {
  let last = 0;
  return {
    now: (): UnixMs => {
      last = Math.max(last, Date.now());
      return unixMs(last);
    },
    start: (afterMs, fire): Timer => {
      const timer = setTimeout(fire, afterMs);
      return { cancel: () => clearTimeout(timer) };
    },
  };
}

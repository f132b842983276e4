// Time in the live world. Follows the system's clock, also over sleep, but never goes back with it: where the system's clock
// is set back, this one goes on at half speed until the other has caught up.

import { type UnixMs, unixMs } from '../../datasets/index.ts';
import type { Clock, Timer } from '../ports.ts';

/** Longest delay that Node's timers take; longer ones are started again. */
const timerMsMax = 2 ** 31 - 1;

/** Where time comes from: milliseconds since 1970, and milliseconds of a clock that nobody can set. */
export interface TimeSource {
  wallMs(): number;
  steadyMs(): number;
}

const systemTime: TimeSource = { wallMs: () => Date.now(), steadyMs: () => performance.now() };

/** A real clock; `source` is for tests. */
export function createLiveClock(source: TimeSource = systemTime): Clock {
  let lastMs = source.wallMs();
  let lastSteadyMs = source.steadyMs();
  const now = (): UnixMs => {
    const steadyMs = source.steadyMs();
    lastMs = Math.max(source.wallMs(), lastMs + (steadyMs - lastSteadyMs) / 2);
    lastSteadyMs = steadyMs;
    return unixMs(Math.floor(lastMs));
  };
  return { now, start: startTimer };
}

function startTimer(afterMs: number, fire: () => void): Timer {
  let handle: NodeJS.Timeout;
  const wait = (leftMs: number): void => {
    const partMs = Math.min(leftMs, timerMsMax);
    handle = setTimeout(() => (leftMs > partMs ? wait(leftMs - partMs) : fire()), partMs);
  };
  wait(Math.max(0, afterMs));
  return { cancel: () => clearTimeout(handle) };
}

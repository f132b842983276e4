// How long tests with real agents wait: until it is so. Their limits only end what hangs, also on a slow machine that does something else; what
// must happen within a time is stated in the time of the agents, which tests set, or in the pretend world.

import type { ExecutionContext } from 'ava';
import type { FleetView } from '../../agent/index.ts';
import { type Wait, waitUntil as waitSeconds } from '../../cli/demo/waiting.ts';
import { minutes } from '../../datasets/index.ts';

export { isSettled, viewOf } from '../../cli/demo/waiting.ts';

const hangSeconds = 600;

/** Resolves with the views once `holds` is true of all of them at one look. Throws `demo-waited-too-long` after ten minutes. */
export const waitUntil = (
  wait: Omit<Wait, 'secondsMax'>,
  holds: (views: readonly FleetView[]) => boolean,
): Promise<readonly FleetView[]> => waitSeconds({ ...wait, secondsMax: hangSeconds }, holds);

/** For a test that takes long: nothing is wrong before this is over. */
export const takeTime = (t: ExecutionContext): void => t.timeout(minutes(40));

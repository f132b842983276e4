// Gives memory back that nothing uses. V8 keeps a young generation as large as the busiest moment needed, 60 MB after a start, and an agent
// then does little for days on a desktop that has other things to do. Only V8's last-resort collection makes that smaller.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { hours, minutes } from '../../datasets/index.ts';

interface Collect {
  (options: { readonly type: 'major'; readonly execution: 'sync'; readonly flavor: 'last-resort' }): void;
}

/** A pause of a few hundred milliseconds at most. */
export function giveMemoryBack(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

const firstAfterMs = minutes(1);
const everyMs = hours(6);

/** Does so soon after a start, then a few times a day; keeps no process alive. */
export function keepMemorySmall(): void {
  setTimeout(giveMemoryBack, firstAfterMs).unref();
  setInterval(giveMemoryBack, everyMs).unref();
}

// Gives memory back that nothing uses. V8 keeps a young generation as large as the busiest moment needed, 60 MB after a start, and the C library
// keeps what was freed, hundreds of megabytes after a snapshot of many files; an agent then does little for days on a desktop that has other
// things to do. Only V8's last-resort collection makes the first smaller, and only `malloc_trim` the second. Of the program's own file a start touches 60 MB.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { hours, minutes } from '../../datasets/index.ts';
import { releaseMappedFiles } from './mapped-files.ts';
import { systemCalls } from './data-path/system-calls.ts';

interface Collect {
  (options: { readonly type: 'major'; readonly execution: 'sync'; readonly flavor: 'last-resort' }): void;
}

/** What V8 and the C library keep for later, and what is resident of files. A pause of a few hundred milliseconds at most. */
export function giveMemoryBack(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  systemCalls?.trimFreed?.();
  releaseMappedFiles();
}

const lookMs = minutes(1);
/** A minute with less work than this is quiet: a pause in it disturbs nobody. */
const quietCpuMs = 6_000;
const looksBetweenMax = hours(6) / lookMs;

/** When to give back: in the first quiet minute after busy ones, as after a start, and in any case a few times a day. */
export class BusyMinutes {
  #quietLooksLeft = 1;

  /** Once a minute, with the CPU time that the process took in it. */
  isTime(cpuMs: number): boolean {
    const isBusy = cpuMs >= quietCpuMs;
    this.#quietLooksLeft = isBusy ? 1 : this.#quietLooksLeft - 1;
    if (isBusy || this.#quietLooksLeft > 0) return false;
    this.#quietLooksLeft = looksBetweenMax;
    return true;
  }
}

/** Looks once a minute; keeps no process alive. */
export function keepMemorySmall(): void {
  const busyMinutes = new BusyMinutes();
  let before = process.cpuUsage();
  setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    if (busyMinutes.isTime((user + system) / 1000)) giveMemoryBack();
  }, lookMs).unref();
}

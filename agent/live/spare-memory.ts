// Gives memory back that nothing uses. V8 keeps a young generation as large as the busiest moment needed, 60 MB after a start, and the C library
// keeps what was freed, hundreds of megabytes after a snapshot of many files; an agent then does little for days on a desktop that has other
// things to do. Only V8's last-resort collection makes the first smaller, and only `malloc_trim` the second. Of the program's own file a start touches 60 MB.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { hours, mebibyte, minutes } from '../../datasets/index.ts';
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
  systemCalls?.freedMemory?.giveBack();
  releaseMappedFiles();
}

const lookMs = minutes(1);
/** A minute with less work than this is quiet: a pause in it disturbs nobody. */
const quietCpuMs = 6_000;
const looksBetweenMax = hours(6) / lookMs;
/** What came since is worth a pause, and no more often than this. */
const grownBytesMin = 16 * mebibyte;
const looksBetweenMin = minutes(10) / lookMs;
/** Which quiet minutes after busy ones are worth a pause: by the second one threads have ended, and what was kept for a while is let go. */
const worthyQuietLooks: ReadonlySet<number> = new Set([1, 4]);

/** What the process took in a minute, and has. */
export interface MinuteUsage {
  readonly cpuMs: number;
  readonly residentBytes: number;
}

/** When to give back: in the first quiet minute after busy ones, as after a start, and in the fourth, when much has come again, and in any case a few times a day. */
export class BusyMinutes {
  /** Since the last busy minute, or the start. */
  #quietLooks = 0;
  #looks = 0;
  #leastBytes = Number.POSITIVE_INFINITY;

  /** Once a minute. */
  isTime({ cpuMs, residentBytes }: MinuteUsage): boolean {
    this.#looks++;
    this.#leastBytes = Math.min(this.#leastBytes, residentBytes);
    if (cpuMs >= quietCpuMs) {
      this.#quietLooks = 0;
      return false;
    }
    const isDue = worthyQuietLooks.has(++this.#quietLooks);
    const hasGrown = residentBytes - this.#leastBytes >= grownBytesMin && this.#looks >= looksBetweenMin;
    if (!isDue && !hasGrown && this.#looks < looksBetweenMax) return false;
    this.#looks = 0;
    this.#leastBytes = Number.POSITIVE_INFINITY;
    return true;
  }
}

/** Of larger pieces the C library keeps none: packs and shards, and what a snapshot needs once. */
const keptBytesMax = 4 * mebibyte;

/** Looks once a minute; keeps no process alive. */
export function keepMemorySmall(): void {
  systemCalls?.freedMemory?.keepLessThan(keptBytesMax);
  const busyMinutes = new BusyMinutes();
  let before = process.cpuUsage();
  setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    const residentBytes = process.memoryUsage.rss();
    if (busyMinutes.isTime({ cpuMs: (user + system) / 1000, residentBytes })) giveMemoryBack();
  }, lookMs).unref();
}

// What a chaos run left behind that had no time to end: a power cut, a kill by force. Names say whose they are; of runs that may still be
// going, and of anything else, nothing is touched.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Before the rest of a namespace's name; the number is the process id of its run. */
export const namespacePrefix = (pid: number): string => `drey${pid}`;
/** Of a run's folder under the system's temporary one. */
export const folderPrefix = (pid: number): string => `drey-chaos-${pid}-`;
const namespaceForm = /^drey(\d+)-(?:hub|\d+)$/u;
const folderForm = /^drey-chaos-(\d+)-\w+$/u;
/** What small disks of a run are called in the list of mounts. */
export const mountSource = 'drey-chaos';

export interface Found {
  readonly namespaces: readonly string[];
  /** Lines as in /proc/mounts. */
  readonly mounts: readonly string[];
  readonly folders: readonly string[];
}

/** Those of runs that are over; `folder` is where folders of runs lie. */
export function leftoversOf(found: Found, isRunning: (pid: number) => boolean, folder: string): Found {
  const isLeft = (name: string, form: RegExp): boolean => {
    const pid = form.exec(name)?.[1];
    return pid !== undefined && !isRunning(Number(pid));
  };
  const places = found.mounts
    .map((line) => line.split(' '))
    .filter(([source, place = '']) => source === mountSource && place.startsWith(`${folder}/`))
    .map(([, place = '']) => place)
    .filter((place) => isLeft(place.slice(folder.length + 1).split('/')[0] ?? '', folderForm));
  return {
    namespaces: found.namespaces.filter((name) => isLeft(name, namespaceForm)),
    mounts: places,
    folders: found.folders.filter((name) => isLeft(name, folderForm)),
  };
}

const isProcess = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

function linesOf(read: () => string): readonly string[] {
  try {
    return read()
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}

const run = (program: string, ...words: readonly string[]): string =>
  execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // It went by itself meanwhile, or this user may not: the run that begins has names of its own.
  }
}

/** Takes away what runs that are over left; says how many things that were. */
export function clearLeftovers(): number {
  const found: Found = {
    namespaces: linesOf(() => run('ip', 'netns', 'list')).map((line) => line.split(' ')[0]!),
    mounts: linesOf(() => readFileSync('/proc/mounts', 'utf8')),
    folders: readdirSync(tmpdir()),
  };
  const { namespaces, mounts, folders } = leftoversOf(found, isProcess, tmpdir());
  for (const name of namespaces) {
    for (const pid of linesOf(() => run('ip', 'netns', 'pids', name)))
      attempt(() => process.kill(Number(pid), 'SIGKILL'));
    attempt(() => run('ip', 'netns', 'del', name));
  }
  for (const place of mounts) attempt(() => run('umount', '--lazy', place));
  for (const name of folders)
    attempt(() => rmSync(join(tmpdir(), name), { recursive: true, force: true, maxRetries: 5 }));
  return namespaces.length + mounts.length + folders.length;
}

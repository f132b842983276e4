// What a watched folder lies on: the folder itself, and what is mounted below it. No event tells that a mount came or went, or that a folder above was
// renamed, and another folder is at the place now. Linux only.

import { readFile, realpath, stat } from 'node:fs/promises';
import { type BytePath, bytePath } from './path-bytes.ts';

/** As the system writes them between fields (proc_pid_mountinfo(5)). */
const unescaped = (field: string): string =>
  field.replaceAll(/\\([0-7]{3})/gu, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 8)));

/** Mounts below a folder, one a line, by `/proc/PID/mountinfo` with one character a byte. */
export function mountsBelow(
  mountinfo: string,
  folder: BytePath,
  isLeftOut: (below: BytePath) => boolean,
): string {
  const start = folder === '/' ? folder : `${folder}/`;
  const lines = mountinfo.split('\n').filter((line) => {
    const place = unescaped(line.split(' ')[4] ?? '');
    return place.startsWith(start) && place !== start && !isLeftOut(bytePath(place.slice(start.length)));
  });
  // What follows may change with the options of a mount.
  return lines.map((line) => line.split(' ', 5).join(' ')).join('\n');
}

/** Another text where another folder is at the place, or something else is mounted below it. Throws the system's error where it has gone. */
export async function groundOf(place: Buffer, isLeftOut: (below: BytePath) => boolean): Promise<string> {
  const { dev, ino } = await stat(place, { bigint: true });
  const real = bytePath((await realpath(place, 'buffer')).toString('latin1'));
  return `${dev}:${ino}\n${mountsBelow(await mounts(), real, isLeftOut)}`;
}

async function mounts(): Promise<string> {
  try {
    return await readFile('/proc/self/mountinfo', 'latin1');
  } catch {
    // A sandbox without /proc: mounts are found by looks.
    return '';
  }
}

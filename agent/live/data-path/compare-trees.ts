// Whether two folders are the same: every byte, type, mode, link target and time. Reads both, changes nothing, and
// lists each difference. Owners and hard links are not compared: a restore by another person may lack the right.

import { closeSync, openSync, readSync } from 'node:fs';
import { mebibyte } from '../../../datasets/words.ts';
import { ignoreCheck } from './ignore.ts';
import { byBytes, type BytePath, pathText, placeUnder } from './path-bytes.ts';
import { failureText, type Scan, scanFolder, type ScannedEntry } from './scan.ts';
import { keptAttributes, systemCalls } from './system-calls.ts';
import type { CompareRequest, Difference, TaskEnd } from './tasks.ts';

/** Where only Node sets times, as a double of seconds, they are off by about 250 ns in this century; anything beyond is a difference. */
export const timeToleranceNs = systemCalls === undefined ? 1000n : 0n;
const windowBytes = mebibyte;

/** Task `compare`: throws `folder-missing`, `folder-unreadable` or `not-a-folder`. */
export async function compareTask({
  left,
  right,
  ignore,
}: CompareRequest): Promise<TaskEnd<readonly Difference[]>> {
  const isIgnored = ignoreCheck(ignore);
  const [leftScan, rightScan] = [scanFolder(left, isIgnored), scanFolder(right, isIgnored)];
  const pairs = pairUp(leftScan, rightScan);
  const places = { left: placeUnder(left), right: placeUnder(right) };
  const unread = [...leftScan.unreadable, ...rightScan.unreadable];
  const found = [
    ...unread.map(({ path, reason }) => ({ path, reason })),
    ...pairs.flatMap((pair) => differencesOf(pair, places).map((reason) => ({ path: pair.path, reason }))),
  ];
  return { result: found.map(({ path, reason }) => ({ path: pathText(path), reason })) };
}

interface Pair {
  readonly path: BytePath;
  readonly left: ScannedEntry | undefined;
  readonly right: ScannedEntry | undefined;
}

interface Places {
  readonly left: (path: BytePath) => Buffer;
  readonly right: (path: BytePath) => Buffer;
}

function pairUp(left: Scan, right: Scan): readonly Pair[] {
  const [inLeft, inRight] = [left, right].map(
    ({ entries }) => new Map(entries.map((entry) => [entry.path, entry])),
  );
  const paths = new Set([...left.entries, ...right.entries].map(({ path }) => path));
  return [...paths]
    .toSorted(byBytes)
    .map((path) => ({ path, left: inLeft?.get(path), right: inRight?.get(path) }));
}

function differencesOf({ left, right }: Pair, places: Places): readonly string[] {
  if (left === undefined) return ['only in the second'];
  if (right === undefined) return ['only in the first'];
  if (left.type !== right.type) return [`a ${left.type} in the first, a ${right.type} in the second`];
  const differences: string[] = [];
  if (left.mode !== right.mode)
    differences.push(`mode ${left.mode.toString(8)} and ${right.mode.toString(8)}`);
  const apartNs = left.mtimeNs - right.mtimeNs;
  if (apartNs > timeToleranceNs || -apartNs > timeToleranceNs)
    differences.push(`times ${apartText(apartNs)} apart`);
  if (left.target !== right.target) differences.push('links point elsewhere');
  differences.push(...attributeDifference(left, right, places));
  const content = left.type === 'file' ? contentDifference(left, right, places) : undefined;
  return content === undefined ? differences : [...differences, content];
}

function apartText(apartNs: bigint): string {
  const ns = Number(apartNs < 0n ? -apartNs : apartNs);
  return ns < 1e6 ? `${ns} ns` : `${(ns / 1e9).toFixed(3)} s`;
}

function attributeDifference(left: ScannedEntry, right: ScannedEntry, places: Places): readonly string[] {
  try {
    const isSame = attributesText(left, places.left) === attributesText(right, places.right);
    return isSame ? [] : ['other extended attributes or access lists'];
  } catch (error) {
    return [failureText(error)];
  }
}

const attributesText = ({ path }: ScannedEntry, place: (path: BytePath) => Buffer): string =>
  keptAttributes(place(path))
    .map(({ name, value }) => `${name}=${Buffer.from(value).toString('base64')}`)
    .join('\n');

function contentDifference(left: ScannedEntry, right: ScannedEntry, places: Places): string | undefined {
  if (left.byteCount !== right.byteCount) return `${left.byteCount} and ${right.byteCount} bytes`;
  try {
    const at = firstDifference(places.left(left.path), places.right(right.path));
    return at === undefined ? undefined : `bytes differ from ${at} on`;
  } catch (error) {
    return failureText(error);
  }
}

/** Offset of the window in which the files first differ; undefined where they are equal. */
function firstDifference(left: Buffer, right: Buffer): number | undefined {
  const handles: number[] = [];
  try {
    handles.push(openSync(left, 'r'));
    handles.push(openSync(right, 'r'));
    return compareOpen(handles[0] ?? -1, handles[1] ?? -1);
  } finally {
    for (const handle of handles) closeSync(handle);
  }
}

/** Two windows for all files: a comparison never waits, so no two of them overlap in one thread. */
const windows = { left: Buffer.alloc(0), right: Buffer.alloc(0) };

function compareOpen(left: number, right: number): number | undefined {
  if (windows.left.length === 0) {
    windows.left = Buffer.allocUnsafeSlow(windowBytes);
    windows.right = Buffer.allocUnsafeSlow(windowBytes);
  }
  for (let offset = 0; ; offset += windowBytes) {
    const leftBytes = readSync(left, windows.left, 0, windowBytes, offset);
    const rightBytes = readSync(right, windows.right, 0, windowBytes, offset);
    if (!windows.left.subarray(0, leftBytes).equals(windows.right.subarray(0, rightBytes))) return offset;
    if (leftBytes < windowBytes) return undefined;
  }
}

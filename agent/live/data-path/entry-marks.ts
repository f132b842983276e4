// What is set on an entry of a restore once its content is there: owner, attributes, mode, access lists and time, in the order in which none
// undoes another. Makes nothing.

import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  openSync,
} from 'node:fs';
import type { Attribute } from '../../codec/index.ts';
import { type FileStats, permissionBits, statsOf } from './file-stats.ts';
import { statsAt } from './path-stats.ts';
import { errorCode } from './scan.ts';
import { systemCalls } from './system-calls.ts';

/** What is set on an entry once its content is there. */
export interface EntryMarks {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
  readonly attributes?: readonly Attribute[];
}

/** Whether all of a restore can get its owners, and its folder is another's perhaps. */
export const isRoot = process.getuid?.() === 0;

/** Nothing is set on what stands there by a link, or is no file. Answers what could not be set, in words. */
export const setFileMarks = (place: Buffer, marks: EntryMarks): string | undefined =>
  openAs('file', place, (entry) => setOpenMarks(entry, marks));

/** The same of a folder. */
export const setFolderMarks = (place: Buffer, marks: EntryMarks): string | undefined =>
  openAs('folder', place, (entry) => setOpenMarks(entry, marks));

/** An open file or folder; where the system opens no folders, its place. */
type Entry = number | Buffer;

const setOpenMarks = (entry: Entry, marks: EntryMarks): string | undefined =>
  firstFailure([
    () => isRoot && setOwner(entry, marks),
    () => setAttributes(entry, marks, isNoAcl),
    () => setMode(entry, marks),
    () => setAttributes(entry, marks, isAcl),
    () => setTime(entry, marks.mtimeNs),
  ]);

/** The same of a link itself, which has no mode. */
export const setSymlinkMarks = (place: Buffer, marks: EntryMarks): string | undefined =>
  firstFailure([
    () => isRoot && setOwner(place, marks),
    () => setAttributes(place, marks, isNoAcl),
    () => setTime(place, marks.mtimeNs),
  ]);

/** A folder that is closed to its own owner, as an earlier run left it, is opened: its mode is set again when all is in it. */
export function openToOwner(place: Buffer): void {
  const mode = lstatSync(place).mode & permissionBits;
  if (isRoot || (mode & ownerBits) === ownerBits) return;
  try {
    chmodSync(place, mode | ownerBits);
  } catch (error) {
    // Another's: what cannot be written into it is said name by name.
    if (errorCode(error) !== 'EPERM') throw error;
  }
}

const ownerBits = 0o700;

/** Seconds for futimes; Node takes a negative number for "now", so old times go as dates, to the millisecond. */
const timeOf = (ns: bigint): number | Date =>
  ns < 0n ? new Date(Number(ns / 1_000_000n)) : Number(ns) / 1e9;

const nanosecond = 1_000_000_000n;
/** Until then, and since 1970, every file system has times. */
const commonTimeNsMax = 2n ** 31n * nanosecond;

function setTime(entry: Entry, timeNs: bigint): void {
  const time = timeOf(timeNs);
  if (systemCalls !== undefined) systemCalls.setTime(entry, timeNs);
  else if (typeof entry === 'number') futimesSync(entry, time, time);
  else lutimesSync(entry, time, time);
  if (timeNs >= 0n && timeNs < commonTimeNsMax) return;
  // Another time is set without a word where the file system has no room for this one.
  const apartNs = statsOfEntry(entry).mtimeNs - timeNs;
  if (apartNs >= nanosecond || -apartNs >= nanosecond)
    throw new MarksNotSet('this disk cannot keep its time');
}

export const defaultAcl = 'system.posix_acl_default';
/** ACLs are set after the mode, whose group bits would else change them. */
const isAcl = ({ name }: Attribute): boolean => name.startsWith('system.posix_acl_');
const isNoAcl = (attribute: Attribute): boolean => !isAcl(attribute);

class MarksNotSet extends Error {}

/** Sets all that it can, then throws if one was refused. */
function setAttributes(
  entry: Entry,
  { attributes = [] }: EntryMarks,
  isWanted: (attribute: Attribute) => boolean,
): void {
  const refused = new Set<string>();
  for (const attribute of attributes.filter(isWanted)) {
    try {
      if (systemCalls === undefined) refused.add('this system has no call for them');
      else systemCalls.setAttribute(entry, attribute);
    } catch (error) {
      refused.add(errorCode(error) ?? 'unknown error');
    }
  }
  if (refused.size > 0)
    throw new MarksNotSet(
      `extended attributes or access lists could not be set (${[...refused].join(', ')})`,
    );
}

function setOwner(entry: Entry, { uid, gid }: EntryMarks): void {
  if (typeof entry === 'number') fchownSync(entry, uid, gid);
  else lchownSync(entry, uid, gid);
}

/** Set-user-id and set-group-id. */
const borrowedRights = 0o6000;

function setMode(entry: Entry, { mode, uid, gid }: EntryMarks): void {
  const stats = (mode & borrowedRights) === 0 ? undefined : statsOfEntry(entry);
  // A program would get the rights of whoever restored it (POSIX has cp -p do the same). Of a folder these bits give nobody any.
  const isAnothers = stats?.type === 'file' && (stats.uid !== uid || stats.gid !== gid);
  const kept = isAnothers ? mode & ~borrowedRights : mode;
  if (typeof entry === 'number') fchmodSync(entry, kept);
  else chmodSync(entry, kept);
  if (isAnothers)
    throw new MarksNotSet("it no longer runs with its owner's rights: it has another owner here");
}

const statsOfEntry = (entry: Entry): FileStats =>
  typeof entry === 'number' ? statsOf(fstatSync(entry, { bigint: true })) : statsAt(entry);

const openFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Answers what `use` does, or why what stands there cannot be opened as such. */
function openAs(
  kind: 'file' | 'folder',
  place: Buffer,
  use: (entry: Entry) => string | undefined,
): string | undefined {
  let handle: number | undefined;
  try {
    if (process.platform !== 'win32') handle = openSync(place, openFlags);
    const stats = handle === undefined ? lstatSync(place) : fstatSync(handle);
    const isRight = kind === 'file' ? stats.isFile() : stats.isDirectory();
    return isRight ? use(handle ?? place) : replaced;
  } catch (error) {
    return errorCode(error) === 'ELOOP' ? replaced : failureIn(error);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

const replaced = 'owner, mode and time were not set: something else stands in its place';

/** Does each step; answers why the first one that failed did, in words. */
export function firstFailure(steps: readonly (() => unknown)[]): string | undefined {
  let failure: string | undefined;
  for (const step of steps) {
    try {
      step();
    } catch (error) {
      failure ??= failureIn(error);
    }
  }
  return failure;
}

const failureIn = (error: unknown): string =>
  error instanceof MarksNotSet
    ? error.message
    : `owner, mode or time could not be set (${errorCode(error) ?? 'unknown error'})`;

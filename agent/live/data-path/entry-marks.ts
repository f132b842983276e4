// What is set on an entry of a restore once its content is there: owner, attributes, mode, access lists and time, in the order in which none
// undoes another. Makes nothing.

import { chmodSync, lchownSync, lstatSync, lutimesSync } from 'node:fs';
import type { Attribute } from '../../codec/index.ts';
import { permissionBits } from './file-stats.ts';
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

const isRoot = process.getuid?.() === 0;

/** Of a file or folder: no link may stand there. Answers what could not be set, in words. */
export const setFileMarks = (place: Buffer, marks: EntryMarks): string | undefined =>
  firstFailure([
    () => isRoot && lchownSync(place, marks.uid, marks.gid),
    () => setAttributes(place, marks, isNoAcl),
    () => chmodSync(place, marks.mode),
    () => setAttributes(place, marks, isAcl),
    () => setTime(place, marks.mtimeNs),
  ]);

/** The same of a link itself, which has no mode. */
export const setSymlinkMarks = (place: Buffer, marks: EntryMarks): string | undefined =>
  firstFailure([
    () => isRoot && lchownSync(place, marks.uid, marks.gid),
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

function setTime(place: Buffer, timeNs: bigint): void {
  if (systemCalls === undefined) lutimesSync(place, timeOf(timeNs), timeOf(timeNs));
  else systemCalls.setTime(place, timeNs);
  if (timeNs >= 0n && timeNs < commonTimeNsMax) return;
  // Another time is set without a word where the file system has no room for this one.
  const apartNs = statsAt(place).mtimeNs - timeNs;
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
  place: Buffer,
  { attributes = [] }: EntryMarks,
  isWanted: (attribute: Attribute) => boolean,
): void {
  const refused = new Set<string>();
  for (const attribute of attributes.filter(isWanted)) {
    try {
      if (systemCalls === undefined) refused.add('this system has no call for them');
      else systemCalls.setAttribute(place, attribute);
    } catch (error) {
      refused.add(errorCode(error) ?? 'unknown error');
    }
  }
  if (refused.size > 0)
    throw new MarksNotSet(
      `extended attributes or access lists could not be set (${[...refused].join(', ')})`,
    );
}

/** Does each step; answers why the first one that failed did, in words. */
export function firstFailure(steps: readonly (() => unknown)[]): string | undefined {
  let failure: string | undefined;
  for (const step of steps) {
    try {
      step();
    } catch (error) {
      failure ??=
        error instanceof MarksNotSet
          ? error.message
          : `owner, mode or time could not be set (${errorCode(error) ?? 'unknown error'})`;
    }
  }
  return failure;
}

// The folder that a restore writes into. Files grow under a temporary name and get their own when all their bytes are
// there; nothing is written through a link or outside the folder, and nothing that was there is replaced unasked.

import {
  closeSync,
  constants,
  existsSync,
  writeFileSync,
  chownSync,
  fsyncSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  chmodSync,
  copyFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DreyError, makeFolders, mebibyte } from '../../../datasets/index.ts';
import { nameDiskError } from '../disk-full.ts';
import type { Attribute } from '../../codec/index.ts';
import type { GrowingFile } from './growing-files.ts';
import { type BytePath, parentOf, pathBytes, placeUnder, staysInside } from './path-bytes.ts';
import { statsAt } from './path-stats.ts';
import { errorCode } from './scan.ts';
import { keptAttributes, systemCalls } from './system-calls.ts';
import {
  isMadeOf,
  isSameFile,
  isWrittenByAnother,
  leadsTo,
  markIn,
  markName,
  type Piece,
  type PieceCheck,
  restoreFolderInUse,
  runnerName,
  runnerText,
} from './unfinished-restore.ts';

/** What is set on an entry once its content is there. */
export interface EntryMarks {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
  readonly attributes?: readonly Attribute[];
}

/** Something else stands where a file should go. */
export class NameTaken extends Error {}

const isRoot = process.getuid?.() === 0;

export interface RestoreFolderOptions {
  readonly to: string;
  readonly overwrite: boolean;
  /** What is going to stand in it. */
  readonly names: ReadonlySet<string>;
  /** Of which snapshot: one that was cut off goes on in its folder. */
  readonly snapshot: string;
}

/** Where files grow: what a restore that was killed leaves behind, and snapshots may hold that. */
function partsNameFor({ names }: RestoreFolderOptions): string {
  const name = '.drey-partial';
  if (!names.has(name)) return name;
  for (let number = 2; ; number++) if (!names.has(`${name}-${number}`)) return `${name}-${number}`;
}

export class RestoreFolder {
  readonly #options: RestoreFolderOptions;
  readonly #place: (path: BytePath) => Buffer;
  readonly #partsName: string;
  readonly #parts: string;
  /** Of this run alone: where another begins in the same folder meanwhile, bytes of the two must not meet in one file. */
  readonly #growing: string;
  /** What is made in it would get access lists that no snapshot told of. */
  readonly #handsDownAcls: boolean;
  readonly #realFolders = new Set<BytePath>();
  /** Some of it is there from a run that was cut off. */
  readonly goesOn: boolean;
  #partCount = 0;

  /**
   * Makes the folder, or finds what a run that was cut off has left in it. Throws `restore-folder-not-empty`, `restore-folder-in-use` or
   * `restore-folder-unusable`.
   */
  constructor(options: RestoreFolderOptions) {
    this.#options = options;
    this.#place = placeUnder(options.to);
    this.#partsName = partsNameFor(options);
    this.#parts = join(options.to, this.#partsName);
    this.#growing = join(this.#parts, randomBytes(8).toString('hex'));
    if (isWrittenByAnother(this.#parts)) throw restoreFolderInUse();
    this.goesOn = prepareFolder(options, this.#partsName) === 'goes on';
    rmSync(this.#parts, { recursive: true, force: true });
    this.#handsDownAcls = keptAttributes(Buffer.from(options.to, 'utf8')).some(
      ({ name }) => name === defaultAcl,
    );
    mkdirSync(this.#parts, { mode: 0o700 });
    writeFileSync(join(this.#parts, markName), options.snapshot);
    writeFileSync(join(this.#parts, runnerName), runnerText(process.pid));
    this.#dropAcls(Buffer.from(this.#parts, 'utf8'));
    mkdirSync(this.#growing, { mode: 0o700 });
  }

  /** Why an entry cannot stand at this path; undefined when it can. */
  refusal(path: BytePath): string | undefined {
    if (path === '' || !staysInside(path)) return 'its path would leave the folder';
    if (this.#isRealFolder(parentOf(path))) return undefined;
    return 'what should be the folder above it is something else';
  }

  /** True when it is a folder inside `to` and no link stands on the way. */
  #isRealFolder(path: BytePath): boolean {
    if (path === '' || this.#realFolders.has(path)) return true;
    if (!this.#isRealFolder(parentOf(path))) return false;
    const isFolder = lstatSync(this.#place(path), { throwIfNoEntry: false })?.isDirectory() === true;
    if (isFolder) this.#realFolders.add(path);
    return isFolder;
  }

  /** Makes a folder, open to its owner alone until `markFolder`. */
  makeFolder(path: BytePath): string | undefined {
    const present = lstatSync(this.#place(path), { throwIfNoEntry: false });
    if (present?.isDirectory() === true && (this.#options.overwrite || this.goesOn)) return undefined;
    if (present !== undefined) return inTheWay;
    mkdirSync(this.#place(path), { mode: 0o700 });
    this.#dropAcls(this.#place(path));
    this.#realFolders.add(path);
    return undefined;
  }

  /** Whether a run that was cut off has made this file whole: it has these pieces and nothing else. */
  hasWhole(path: BytePath, pieces: readonly Piece[], isRight: PieceCheck): boolean {
    return isMadeOf(this.#place(path), pieces, isRight);
  }

  startFile(path: BytePath, { isSparse = false }: { readonly isSparse?: boolean }): GrowingFile {
    return { path, temporary: join(this.#growing, String(this.#partCount++)), isSparse };
  }

  /**
   * All bytes are there: marks it and gives it its name. Answers what could not be set, or throws why it has no name. The temporary folder
   * is closed to others, so its names lead where they should.
   */
  finishFile(file: GrowingFile, byteCount: number, marks: EntryMarks): string | undefined {
    // Nothing was written of an empty file, and perhaps not to the end of one that ends in a hole.
    if (byteCount === 0 || file.isSparse) makeLength(file.temporary, byteCount);
    const place = Buffer.from(file.temporary, 'utf8');
    const imperfect = firstFailure([
      () => isRoot && chownSync(place, marks.uid, marks.gid),
      () => setAttributes(place, marks, isNoAcl),
      () => chmodSync(place, marks.mode),
      () => setAttributes(place, marks, isAcl),
      () => setTime(place, marks.mtimeNs),
    ]);
    this.#hasToReplace(file.path);
    if (systemCalls === undefined && byteCount >= flushedAloneBytesMin) flushFile(file.temporary);
    renameSync(file.temporary, this.#place(file.path));
    return imperfect;
  }

  /** Forgets a file that cannot become whole. */
  dropFile(file: GrowingFile): void {
    rmSync(file.temporary, { force: true });
  }

  /** Another name of a restored file or symlink; a copy where the file system has no hard links. Throws why it has no name. */
  makeLink(path: BytePath, first: BytePath): void {
    if (this.goesOn && isSameFile(this.#place(path), this.#place(first))) return;
    this.#put(path, (place) => {
      try {
        linkSync(this.#place(first), place);
      } catch (error) {
        if (errorCode(error) !== 'EPERM' && errorCode(error) !== 'ENOTSUP' && errorCode(error) !== 'EMLINK')
          throw error;
        copyEntry(this.#place(first), place);
      }
    });
  }

  /** Answers what could not be set, or throws why it has no name. */
  makeSymlink(path: BytePath, target: BytePath, marks: EntryMarks): string | undefined {
    if (this.goesOn && leadsTo(this.#place(path), pathBytes(target))) return undefined;
    return this.#put(path, (place) => {
      symlinkSync(pathBytes(target), place);
      return firstFailure([
        () => isRoot && lchownSync(place, marks.uid, marks.gid),
        () => setAttributes(place, marks, isNoAcl),
        () => setTime(place, marks.mtimeNs),
      ]);
    });
  }

  /** After all that it holds is there: writing into a folder moves its time. */
  markFolder(path: BytePath, marks: EntryMarks): string | undefined {
    const place = this.#place(path);
    return firstFailure([
      () => isRoot && lchownSync(place, marks.uid, marks.gid),
      () => path === '' && this.#dropAcls(place),
      () => setAttributes(place, marks, isNoAcl),
      () => chmodSync(place, marks.mode),
      () => setAttributes(place, marks, isAcl),
      () => setTime(place, marks.mtimeNs),
    ]);
  }

  /** Ends when all of it is on the disk: nobody may hear before that it is done. Throws `restore-not-flushed`. */
  flush(): void {
    try {
      systemCalls?.flushDisk(this.#options.to);
    } catch (error) {
      throw notFlushed(error);
    }
  }

  /** Removes what is unfinished; where something is whole, and not all, what says of which snapshot it is stays. */
  close(how: 'done' | 'cut off'): void {
    if (!existsSync(this.#parts)) return;
    const hasSome = readdirSync(this.#options.to).some((name) => name !== this.#partsName);
    if (how === 'done' || !hasSome) rmSync(this.#parts, { recursive: true, force: true });
    else
      for (const name of readdirSync(this.#parts))
        if (name !== markName) rmSync(join(this.#parts, name), { recursive: true, force: true });
  }

  #dropAcls(place: Buffer): void {
    if (!this.#handsDownAcls) return;
    for (const name of [defaultAcl, 'system.posix_acl_access']) systemCalls?.removeAttribute(place, name);
  }

  /** Makes an entry in its place, or beside it where it replaces another: a crash leaves one of the two. */
  #put<Result>(path: BytePath, make: (place: Buffer) => Result): Result {
    if (!this.#hasToReplace(path)) return make(this.#place(path));
    const temporary = Buffer.from(join(this.#growing, String(this.#partCount++)), 'utf8');
    const result = make(temporary);
    renameSync(temporary, this.#place(path));
    return result;
  }

  /** Whether something of that name is there. Two names that this disk cannot tell apart (capitals) must not become one file silently. */
  #hasToReplace(path: BytePath): boolean {
    const present = lstatSync(this.#place(path), { throwIfNoEntry: false });
    if (present === undefined) return false;
    if (!this.#options.overwrite || present.isDirectory()) throw new NameTaken(inTheWay);
    return true;
  }
}

function copyEntry(from: Buffer, to: Buffer): void {
  if (lstatSync(from).isSymbolicLink()) symlinkSync(readlinkSync(from, 'buffer'), to);
  else copyFileSync(from, to);
}

/** Where the system has no call that flushes all at once, small files are left to it: one by one they would take longer than the restore. */
const flushedAloneBytesMin = mebibyte;

function flushFile(file: string): void {
  const handle = openSync(file, 'r+');
  try {
    fsyncSync(handle);
  } catch (error) {
    throw notFlushed(error);
  } finally {
    closeSync(handle);
  }
}

const notFlushed = (cause: unknown): unknown => {
  const named = nameDiskError(cause);
  if (named instanceof DreyError) return named;
  return new DreyError({
    code: 'restore-not-flushed',
    message: `All was written, but the disk does not say that it has it (${errorCode(cause) ?? 'unknown error'})`,
    advice: 'The disk may be failing, or was pulled out: restore into a folder on another one.',
    cause,
  });
};

function makeLength(file: string, byteCount: number): void {
  const handle = openSync(file, constants.O_WRONLY | constants.O_CREAT, 0o600);
  try {
    ftruncateSync(handle, byteCount);
  } finally {
    closeSync(handle);
  }
}

const inTheWay = 'something of that name is there already';

function prepareFolder(
  { to, overwrite, snapshot }: RestoreFolderOptions,
  partsName: string,
): 'new' | 'goes on' {
  let names: readonly string[];
  try {
    makeFolders(to);
    names = readdirSync(to).filter((name) => name !== partsName);
  } catch (error) {
    const named = nameDiskError(error);
    if (named instanceof DreyError) throw named;
    throw new DreyError({
      code: 'restore-folder-unusable',
      message: `The folder to restore into cannot be made or read (${errorCode(error) ?? 'unknown error'})`,
      advice: 'Name a folder that you may write into, or one that is not there yet.',
      cause: error,
    });
  }
  if (names.length === 0 || overwrite) return 'new';
  const mark = markIn(join(to, partsName));
  if (mark === snapshot) return 'goes on';
  const isUnfinished = mark !== undefined && /^[0-9a-f]{64}$/u.test(mark);
  throw new DreyError({
    code: 'restore-folder-not-empty',
    message: isUnfinished
      ? `The folder to restore into holds an unfinished restore of snapshot ${mark.slice(0, 16)}`
      : `The folder to restore into holds ${names.length} entries already`,
    advice: isUnfinished
      ? `Go on with it by \`--snapshot ${mark.slice(0, 16)}\`, or name a new or an empty folder.`
      : 'Name a new or an empty folder, so that nothing is mixed up or replaced.',
  });
}

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

const defaultAcl = 'system.posix_acl_default';
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
function firstFailure(steps: readonly (() => unknown)[]): string | undefined {
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

// The folder that a restore writes into. Files grow under a temporary name and get their own when all their bytes are
// there; nothing is written through a link or outside the folder, and nothing that was there is replaced unasked.

import {
  closeSync,
  constants,
  existsSync,
  writeFileSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  copyFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DreyError, makeFolders, mebibyte } from '../../../datasets/words.ts';
import { nameDiskError } from '../disk-full.ts';
import {
  defaultAcl,
  type EntryMarks,
  firstFailure,
  openToOwner,
  setFileMarks,
  setSymlinkMarks,
} from './entry-marks.ts';
import type { GrowingFile } from './growing-files.ts';
import { type BytePath, parentOf, pathBytes, pathText, placeUnder, staysInside } from './path-bytes.ts';
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

/** Something else stands where a file should go. */
export class NameTaken extends Error {}

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
  /** Of what this run has put in its place, the first path of each name as disks may see it. */
  readonly #placed = new Map<string, BytePath>();
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
    this.#handsDownAcls = keptAttributes(Buffer.from(options.to, 'utf8')).some(
      ({ name }) => name === defaultAcl,
    );
    try {
      this.#beginParts();
    } catch (error) {
      throw unusable(error);
    }
  }

  #beginParts(): void {
    if (this.#mayReplace) openToOwner(Buffer.from(this.#options.to, 'utf8'));
    rmSync(this.#parts, { recursive: true, force: true });
    mkdirSync(this.#parts, { mode: 0o700 });
    writeFileSync(join(this.#parts, markName), this.#options.snapshot);
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
    if (present?.isDirectory() === true && this.#mayReplace && !this.#isPlaced(path)) {
      openToOwner(this.#place(path));
      this.#notePlaced(path);
      return undefined;
    }
    if (present !== undefined) return inTheWay;
    mkdirSync(this.#place(path), { mode: 0o700 });
    this.#dropAcls(this.#place(path));
    this.#realFolders.add(path);
    this.#notePlaced(path);
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
    const imperfect = setFileMarks(place, marks);
    this.#hasToReplace(file.path);
    if (systemCalls === undefined && byteCount >= flushedAloneBytesMin) flushFile(file.temporary);
    renameSync(file.temporary, this.#place(file.path));
    this.#notePlaced(file.path);
    return imperfect;
  }

  /** Forgets a file that cannot become whole. */
  dropFile(file: GrowingFile): void {
    rmSync(file.temporary, { force: true });
  }

  /**
   * Another name of a restored file or symlink; where the file system has no more hard links a copy, with these marks. Answers what could not
   * be set of them, or throws why it has no name.
   */
  makeLink(path: BytePath, first: BytePath, marks: EntryMarks): string | undefined {
    if (this.goesOn && isSameFile(this.#place(path), this.#place(first))) return undefined;
    return this.#put(path, (place) => {
      try {
        linkSync(this.#place(first), place);
        return undefined;
      } catch (error) {
        if (errorCode(error) !== 'EPERM' && errorCode(error) !== 'ENOTSUP' && errorCode(error) !== 'EMLINK')
          throw error;
        return copyEntry({ from: this.#place(first), to: place, marks });
      }
    });
  }

  /** Answers what could not be set, or throws why it has no name. */
  makeSymlink(path: BytePath, target: BytePath, marks: EntryMarks): string | undefined {
    if (this.goesOn && leadsTo(this.#place(path), pathBytes(target))) return undefined;
    return this.#put(path, (place) => {
      symlinkSync(pathBytes(target), place);
      return setSymlinkMarks(place, marks);
    });
  }

  /** After all that it holds is there: writing into a folder moves its time. */
  markFolder(path: BytePath, marks: EntryMarks): string | undefined {
    const place = this.#place(path);
    const undropped = path === '' ? firstFailure([() => this.#dropAcls(place)]) : undefined;
    return setFileMarks(place, marks) ?? undropped;
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
    const place = this.#place(path);
    const isReplaced = this.#hasToReplace(path);
    const made = isReplaced ? Buffer.from(join(this.#growing, String(this.#partCount++)), 'utf8') : place;
    const result = make(made);
    if (isReplaced) renameSync(made, place);
    this.#notePlaced(path);
    return result;
  }

  /** Whether something of that name is there. Two names that this disk cannot tell apart (capitals) must not become one file silently. */
  #hasToReplace(path: BytePath): boolean {
    const present = lstatSync(this.#place(path), { throwIfNoEntry: false });
    if (present === undefined) return false;
    if (!this.#options.overwrite || present.isDirectory() || this.#isPlaced(path))
      throw new NameTaken(inTheWay);
    return true;
  }

  #notePlaced(path: BytePath): void {
    if (!this.#mayReplace) return;
    const name = foldedName(path);
    if (!this.#placed.has(name)) this.#placed.set(name, path);
  }

  /** Whether what stands there is what this run has put in the place of another name. */
  #isPlaced(path: BytePath): boolean {
    const other = this.#mayReplace ? this.#placed.get(foldedName(path)) : undefined;
    return other !== undefined && other !== path && isSameFile(this.#place(path), this.#place(other));
  }

  get #mayReplace(): boolean {
    return this.#options.overwrite || this.goesOn;
  }
}

/** The same for all names that a disk may take for one: those that differ in capitals, or in how an accent is written. */
const foldedName = (path: BytePath): string => pathText(path).normalize('NFD').toUpperCase();

function copyEntry({
  from,
  to,
  marks,
}: {
  readonly from: Buffer;
  readonly to: Buffer;
  readonly marks: EntryMarks;
}): string | undefined {
  if (lstatSync(from).isSymbolicLink()) {
    symlinkSync(readlinkSync(from, 'buffer'), to);
    return setSymlinkMarks(to, marks);
  }
  copyFileSync(from, to);
  return setFileMarks(to, marks);
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

function unusable(cause: unknown): unknown {
  const named = nameDiskError(cause);
  if (named instanceof DreyError) return named;
  return new DreyError({
    code: 'restore-folder-unusable',
    message: `The folder to restore into cannot be made, read or written into (${errorCode(cause) ?? 'unknown error'})`,
    advice: 'Name a folder that you may write into, or one that is not there yet.',
    cause,
  });
}

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
    throw unusable(error);
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

// The folder that a restore writes into, from its first byte to its last: held open, so that no other one can stand in its place, and as root taken
// from its owner until the end, so that nobody puts links into it meanwhile. Looks at nothing that is in it but whose it was.

import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { firstFailure, isRoot } from './entry-marks.ts';
import { permissionBits } from './file-stats.ts';

/** Says in the folder of growing files whose the folder was, to the run after one that was killed. */
export const ownerName = 'owner';

type Owner = Pick<Stats, 'uid' | 'gid' | 'mode'>;

const takenMode = 0o700;

export class TakenFolder implements Disposable {
  /** Leads to the folder whatever becomes of the path to it; where the system has no such way it is that path. */
  readonly place: string;
  readonly #handle: number | undefined;
  /** Where the note lies, and what it says; undefined while the folder is its owner's. */
  #taken: { readonly note: string; readonly before: Owner } | undefined;

  /** Throws the system's error. */
  constructor(path: string) {
    const isHeld = isRoot || process.platform === 'linux';
    this.#handle = isHeld ? openSync(path, constants.O_RDONLY | constants.O_DIRECTORY) : undefined;
    this.place = wayBy(this.#handle) ?? path;
  }

  /** As root: nobody else gets into the folder from now on, nor what was left open to them in it. `parts`: the folder of growing files. */
  take(parts: string): void {
    if (!isRoot || this.#handle === undefined) return;
    const note = join(parts, ownerName);
    const now = fstatSync(this.#handle);
    const before = (isTaken(now) ? ownerIn(note) : undefined) ?? now;
    if (becomes(this.#handle, { uid: 0, gid: 0, mode: takenMode })) this.#taken = { note, before };
    else becomes(this.#handle, now);
  }

  /** Writes down whose it was, once the folder of growing files is there; an earlier note stays until this one is whole. */
  noteOwner(): void {
    if (this.#taken === undefined) return;
    const { note, before } = this.#taken;
    const text = `${before.uid} ${before.gid} ${(before.mode & permissionBits).toString(8)}\n`;
    writeFileSync(`${note}.new`, text);
    renameSync(`${note}.new`, note);
  }

  /** It is its owner's again, as it was; nothing may be written into it after that. Throws the system's error. */
  giveBack(): void {
    if (this.#taken === undefined || this.#handle === undefined) return;
    const { note, before } = this.#taken;
    this.#taken = undefined;
    try {
      rmSync(note, { force: true });
    } finally {
      setOwner(this.#handle, before);
    }
  }

  /** Throws nothing: what ended the run says more. */
  [Symbol.dispose](): void {
    firstFailure([() => this.giveBack()]);
    if (this.#handle !== undefined) closeSync(this.#handle);
  }
}

function setOwner(handle: number, { uid, gid, mode }: Owner): void {
  fchownSync(handle, uid, gid);
  // Last: another owner takes bits away.
  fchmodSync(handle, mode & permissionBits);
}

/** Not on a disk that keeps no owners, nor where root is nobody (NFS). */
const becomes = (handle: number, owner: Owner): boolean =>
  firstFailure([() => setOwner(handle, owner)]) === undefined;

/** A path through the open folder itself (proc_pid_fd(5)); its dot, so that calls that follow no link reach the folder. */
function wayBy(handle: number | undefined): string | undefined {
  if (handle === undefined || process.platform !== 'linux') return undefined;
  const way = `/proc/self/fd/${handle}/.`;
  const [found, held] = [statSync(way, { throwIfNoEntry: false }), fstatSync(handle)];
  return found?.ino === held.ino && found.dev === held.dev ? way : undefined;
}

const isTaken = ({ uid, mode }: Stats): boolean => uid === 0 && (mode & permissionBits) === takenMode;

/** Asked only of a folder that is closed to all others: else its owner could write there whose it shall be. */
function ownerIn(note: string): Owner | undefined {
  const stats = lstatSync(note, { throwIfNoEntry: false });
  if (stats?.isFile() !== true || stats.uid !== 0) return undefined;
  const found = /^(\d{1,10}) (\d{1,10}) ([0-7]{1,4})\n$/u.exec(readFileSync(note, 'latin1').slice(0, 64));
  if (found === null) return undefined;
  return { uid: Number(found[1]), gid: Number(found[2]), mode: Number.parseInt(found[3]!, 8) };
}

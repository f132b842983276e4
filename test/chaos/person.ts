// Somebody who works in a protected folder of one machine: writes, changes, moves and removes files, has them protected, and
// remembers what the folder was like at each snapshot that was acknowledged.

import { createHash, randomFillSync } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ProtectAnswer, SnapshotAnswer } from '../../agent/control/index.ts';
import type { Random } from '../../datasets/index.ts';
import type { Machine } from './machine.ts';

/** A snapshot whose acknowledgement a person has seen. */
export interface Acknowledged {
  readonly person: Person;
  readonly drive: string;
  readonly snapshot: string;
  /** A copy of the folder as it was. */
  readonly copy: string;
}

const filesMax = 60;

export class Person {
  readonly machine: Machine;
  readonly folder: string;
  readonly #copies: string;
  readonly #random: Random;
  readonly acknowledged: Acknowledged[] = [];
  phrase: string | undefined;
  #turn = 0;

  constructor(machine: Machine, root: string, random: Random) {
    this.machine = machine;
    this.folder = join(root, `folder-of-${machine.name}`);
    this.#copies = join(root, `copies-of-${machine.name}`);
    this.#random = random;
    mkdirSync(this.folder, { recursive: true });
    mkdirSync(this.#copies, { recursive: true });
    for (let count = 0; count < 12; count++) this.#write();
  }

  /** More files, of about so many bytes in all. */
  fill(byteCount: number): void {
    for (let left = byteCount; left > 0; left -= 300_000) {
      const bytes = Buffer.alloc(Math.min(left, 300_000));
      // Like nothing that is there.
      randomFillSync(bytes);
      writeFileSync(join(this.folder, `bulk-${this.#random.below(2 ** 31).toString(36)}`), bytes);
    }
  }

  /** Some changes, a snapshot, and what was promised for it. False when the command did not come to an end. */
  async work(): Promise<boolean> {
    this.#change();
    const turn = ++this.#turn;
    const copy = join(this.#copies, String(turn));
    cpSync(this.folder, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    try {
      const answer = await this.machine.ask<ProtectAnswer & SnapshotAnswer>(['protect', this.folder]);
      this.phrase ??= answer.phrase;
      if (answer.snapshot !== undefined) {
        this.acknowledged.push({ person: this, drive: answer.drive, snapshot: answer.snapshot, copy });
        return true;
      }
    } catch {
      // The agent was killed, frozen or cut off: nothing was promised.
    }
    rmSync(copy, { recursive: true, force: true });
    return false;
  }

  #change(): void {
    const count = 1 + this.#random.below(6);
    for (let at = 0; at < count; at++) {
      const names = readdirSync(this.folder);
      const name = names[this.#random.below(Math.max(1, names.length))];
      const kind =
        name === undefined || names.length < 8 ? 0 : this.#random.below(names.length > filesMax ? 5 : 4);
      if (kind === 0 || name === undefined) this.#write();
      else if (kind === 1) this.#append(join(this.folder, name));
      else if (kind === 2) this.#overwrite(join(this.folder, name));
      else if (kind === 3) renameSync(join(this.folder, name), join(this.folder, `${name}.${this.#turn}`));
      else rmSync(join(this.folder, name), { recursive: true });
    }
  }

  #bytes(): Buffer {
    const length = this.#random.below(10) === 0 ? this.#random.below(4_000_000) : this.#random.below(60_000);
    const seed = createHash('sha256')
      .update(String(this.#random.below(2 ** 31)))
      .digest();
    return Buffer.alloc(length, seed);
  }

  #write(): void {
    const name = join(this.folder, `file-${this.#random.below(2 ** 31).toString(36)}`);
    const kind = this.#random.below(12);
    if (kind === 0) symlinkSync(`nowhere-${name.length}`, name);
    else if (kind === 1) mkdirSync(name);
    else writeFileSync(name, this.#bytes());
  }

  #append(file: string): void {
    if (lstatSync(file).isFile()) appendFileSync(file, this.#bytes().subarray(0, 5000));
  }

  #overwrite(file: string): void {
    if (!lstatSync(file).isFile()) return;
    const handle = openSync(file, 'r+');
    writeSync(handle, Buffer.from(`turn ${this.#turn}`), 0, undefined, this.#random.below(1000));
    closeSync(handle);
  }
}

/** What one folder has that another has not, in words; empty when they are equal byte for byte. Compared without Drey's own code. */
export function differences(wanted: string, got: string, at = ''): readonly string[] {
  const names = new Set([...readdirSync(wanted), ...readdirSync(got)]);
  return [...names].flatMap((name) => {
    const place = join(at, name);
    const [a, b] = [join(wanted, name), join(got, name)];
    const [was, is] = [lstatSync(a, { throwIfNoEntry: false }), lstatSync(b, { throwIfNoEntry: false })];
    if (was === undefined || is === undefined)
      return [`${place} is ${is === undefined ? 'missing' : 'too much'}`];
    if (was.mode !== is.mode) return [`${place} has another kind or mode`];
    if (was.isDirectory()) return differences(a, b, place);
    if (was.isSymbolicLink()) return readlinkSync(a) === readlinkSync(b) ? [] : [`${place} leads elsewhere`];
    return readFileSync(a).equals(readFileSync(b)) ? [] : [`${place} has other bytes`];
  });
}

// Keys of this machine's drives: as its small file has them, wrapped to the machine; as records tell others; and a new one when somebody who
// may know the old one was put out, or the drive gets another person's words.

import { DreyError } from '../../datasets/index.ts';
import {
  bytesOfHex,
  createDriveKey,
  driveIdOf,
  type DriveKeys,
  type DriveRecord,
  driveRecordFor,
  hexOf,
  keysFor,
  machineRecipient,
  type MachineKey,
  nextKeys,
  personOf,
  sealSmall,
  unwrapKey,
  wrapKey,
} from '../codec/index.ts';
import { type AgentCore, type Lock, type LockStep, nextLockStep } from '../core/index.ts';
import { type DriveId, driveId } from '../units.ts';
import type { OwnWords } from './own-words.ts';
import type { RunningDrive } from './running-drive.ts';
import type { StoredDrive } from './stored-drives.ts';
import { Turns } from './turns.ts';

/** A new drive with its first key, as it is stored and published. `person`: the public key behind the words that open it. */
export function createDrive(
  key: MachineKey,
  { folder, person }: { readonly folder: string; readonly person: string },
): Pick<StoredDrive, 'keyEpoch' | 'wrappedKey'> & {
  readonly drive: DriveId;
  readonly keys: DriveKeys;
  readonly record: DriveRecord;
} {
  const keys = { driveKey: createDriveKey() };
  const sealedName = sealName(keys, folder);
  const drive = driveIdOf(key.peer, { sealedName });
  const name = { drive, keyEpoch: 1 };
  const machine = machineRecipient(key).recipient;
  return {
    drive,
    keyEpoch: 1,
    wrappedKey: hexOf(wrapKey(keys.driveKey, name, machine)),
    keys,
    record: driveRecordFor(keys, { ...name, sealedName, person, machine }),
  };
}

const sealName = ({ driveKey }: DriveKeys, folder: string): Uint8Array =>
  sealSmall(driveKey, 'name', new TextEncoder().encode(folder));

/** Throws `drive-key-damaged`. */
export function openStoredKeys(key: MachineKey, stored: StoredDrive): DriveKeys {
  const drive = driveId(stored.drive);
  const own = machineRecipient(key);
  const open = (wrapped: string, keyEpoch: number): Uint8Array => {
    const opened = unwrapKey(bytesOfHex(wrapped), { drive, keyEpoch }, own);
    if (!opened.ok) throw keyDamaged(opened.rejection.reason);
    return opened.value;
  };
  const driveKey = open(stored.wrappedKey, stored.keyEpoch);
  if (stored.formerKeys === undefined) return { driveKey };
  return { driveKey, formerKeys: stored.formerKeys.map((wrapped, index) => open(wrapped, index + 1)) };
}

const keyDamaged = (reason: string): DreyError =>
  new DreyError({
    code: 'drive-key-damaged',
    message: `the key of a drive cannot be opened on this machine: ${reason}`,
    advice: 'Protect the folder again; what was backed up is restored with the 24 words on any machine.',
  });

export interface DriveLocksParts {
  readonly core: AgentCore;
  readonly key: MachineKey;
  readonly ownWords: () => Pick<OwnWords, 'write' | 'settled'>;
  /** On the disk when it returns. */
  readonly note: (drive: RunningDrive, change: Partial<StoredDrive>) => void;
  readonly report: (level: 'info' | 'problem', text: string) => void;
}

export class DriveLocks {
  readonly #parts: DriveLocksParts;
  readonly #turns = new Turns();

  constructor(parts: DriveLocksParts) {
    this.#parts = parts;
  }

  /** Before anything more is sealed: a new key where somebody was put out since the last one was made, or where `person` is another. */
  settle(drive: RunningDrive, person?: string): Promise<void> {
    return this.#turns.take(() => this.#settle(drive, person));
  }

  /** Whose words open what is saved from now on; undefined for nobody's. */
  personOf({ stored }: RunningDrive): string | undefined {
    if (stored.person !== undefined) return stored.person === '' ? undefined : stored.person;
    const known = this.#parts.core.catalogue.drives.get(driveId(stored.drive));
    return known === undefined ? undefined : personOf(known.record);
  }

  /** Whether its person is there, and is not put out. */
  isOpenToSomebody(drive: RunningDrive): boolean {
    const person = this.personOf(drive);
    return person !== undefined && !this.#parts.core.membership.isPersonOut(person);
  }

  async #settle(drive: RunningDrive, wanted: string | undefined): Promise<void> {
    const { core, ownWords } = this.#parts;
    const id = driveId(drive.stored.drive);
    const next = (): LockStep => nextLockStep({ drive: id, lock: this.#lockOf(drive), wanted }, core);
    let isSettled = false;
    for (let step = next(); step.kind !== 'none'; step = next()) {
      if (step.kind === 'adopt') this.#adopt(drive, id);
      // The last run of the agent may have ended between the two.
      else if (step.kind === 'publish') await ownWords().write([this.#recordOf(drive)]);
      else if (isSettled) this.#renew(drive, id, step);
      // Whoever was put back to an older image may have made that very key before, and others may know of it.
      else [, isSettled] = [await ownWords().settled(), true];
    }
  }

  #lockOf(drive: RunningDrive): Lock {
    const { keyEpoch, answered = [] } = drive.stored;
    return { keyEpoch, answered, person: this.personOf(drive) };
  }

  #renew(
    drive: RunningDrive,
    id: DriveId,
    { person, answered, isForced }: Extract<LockStep, { kind: 'renew' }>,
  ): void {
    const keys = nextKeys(drive.keys);
    this.#keep(drive, keys, { id, keyEpoch: drive.stored.keyEpoch + 1, person, answered });
    this.#parts.report(
      person === undefined ? 'problem' : 'info',
      `a drive has a new key${isForced ? ', because somebody who may know the old one was put out' : ''}: what is saved from now on ${person === undefined ? "opens with nobody's words until `drey protect FOLDER` gives it to somebody" : 'opens with it alone'}`,
    );
  }

  /** Takes over what the own log has, given back by others. Throws `drive-key-damaged`. */
  #adopt(drive: RunningDrive, id: DriveId): void {
    const record = this.#parts.core.catalogue.drives.get(id)!.record;
    const keys = keysFor(machineRecipient(this.#parts.key), record);
    if (!keys.ok) throw keyDamaged(keys.rejection.reason);
    const answered = drive.stored.answered ?? [];
    this.#keep(drive, keys.value, { id, keyEpoch: record.keyEpoch, person: personOf(record), answered });
  }

  #keep(drive: RunningDrive, keys: DriveKeys, { id, ...lock }: Lock & { readonly id: DriveId }): void {
    const own = machineRecipient(this.#parts.key).recipient;
    const wrap = (one: Uint8Array, keyEpoch: number): string =>
      hexOf(wrapKey(one, { drive: id, keyEpoch }, own));
    this.#parts.note(drive, {
      keyEpoch: lock.keyEpoch,
      wrappedKey: wrap(keys.driveKey, lock.keyEpoch),
      formerKeys: (keys.formerKeys ?? []).map((one, index) => wrap(one, index + 1)),
      person: lock.person ?? '',
      answered: [...lock.answered],
    });
    drive.keys = keys;
  }

  #recordOf(drive: RunningDrive): DriveRecord {
    const { stored, keys } = drive;
    return driveRecordFor(keys, {
      drive: driveId(stored.drive),
      keyEpoch: stored.keyEpoch,
      sealedName: sealName(keys, stored.folder),
      person: this.personOf(drive),
      machine: machineRecipient(this.#parts.key).recipient,
    });
  }
}

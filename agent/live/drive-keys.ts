// Keys of this machine's drives: as its small file has them, wrapped to the machine; as records tell others; and a new one when somebody who
// may know the old one was put out, or the drive gets another person's words.

import { DreyError } from '../../datasets/index.ts';
import {
  bytesOfHex,
  createDriveKey,
  driveIdOf,
  type DriveKeys,
  type DriveRecord,
  hexOf,
  machineRecipient,
  type MachineKey,
  nextKeys,
  personOf,
  sealFormerKeys,
  sealSmall,
  unwrapKey,
  wrapKey,
} from '../codec/index.ts';
import { type AgentCore, putOutWithKey } from '../core/index.ts';
import { type DriveId, driveId } from '../units.ts';
import type { RunningDrive } from './running-drive.ts';
import type { StoredDrive } from './stored-drives.ts';

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
  const wrappedKeys = [person, machineRecipient(key).recipient].map((recipient) => ({
    recipient,
    wrapped: wrapKey(keys.driveKey, name, recipient),
  }));
  return {
    drive,
    keyEpoch: 1,
    wrappedKey: hexOf(wrappedKeys[1]!.wrapped),
    keys,
    record: { kind: 'drive', ...name, sealedName, wrappedKeys },
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
  readonly publish: (record: DriveRecord) => Promise<void>;
  /** On the disk when it returns. */
  readonly note: (drive: RunningDrive, change: Partial<StoredDrive>) => void;
  readonly report: (level: 'info' | 'problem', text: string) => void;
}

export class DriveLocks {
  readonly #parts: DriveLocksParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: DriveLocksParts) {
    this.#parts = parts;
  }

  /** Before anything more is sealed: a new key where somebody was put out since the last one was made, or where `person` is another. */
  settle(drive: RunningDrive, person?: string): Promise<void> {
    const turn = this.#last.then(() => this.#settle(drive, person));
    this.#last = turn.catch(() => {});
    return turn;
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
    const { core, key, publish, note, report } = this.#parts;
    const id = driveId(drive.stored.drive);
    const known = core.catalogue.drives.get(id);
    if (known === undefined) return;
    // The last run of the agent may have ended between the two.
    if (known.record.keyEpoch < drive.stored.keyEpoch) await publish(this.#recordOf(drive));
    const out = [...putOutWithKey(id, core)];
    const fresh = out.filter((one) => drive.stored.answered?.includes(one) !== true);
    const before = this.personOf(drive);
    const stays = before !== undefined && core.membership.isPersonOut(before) ? undefined : before;
    const person = wanted ?? stays;
    if (fresh.length === 0 && person === before) return;
    const keys = nextKeys(drive.keys);
    const keyEpoch = drive.stored.keyEpoch + 1;
    const own = machineRecipient(key).recipient;
    const wrap = (one: Uint8Array, epoch: number): string =>
      hexOf(wrapKey(one, { drive: id, keyEpoch: epoch }, own));
    note(drive, {
      keyEpoch,
      wrappedKey: wrap(keys.driveKey, keyEpoch),
      formerKeys: (keys.formerKeys ?? []).map((one, index) => wrap(one, index + 1)),
      person: person ?? '',
      answered: out,
    });
    drive.keys = keys;
    await publish(this.#recordOf(drive));
    report(
      person === undefined ? 'problem' : 'info',
      `a drive has a new key${fresh.length === 0 ? '' : ', because somebody who may know the old one was put out'}: what is saved from now on ${person === undefined ? "opens with nobody's words until `drey protect FOLDER` gives it to somebody" : 'opens with it alone'}`,
    );
  }

  #recordOf(drive: RunningDrive): DriveRecord {
    const { key } = this.#parts;
    const { stored, keys } = drive;
    const name = { drive: driveId(stored.drive), keyEpoch: stored.keyEpoch };
    const person = this.personOf(drive);
    const recipients = [...(person === undefined ? [] : [person]), machineRecipient(key).recipient];
    const sealedFormer = sealFormerKeys(keys);
    return {
      kind: 'drive',
      ...name,
      sealedName: sealName(keys, stored.folder),
      wrappedKeys: recipients.map((recipient) => ({
        recipient,
        wrapped: wrapKey(keys.driveKey, name, recipient),
      })),
      ...(person === undefined ? {} : { person }),
      ...(sealedFormer === undefined ? {} : { sealedFormer }),
    };
  }
}

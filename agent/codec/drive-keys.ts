// What a drive is called, and its keys over their epochs: packs and heads are sealed under the key of their epoch, chunks are named under the first key in all
// of them. Whoever has the newest key has the older ones; the older ones say nothing of it.

import { type DriveId, driveId, type PeerId } from '../units.ts';
import { accept, concatBytes, type Decoded, reject } from './envelope.ts';
import { seedBytes, sha256Hex } from './keys.ts';
import type { DriveRecord } from './record.ts';
import type { Recipient } from './keys.ts';
import { createDriveKey, openSmall, sealSmall, unwrapKey, wrapKey } from './secrets.ts';

export interface DriveKeys {
  /** Of the newest epoch, 32 bytes. */
  readonly driveKey: Uint8Array;
  /** Of the epochs before it, from epoch 1 on; absent where there are none. */
  readonly formerKeys?: readonly Uint8Array[] | undefined;
}

/** The id of a drive that begins with this record: nobody else can begin one of that id with anything. */
export const driveIdOf = (owner: PeerId, { sealedName }: Pick<DriveRecord, 'sealedName'>): DriveId =>
  driveId(sha256Hex(new TextEncoder().encode(`drive ${owner}`), sealedName).slice(0, 32));

const formerPurpose = 'former keys';

/** The keys alone, out of something that has them. */
export const keysIn = ({ driveKey, formerKeys }: DriveKeys): DriveKeys => ({
  driveKey,
  ...(formerKeys === undefined ? {} : { formerKeys }),
});

/** The key that names chunks. */
export const namingKey = ({ driveKey, formerKeys }: DriveKeys): Uint8Array => formerKeys?.[0] ?? driveKey;

/** The key of an epoch, counted from 1; the newest one where there is no other. */
export const keyOfEpoch = ({ driveKey, formerKeys }: DriveKeys, keyEpoch: number): Uint8Array =>
  formerKeys?.[keyEpoch - 1] ?? driveKey;

/** All keys, the newest first. */
export const everyKey = ({ driveKey, formerKeys = [] }: DriveKeys): readonly Uint8Array[] => [
  driveKey,
  ...formerKeys.toReversed(),
];

/** A new key for the next epoch, random unless one is given. */
export const nextKeys = ({ driveKey, formerKeys = [] }: DriveKeys, next = createDriveKey()): DriveKeys => ({
  driveKey: next,
  formerKeys: [...formerKeys, driveKey],
});

/** The older keys under the newest one, as a drive's record has them; undefined in the first epoch. */
export const sealFormerKeys = ({ driveKey, formerKeys }: DriveKeys): Uint8Array | undefined =>
  formerKeys === undefined ? undefined : sealSmall(driveKey, formerPurpose, concatBytes(...formerKeys));

/** All keys of a drive by the newest one of its record. */
export function openFormerKeys(
  { keyEpoch, sealedFormer }: Pick<DriveRecord, 'keyEpoch' | 'sealedFormer'>,
  driveKey: Uint8Array,
): Decoded<DriveKeys> {
  if (sealedFormer === undefined) return accept({ driveKey });
  const opened = openSmall(driveKey, formerPurpose, sealedFormer);
  if (!opened.ok) return opened;
  if (opened.value.length !== seedBytes * (keyEpoch - 1))
    return reject('wrong-shape', `${opened.value.length} bytes of keys before epoch ${keyEpoch}`);
  const formerKeys = Array.from({ length: keyEpoch - 1 }, (_, index) =>
    opened.value.slice(seedBytes * index, seedBytes * (index + 1)),
  );
  return accept({ driveKey, formerKeys });
}

/** The record of a drive's newest key: for the person whose words open it, if there is one, and for the machine that owns it. */
export function driveRecordFor(
  keys: DriveKeys,
  about: Pick<DriveRecord, 'drive' | 'keyEpoch' | 'sealedName'> & {
    readonly person: string | undefined;
    /** The machine's X25519 public key. */
    readonly machine: string;
  },
): DriveRecord {
  const { drive, keyEpoch, sealedName, person, machine } = about;
  const recipients = [...(person === undefined ? [] : [person]), machine];
  const sealedFormer = sealFormerKeys(keys);
  return {
    kind: 'drive',
    drive,
    keyEpoch,
    sealedName,
    wrappedKeys: recipients.map((recipient) => ({
      recipient,
      wrapped: wrapKey(keys.driveKey, { drive, keyEpoch }, recipient),
    })),
    ...(person === undefined ? {} : { person }),
    ...(sealedFormer === undefined ? {} : { sealedFormer }),
  };
}

/** All keys that a record gives to somebody; a rejection when it gives it none. */
export function keysFor(recipient: Recipient, record: DriveRecord): Decoded<DriveKeys> {
  for (const wrapped of record.wrappedKeys) {
    if (wrapped.recipient !== recipient.recipient) continue;
    const opened = unwrapKey(wrapped.wrapped, record, recipient);
    return opened.ok ? openFormerKeys(record, opened.value) : opened;
  }
  return reject('wrong-key', 'wrapped to others');
}

// When a drive gets a new key, and why: who was put out and may know the one that it has, or who is to open it from now on. Pure; the drive's
// owner makes the key, before it seals anything more.

import { personOf } from '../codec/index.ts';
import type { DriveId, PeerId } from '../units.ts';
import type { Catalogue, KnownDrive } from './catalogue.ts';
import type { Membership } from './membership.ts';

/** Everybody whose words ever opened the drive. */
export function personsOf({ record, formerRecords }: KnownDrive): ReadonlySet<string> {
  const persons = [...formerRecords, record].flatMap((one) => personOf(one) ?? []);
  return new Set(persons);
}

/**
 * Persons whose words open it, and machines on which such a person has drives too: its words may have been typed there. Those that are
 * put out, by peer id or public key.
 */
export function putOutWithKey(
  drive: DriveId,
  { catalogue, membership }: { readonly catalogue: Catalogue; readonly membership: Membership },
): ReadonlySet<string> {
  const known = catalogue.drives.get(drive);
  if (known === undefined) return new Set();
  const persons = personsOf(known);
  const machines = new Set<PeerId>();
  for (const other of catalogue.drives.values())
    if (other.owner !== known.owner && [...personsOf(other)].some((person) => persons.has(person)))
      machines.add(other.owner);
  return new Set([
    ...[...persons].filter((person) => membership.isPersonOut(person)),
    ...[...machines].filter((machine) => membership.isRevoked(machine)),
  ]);
}

/** What a drive's owner keeps beside its keys, on its disk. */
export interface Lock {
  readonly keyEpoch: number;
  /** Whose words open it; undefined for nobody's. */
  readonly person: string | undefined;
  /** Who was put out when its key was made. */
  readonly answered: readonly string[];
}

/**
 * `publish`: its newest key stands in no record yet. `adopt`: the own log has a newer key than the disk, which was put back to an older
 * image; another key under the same number would lock out what was sealed since. `renew`: what is sealed from now on needs a new key;
 * `isForced` where somebody was put out.
 */
export type LockStep =
  | { readonly kind: 'none' }
  | { readonly kind: 'publish' }
  | { readonly kind: 'adopt' }
  | {
      readonly kind: 'renew';
      readonly person: string | undefined;
      readonly answered: readonly string[];
      readonly isForced: boolean;
    };

/** What is to be done before anything more is sealed; asked again after each step. `wanted`: who is to open it from now on; absent: as it is. */
export function nextLockStep(
  {
    drive,
    lock,
    wanted,
  }: { readonly drive: DriveId; readonly lock: Lock; readonly wanted?: string | undefined },
  parts: { readonly catalogue: Catalogue; readonly membership: Membership },
): LockStep {
  const known = parts.catalogue.drives.get(drive);
  if (known === undefined) return { kind: 'none' };
  if (known.record.keyEpoch > lock.keyEpoch) return { kind: 'adopt' };
  if (known.record.keyEpoch < lock.keyEpoch) return { kind: 'publish' };
  const answered = [...putOutWithKey(drive, parts)];
  const isForced = answered.some((one) => !lock.answered.includes(one));
  const isOut = lock.person !== undefined && parts.membership.isPersonOut(lock.person);
  const person = wanted ?? (isOut ? undefined : lock.person);
  return isForced || person !== lock.person
    ? { kind: 'renew', person, answered, isForced }
    : { kind: 'none' };
}

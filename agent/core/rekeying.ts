// Why a drive needs a new key: who was put out and may know the one that it has. Pure; the drive's owner makes the key.

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

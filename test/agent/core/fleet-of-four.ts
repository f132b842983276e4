// Keys, certificates and batches of a small fleet, for tests of single machines of the core.

import {
  type AdminKey,
  type AgentRecord,
  createAdminKey,
  describePack,
  fleetRootFromSeed,
  type HeadRecord,
  machineKeyFromSeed,
  type MachineKey,
  noBatchHash,
  type PackDescriptor,
  type Role,
  signBatch,
  type SignedBatch,
  signStatement,
} from '../../../agent/codec/index.ts';
import { AuditQuestions } from '../../../agent/core/audit-questions.ts';
import type { CoreEffect } from '../../../agent/core/effects.ts';
import { Election } from '../../../agent/core/election.ts';
import type { CoreEvent } from '../../../agent/core/events.ts';
import { type Hearer, Hearing } from '../../../agent/core/hearing.ts';
import { Membership } from '../../../agent/core/membership.ts';
import type { Shelf } from '../../../agent/core/shelf.ts';
import { Trust } from '../../../agent/core/trust.ts';
import { driveId, type DriveId, type FleetId, type PeerId, snapshotId } from '../../../agent/units.ts';
import type { Plan } from '../../../optimizer/index.ts';
import { days, type UnixMs, unixMs } from '../../../datasets/index.ts';

export const startMs: UnixMs = unixMs(Date.UTC(2026, 0, 5));
const root = fleetRootFromSeed(new Uint8Array(32).fill(42));
const admin: AdminKey = createAdminKey(root, { notBeforeMs: startMs, forMs: days(30) });
export const { fleet }: { readonly fleet: FleetId } = root;
/** Four machines in order of their ids. */
export const machines = [1, 2, 3, 4]
  .map((seed) => machineKeyFromSeed(new Uint8Array(32).fill(seed)))
  .toSorted((a, b) => (a.peer < b.peer ? -1 : 1)) as unknown as readonly [
  MachineKey,
  MachineKey,
  MachineKey,
  MachineKey,
];

export const certificateOf = (
  key: MachineKey,
  roles: readonly Role[] = ['holder', 'optimizer'],
): Uint8Array =>
  signStatement(admin, {
    kind: 'certificate',
    peer: key.peer,
    name: 'pc',
    roles,
    notBeforeMs: startMs,
    notAfterMs: unixMs(startMs + days(30)),
  }).bytes;

export const revocationOf = (key: MachineKey): Uint8Array =>
  signStatement(admin, { kind: 'revocation', revoked: key.peer, reason: 'lost', atMs: startMs }).bytes;

/** As they stand in an admin's log. */
export const certificatesOf = (keys: readonly MachineKey[]): readonly AgentRecord[] =>
  keys.map((key) => ({ kind: 'statement', bytes: certificateOf(key) }));

export const personRevocationOf = (person: string): Uint8Array =>
  signStatement(admin, { kind: 'personRevocation', person, reason: 'left', atMs: startMs }).bytes;

export const pardonOf = (key: MachineKey, atMs: UnixMs): Uint8Array =>
  signStatement(admin, { kind: 'pardon', machine: key.peer, reason: 'a new disk', atMs }).bytes;

/** One batch of the key's log of facts. */
export const batchOf = (key: MachineKey, records: readonly AgentRecord[], sequence = 0): SignedBatch =>
  signBatch({ key, stream: 'facts', sequence, previous: noBatchHash, atMs: startMs, records });

export const membershipOf = (self: MachineKey): Membership => new Membership({ self: self.peer, fleet });

/** Of a machine that is connected to all others. */
export function connectedMembershipOf(self: MachineKey): Membership {
  const membership = membershipOf(self);
  const records = certificatesOf(machines);
  membership.handle({ kind: 'batchStored', batch: batchOf(machines[0], records), now: startMs });
  for (const { peer } of machines)
    if (peer !== self.peer) membership.handle({ kind: 'connected', peer, now: startMs });
  return membership;
}

/** What audits and removals ask by; chance always says one half. */
export function questionsOf(membership: Membership, shelf: Shelf): AuditQuestions {
  const trust = new Trust(membership, new Election(membership));
  return new AuditQuestions({ membership, shelf, trust, fraction: () => 0.5 });
}

/** A pack of three replicas on the owner's drive. */
export const replicasOf = (owner: PeerId, bytes: Uint8Array): PackDescriptor =>
  describePack(bytes, {
    owner,
    drive: driveId('0'.repeat(32)),
    placementClass: 'small',
    redundancy: { k: 1, n: 3 },
  }).descriptor;

/** The one snapshot of a drive, as long as nobody looks inside. */
export const headOf = (drive: DriveId): HeadRecord => ({
  kind: 'head',
  drive,
  snapshot: snapshotId('a'.repeat(64)),
  atMs: startMs,
  keyEpoch: 1,
  sealedRoot: new Uint8Array(),
  fileCount: 1,
  byteCount: 1,
  packCount: 1,
  receiptsDigest: '0'.repeat(64),
});

/** A plan of one group of the first three machines. */
export const planOf = (author: MachineKey, epoch: number): Plan => ({
  epoch,
  author: author.peer,
  computedMs: startMs,
  classes: [
    {
      name: 'small',
      redundancy: { k: 1, n: 3 },
      groups: [
        {
          id: 'g',
          members: machines.slice(0, 3).map(({ peer }) => peer),
          weight: 1,
          unavailability: 0,
          unavailabilityAt: {},
          reasons: [],
        },
      ],
    },
  ],
  domains: {},
  modelSource: 'test',
  heldOut: [],
  notes: [],
});

/** Tells some machines of the core an event, in order, as the core does. */
export const tellMachines = (hearers: readonly Hearer[], event: CoreEvent): readonly CoreEffect[] =>
  new Hearing(hearers).of(event).flatMap((machine) => machine.handle(event));

/** Where the plan stands that a shelf is given without a log. */
export const planBatch = 'ab'.repeat(32);

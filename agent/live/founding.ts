// How a machine becomes a member: by making a fleet, or by an invite. Both happen before the agent runs.

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { days, DreyError, unixMs } from '../../datasets/index.ts';
import {
  type AdminKey,
  createAdminKey,
  createFleetRoot,
  createMachineKey,
  createPassphrase,
  type FleetPolicy,
  type MachineCertificate,
  openStatement,
  parseInvite,
  sealRecoveryKit,
  signStatement,
} from '../codec/index.ts';
import { certificateMs, clockSkewMsMax, holderSilenceMsMax } from '../limits.ts';
import type { FleetId, PeerId } from '../units.ts';
import { type Home, homeAt, writeWhole } from './home.ts';
import { isMemberHome, machineKeyBeforeJoin, nowMs, settleQuotaBytes, writeIdentity } from './identity.ts';
import { requestJoin } from './wire/index.ts';

/** An admin's key lives longer than machines' certificates: the recovery kit must be fetched to renew it. */
const adminKeyMs = days(3650);

export interface CreateFleetOptions {
  readonly home: string;
  readonly fleetName: string;
  readonly machineName: string;
  readonly kitFile?: string;
  readonly passphrase?: string;
  readonly holderSilenceMs?: number;
  readonly quotaBytes?: number;
}

export interface CreatedFleet {
  readonly fleet: FleetId;
  readonly peer: PeerId;
  readonly kitFile: string;
  /** Only when none was given: it is shown once. */
  readonly passphrase?: string;
  readonly quotaBytes: number;
}

function assertNoMember(home: Home): void {
  if (!isMemberHome(home)) return;
  throw new DreyError({
    code: 'already-member',
    message: `the folder ${home.folder} belongs to a fleet already`,
    advice: 'Start its agent with `drey up`, or name another folder with --home.',
  });
}

function assertNewKit(kitFile: string): void {
  if (!existsSync(kitFile)) return;
  throw new DreyError({
    code: 'kit-exists',
    message: `there is a file ${kitFile} already`,
    advice: 'A recovery kit is never overwritten: name another file with --kit.',
  });
}

/** A certificate from `now` on, with room for wrong clocks. */
export const certificateFor = (
  machine: Pick<MachineCertificate, 'peer' | 'name' | 'roles' | 'invite'>,
): MachineCertificate => {
  const now = nowMs();
  return {
    kind: 'certificate',
    ...machine,
    notBeforeMs: unixMs(now - clockSkewMsMax),
    notAfterMs: unixMs(now + certificateMs),
  };
};

const firstPolicy = (options: CreateFleetOptions): FleetPolicy => ({
  kind: 'policy',
  fleetName: options.fleetName,
  atMs: nowMs(),
  holderSilenceMs: options.holderSilenceMs ?? holderSilenceMsMax,
  planMode: 'automatic',
});

/** Makes a fleet with this machine as its first admin. Throws `already-member` or `kit-exists`. */
export function createFleet(options: CreateFleetOptions): CreatedFleet {
  const home = homeAt(options.home);
  mkdirSync(home.folder, { recursive: true, mode: 0o700 });
  assertNoMember(home);
  const kitFile = options.kitFile ?? join(home.folder, 'recovery-kit.drey');
  assertNewKit(kitFile);
  const root = createFleetRoot();
  const passphrase = options.passphrase ?? createPassphrase();
  writeWhole(kitFile, sealRecoveryKit(root, passphrase));
  const adminKey: AdminKey = createAdminKey(root, {
    notBeforeMs: unixMs(nowMs() - clockSkewMsMax),
    forMs: adminKeyMs,
  });
  const machineKey = createMachineKey();
  const certificate = signStatement(
    adminKey,
    certificateFor({
      peer: machineKey.peer,
      name: options.machineName,
      roles: ['admin', 'holder', 'optimizer'],
    }),
  );
  const quotaBytes = settleQuotaBytes(home, options.quotaBytes);
  const policy = signStatement(adminKey, firstPolicy(options));
  writeIdentity(home, {
    machineKey,
    fleet: root.fleet,
    certificateBytes: certificate.bytes,
    statements: [policy.bytes],
    addresses: [],
    adminKey,
  });
  return {
    fleet: root.fleet,
    peer: machineKey.peer,
    kitFile,
    quotaBytes,
    ...(options.passphrase === undefined ? { passphrase } : {}),
  };
}

export interface JoinFleetOptions {
  readonly home: string;
  readonly invite: string;
  readonly machineName: string;
  readonly quotaBytes?: number;
}

export interface JoinedFleet {
  readonly fleet: FleetId;
  readonly fleetName: string;
  readonly peer: PeerId;
  readonly quotaBytes: number;
}

/** What the fleet answered must be this machine's certificate of the invite's fleet: trust nobody on the way. */
function assertOwnCertificate(
  bytes: Uint8Array,
  expected: { readonly fleet: FleetId; readonly peer: PeerId },
): void {
  const opened = openStatement(bytes, expected.fleet);
  const isOwn =
    opened.ok &&
    opened.value.statement.kind === 'certificate' &&
    opened.value.statement.peer === expected.peer;
  if (isOwn) return;
  throw new DreyError({
    code: 'join-answer-wrong',
    message: 'the agent that answered gave a certificate that does not hold',
    advice: 'Ask an admin whether the invite is genuine, and try again with another one.',
  });
}

/**
 * Proves an invite and keeps the certificate. Throws `already-member`, `invite-malformed`, `invite-expired`, `invite-spent`,
 * `invite-revoked`, `invite-unknown`, `fleet-unreachable`, `join-answer-wrong`.
 */
export async function joinFleet(options: JoinFleetOptions): Promise<JoinedFleet> {
  const home = homeAt(options.home);
  const invite = parseInvite(options.invite);
  assertNoMember(home);
  if (invite.notAfterMs < nowMs()) {
    throw new DreyError({
      code: 'invite-expired',
      message: `the invite expired at ${new Date(invite.notAfterMs).toISOString()}`,
      advice: 'Ask an admin for another invite: `drey fleet invite`.',
    });
  }
  mkdirSync(home.folder, { recursive: true, mode: 0o700 });
  const machineKey = machineKeyBeforeJoin(home, createMachineKey);
  const welcome = await requestJoin({ machineKey, invite, name: options.machineName });
  assertOwnCertificate(welcome.certificate, { fleet: invite.fleet, peer: machineKey.peer });
  const quotaBytes = settleQuotaBytes(home, options.quotaBytes);
  const addresses = [...new Set([...welcome.addresses, ...invite.addresses])];
  writeIdentity(home, {
    machineKey,
    fleet: invite.fleet,
    certificateBytes: welcome.certificate,
    statements: welcome.statements,
    addresses,
  });
  return {
    fleet: invite.fleet,
    fleetName: fleetNameOf(welcome.statements, invite.fleet),
    peer: machineKey.peer,
    quotaBytes,
  };
}

function fleetNameOf(statements: readonly Uint8Array[], fleet: FleetId): string {
  for (const bytes of statements) {
    const opened = openStatement(bytes, fleet);
    if (opened.ok && opened.value.statement.kind === 'policy') return opened.value.statement.fleetName;
  }
  return fleet.slice(0, 8);
}

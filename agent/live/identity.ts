// Who this machine is: its key, its certificate and its fleet, and on admin machines the admin key. Read and written
// whole; what a file holds is checked before it is believed.

import { z } from 'zod';
import { DreyError, rowLimits, type UnixMs, unixMs } from '../../datasets/index.ts';
import {
  type AdminKey,
  adminKeyFromParts,
  bytesOfHex,
  hexOf,
  type MachineCertificate,
  type MachineKey,
  machineKeyFromSeed,
  openStatement,
} from '../codec/index.ts';
import type { MeshShape } from '../core/index.ts';
import { quotaBytesDefaultMax, quotaShareDefault, reserveBytes } from '../limits.ts';
import { fullMeshMax, ringCountDefault } from '../mesh-limits.ts';
import { type FleetId, fleetId } from '../units.ts';
import { type Home, readJson, writeJson } from './home.ts';
import { statfsSync } from 'node:fs';

export interface Identity {
  readonly machineKey: MachineKey;
  readonly fleet: FleetId;
  /** The signed certificate, as shown on hello. */
  readonly certificateBytes: Uint8Array;
  readonly certificate: MachineCertificate;
  /** Statements that came with the join: the policy, so that nothing waits for the first replication. */
  readonly statements: readonly Uint8Array[];
  /** Where the fleet was reachable when this machine joined. */
  readonly addresses: readonly string[];
  readonly adminKey?: AdminKey;
}

const hex = z.string().regex(/^(?:[0-9a-f]{2})*$/u);
const identitySchema = z.strictObject({
  version: z.literal(1),
  seed: hex.length(64),
  fleet: hex.length(64),
  certificate: hex,
  statements: z.array(hex),
  addresses: z.array(z.string()),
});
const adminSchema = z.strictObject({ version: z.literal(1), seed: hex.length(64), certificate: hex });
const keySchema = z.strictObject({ version: z.literal(1), seed: hex.length(64) });

export const isMemberHome = (home: Home): boolean =>
  readJson(home.identityFile, identitySchema) !== undefined;

const adminAgain =
  'Restore that file from a copy, or make the machine an admin again by the recovery kit: `drey fleet admin --kit FILE`. Where another machine is an admin too, the file may as well be removed.';

/**
 * Reads the identity; `without` its admin key where that is about to be replaced, and may be damaged. Throws `not-a-member` when this folder belongs
 * to no fleet, `home-file-damaged` when it is broken.
 */
export function readIdentity(home: Home, without?: 'admin key'): Identity {
  const stored = readJson(home.identityFile, identitySchema);
  if (stored === undefined) {
    throw new DreyError({
      code: 'not-a-member',
      message: `the folder ${home.folder} belongs to no fleet yet`,
      advice: 'Make a fleet with `drey fleet create`, or join one with `drey join INVITE`.',
    });
  }
  const fleet = fleetId(stored.fleet);
  const certificateBytes = bytesOfHex(stored.certificate);
  const opened = openStatement(certificateBytes, fleet);
  if (!opened.ok || opened.value.statement.kind !== 'certificate') {
    throw new DreyError({
      code: 'certificate-damaged',
      message: "this machine's certificate does not hold",
      advice: 'Join the fleet again with a new folder; what this machine held is on others too.',
    });
  }
  const admin = without === 'admin key' ? undefined : readJson(home.adminFile, adminSchema, adminAgain);
  return {
    machineKey: machineKeyFromSeed(bytesOfHex(stored.seed)),
    fleet,
    certificateBytes,
    certificate: opened.value.statement,
    statements: stored.statements.map(bytesOfHex),
    addresses: stored.addresses,
    ...(admin === undefined
      ? {}
      : { adminKey: adminKeyFromParts(fleet, bytesOfHex(admin.seed), bytesOfHex(admin.certificate)) }),
  };
}

export function writeIdentity(home: Home, identity: Omit<Identity, 'certificate'>): void {
  const { adminKey } = identity;
  if (adminKey !== undefined) {
    writeJson(home.adminFile, {
      version: 1,
      seed: hexOf(adminKey.key.seed),
      certificate: hexOf(adminKey.certificate),
    });
  }
  writeJson(home.identityFile, {
    version: 1,
    seed: hexOf(identity.machineKey.seed),
    fleet: identity.fleet,
    certificate: hexOf(identity.certificateBytes),
    statements: identity.statements.map(hexOf),
    addresses: identity.addresses,
  });
}

/** The key of a machine that has not joined yet, kept so that a broken join goes on with the same peer id. */
export function machineKeyBeforeJoin(home: Home, create: () => MachineKey): MachineKey {
  const file = `${home.identityFile}.key`;
  const stored = readJson(file, keySchema);
  if (stored !== undefined) return machineKeyFromSeed(bytesOfHex(stored.seed));
  const key = create();
  writeJson(file, { version: 1, seed: hexOf(key.seed) });
  return key;
}

const settingsSchema = z.strictObject({
  version: z.literal(1),
  quotaBytes: z.int().min(0),
  /** Where people say that it stands; most machines have none. */
  site: z.string().min(1).max(rowLimits.attributeLengthMax).exactOptional(),
  /** Up to how many machines are all connected, and on how many rings more stand; no command writes it. */
  mesh: z
    .strictObject({
      meshMax: z.int().min(1).max(fullMeshMax),
      ringCount: z.int().min(1).max(ringCountDefault),
    })
    .exactOptional(),
});

export interface MachineSettings {
  readonly quotaBytes: number;
  readonly site?: string;
  /** For trials with few machines: all of a fleet must have the same. Absent: as large fleets need it (limits.ts). */
  readonly mesh?: MeshShape;
}

/** Half of what is free now, at most 1 TiB: a person may change it in the settings. */
function defaultQuotaBytes(home: Home): number {
  const { bavail, bsize } = statfsSync(home.folder);
  return Math.min(
    quotaBytesDefaultMax,
    Math.floor(Math.max(0, bavail * bsize - reserveBytes) * quotaShareDefault),
  );
}

/** Sets what is wanted and keeps the rest, or reads what was set. An empty site is none. */
export function settleSettings(
  home: Home,
  wanted: Partial<Omit<MachineSettings, 'mesh'>> = {},
): MachineSettings {
  const stored = readJson(home.settingsFile, settingsSchema);
  const site = wanted.site ?? stored?.site ?? '';
  const settings = {
    version: 1 as const,
    quotaBytes: wanted.quotaBytes ?? stored?.quotaBytes ?? defaultQuotaBytes(home),
    ...(site === '' ? {} : { site }),
    ...(stored?.mesh === undefined ? {} : { mesh: stored.mesh }),
  };
  if (JSON.stringify(settings) !== JSON.stringify(stored)) writeJson(home.settingsFile, settings);
  return settings;
}

export const nowMs = (): UnixMs => unixMs(Date.now());

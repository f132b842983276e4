// How a machine becomes a member: by making a fleet, or by an invite; and how a member becomes an admin, by the recovery
// kit. All happen while no agent runs in the folder.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { days, DreyError, localTimeText, type UnixMs, unixMs } from '../../datasets/index.ts';
import {
  type AdminEnd,
  type AdminKey,
  type AdminLife,
  createAdminKey,
  createFleetRoot,
  createMachineKey,
  createPassphrase,
  type FleetPolicy,
  type FleetRoot,
  type MachineCertificate,
  openRecoveryKit,
  openStatement,
  parseInvite,
  type RootWord,
  sealRecoveryKit,
  signStatement,
} from '../codec/index.ts';
import { Membership } from '../core/index.ts';
import {
  certificateMs,
  clockSkewMsMax,
  endedAdminsMax,
  holderSilenceMsMax,
  wipeAdminsMax,
  wipeWaitMsMax,
} from '../limits.ts';
import type { FleetId, PeerId } from '../units.ts';
import { endsOf, withoutHashes } from './admin-ends.ts';
import { tollOf } from './ends-toll.ts';
import { diskFull, isFullError, nameDiskError } from './disk-full.ts';
import { type Home, homeAt, makeHome } from './home.ts';
import { writeWhole } from './whole-files.ts';
import {
  type Identity,
  isMemberHome,
  machineKeyBeforeJoin,
  nowMs,
  readIdentity,
  type MachineSettings,
  settleSettings,
  writeIdentity,
} from './identity.ts';
import { openLiveLog } from './log/index.ts';
import { openStore, type Store } from './store.ts';
import { settledName } from './names.ts';

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
  /** Where people say that it stands. */
  readonly site?: string;
  readonly wipeRule?: WipeRuleWish;
}

/** What the fleet's root says of deletions before their time. */
export interface WipeRuleWish {
  readonly adminCount: number;
  readonly waitMs: number;
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

/** A certificate of a machine from `now` on, with room for wrong clocks; of one that has a certificate, that one made anew. */
export const certificateFor = (
  machine: Pick<MachineCertificate, 'peer' | 'name' | 'roles' | 'invite'>,
  now: UnixMs = nowMs(),
): MachineCertificate => ({
  ...machine,
  kind: 'certificate',
  notBeforeMs: unixMs(now - clockSkewMsMax),
  notAfterMs: unixMs(now + certificateMs),
});

const adminLife = (): AdminLife => ({ notBeforeMs: unixMs(nowMs() - clockSkewMsMax), forMs: adminKeyMs });

/** Times are whole milliseconds, and no more admins or days than a certificate can say. */
const settledRule = ({ adminCount, waitMs }: WipeRuleWish): NonNullable<RootWord['wipeRule']> => ({
  adminCount: Math.min(wipeAdminsMax, Math.max(1, adminCount)),
  waitMs: Math.min(wipeWaitMsMax, Math.round(waitMs)),
  atMs: nowMs(),
});

const firstPolicy = (options: CreateFleetOptions): FleetPolicy => ({
  kind: 'policy',
  fleetName: options.fleetName,
  atMs: nowMs(),
  holderSilenceMs: options.holderSilenceMs ?? holderSilenceMsMax,
  planMode: 'automatic',
});

/** Makes a fleet with this machine as its first admin. Throws `already-member`, `kit-exists`, `kit-unwritable`, `name-unusable` or `disk-full`. */
export function createFleet(options: CreateFleetOptions): CreatedFleet {
  const home = homeAt(options.home);
  const fleetName = settledName(options.fleetName, 'fleet');
  const machineName = settledName(options.machineName, 'machine');
  makeHome(home);
  assertNoMember(home);
  const kitFile = options.kitFile ?? join(home.folder, 'recovery-kit.drey');
  assertNewKit(kitFile);
  const root = createFleetRoot();
  const passphrase = options.passphrase ?? createPassphrase();
  writeKit(kitFile, sealRecoveryKit(root, passphrase));
  try {
    const founded = writeFounder(home, root, { ...options, fleetName, machineName });
    return { ...founded, kitFile, ...(options.passphrase === undefined ? { passphrase } : {}) };
  } catch (error) {
    // The kit of a fleet that never was: nobody has seen its passphrase, and it would keep the next try from its name.
    for (const file of [kitFile, home.adminFile]) rmSync(file, { force: true });
    throw nameDiskError(error);
  }
}

function writeKit(kitFile: string, sealed: Uint8Array): void {
  try {
    writeWhole(kitFile, sealed);
  } catch (error) {
    if (isFullError(error)) throw diskFull(error);
    throw new DreyError({
      code: 'kit-unwritable',
      message: `the recovery kit ${kitFile} cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)})`,
      advice: 'Give --kit a name in a folder that is there and yours.',
      cause: error,
    });
  }
}

/** The first admin's key, certificate and settings, in its folder. */
function writeFounder(
  home: Home,
  root: FleetRoot,
  options: CreateFleetOptions,
): Pick<CreatedFleet, 'fleet' | 'peer' | 'quotaBytes'> {
  const adminKey: AdminKey = createAdminKey(
    root,
    adminLife(),
    options.wipeRule === undefined ? undefined : { ended: [], wipeRule: settledRule(options.wipeRule) },
  );
  const machineKey = createMachineKey();
  const { peer } = machineKey;
  const certificate = signStatement(
    adminKey,
    certificateFor({ peer, name: options.machineName, roles: ['admin', 'holder', 'optimizer'] }),
  );
  const { quotaBytes } = settleSettings(home, wantedSettings(options));
  const policy = signStatement(adminKey, firstPolicy(options));
  writeIdentity(home, {
    machineKey,
    fleet: root.fleet,
    certificateBytes: certificate.bytes,
    statements: [policy.bytes],
    addresses: [],
    adminKey,
  });
  return { fleet: root.fleet, peer, quotaBytes };
}

export interface BecomeAdminOptions {
  readonly home: string;
  readonly kitFile: string;
  readonly passphrase: string;
  /** Puts out all other admin keys that this machine knows of. */
  readonly endOthers?: true;
  /** With `endOthers`: what they signed since then, by their machines' clocks, does not count either. */
  readonly endSinceMs?: number;
  /** Also where machines belong to the fleet only by what the others signed since then. */
  readonly withMachines?: true;
  readonly wipeRule?: WipeRuleWish;
}

export interface BecomeAdminAnswer {
  readonly peer: PeerId;
  readonly fleet: FleetId;
  /** Names of machines that are out with the keys of the others. */
  readonly machinesOut: readonly string[];
}

/**
 * Makes a member an admin by the fleet's recovery kit: a new admin key, and a certificate with the role; its agent publishes that
 * when it starts. Throws `not-a-member`, `folder-in-use`, `kit-unreadable`, `recovery-kit-damaged`, `passphrase-wrong`, `kit-of-another-fleet`, `machines-would-go`.
 */
export async function becomeAdmin(options: BecomeAdminOptions): Promise<BecomeAdminAnswer> {
  const home = homeAt(options.home);
  const identity = readIdentity(home, 'admin key');
  // Holding the store keeps an agent from running, which would go on with the old certificate.
  const store = await openStore(home.database);
  try {
    const root = openRecoveryKit(readKit(options.kitFile), options.passphrase);
    if (root.fleet !== identity.fleet) throw otherKit();
    const adminKey = createAdminKey(root, adminLife(), await rootWordFor(store, identity, options));
    const { peer } = identity.machineKey;
    const { name, invite } = identity.certificate;
    const certificate = certificateFor({
      peer,
      name,
      roles: ['admin', 'holder', 'optimizer'],
      ...(invite === undefined ? {} : { invite }),
    });
    const signed = signStatement(adminKey, certificate);
    const machinesOut =
      options.endSinceMs === undefined
        ? []
        : await tollOf(identity, (await openLiveLog(store)).readAll('facts'), {
            words: [signed],
            isMeant: options.withMachines === true,
            now: nowMs(),
          });
    writeIdentity(home, { ...identity, certificateBytes: signed.bytes, adminKey });
    return { peer, fleet: root.fleet, machinesOut };
  } finally {
    await store.close();
  }
}

/** What the root says besides; undefined where nothing was asked for. Throws `too-many-admins`. */
async function rootWordFor(
  store: Store,
  { fleet, machineKey }: Identity,
  { endOthers, endSinceMs, wipeRule }: BecomeAdminOptions,
): Promise<RootWord | undefined> {
  if (endOthers === undefined && wipeRule === undefined) return undefined;
  const ended =
    endOthers === undefined ? [] : await otherAdmins(store, { fleet, self: machineKey.peer, endSinceMs });
  if (ended.length > endedAdminsMax)
    throw new DreyError({
      code: 'too-many-admins',
      message: `${ended.length} admin keys are believed, and one certificate can end ${endedAdminsMax}`,
      advice: 'Put some out with `drey fleet revoke --admin-key` first.',
    });
  return {
    ended: withoutHashes(ended, endedAdminsMax),
    ...(wipeRule === undefined ? {} : { wipeRule: settledRule(wipeRule) }),
  };
}

/** Admin keys that others' logs here name, each with what still counts of it. */
async function otherAdmins(
  store: Store,
  wish: { readonly fleet: FleetId; readonly self: PeerId; readonly endSinceMs: number | undefined },
): Promise<readonly AdminEnd[]> {
  const log = await openLiveLog(store);
  const membership = new Membership({ self: wish.self, fleet: wish.fleet });
  for await (const batch of log.readAll('facts'))
    membership.handle({ kind: 'batchStored', batch, now: nowMs() });
  const keys = membership.authority.admins.filter(({ ended }) => ended !== 'kit');
  return endsOf({ keys, membership, facts: log.readAll('facts'), sinceMs: wish.endSinceMs });
}

function readKit(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new DreyError({
      code: 'kit-unreadable',
      message: `the recovery kit ${file} cannot be read`,
      advice: 'Name the file that `drey fleet create` wrote, from the stick or the safe.',
      cause: error,
    });
  }
}

const otherKit = (): DreyError =>
  new DreyError({
    code: 'kit-of-another-fleet',
    message: 'this recovery kit belongs to another fleet',
    advice: 'Take the kit of this fleet: its id is the `fleet` that `drey status --json` shows.',
  });

const wantedSettings = ({ quotaBytes, site }: Partial<MachineSettings>): Partial<MachineSettings> => ({
  ...(quotaBytes === undefined ? {} : { quotaBytes }),
  ...(site === undefined ? {} : { site }),
});

export interface JoinFleetOptions {
  readonly home: string;
  readonly invite: string;
  readonly machineName: string;
  readonly quotaBytes?: number;
  readonly site?: string;
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
 * `invite-revoked`, `invite-unknown`, `fleet-unreachable`, `join-answer-wrong`, `disk-full`.
 */
export async function joinFleet(options: JoinFleetOptions): Promise<JoinedFleet> {
  try {
    return await proveInvite(options);
  } catch (error) {
    // It has its key by then, or none was shown: the next try is the same machine, and takes no further use of the invite.
    throw nameDiskError(error);
  }
}

async function proveInvite(options: JoinFleetOptions): Promise<JoinedFleet> {
  const home = homeAt(options.home);
  const invite = parseInvite(options.invite);
  assertNoMember(home);
  if (invite.notAfterMs < nowMs()) {
    throw new DreyError({
      code: 'invite-expired',
      message: `the invite expired at ${localTimeText(invite.notAfterMs)}; the clock here says ${localTimeText(nowMs())}`,
      advice: 'If that clock is right, ask an admin for another invite: `drey fleet invite`. Else set it.',
    });
  }
  const machineName = settledName(options.machineName, 'machine');
  makeHome(home);
  const machineKey = machineKeyBeforeJoin(home, createMachineKey);
  const { requestJoin } = await import('./wire/index.ts');
  const welcome = await requestJoin({ machineKey, invite, name: machineName });
  assertOwnCertificate(welcome.certificate, { fleet: invite.fleet, peer: machineKey.peer });
  const { quotaBytes } = settleSettings(home, wantedSettings(options));
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

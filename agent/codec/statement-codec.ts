// Statements of admins: signed by an admin key, which carries its own certificate by the fleet root. Whoever knows the
// fleet id can check one, whoever brought it.

import { z } from 'zod';
import { attributeNames, type UnixMs, unixMs } from '../../datasets/index.ts';
import {
  endedAdminsMax,
  endLogsMax,
  pinsMax,
  statementBytesMax,
  vetoesMax,
  wipeAdminsMax,
  wipeWaitMsMax,
} from '../limits.ts';
import { type FleetId, fleetId } from '../units.ts';
import { type EndedRow, endsOfRows, needsRows, rowsOfEnds } from './ended-rows.ts';
import { accept, type Decoded, type Format, openEnvelope, reject, signEnvelope } from './envelope.ts';
import { createSigningKey, sha256Hex, type SigningKey, signingKeyFromSeed, verifySignature } from './keys.ts';
import type { AdminEnd, RootWord, SignedStatement, Statement } from './statement.ts';
import * as s from './schemas.ts';

/** The fleet's root of trust; its seed leaves the recovery kit only to certify an admin. */
export interface FleetRoot {
  readonly fleet: FleetId;
  readonly key: SigningKey;
}

/** An admin's key with the root's word for it. */
export interface AdminKey {
  readonly fleet: FleetId;
  readonly key: SigningKey;
  readonly certificate: Uint8Array;
}

export const fleetOfRoot = (publicKey: Uint8Array): FleetId => fleetId(sha256Hex(publicKey));

export function fleetRootFromSeed(seed: Uint8Array): FleetRoot {
  const key = signingKeyFromSeed(seed);
  return { fleet: fleetOfRoot(key.publicKey), key };
}

export const createFleetRoot = (): FleetRoot => fleetRootFromSeed(createSigningKey().seed);

const publicKey = s.exactBytes(32);

const wipeRuleParts = {
  adminCount: z.int().min(1).max(wipeAdminsMax),
  waitMs: z.int().min(0).max(wipeWaitMsMax),
} as const;

const adminBody = z.strictObject({
  root: publicKey,
  admin: publicKey,
  notBeforeMs: s.time,
  notAfterMs: s.time,
});
/** Of version 2: what else the root says. */
const adminBodyWithWord = z.strictObject({
  ...adminBody.shape,
  ended: z.array(z.strictObject({ admin: s.hash, log: s.peer, before: s.logLength })).max(endedAdminsMax),
  wipeRule: z.strictObject({ ...wipeRuleParts, atMs: s.time }).exactOptional(),
});
type AdminBody = z.output<typeof adminBody> & Partial<z.output<typeof adminBodyWithWord>>;
const adminFormat: Format<AdminBody> = { magic: 'DRAC', version: 1, bytesMax: 1024, schema: adminBody };
const adminFormatWithWord: Format<AdminBody> = { ...adminFormat, version: 2, schema: adminBodyWithWord };
/** In version 3 the rows of one key are one end with several logs. */
const adminFormatWithRows: Format<AdminBody> = { ...adminFormatWithWord, version: 3 };

export interface AdminLife {
  readonly notBeforeMs: UnixMs;
  readonly forMs: number;
}

function formatOfWord(word: RootWord | undefined): Format<AdminBody> {
  if (word === undefined) return adminFormat;
  return needsRows(word.ended) ? adminFormatWithRows : adminFormatWithWord;
}

/** Certifies a new admin key from `notBeforeMs` on for `forMs` milliseconds, with what else the root has to say. */
export function createAdminKey(root: FleetRoot, life: AdminLife, word?: RootWord): AdminKey {
  const key = createSigningKey();
  const value = {
    root: root.key.publicKey,
    admin: key.publicKey,
    notBeforeMs: life.notBeforeMs,
    notAfterMs: unixMs(life.notBeforeMs + life.forMs),
  };
  const certificate = signEnvelope(
    formatOfWord(word),
    word === undefined ? value : { ...value, ...word, ended: rowsOfEnds(word.ended) },
    (signed) => root.key.sign(signed),
  );
  return { fleet: root.fleet, key, certificate };
}

/** An admin key as it lies in the admin's folder: seed and certificate. */
export const adminKeyFromParts = (fleet: FleetId, seed: Uint8Array, certificate: Uint8Array): AdminKey => ({
  fleet,
  key: signingKeyFromSeed(seed),
  certificate,
});

const firstKinds = [
  z.strictObject({
    kind: z.literal('certificate'),
    peer: s.peer,
    name: s.name,
    roles: z.array(z.enum(['admin', 'holder', 'optimizer'])).max(3),
    notBeforeMs: s.time,
    notAfterMs: s.time,
    invite: s.invite.exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('invite'),
    invite: s.invite,
    publicKey: s.hash,
    usesMax: z.int().min(1),
    notAfterMs: s.time,
  }),
  z.strictObject({
    kind: z.literal('revocation'),
    revoked: z.union([s.peer, s.invite]),
    reason: s.text(256),
    atMs: s.time,
  }),
  z.strictObject({
    kind: z.literal('pardon'),
    machine: s.peer,
    reason: s.text(256),
    atMs: s.time,
  }),
  z.strictObject({
    kind: z.literal('policy'),
    fleetName: s.name,
    atMs: s.time,
    holderSilenceMs: z.int().min(1000),
    planMode: z.enum(['automatic', 'review']),
    holdMoveShare: z.number().min(0).max(1).exactOptional(),
    target: z
      .strictObject({ share: z.number().min(0.5).max(1), hours: z.enum(['business', 'all']) })
      .exactOptional(),
    limits: z
      .strictObject({
        vetoes: z.array(s.peer).max(vetoesMax),
        apart: z.array(z.enum(attributeNames)).max(attributeNames.length),
        pins: z.array(z.strictObject({ group: s.text(32), machine: s.peer })).max(pinsMax),
        movedBytesPerWeek: z.number().min(0).exactOptional(),
        takenBytesPerWeek: z.number().min(0).exactOptional(),
        givenBytesPerWeek: z.number().min(0).exactOptional(),
        scatterMin: z.int().min(0).max(65_535).exactOptional(),
        scatterMax: z.int().min(1).max(65_535).exactOptional(),
      })
      .exactOptional(),
  }),
] as const;

const wipeScope = z.enum(['drive', 'given up']);

const adminRevocation = z.strictObject({
  kind: z.literal('adminRevocation'),
  admin: s.hash,
  log: s.peer,
  before: s.logLength,
  reason: s.text(256),
  atMs: s.time,
});

const wipeWord = z.strictObject({
  kind: z.literal('wipeWord'),
  wipe: s.wipe,
  word: z.enum(['agree', 'stop']),
  reason: s.text(256),
  atMs: s.time,
});

/** Since version 2. */
const laterKinds = [
  adminRevocation,
  z.strictObject({
    kind: z.literal('personRevocation'),
    person: s.hash,
    reason: s.text(256),
    atMs: s.time,
  }),
  z.strictObject({
    kind: z.literal('wipe'),
    wipe: s.wipe,
    drive: s.drive,
    scope: wipeScope,
    reason: s.text(256),
    atMs: s.time,
  }),
  wipeWord,
  z.strictObject({
    kind: z.literal('wipeRule'),
    ...wipeRuleParts,
    atMs: s.time,
  }),
] as const;
const laterNames: ReadonlySet<string> = new Set(laterKinds.map(({ shape }) => shape.kind.value));

const logEnd = { log: s.peer, before: s.logLength, hash: s.hash.exactOptional() } as const;

/** Since version 3: what kinds of version 2 say more exactly. */
const exactKinds = [
  z.strictObject({
    ...adminRevocation.shape,
    ...logEnd,
    more: z
      .array(z.strictObject(logEnd))
      .max(endLogsMax - 1)
      .exactOptional(),
  }),
  z.strictObject({
    ...wipeWord.shape,
    about: z.strictObject({ drive: s.drive, scope: wipeScope }).exactOptional(),
  }),
] as const;

/** Since version 4. */
const planApproval = z.strictObject({
  kind: z.literal('planApproval'),
  log: s.peer,
  sequence: s.batchNumber,
  hash: s.hash,
  epoch: s.epoch,
  atMs: s.time,
});

const isExact = (value: Statement): boolean =>
  (value.kind === 'adminRevocation' && (value.hash !== undefined || value.more !== undefined)) ||
  (value.kind === 'wipeWord' && value.about !== undefined);

const bodyOf = (statement: z.ZodType<Statement>) => z.strictObject({ admin: s.bytes(1024), statement });
type Body = z.output<ReturnType<typeof bodyOf>>;
const formatOf = (version: number, statement: z.ZodType<Statement>): Format<Body> => ({
  magic: 'DRST',
  version,
  bytesMax: statementBytesMax,
  schema: bodyOf(statement),
});
/** Version 1 is what statements of its kinds are still written as. */
const first = formatOf(1, z.discriminatedUnion('kind', [...firstKinds]));
const later = formatOf(2, z.discriminatedUnion('kind', [...laterKinds]));
const exact = formatOf(3, z.discriminatedUnion('kind', [...exactKinds]));
const latest = formatOf(4, planApproval);

function formatOfStatement(value: Statement): Format<Body> {
  if (value.kind === 'planApproval') return latest;
  if (isExact(value)) return exact;
  return laterNames.has(value.kind) ? later : first;
}

export function signStatement(admin: AdminKey, value: Statement): SignedStatement {
  const bytes = signEnvelope(
    formatOfStatement(value),
    { admin: admin.certificate, statement: value },
    (signed) => admin.key.sign(signed),
  );
  const opened = openAdmin(admin.certificate);
  if (!opened.ok) throw new TypeError(`an admin key without its certificate: ${opened.rejection.reason}`);
  const { notBeforeMs, word } = opened.value;
  return {
    fleet: admin.fleet,
    statement: value,
    admin: sha256Hex(admin.key.publicKey),
    adminSinceMs: notBeforeMs,
    bytes,
    ...(word === undefined ? {} : { word }),
  };
}

interface OpenedAdmin {
  readonly fleet: FleetId;
  readonly publicKey: Uint8Array;
  readonly notBeforeMs: UnixMs;
  readonly notAfterMs: UnixMs;
  readonly word: RootWord | undefined;
}

function openAdmin(bytes: Uint8Array): Decoded<OpenedAdmin> {
  const format =
    [adminFormatWithWord, adminFormatWithRows].find(({ version }) => version === bytes[4]) ?? adminFormat;
  const opened = openEnvelope(bytes, format, (value, signed, signature) =>
    verifySignature(value.root, signed, signature),
  );
  if (!opened.ok) return opened;
  const { root, admin: publicKeyOfAdmin, notBeforeMs, notAfterMs, ended, wipeRule } = opened.value;
  const word =
    ended === undefined
      ? undefined
      : { ended: endsIn(ended, format), ...(wipeRule === undefined ? {} : { wipeRule }) };
  return accept({ fleet: fleetOfRoot(root), publicKey: publicKeyOfAdmin, notBeforeMs, notAfterMs, word });
}

/** In version 2 two rows of one key were two ends, of which each holds. */
const endsIn = (rows: readonly EndedRow[], { version }: Format<AdminBody>): readonly AdminEnd[] =>
  version === adminFormatWithRows.version ? endsOfRows(rows) : rows.flatMap((row) => endsOfRows([row]));

/**
 * Nothing that an admin signed holds longer than the admin's own certificate: certificates and invites are narrowed to its
 * life, the others must have been said within it. Undefined where nothing is left.
 */
function withinLife(value: Statement, { notBeforeMs, notAfterMs }: OpenedAdmin): Statement | undefined {
  if (value.kind !== 'certificate' && value.kind !== 'invite')
    return value.atMs >= notBeforeMs && value.atMs <= notAfterMs ? value : undefined;
  const until = unixMs(Math.min(value.notAfterMs, notAfterMs));
  if (value.kind === 'invite') return { ...value, notAfterMs: until };
  const from = unixMs(Math.max(value.notBeforeMs, notBeforeMs));
  return from > until ? undefined : { ...value, notBeforeMs: from, notAfterMs: until };
}

/**
 * Checks the whole chain: root of `fleet` → admin → statement, and that the statement keeps to the admin's life. Whether it
 * holds now is for the caller: it knows the clock.
 */
export function openStatement(bytes: Uint8Array, fleet: FleetId): Decoded<SignedStatement> {
  let reason = 'the statement is not signed by an admin';
  let signer: OpenedAdmin | undefined;
  const format = [later, exact, latest].find(({ version }) => version === bytes[4]) ?? first;
  const opened = openEnvelope(bytes, format, (value, signed, signature) => {
    const admin = openAdmin(value.admin);
    if (!admin.ok || admin.value.fleet !== fleet) {
      reason = 'the admin key is not certified by the root of this fleet';
      return false;
    }
    signer = admin.value;
    return verifySignature(admin.value.publicKey, signed, signature);
  });
  if (opened.ok && signer !== undefined) {
    const narrowed = withinLife(opened.value.statement, signer);
    return narrowed === undefined
      ? reject('expired', "the statement lies outside the life of its admin's key")
      : accept({
          fleet,
          statement: narrowed,
          admin: sha256Hex(signer.publicKey),
          adminSinceMs: signer.notBeforeMs,
          bytes,
          ...(signer.word === undefined ? {} : { word: signer.word }),
        });
  }
  if (opened.ok) return reject('wrong-signature', reason);
  return opened.rejection.code === 'wrong-signature' ? reject('wrong-signature', reason) : opened;
}

// Statements of admins: signed by an admin key, which carries its own certificate by the fleet root. Whoever knows the
// fleet id can check one, whoever brought it.

import { z } from 'zod';
import { attributeNames, type UnixMs, unixMs } from '../../datasets/index.ts';
import { type FleetId, fleetId } from '../units.ts';
import { accept, type Decoded, type Format, openEnvelope, reject, signEnvelope } from './envelope.ts';
import { createSigningKey, sha256Hex, type SigningKey, signingKeyFromSeed, verifySignature } from './keys.ts';
import type { SignedStatement, Statement } from './statement.ts';
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

const adminBody = z.strictObject({
  root: publicKey,
  admin: publicKey,
  notBeforeMs: s.time,
  notAfterMs: s.time,
});
const adminFormat: Format<z.output<typeof adminBody>> = {
  magic: 'DRAC',
  version: 1,
  bytesMax: 1024,
  schema: adminBody,
};

/** Certifies a new admin key from `notBeforeMs` on for `forMs` milliseconds. */
export function createAdminKey(
  root: FleetRoot,
  life: { readonly notBeforeMs: UnixMs; readonly forMs: number },
): AdminKey {
  const key = createSigningKey();
  const value = {
    root: root.key.publicKey,
    admin: key.publicKey,
    notBeforeMs: life.notBeforeMs,
    notAfterMs: unixMs(life.notBeforeMs + life.forMs),
  };
  const certificate = signEnvelope(adminFormat, value, (signed) => root.key.sign(signed));
  return { fleet: root.fleet, key, certificate };
}

/** An admin key as it lies in the admin's folder: seed and certificate. */
export const adminKeyFromParts = (fleet: FleetId, seed: Uint8Array, certificate: Uint8Array): AdminKey => ({
  fleet,
  key: signingKeyFromSeed(seed),
  certificate,
});

const statement: z.ZodType<Statement> = z.discriminatedUnion('kind', [
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
        vetoes: z.array(s.peer).max(64),
        apart: z.array(z.enum(attributeNames)).max(attributeNames.length),
        pins: z.array(z.strictObject({ group: s.text(32), machine: s.peer })).max(32),
        movedBytesPerWeek: z.number().min(0).exactOptional(),
        takenBytesPerWeek: z.number().min(0).exactOptional(),
        givenBytesPerWeek: z.number().min(0).exactOptional(),
        scatterMin: z.int().min(0).max(65_535).exactOptional(),
        scatterMax: z.int().min(1).max(65_535).exactOptional(),
      })
      .exactOptional(),
  }),
]);

const statementBody = z.strictObject({ admin: s.bytes(1024), statement });
const statementFormat: Format<z.output<typeof statementBody>> = {
  magic: 'DRST',
  version: 1,
  bytesMax: 8192,
  schema: statementBody,
};

export function signStatement(admin: AdminKey, value: Statement): SignedStatement {
  const bytes = signEnvelope(statementFormat, { admin: admin.certificate, statement: value }, (signed) =>
    admin.key.sign(signed),
  );
  return { fleet: admin.fleet, statement: value, admin: sha256Hex(admin.key.publicKey), bytes };
}

interface OpenedAdmin {
  readonly fleet: FleetId;
  readonly publicKey: Uint8Array;
  readonly notBeforeMs: UnixMs;
  readonly notAfterMs: UnixMs;
}

function openAdmin(bytes: Uint8Array): Decoded<OpenedAdmin> {
  const opened = openEnvelope(bytes, adminFormat, (value, signed, signature) =>
    verifySignature(value.root, signed, signature),
  );
  if (!opened.ok) return opened;
  const { root, admin: publicKeyOfAdmin, notBeforeMs, notAfterMs } = opened.value;
  return accept({ fleet: fleetOfRoot(root), publicKey: publicKeyOfAdmin, notBeforeMs, notAfterMs });
}

/**
 * Nothing that an admin signed holds longer than the admin's own certificate: certificates and invites are narrowed to its
 * life, the others must have been said within it. Undefined where nothing is left.
 */
function withinLife(value: Statement, { notBeforeMs, notAfterMs }: OpenedAdmin): Statement | undefined {
  if (value.kind === 'policy' || value.kind === 'revocation' || value.kind === 'pardon')
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
  const opened = openEnvelope(bytes, statementFormat, (value, signed, signature) => {
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
      : accept({ fleet, statement: narrowed, admin: sha256Hex(signer.publicKey), bytes });
  }
  if (opened.ok) return reject('wrong-signature', reason);
  return opened.rejection.code === 'wrong-signature' ? reject('wrong-signature', reason) : opened;
}

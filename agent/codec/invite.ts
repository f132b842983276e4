// An invite: one line of text that lets machines in. It holds a secret key; the fleet knows only its public half.

import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { DreyError, type UnixMs } from '../../datasets/index.ts';
import { type FleetId, type InviteId, inviteId } from '../units.ts';
import { concatBytes, decodeEnvelope, encodeEnvelope, type Format } from './envelope.ts';
import { createSigningKey, hexOf, sha256, type SigningKey, signingKeyFromSeed } from './keys.ts';
import type { InviteStatement } from './statement.ts';
import * as s from './schemas.ts';

const prefix = 'drey1';
const checkBytes = 4;

export interface Invite {
  readonly fleet: FleetId;
  readonly invite: InviteId;
  readonly key: SigningKey;
  readonly notAfterMs: UnixMs;
  /** Multiaddrs of agents to dial. */
  readonly addresses: readonly string[];
}

const body = z.strictObject({
  fleet: s.fleet,
  invite: s.invite,
  seed: s.exactBytes(32),
  notAfterMs: s.time,
  addresses: z.array(s.text(256)).max(64),
});
const format: Format<z.output<typeof body>> = { magic: 'DRIN', version: 1, bytesMax: 32_768, schema: body };

export interface InviteTerms {
  readonly fleet: FleetId;
  readonly usesMax: number;
  readonly notAfterMs: UnixMs;
  readonly addresses: readonly string[];
}

/** A new invite: the statement for the fleet, and the text for the machines. */
export function createInvite(terms: InviteTerms): {
  readonly statement: InviteStatement;
  readonly text: string;
} {
  const key = createSigningKey();
  const invite = inviteId(randomBytes(16).toString('hex'));
  const { fleet, usesMax, notAfterMs, addresses } = terms;
  const bytes = encodeEnvelope(format, { fleet, invite, seed: key.seed, notAfterMs, addresses });
  const text =
    prefix + Buffer.from(concatBytes(bytes, sha256(bytes).subarray(0, checkBytes))).toString('base64url');
  return {
    statement: { kind: 'invite', invite, publicKey: hexOf(key.publicKey), usesMax, notAfterMs },
    text,
  };
}

const malformed = (reason: string): DreyError =>
  new DreyError({
    code: 'invite-malformed',
    message: `this is not a whole invite: ${reason}`,
    advice: 'Copy the line that `drey fleet invite` printed, from "drey1" to its end, or ask for a new one.',
  });

/** Reads an invite. Throws `invite-malformed` for anything that was cut, mistyped or is something else. */
export function parseInvite(text: string): Invite {
  const given = text.trim();
  if (!given.startsWith(prefix)) throw malformed(`it does not start with "${prefix}"`);
  // Mail programs break lines: then all of it is the invite. What `drey fleet invite` says of it may have come along: then its first line is.
  const bytes = checkedBytes(given) ?? checkedBytes(given.split('\n')[0]!);
  if (bytes === undefined) throw malformed('its check does not match');
  const decoded = decodeEnvelope(bytes, format);
  if (!decoded.ok) throw malformed(decoded.rejection.reason);
  const { seed, ...rest } = decoded.value;
  return { ...rest, key: signingKeyFromSeed(seed) };
}

/** Without the check; undefined where it does not match. */
function checkedBytes(line: string): Uint8Array | undefined {
  const all = new Uint8Array(Buffer.from(line.slice(prefix.length), 'base64url'));
  const bytes = all.subarray(0, Math.max(0, all.length - checkBytes));
  const isWhole = Buffer.from(sha256(bytes).subarray(0, checkBytes)).equals(all.subarray(bytes.length));
  return isWhole ? bytes : undefined;
}

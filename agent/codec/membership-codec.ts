// What two agents say before they trust each other: the hello of members, the four messages of a join, and which run of a machine a
// connection leads to.

import { z } from 'zod';
import type { FleetId, InviteId, PeerId } from '../units.ts';
import { concatBytes, type Decoded, decodeEnvelope, encodeEnvelope, type Format } from './envelope.ts';
import { bytesOfHex, type SigningKey, verifySignature } from './keys.ts';
import * as s from './schemas.ts';

/** Shown by both sides on `/drey/hello/1`. */
export interface Hello {
  readonly fleet: FleetId;
  /** The signed certificate statement; empty when the machine has none. */
  readonly certificate: Uint8Array;
}

const helloFormat: Format<Hello> = {
  magic: 'DRHL',
  version: 1,
  bytesMax: 16_384,
  schema: z.strictObject({ fleet: s.fleet, certificate: s.bytes(8192) }),
};

export const encodeHello = (hello: Hello): Uint8Array => encodeEnvelope(helloFormat, hello);
export const decodeHello = (bytes: Uint8Array): Decoded<Hello> => decodeEnvelope(bytes, helloFormat);

/** The answer to a hello. */
export type HelloAnswer =
  | { readonly kind: 'welcome' }
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string };

const helloAnswerFormat: Format<HelloAnswer> = {
  magic: 'DRHA',
  version: 1,
  bytesMax: 1024,
  schema: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('welcome') }),
    z.strictObject({ kind: z.literal('refused'), code: s.text(64), reason: s.text(512) }),
  ]),
};

export const encodeHelloAnswer = (answer: HelloAnswer): Uint8Array =>
  encodeEnvelope(helloAnswerFormat, answer);
export const decodeHelloAnswer = (bytes: Uint8Array): Decoded<HelloAnswer> =>
  decodeEnvelope(bytes, helloAnswerFormat);

/** On `/drey/run/1`, in this order: ask, run; then alone or twin. */
export type RunMessage =
  | { readonly kind: 'ask' }
  /** `run`: drawn at each start, so two computers with one key have two. */
  | { readonly kind: 'run'; readonly run: Uint8Array }
  /** Nobody else has just answered as this machine, with another run … */
  | { readonly kind: 'alone' }
  /** … or another computer has, at this IP address. */
  | { readonly kind: 'twin'; readonly address?: string };

export const runBytes = 16;
/** An address of IPv4 or IPv6 and nothing else: people read it. */
const hostAddress = z.string().regex(/^[0-9A-Fa-f.:]{2,45}$/u);

const runFormat: Format<RunMessage> = {
  magic: 'DRRN',
  version: 1,
  bytesMax: 256,
  schema: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('ask') }),
    z.strictObject({ kind: z.literal('run'), run: s.exactBytes(runBytes) }),
    z.strictObject({ kind: z.literal('alone') }),
    z.strictObject({ kind: z.literal('twin'), address: hostAddress.exactOptional() }),
  ]),
};

export const encodeRunMessage = (message: RunMessage): Uint8Array => encodeEnvelope(runFormat, message);
export const decodeRunMessage = (bytes: Uint8Array): Decoded<RunMessage> => decodeEnvelope(bytes, runFormat);

/** On `/drey/join/1`, in this order: ask, challenge, proof, welcome; or refused at any point. */
export type JoinMessage =
  | { readonly kind: 'ask'; readonly fleet: FleetId; readonly invite: InviteId; readonly name: string }
  | { readonly kind: 'challenge'; readonly nonce: Uint8Array }
  | { readonly kind: 'proof'; readonly signature: Uint8Array }
  | {
      readonly kind: 'welcome';
      readonly certificate: Uint8Array;
      /** Statements that the new machine should know at once: the policy. */
      readonly statements: readonly Uint8Array[];
      readonly addresses: readonly string[];
    }
  | {
      readonly kind: 'refused';
      readonly code: string;
      readonly reason: string;
      /** Where an admin agent may answer instead. */
      readonly addresses: readonly string[];
    };

const addresses = z.array(s.text(256)).max(64);

const joinFormat: Format<JoinMessage> = {
  magic: 'DRJN',
  version: 1,
  bytesMax: 262_144,
  schema: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('ask'), fleet: s.fleet, invite: s.invite, name: s.name }),
    z.strictObject({ kind: z.literal('challenge'), nonce: s.exactBytes(32) }),
    z.strictObject({ kind: z.literal('proof'), signature: s.exactBytes(64) }),
    z.strictObject({
      kind: z.literal('welcome'),
      certificate: s.bytes(8192),
      statements: z.array(s.bytes(8192)).max(16),
      addresses,
    }),
    z.strictObject({ kind: z.literal('refused'), code: s.text(64), reason: s.text(512), addresses }),
  ]),
};

export const encodeJoinMessage = (message: JoinMessage): Uint8Array => encodeEnvelope(joinFormat, message);
export const decodeJoinMessage = (bytes: Uint8Array): Decoded<JoinMessage> =>
  decodeEnvelope(bytes, joinFormat);

/** What the holder of an invite signs: nobody can use the signature for another machine, fleet or exchange. */
export interface InviteProof {
  readonly fleet: FleetId;
  readonly peer: PeerId;
  readonly nonce: Uint8Array;
  readonly name: string;
}

const proofBytes = ({ fleet, peer, nonce, name }: InviteProof): Uint8Array =>
  concatBytes(new TextEncoder().encode(`drey join v1\n${fleet}\n${peer}\n${name}\n`), nonce);

export const proveInvite = (key: SigningKey, proof: InviteProof): Uint8Array => key.sign(proofBytes(proof));

/** Whether the signature proves the invite whose public key (hex) is given. */
export const isInviteProven = (publicKey: string, proof: InviteProof, signature: Uint8Array): boolean =>
  verifySignature(bytesOfHex(publicKey), proofBytes(proof), signature);

// Keys of machines and persons: Ed25519 for signing, X25519 for wrapping, both by node:crypto from 32-byte seeds.
// A peer id contains the machine's public key, so signatures of peers need no lookup.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { base58 } from '@scure/base';
import { type PeerId, peerId } from '../units.ts';
import { concatBytes } from './envelope.ts';

export const seedBytes = 32;
/** PKCS #8 and SPKI heads of raw 32-byte keys (RFC 8410). */
const pkcs8Head = {
  ed25519: '302e020100300506032b657004220420',
  x25519: '302e020100300506032b656e04220420',
} as const;
const spkiHead = { ed25519: '302a300506032b6570032100', x25519: '302a300506032b656e032100' } as const;
/** libp2p peer id of an Ed25519 key: identity multihash (00 24) of the protobuf (08 01 12 20 ‖ key). */
const peerIdHead = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20);

type Curve = keyof typeof pkcs8Head;

const privateKeyOf = (curve: Curve, seed: Uint8Array): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from(pkcs8Head[curve], 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  });

const publicKeyOf = (curve: Curve, raw: Uint8Array): KeyObject =>
  createPublicKey({
    key: Buffer.concat([Buffer.from(spkiHead[curve], 'hex'), raw]),
    format: 'der',
    type: 'spki',
  });

const rawPublicKey = (key: KeyObject): Uint8Array =>
  new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32));

export const hexOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
export const bytesOfHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
export const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};
export const sha256Hex = (...parts: readonly Uint8Array[]): string => hexOf(sha256(...parts));

/** 32 bytes from a secret, by HKDF-SHA-256 (RFC 5869) with a purpose as info. */
export const deriveKey = (
  secret: Uint8Array,
  purpose: string,
  salt: Uint8Array = new Uint8Array(0),
): Uint8Array => new Uint8Array(hkdfSync('sha256', secret, salt, purpose, 32));

/** An Ed25519 key: signs for a root, an admin or an invite. */
export interface SigningKey {
  readonly seed: Uint8Array;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  sign(bytes: Uint8Array): Uint8Array;
}

/** A machine's identity. */
export interface MachineKey extends SigningKey {
  readonly peer: PeerId;
}

export function signingKeyFromSeed(seed: Uint8Array): SigningKey {
  const key = privateKeyOf('ed25519', seed);
  return { seed, publicKey: rawPublicKey(key), sign: (bytes) => new Uint8Array(sign(null, bytes, key)) };
}

export const createSigningKey = (): SigningKey => signingKeyFromSeed(new Uint8Array(randomBytes(seedBytes)));

/** The peer id of a machine by its Ed25519 public key. */
export const machinePeer = (publicKey: Uint8Array): PeerId =>
  peerId(base58.encode(concatBytes(peerIdHead, publicKey)));

/** The Ed25519 public key inside a peer id; undefined when it is no such id. */
export function publicKeyOfPeer(peer: PeerId): Uint8Array | undefined {
  try {
    const raw = base58.decode(peer);
    const fits =
      raw.length === peerIdHead.length + 32 && peerIdHead.every((byte, index) => raw[index] === byte);
    return fits ? raw.subarray(peerIdHead.length) : undefined;
  } catch {
    return undefined;
  }
}

export function machineKeyFromSeed(seed: Uint8Array): MachineKey {
  const key = signingKeyFromSeed(seed);
  return { ...key, peer: machinePeer(key.publicKey) };
}

export const createMachineKey = (): MachineKey => machineKeyFromSeed(new Uint8Array(randomBytes(seedBytes)));

/** Whether an Ed25519 signature holds; false for keys and signatures of wrong form too. */
export function verifySignature(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(null, bytes, publicKeyOf('ed25519', publicKey), signature);
  } catch {
    return false;
  }
}

export function verifyPeerSignature(peer: PeerId, bytes: Uint8Array, signature: Uint8Array): boolean {
  const publicKey = publicKeyOfPeer(peer);
  return publicKey !== undefined && verifySignature(publicKey, bytes, signature);
}

/** An X25519 key pair that drive keys are wrapped to: a person's (from the 24 words) or a machine's. */
export interface Recipient {
  /** Public key, 64 hex digits. */
  readonly recipient: string;
  readonly seed: Uint8Array;
}

export function recipientFromSeed(seed: Uint8Array): Recipient {
  return { recipient: hexOf(rawPublicKey(privateKeyOf('x25519', seed))), seed };
}

/** The pair that a machine unwraps with; derived, so that one seed is all a machine must keep. */
export const machineRecipient = (key: Pick<MachineKey, 'seed'>): Recipient =>
  recipientFromSeed(deriveKey(key.seed, 'drey machine recipient v1'));

/** Shared secret of two X25519 keys (RFC 7748). Throws on a key of small order. */
export const agree = (own: Recipient, otherPublicKey: Uint8Array): Uint8Array =>
  new Uint8Array(
    diffieHellman({
      privateKey: privateKeyOf('x25519', own.seed),
      publicKey: publicKeyOf('x25519', otherPublicKey),
    }),
  );

// Secrets that leave memory only sealed: drive keys wrapped to people and machines, and small values under a drive key.
// AES-256-GCM everywhere; the nonce stands before the ciphertext, the tag after it.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { DriveId } from '../units.ts';
import { type BlockSealing as Sealing, tagBytes } from './blocks.ts';
import { accept, concatBytes, type Decoded, reject } from './envelope.ts';
import { agree, bytesOfHex, createSigningKey, deriveKey, type Recipient, recipientFromSeed } from './keys.ts';

export const nonceBytes = 12;

/** AES-256-GCM (NIST SP 800-38D): ciphertext ‖ 16-byte tag. */
export function seal(plain: Uint8Array, { key, nonce, associated }: Sealing): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(associated);
  return concatBytes(cipher.update(plain), cipher.final(), cipher.getAuthTag());
}

/** The plain bytes, or undefined when one bit of anything is different. */
export function unseal(sealed: Uint8Array, { key, nonce, associated }: Sealing): Uint8Array | undefined {
  if (sealed.length < tagBytes) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, nonce);
  decipher.setAAD(associated);
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  try {
    return concatBytes(decipher.update(sealed.subarray(0, sealed.length - tagBytes)), decipher.final());
  } catch {
    return undefined;
  }
}

export const createDriveKey = (): Uint8Array => new Uint8Array(randomBytes(32));

/** Seals a small value (a name, a locator) under a key derived from the drive key for this purpose. */
export function sealSmall(driveKey: Uint8Array, purpose: string, plain: Uint8Array): Uint8Array {
  const nonce = new Uint8Array(randomBytes(nonceBytes));
  const key = deriveKey(driveKey, `drey small v1 ${purpose}`);
  return concatBytes(nonce, seal(plain, { key, nonce, associated: new Uint8Array(0) }));
}

export function openSmall(driveKey: Uint8Array, purpose: string, sealed: Uint8Array): Decoded<Uint8Array> {
  if (sealed.length < nonceBytes + tagBytes) return reject('truncated', `${sealed.length} sealed bytes`);
  const key = deriveKey(driveKey, `drey small v1 ${purpose}`);
  const nonce = sealed.subarray(0, nonceBytes);
  const plain = unseal(sealed.subarray(nonceBytes), { key, nonce, associated: new Uint8Array(0) });
  return plain === undefined ? reject('wrong-key', 'another key, or altered bytes') : accept(plain);
}

export interface KeyName {
  readonly drive: DriveId;
  readonly keyEpoch: number;
}

const wrapPurpose = ({ drive, keyEpoch }: KeyName): string => `drey wrap v1 ${drive} ${keyEpoch}`;
const zeroNonce = new Uint8Array(nonceBytes);

/** Wraps a drive key to an X25519 public key (hex): ephemeral public key (32) ‖ sealed key (32 + 16). */
export function wrapKey(driveKey: Uint8Array, name: KeyName, recipient: string): Uint8Array {
  const ephemeral = recipientFromSeed(createSigningKey().seed);
  const [own, other] = [bytesOfHex(ephemeral.recipient), bytesOfHex(recipient)];
  const key = deriveKey(agree(ephemeral, other), wrapPurpose(name), concatBytes(own, other));
  // The key is used once, so a fixed nonce is sound.
  return concatBytes(own, seal(driveKey, { key, nonce: zeroNonce, associated: own }));
}

/** The drive key, or a rejection when it was wrapped to somebody else or altered. */
export function unwrapKey(wrapped: Uint8Array, name: KeyName, recipient: Recipient): Decoded<Uint8Array> {
  if (wrapped.length !== 32 + 32 + tagBytes)
    return reject('truncated', `${wrapped.length} bytes of wrapped key`);
  const ephemeral = wrapped.subarray(0, 32);
  try {
    const secret = agree(recipient, ephemeral);
    const key = deriveKey(secret, wrapPurpose(name), concatBytes(ephemeral, bytesOfHex(recipient.recipient)));
    const plain = unseal(wrapped.subarray(32), { key, nonce: zeroNonce, associated: ephemeral });
    return plain === undefined ? reject('wrong-key', 'wrapped to another key') : accept(plain);
  } catch {
    return reject('wrong-key', 'not a usable public key');
  }
}

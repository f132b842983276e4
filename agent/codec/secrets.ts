// Secrets that leave memory only sealed: the recovery kit, the 24 words, drive keys wrapped to people and machines, and
// small values under a drive key. AES-256-GCM everywhere; the nonce stands before the ciphertext, the tag after it.

import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { generateMnemonic, mnemonicToEntropy } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { z } from 'zod';
import { DreyError } from '../../datasets/index.ts';
import type { DriveId } from '../units.ts';
import { type BlockSealing as Sealing, tagBytes } from './blocks.ts';
import {
  accept,
  concatBytes,
  type Decoded,
  decodeEnvelope,
  encodeEnvelope,
  type Format,
  reject,
} from './envelope.ts';
import {
  agree,
  bytesOfHex,
  createSigningKey,
  deriveKey,
  hexOf,
  type Recipient,
  recipientFromSeed,
  seedBytes,
} from './keys.ts';
import { type FleetRoot, fleetRootFromSeed } from './statement-codec.ts';
import * as s from './schemas.ts';

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

/** 24 words for 32 random bytes (BIP-39), shown once. */
export const createRecoveryPhrase = (): string => generateMnemonic(wordlist, 256);

const phraseWrong = (reason: string, advice: string): DreyError =>
  new DreyError({ code: 'phrase-wrong', message: `the recovery phrase is not right: ${reason}`, advice });

/** The person behind 24 words. Throws `phrase-wrong`, saying which kind of mistake it is. */
export function personFromPhrase(words: string): Recipient {
  const list = words.normalize('NFKD').toLowerCase().trim().split(/\s+/u);
  if (list.length !== 24)
    throw phraseWrong(`it has ${list.length} words`, 'Enter all 24 words, in their order.');
  const unknown = list.findIndex((word) => !wordlist.includes(word));
  if (unknown >= 0)
    throw phraseWrong(`word ${unknown + 1} is not in the list`, 'Check the spelling of that word.');
  try {
    return recipientFromSeed(deriveKey(mnemonicToEntropy(list.join(' '), wordlist), 'drey person v1'));
  } catch {
    throw phraseWrong('its check does not match', 'Check the words and their order: one of them is another.');
  }
}

const kit = z.strictObject({
  salt: s.exactBytes(32),
  nonce: s.exactBytes(nonceBytes),
  sealed: s.exactBytes(seedBytes + tagBytes),
});
const kitFormat: Format<z.output<typeof kit>> = { magic: 'DRKT', version: 1, bytesMax: 4096, schema: kit };

/** scrypt (RFC 7914) with N = 2^16, r = 8, p = 1: 64 MiB and about a quarter of a second a guess. */
const kitKey = (passphrase: string, salt: Uint8Array): Uint8Array =>
  new Uint8Array(
    scryptSync(passphrase.normalize('NFKC'), salt, 32, { N: 65_536, r: 8, p: 1, maxmem: 128 * 1024 * 1024 }),
  );

/** The fleet root's seed under a passphrase, as the bytes of a recovery kit. */
export function sealRecoveryKit(root: FleetRoot, passphrase: string): Uint8Array {
  const [salt, nonce] = [new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(nonceBytes))];
  const sealed = seal(root.key.seed, { key: kitKey(passphrase, salt), nonce, associated: salt });
  return encodeEnvelope(kitFormat, { salt, nonce, sealed });
}

/** The fleet root again. Throws `recovery-kit-damaged` or `passphrase-wrong`. */
export function openRecoveryKit(bytes: Uint8Array, passphrase: string): FleetRoot {
  const decoded = decodeEnvelope(bytes, kitFormat);
  if (!decoded.ok) {
    throw new DreyError({
      code: 'recovery-kit-damaged',
      message: `this file is not a whole recovery kit: ${decoded.rejection.reason}`,
      advice: 'Use another copy of the kit.',
    });
  }
  const { salt, nonce, sealed } = decoded.value;
  const seed = unseal(sealed, { key: kitKey(passphrase, salt), nonce, associated: salt });
  if (seed !== undefined) return fleetRootFromSeed(seed);
  throw new DreyError({
    code: 'passphrase-wrong',
    message: 'the passphrase does not open this recovery kit',
    advice: 'Try again: capitals and spaces count.',
  });
}

/** Six groups of five hex digits, 120 bits: for a kit whose maker gave no passphrase. */
export const createPassphrase = (): string =>
  Array.from({ length: 6 }, () => hexOf(new Uint8Array(randomBytes(4))).slice(0, 5)).join('-');

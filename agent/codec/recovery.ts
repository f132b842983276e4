// What brings everything back: the 24 words of a person, and the recovery kit, which is the fleet root's seed under a passphrase (AES-256-GCM).

import { randomBytes, scryptSync } from 'node:crypto';
import { generateMnemonic, mnemonicToEntropy } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { z } from 'zod';
import { DreyError } from '../../datasets/index.ts';
import { tagBytes } from './blocks.ts';
import { decodeEnvelope, encodeEnvelope, type Format } from './envelope.ts';
import { deriveKey, hexOf, type Recipient, recipientFromSeed, seedBytes } from './keys.ts';
import * as s from './schemas.ts';
import { nonceBytes, seal, unseal } from './secrets.ts';
import { type FleetRoot, fleetRootFromSeed } from './statement-codec.ts';

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

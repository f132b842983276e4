// A machine's X.509 certificate for TLS: self-signed with the machine's own Ed25519 key, so that the key in it, which the handshake proves
// to be in use, is the peer id. Names, dates and extensions mean nothing and are the same for all. DER by hand (RFC 5280, RFC 8410): Node makes no certificates.

import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { machinePeer, type MachineKey } from '../../codec/index.ts';
import type { PeerId } from '../../units.ts';

export interface CertificatePair {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
}

/** Deterministic: one key, one certificate. */
export function machineCertificate({
  seed,
  publicKey,
}: Pick<MachineKey, 'seed' | 'publicKey'>): CertificatePair {
  const key = createPrivateKey({ key: Buffer.concat([privateHead, seed]), format: 'der', type: 'pkcs8' });
  const name = sequence(set(sequence(commonName, tagged(0x0c, Buffer.from('drey')))));
  const body = sequence(
    tagged(0xa0, tagged(0x02, Buffer.of(2))),
    tagged(0x02, Buffer.of(1)),
    ed25519,
    name,
    sequence(tagged(0x17, Buffer.from('200101000000Z')), tagged(0x18, Buffer.from('99991231235959Z'))),
    name,
    sequence(ed25519, bitString(publicKey)),
  );
  const certificate = sequence(body, ed25519, bitString(sign(null, body, key)));
  return {
    key: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    cert: new X509Certificate(certificate).toString(),
  };
}

/** The peer whose key the certificate holds; undefined where it is no Ed25519 key, or not signed with itself. */
export function peerOfCertificate(certificate: X509Certificate): PeerId | undefined {
  const { publicKey } = certificate;
  if (publicKey.asymmetricKeyType !== 'ed25519' || !certificate.verify(publicKey)) return undefined;
  return machinePeer(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)));
}

/** PKCS #8 around an Ed25519 seed (RFC 8410, section 7). */
const privateHead = Buffer.from('302e020100300506032b657004220420', 'hex');

function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 128) return Buffer.concat([Buffer.of(tag, content.length), content]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(content.length);
  return Buffer.concat([Buffer.of(tag, 0x82), length, content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => tagged(0x30, ...parts);
const set = (...parts: readonly Uint8Array[]): Buffer => tagged(0x31, ...parts);
const bitString = (bytes: Uint8Array): Buffer => tagged(0x03, Buffer.of(0), bytes);
/** 1.3.101.112 */
const ed25519 = sequence(Buffer.from('06032b6570', 'hex'));
/** 2.5.4.3 */
const commonName = Buffer.from('0603550403', 'hex');

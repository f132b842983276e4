// How every small format is wrapped: 4 bytes of magic, 1 byte of version, one deterministic CBOR item, and for signed
// ones 64 bytes of Ed25519 signature over all before it. Decoders of peers' bytes never throw: they return a rejection.

import { decode, encode } from 'cborg';

/** Why bytes were refused. `code` is for counting, `reason` for logs; neither repeats what the peer sent. */
export interface CodecRejection {
  readonly code: string;
  readonly reason: string;
}

export type Decoded<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly rejection: CodecRejection };

export const accept = <Value>(value: Value): Decoded<Value> => ({ ok: true, value });
export const reject = (rejectionCode: string, reason: string): Decoded<never> => ({
  ok: false,
  rejection: { code: rejectionCode, reason },
});

/** Length of magic and version. */
export const headBytes = 5;
export const signatureBytes = 64;

/** What a decoded item has to be: a schema of the library of checks, or a check by hand (plain-checks.ts). */
export interface ItemCheck<Value> {
  safeParse(
    item: unknown,
  ): { readonly success: true; readonly data: Value } | { readonly success: false; readonly error: Mistake };
}

/** The first issue is the first thing that is wrong. */
interface Mistake {
  readonly issues: readonly { readonly code?: string | undefined; readonly path: readonly PropertyKey[] }[];
}

export interface Format<Value> {
  /** Four ASCII characters. */
  readonly magic: string;
  readonly version: number;
  readonly bytesMax: number;
  readonly schema: ItemCheck<Value>;
}

/** What the CBOR decoder refuses; FORMATS.md "Envelope" says what it lets pass. */
export const strict = {
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  strict: true,
  rejectDuplicateMapKeys: true,
} as const;

/** Joins byte strings. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Magic, version and the CBOR of `value`; absent optional keys are left out. */
export function encodeEnvelope(
  format: Pick<Format<unknown>, 'magic' | 'version'>,
  value: unknown,
): Uint8Array {
  const head = new Uint8Array(headBytes);
  for (let index = 0; index < 4; index++) head[index] = format.magic.charCodeAt(index);
  head[4] = format.version;
  return concatBytes(head, encode(value, { ignoreUndefinedProperties: true }));
}

function headFits(bytes: Uint8Array, format: Format<unknown>): boolean {
  for (let index = 0; index < 4; index++) {
    if (bytes[index] !== format.magic.charCodeAt(index)) return false;
  }
  return bytes.length > headBytes;
}

/** The first thing that is wrong, and where. A key that is no word of ours came from the peer, and is left out. */
function whereWrong(error: Mistake): string {
  const [issue] = error.issues;
  const path = issue?.path.map((part) => (/^\w{1,24}$/u.test(String(part)) ? String(part) : '?')) ?? [];
  return `${issue?.code ?? 'unknown'} at ${path.length === 0 ? 'the top' : path.join('.')}`;
}

/** Checks length, magic and version before anything is allocated, then the CBOR, then the schema. */
export function decodeEnvelope<Value>(bytes: Uint8Array, format: Format<Value>): Decoded<Value> {
  if (bytes.length > format.bytesMax)
    return reject('too-long', `${bytes.length} bytes, at most ${format.bytesMax}`);
  if (!headFits(bytes, format)) return reject('wrong-magic', `not a ${format.magic} object`);
  const version = bytes[4]!;
  if (version !== format.version)
    return reject(
      version > format.version ? 'newer-version' : 'wrong-version',
      `version ${version}, known is ${format.version}`,
    );
  let item: unknown;
  try {
    item = decode(bytes.subarray(headBytes), strict);
  } catch {
    return reject('not-cbor', 'the body is not one strict CBOR item');
  }
  const parsed = format.schema.safeParse(item);
  if (parsed.success) return accept(parsed.data);
  return reject('wrong-shape', whereWrong(parsed.error));
}

/** An envelope followed by a signature over it. */
export function signEnvelope(
  format: Pick<Format<unknown>, 'magic' | 'version'>,
  value: unknown,
  sign: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const body = encodeEnvelope(format, value);
  return concatBytes(body, sign(body));
}

/** Decodes a signed envelope; `isSigned` is asked with the decoded value, the signed bytes and the signature. */
export function openEnvelope<Value>(
  bytes: Uint8Array,
  format: Format<Value>,
  isSigned: (value: Value, body: Uint8Array, signature: Uint8Array) => boolean,
): Decoded<Value> {
  if (bytes.length <= headBytes + signatureBytes) return reject('truncated', `${bytes.length} bytes`);
  const body = bytes.subarray(0, bytes.length - signatureBytes);
  const decoded = decodeEnvelope(body, format);
  if (!decoded.ok) return decoded;
  if (isSigned(decoded.value, body, bytes.subarray(body.length))) return decoded;
  return reject('wrong-signature', `the signature of this ${format.magic} object does not match`);
}

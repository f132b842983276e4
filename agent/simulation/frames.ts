// Messages as bytes and back, for a thousand agents in one process: every hundredth passes through the real encoder and decoder,
// the others travel as a token of one byte that stands for the message.

import type { Random } from '../../datasets/index.ts';
import {
  type Decoded,
  decodeHint,
  decodeMessage,
  encodeHint,
  encodeMessage,
  type Hint,
  openBatch,
  openReceipt,
  type Receipt,
  sha256Hex,
  type SignedBatch,
  type WireMessage,
} from '../codec/index.ts';

const encodedEvery = 100;
/** Comparisons of more logs than a small fleet has take milliseconds to read: fewer of them pass. */
const logsMax = 256;
const longEncodedEvery = 2000;
/** Real frames kept for those who would alter them. */
const keptMax = 64;

export class Frames {
  readonly #batches = new WeakMap<Uint8Array, Decoded<SignedBatch>>();
  readonly #batchesByHash = new Map<string, Decoded<SignedBatch>>();
  readonly #messages = new WeakMap<Uint8Array, WireMessage>();
  readonly #hints = new WeakMap<Uint8Array, Hint>();
  readonly #receipts = new WeakMap<Uint8Array, Decoded<Receipt>>();
  readonly #kept: Uint8Array[] = [];
  #count = 0;
  #longCount = 0;

  encode(message: WireMessage): Uint8Array {
    const isLong = message.kind === 'heads' && message.next.length > logsMax;
    if (isLong ? this.#longCount++ % longEncodedEvery === 0 : this.#count++ % encodedEvery === 0)
      return this.#keep(encodeMessage(message));
    const token = new Uint8Array(1);
    this.#messages.set(token, message);
    return token;
  }

  #keep(frame: Uint8Array): Uint8Array {
    this.#kept.push(frame);
    if (this.#kept.length > keptMax) this.#kept.shift();
    return frame;
  }

  /** One of the last frames that passed through the real encoder; undefined before the first. */
  anyEncoded(random: Random): Uint8Array | undefined {
    return this.#kept[random.below(this.#kept.length)];
  }

  /** Opens each batch once, also where a real decoder made a copy of its bytes. */
  openBatch(bytes: Uint8Array): Decoded<SignedBatch> {
    const known = this.#batches.get(bytes);
    if (known !== undefined) return known;
    const hash = sha256Hex(bytes);
    const opened = this.#batchesByHash.get(hash) ?? openBatch(bytes);
    this.#batches.set(bytes, opened);
    this.#batchesByHash.set(hash, opened);
    return opened;
  }

  decode(bytes: Uint8Array): Decoded<WireMessage> {
    const known = this.#messages.get(bytes);
    return known === undefined ? decodeMessage(bytes) : { ok: true, value: known };
  }

  encodeHint(hint: Hint): Uint8Array {
    const bytes = encodeHint(hint);
    this.#hints.set(bytes, hint);
    return bytes;
  }

  decodeHint(bytes: Uint8Array): Decoded<Hint> {
    const known = this.#hints.get(bytes);
    return known === undefined ? decodeHint(bytes) : { ok: true, value: known };
  }

  /** A receipt that was signed in this process needs no check of its signature. */
  rememberReceipt(receipt: Receipt): void {
    this.#receipts.set(receipt.bytes, { ok: true, value: receipt });
  }

  /** Opens each receipt once: one that is forged goes to many. */
  openReceipt(bytes: Uint8Array): Decoded<Receipt> {
    const opened = this.#receipts.get(bytes) ?? openReceipt(bytes);
    this.#receipts.set(bytes, opened);
    return opened;
  }
}

// Which leaf an audit asks for: asker and holder draw it together, and it is bound to both, so that nobody can pass a question on: whoever asks another
// holder the same gets another leaf there. The asker seals its part before it sees the holder's (Blum, "Coin flipping by telephone", 1981).

import type { UnixMs } from '../../datasets/index.ts';
import { bytesOfHex, hexOf, sha256, sha256Hex, type ShardKey } from '../codec/index.ts';
import { auditAnswerMsMax, auditDrawsMax, auditOffersMax } from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';

export interface Draw extends ShardKey {
  readonly asker: PeerId;
  readonly holder: PeerId;
  /** 32 hex digits of the asker, and of the holder. */
  readonly askerPart: string;
  readonly holderPart: string;
  readonly leafCount: number;
}

const partBytes = 16;
/** Of the hash: a whole number that a double holds, so much larger than any count of leaves that all are as likely. */
const drawnBytes = 6;

/** 0..leafCount − 1. */
export function drawnLeaf({ asker, holder, pack, index, askerPart, holderPart, leafCount }: Draw): number {
  const words = `drey audit leaf v1 ${asker} ${holder} ${pack} ${index} ${askerPart} ${holderPart}`;
  const drawn = Buffer.from(sha256(new TextEncoder().encode(words))).readUIntBE(0, drawnBytes);
  return drawn % leafCount;
}

/** By chance, 32 hex digits. */
export const newPart = (fraction: () => number): string =>
  hexOf(Uint8Array.from({ length: partBytes }, () => Math.floor(256 * fraction())));

/** What an asker says of its part before it shows it. */
export const sealOfPart = (part: string): string => sha256Hex(bytesOfHex(part));

interface Offer {
  readonly index: number;
  readonly seal: string;
  readonly holderPart: string;
  readonly atMs: UnixMs;
  /** Of this pack with that machine lately, this one included. */
  readonly drawCount: number;
  isOpened: boolean;
}

/** Whatever the clock did meanwhile. */
const isOld = ({ atMs }: Offer, now: UnixMs): boolean => Math.abs(now - atMs) >= auditAnswerMsMax;

/** What others have offered to draw for, the last for each pack. */
export class OfferedDraws {
  readonly #offers = new Map<PeerId, Map<PackId, Offer>>();

  /** Whether the offer counts: who draws again and again for one pack, or for too many, is not heard for a while. */
  take(
    from: PeerId,
    { pack, index, seal }: ShardKey & { readonly seal: string },
    own: { readonly holderPart: string; readonly now: UnixMs },
  ): boolean {
    const offers = this.#offers.get(from) ?? new Map<PackId, Offer>();
    this.#offers.set(from, offers);
    for (const [other, offer] of offers) if (isOld(offer, own.now)) offers.delete(other);
    const before = offers.get(pack);
    const drawCount = (before?.drawCount ?? 0) + 1;
    if (drawCount > auditDrawsMax || (before === undefined && offers.size >= auditOffersMax)) return false;
    // The time of the first: who draws on and on is heard again when that is over.
    const atMs = before?.atMs ?? own.now;
    offers.set(pack, { index, seal, holderPart: own.holderPart, atMs, drawCount, isOpened: false });
    return true;
  }

  /** The holder's part, once, when the asker shows the part that it had sealed. */
  open(from: PeerId, { pack, index, part }: ShardKey & { readonly part: string }): string | undefined {
    const offer = this.#offers.get(from)?.get(pack);
    if (offer?.index !== index || offer.isOpened || offer.seal !== sealOfPart(part)) return undefined;
    offer.isOpened = true;
    return offer.holderPart;
  }
}

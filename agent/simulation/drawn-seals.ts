// Which offers to draw a leaf an agent has answered by a part of its own: whoever opens one of them with the part that it had sealed has drawn
// rightly. Of an offer that is not heard nothing is owed.

import type { WireMessage } from '../codec/index.ts';
import { type CoreEffect, type CoreEvent, sealOfPart } from '../core/index.ts';
import type { PackId, PeerId } from '../units.ts';

type Opening = Extract<WireMessage, { kind: 'auditOpen' }>;

const drawName = (from: PeerId, { pack }: { readonly pack: PackId }): string => `${from} ${pack}`;

/** Of one life of an agent. */
export class DrawnSeals {
  /** What the last message sealed, if it offered to draw. */
  #offered: string | undefined;
  /** The last of each machine for each pack. */
  readonly #drawn = new Map<string, { readonly index: number; readonly seal: string }>();

  told(event: CoreEvent): void {
    const offer = event.kind === 'message' && event.message.kind === 'auditOffer' ? event.message : undefined;
    this.#offered = offer?.seal;
  }

  ordered(effect: CoreEffect): void {
    if (effect.kind !== 'send' || effect.message.kind !== 'auditDraw' || this.#offered === undefined) return;
    const { index } = effect.message;
    this.#drawn.set(drawName(effect.to, effect.message), { index, seal: this.#offered });
  }

  /** Whether the part is the one that was sealed. */
  isOpenedBy(from: PeerId, opening: Opening): boolean {
    const drawn = this.#drawn.get(drawName(from, opening));
    return drawn?.index === opening.index && drawn.seal === sealOfPart(opening.part);
  }

  /** It was opened: a second opening is none. */
  end(from: PeerId, opening: Opening): void {
    this.#drawn.delete(drawName(from, opening));
  }
}

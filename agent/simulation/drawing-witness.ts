// Whether an agent draws a leaf with whoever offers it: what was drawn long ago is forgotten, however often that was.

import type { CoreEffect, CoreEvent } from '../core/index.ts';
import { auditAnswerMsMax } from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';
import type { Checking } from './checking.ts';
import type { Machine } from './machine.ts';
import { shortOf } from './naming.ts';

/** Since the last offer for the same pack. */
const longMs = 2 * auditAnswerMsMax;

/** Of one life of an agent; all times are of its own clock. */
export class DrawingWitness {
  readonly #world: Checking;
  readonly #machine: Machine;
  readonly #offeredMs = new Map<string, number>();
  /** Who is to hear of it before the next event. */
  #owed: { readonly to: PeerId; readonly pack: PackId } | undefined;

  constructor(world: Checking, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  /** After the core took it, and before what it ordered is done. */
  told(event: CoreEvent): void {
    if (this.#owed !== undefined)
      this.#world.violate(
        'audits',
        this.#machine,
        `does not draw with one that asks for ${shortOf(this.#owed)} for the first time in a while`,
      );
    this.#owed = undefined;
    if (event.kind !== 'message' || event.message.kind !== 'auditOffer') return;
    const { from: to, message, now } = event;
    const { pack } = message;
    const name = `${to} ${pack}`;
    const lastMs = this.#offeredMs.get(name) ?? Number.NEGATIVE_INFINITY;
    this.#offeredMs.set(name, now);
    if (now - lastMs < longMs || this.#machine.shell?.core.membership.isRevoked(to) === true) return;
    this.#world.count('audits');
    this.#owed = { to, pack };
  }

  ordered(effect: CoreEffect): void {
    if (effect.kind !== 'send') return;
    const { to, message } = effect;
    const isAnswer = message.kind === 'auditDraw' || message.kind === 'auditAnswer';
    if (isAnswer && to === this.#owed?.to && message.pack === this.#owed.pack) this.#owed = undefined;
  }
}

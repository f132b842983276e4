// How far each log goes, as an agent tells others when they compare: whoever tells less than it has is sent the rest of it anew at each comparison.

import { logName } from '../codec/index.ts';
import type { CoreEffect } from '../core/index.ts';
import type { Checking } from './checking.ts';
import type { Machine } from './machine.ts';

/** Of one life of an agent. */
export class HeadsWitness {
  readonly #world: Checking;
  readonly #machine: Machine;

  constructor(world: Checking, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  told(): void {}

  /** Before it is done. Of its own words some lie on the disk and are not told of yet. */
  ordered(effect: CoreEffect): void {
    if (effect.kind !== 'send' || effect.message.kind !== 'heads') return;
    const { peer, shelves } = this.#machine;
    for (const { author, stream, sequence } of effect.message.next) {
      if (author === peer) continue;
      this.#world.count('traffic');
      const next = shelves.logs.get(logName(author, stream))?.next ?? 0;
      if (sequence < next)
        this.#world.violate(
          'traffic',
          this.#machine,
          `tells that it has ${sequence} batches of a log of which it has ${next}`,
        );
    }
  }
}

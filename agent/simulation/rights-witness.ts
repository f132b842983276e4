// What an agent does for nobody who has no right to it: show a leaf that the asker chose, keep a shard that its owner did not ask it to keep, read
// out parts of another's pack.

import type { WireMessage } from '../codec/index.ts';
import type { CoreEffect, CoreEvent } from '../core/index.ts';
import type { PackId, PeerId } from '../units.ts';
import type { Checking } from './checking.ts';
import { DrawnSeals } from './drawn-seals.ts';
import type { Machine } from './machine.ts';
import { shortOf } from './naming.ts';

/** Asked without a right: whatever is ordered for this peer and pack before the next event is wrong. */
interface Wrong {
  readonly from: PeerId;
  readonly pack: PackId;
  readonly effects: readonly CoreEffect['kind'][];
  readonly text: string;
}

/** Of one life of an agent. */
export class RightsWitness {
  readonly #world: Checking;
  readonly #machine: Machine;
  readonly #seals = new DrawnSeals();
  #wrong: Wrong | undefined;

  constructor(world: Checking, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  /** After the core took it, and before what it ordered is done. */
  told(event: CoreEvent): void {
    this.#seals.told(event);
    this.#wrong = event.kind === 'message' ? this.#wrongOf(event.from, event.message) : undefined;
  }

  /** Before it is done. */
  ordered(effect: CoreEffect): void {
    this.#seals.ordered(effect);
    const wrong = this.#wrong;
    if (wrong === undefined || !wrong.effects.includes(effect.kind)) return;
    const { to, pack } = targetOf(effect);
    if (to === wrong.from && pack === wrong.pack)
      this.#world.violate('served', this.#machine, `${wrong.text} of ${shortOf(wrong)}`);
  }

  #wrongOf(from: PeerId, message: WireMessage): Wrong | undefined {
    switch (message.kind) {
      case 'auditOpen': {
        const { pack } = message;
        return this.#seals.isOpenedBy(from, message)
          ? undefined
          : this.#found({ from, pack, effects: ['proveShard'], text: 'shows a leaf that was not drawn,' });
      }
      case 'standIn': {
        const { pack, owner } = message.descriptor;
        return owner === from
          ? undefined
          : this.#found({
              from,
              pack,
              effects: ['send', 'sendReceipt'],
              text: 'stands in for one who is not the owner',
            });
      }
      case 'rangeAsk': {
        const { pack } = message;
        const owner = this.#machine.shell?.core.descriptorOf(pack)?.owner;
        return owner === from
          ? undefined
          : this.#found({
              from,
              pack,
              effects: ['readRange'],
              text: 'reads out a part for another than the owner',
            });
      }
      default:
        return undefined;
    }
  }

  #found(wrong: Wrong): Wrong {
    this.#world.count('served');
    return wrong;
  }
}

/** For whom, and of which pack; of messages only those that ask for a shard. */
function targetOf(effect: CoreEffect): { readonly to?: PeerId; readonly pack?: PackId } {
  switch (effect.kind) {
    case 'send':
      return effect.message.kind === 'shardPull' ? { to: effect.to, pack: effect.message.pack } : {};
    case 'proveShard':
    case 'sendReceipt':
      return { to: effect.to, pack: effect.shard.pack };
    case 'readRange':
      return { to: effect.to, pack: effect.range.pack };
    default:
      return {};
  }
}

// What an agent was told before it removes a shard that belongs elsewhere: the words of all who are to have the pack, under the plan that it follows,
// and the proof of whoever is to have this shard.

import type { Plan } from '../../optimizer/index.ts';
import type { ShardKey, WireMessage } from '../codec/index.ts';
import type { CoreEffect, CoreEvent } from '../core/index.ts';
import type { ShardLocation } from '../ports.ts';
import type { PeerId } from '../units.ts';
import type { Checking } from './checking.ts';
import type { Machine } from './machine.ts';
import { nameOf, shortOf } from './naming.ts';

type Inventory = Extract<WireMessage, { kind: 'inventory' }>;

/** Of one life of an agent. */
export class RemovalWitness {
  readonly #world: Checking;
  readonly #machine: Machine;
  /** Who said under the plan that is followed that it has which shard. */
  readonly #said = new Map<string, Set<PeerId>>();
  /** Who has truly shown which shard under it. */
  readonly #shown = new Map<string, PeerId>();
  #plan: Plan | undefined;

  constructor(world: Checking, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  /** After the core took it. */
  told(event: CoreEvent): void {
    this.#watchPlan();
    // It tells anew what it has.
    if (event.kind === 'connected') for (const peers of this.#said.values()) peers.delete(event.peer);
    if (event.kind === 'message' && event.message.kind === 'inventory')
      this.#hears(event.from, event.message);
  }

  /** What a machine has shown is known to be true. */
  shown(peer: PeerId, shard: ShardKey): void {
    this.#shown.set(nameOf(shard), peer);
  }

  /** Before it is done. */
  ordered(effect: CoreEffect): void {
    if (effect.kind === 'removeShard' && effect.shard.place === 'held') this.#removes(effect.shard);
  }

  #watchPlan(): void {
    const plan = this.#machine.shell?.core.shelf.plan;
    if (plan === this.#plan) return;
    this.#plan = plan;
    this.#said.clear();
    this.#shown.clear();
  }

  #hears(from: PeerId, { under, held }: Inventory): void {
    if (under === undefined || under.epoch !== this.#plan?.epoch || under.author !== this.#plan.author)
      return;
    for (const { pack, indexes } of held) {
      const descriptor = this.#machine.shell?.core.descriptorOf(pack);
      // The whole pack lies in its owner's outbox, and goes when others have signed.
      if (descriptor?.owner === from && indexes.length === descriptor.redundancy.n) continue;
      for (const index of indexes) {
        const name = nameOf({ pack, index });
        this.#said.set(name, (this.#said.get(name) ?? new Set()).add(from));
      }
    }
  }

  /** What is damaged, given up or was never wanted goes for other reasons. */
  #removes(shard: ShardLocation): void {
    const { shell, peer: self, platters } = this.#machine;
    this.#watchPlan();
    const { shelf } = shell?.core ?? {};
    const known = shelf?.get(shard.pack);
    const members = (known === undefined ? undefined : shelf?.groupOf(known)?.members) ?? [];
    const member = members[shard.index];
    if (member === undefined || member === self || !platters.hasIntact(shard)) return;
    this.#world.count('removals');
    if (this.#shown.get(nameOf(shard)) !== member)
      this.#violate(`removes shard ${shard.index} of ${shortOf(shard)}, which its new holder has not shown`);
    const silent = members.findIndex((one, index) =>
      one === self
        ? known?.held.has(index) !== true
        : this.#said.get(nameOf({ pack: shard.pack, index }))?.has(one) !== true,
    );
    if (silent >= 0)
      this.#violate(`removes a shard of ${shortOf(shard)} before all have said that they have theirs`);
    this.#lookWhoIsThere(shard, members);
  }

  /** Of those that are there one could be lost as well. Where not all are connected, who is there is not known from outside. */
  #lookWhoIsThere(shard: ShardLocation, members: readonly PeerId[]): void {
    const { shell, peer: self } = this.#machine;
    const { membership, shelf } = shell!.core;
    const { k } = shelf.get(shard.pack)?.descriptor?.redundancy ?? { k: 1 };
    const thereCount = members.filter((one) => one === self || membership.up.has(one)).length;
    if (!membership.isSparse && thereCount < Math.min(members.length, k + 1))
      this.#violate(
        `removes a shard of ${shortOf(shard)} while ${thereCount} of those who have the others are there`,
      );
  }

  #violate(text: string): void {
    this.#world.violate('removals', this.#machine, text);
  }
}

// What an owner does about a planned holder that refuses a shard: it asks somebody else to keep it, and does not wait for the one that is full.

import type { ShardKey } from '../codec/index.ts';
import type { AgentCore, CoreEffect, CoreEvent } from '../core/index.ts';
import type { PeerId } from '../units.ts';
import type { Checking } from './checking.ts';
import type { Machine } from './machine.ts';
import { nameOf, shortOf } from './naming.ts';

/** Machines that could stand in are asked one after the other, and each may be busy for a while. */
const helpersMin = 3;
/** Looks at the clock within which one of them is asked. */
const ticksMax = 10;

/** A shard that its planned holder refused. */
interface Refused extends ShardKey {
  readonly from: PeerId;
  ticks: number;
}

/** Of one life of an agent. */
export class StandInWitness {
  readonly #world: Checking;
  readonly #machine: Machine;
  readonly #refused = new Map<string, Refused>();
  /** Machines that refused anything: they may be full as well. */
  readonly #full = new Set<PeerId>();

  constructor(world: Checking, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  /** After the core took it, and before what it ordered is done. */
  told(event: CoreEvent): void {
    if (event.kind === 'message' && event.message.kind === 'shardRefused')
      this.#refuses(event.from, event.message);
    if (event.kind === 'tick') this.#tick();
  }

  /** Before it is done. */
  ordered(effect: CoreEffect): void {
    if (effect.kind !== 'send' || effect.message.kind !== 'standIn') return;
    const { descriptor } = effect.message;
    for (const [name, { pack }] of this.#refused) if (pack === descriptor.pack) this.#refused.delete(name);
  }

  #refuses(from: PeerId, { pack, index }: ShardKey): void {
    this.#full.add(from);
    const shard = { pack, index, from, ticks: 0 };
    const core = this.#machine.shell?.core;
    if (core === undefined || !isMissing(core, shard)) return;
    this.#world.count('said');
    this.#refused.set(nameOf(shard), shard);
  }

  #tick(): void {
    const core = this.#machine.shell?.core;
    for (const [name, shard] of this.#refused) {
      const isDue = core !== undefined && isMissing(core, shard) && this.#hasHelpers(core, shard);
      if (isDue && ++shard.ticks <= ticksMax) continue;
      this.#refused.delete(name);
      if (isDue)
        this.#world.violate(
          'said',
          this.#machine,
          `asks nobody to stand in for ${core.membership.nameOf(shard.from)}, which refused shard ${shard.index} of ${shortOf(shard)}`,
        );
    }
  }

  /** Machines of the plan that are there, refused nothing, have nothing of the pack, and share no domain with anybody. */
  #hasHelpers({ membership, shelf }: AgentCore, { pack }: ShardKey): boolean {
    const { plan } = shelf;
    const known = shelf.get(pack);
    if (plan === undefined || known === undefined) return false;
    const members = shelf.groupOf(known)?.members ?? [];
    const helpers = new Set<PeerId>();
    for (const peer of plan.classes.flatMap(({ groups }) => groups.flatMap(({ members: all }) => all)))
      if (
        membership.up.has(peer) &&
        !members.includes(peer) &&
        !this.#full.has(peer) &&
        !known.others.hasPeer(peer) &&
        plan.domains[peer] === undefined &&
        membership.hasRole(peer, 'holder') &&
        !membership.isLeftOut(peer)
      )
        helpers.add(peer);
    return helpers.size >= helpersMin;
  }
}

/** It waits in the outbox, its planned holder is there and refused it, and nobody else is known to have it. */
function isMissing({ shelf, membership }: AgentCore, { pack, index, from }: Refused): boolean {
  const known = shelf.get(pack);
  if (known?.isInOutbox !== true || !membership.up.has(from)) return false;
  const isPlanned = shelf.groupOf(known)?.members[index] === from;
  return isPlanned && known.signed.of(index).length === 0 && !known.others.indexes().includes(index);
}

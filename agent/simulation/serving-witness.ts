// What each agent owes those who ask it for shards: what is here is sent in its turn, and all that is here is named.

import type { ShardKey, WireMessage } from '../codec/index.ts';
import type { CoreEffect, CoreEvent } from '../core/index.ts';
import { queuedPullsPerPeerMax, shardSendsMax } from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';
import type { Checking } from './checking.ts';
import type { Machine } from './machine.ts';
import { nameOf, shortOf } from './naming.ts';

/** With nothing else to send, a shard that is asked for is on its way after so many looks at the clock. */
const lateTicks = 6;

interface Pull {
  readonly from: PeerId;
  readonly shard: ShardKey;
  ticks: number;
}

/** What whoever asks is to hear in answer to this very question. */
interface Owed {
  readonly to: PeerId;
  readonly shards: readonly ShardKey[];
}

/** Of one life of an agent. */
export class ServingWitness {
  readonly #world: Checking;
  readonly #machine: Machine;
  readonly #pulls = new Map<string, Pull>();
  #sendCount = 0;
  /** How many shards, and parts of them, are on their way to each. */
  readonly #underWay = new Map<PeerId, number>();
  /** The pull that the core has just taken. */
  #pulled: Pull | undefined;
  #owed: Owed | undefined;

  constructor(world: Checking, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  /** After the core took it, and before what it ordered is done. */
  told(event: CoreEvent): void {
    this.#endTurn();
    switch (event.kind) {
      case 'message':
        if (event.message.kind === 'shardPull') this.#pull(event.from, event.message);
        if (event.message.kind === 'shardsAsk')
          this.#owed = {
            to: event.from,
            shards: event.message.packs.flatMap((pack) => this.#shardsOf(pack)),
          };
        return;
      case 'disconnected':
        for (const [name, { from }] of this.#pulls) if (from === event.peer) this.#pulls.delete(name);
        this.#left(event.peer);
        return;
      case 'shardSent':
        this.#sendCount--;
        this.#count(event.to, -1);
        return;
      case 'rangeRead':
        this.#count(event.to, -1);
        return;
      case 'tick':
        this.#lookForLate();
        return;
      default:
    }
  }

  /** Before it is done. */
  ordered(effect: CoreEffect): void {
    if (effect.kind === 'sendShard') {
      this.#pulls.delete(pullName(effect.to, effect.shard));
      this.#count(effect.to, 1);
      this.#world.count('queues');
      if (++this.#sendCount > shardSendsMax)
        this.#world.violate('queues', this.#machine, `sends ${this.#sendCount} shards at once`);
    }
    if (effect.kind === 'readRange') this.#count(effect.to, 1);
    if (effect.kind !== 'send') return;
    const { to, message } = effect;
    if (message.kind === 'shardMissing') this.#refuses(to, message);
    if (message.kind === 'shardsHeld' && this.#owed?.to === to) this.#names(this.#owed, message.held);
  }

  #count(peer: PeerId, change: 1 | -1): void {
    this.#underWay.set(peer, Math.max(0, (this.#underWay.get(peer) ?? 0) + change));
  }

  /** It went away: what waited for it waits no more, and would else be in the way of what it asks for when it is back. */
  #left(peer: PeerId): void {
    const serving = this.#machine.shell?.core.serving;
    // A liar's core believes to send what was never sent.
    if (serving === undefined || this.#machine.hasLied || (this.#underWay.get(peer) ?? 0) > 0) return;
    this.#world.count('queues');
    if (serving.isFor(peer))
      this.#world.violate('queues', this.#machine, 'keeps shards waiting for one that went away');
  }

  #endTurn(): void {
    this.#pulled = undefined;
    if (this.#owed === undefined) return;
    this.#owed = undefined;
    this.#world.violate('served', this.#machine, 'does not say what it has to one who asks');
  }

  #pull(from: PeerId, { pack, index }: ShardKey): void {
    const shard = { pack, index };
    if (!this.#isHere(shard)) return;
    this.#pulled = { from, shard, ticks: 0 };
    this.#pulls.set(pullName(from, shard), this.#pulled);
  }

  /** Nobody is refused what is here, but who asks for very much at once. */
  #refuses(to: PeerId, { pack, index }: ShardKey): void {
    const name = pullName(to, { pack, index });
    const pull = this.#pulls.get(name);
    this.#pulls.delete(name);
    this.#world.count('served');
    if (pull === undefined || pull !== this.#pulled) return;
    const count = [...this.#pulls.values()].filter(({ from }) => from === to).length;
    if (count < queuedPullsPerPeerMax / 2)
      this.#world.violate('served', this.#machine, `does not send ${shortOf(pull.shard)}, which it has`);
  }

  #names({ shards }: Owed, held: Extract<WireMessage, { kind: 'shardsHeld' }>['held']): void {
    this.#owed = undefined;
    this.#world.count('served');
    const named = new Set(
      held.flatMap(({ descriptor: { pack }, indexes }) => indexes.map((index) => nameOf({ pack, index }))),
    );
    const left = shards.find((shard) => !named.has(nameOf(shard)));
    if (left !== undefined)
      this.#world.violate('served', this.#machine, `does not say that it has ${shortOf(left)}`);
  }

  #lookForLate(): void {
    for (const [name, pull] of this.#pulls) {
      pull.ticks = this.#sendCount > 0 ? 0 : pull.ticks + 1;
      if (pull.ticks < lateTicks) continue;
      this.#pulls.delete(name);
      if (this.#isHere(pull.shard))
        this.#world.violate(
          'served',
          this.#machine,
          `sends nobody ${shortOf(pull.shard)}, which was asked for`,
        );
    }
  }

  /** Of which the core knows by now. */
  #isHere({ pack, index }: ShardKey): boolean {
    const isCopy = this.#machine.shell?.core.copies.indexesOf(pack).has(index) === true;
    return (
      (isCopy && this.#lies('copy', { pack, index })) ||
      this.#shardsOf(pack).some((one) => one.index === index)
    );
  }

  /** Held ones, or all while the pack lies in the outbox. Copies are not told. */
  #shardsOf(pack: PackId): readonly ShardKey[] {
    const known = this.#machine.shell?.core.shelf.get(pack);
    if (known?.descriptor === undefined) return [];
    const indexes = known.isInOutbox
      ? Array.from({ length: known.descriptor.redundancy.n }, (_, index) => index)
      : known.held;
    return [...indexes]
      .map((index) => ({ pack, index }))
      .filter((shard) =>
        known.isInOutbox ? this.#lies('outbox', { pack, index: 0 }) : this.#lies('held', shard),
      );
  }

  #lies(place: 'held' | 'outbox' | 'copy', shard: ShardKey): boolean {
    const slot = this.#machine.platters.slot(place, shard);
    return slot?.isFlushed === true && slot.isLeaving !== true;
  }
}

const pullName = (peer: PeerId, shard: ShardKey): string => `${peer} ${nameOf(shard)}`;

// The promises at the moment at which an agent acts on them: a receipt, a removal, an acknowledgement, a word to somebody who is
// out. Each order of a core is held against what really lies on the disks, so that a wrong one is seen at once, not days later.

import { minutes } from '../../datasets/index.ts';
import { type AgentRecord, leafCountOf, logName, type WireMessage } from '../codec/index.ts';
import type { CoreEffect, StagedSnapshot } from '../core/index.ts';
import type { ShardLocation } from '../ports.ts';
import type { PackId, PeerId } from '../units.ts';
import type { Checks } from './checks.ts';
import type { Holdings } from './holdings.ts';
import type { Ledger } from './ledger.ts';
import type { Machine } from './machine.ts';
import { shortOf } from './naming.ts';
import type { CheckName } from './options.ts';

/** A shard may come to where it lies already when words were lost; more often than this, nobody keeps count of what is there. */
const needlessMax = 5;

/** Whoever is connected for so long has given back what it knows of a log, however slow its disk and its line are. */
const givingBackMs = minutes(2);

export interface GuardedWorld {
  readonly machines: readonly Machine[];
  readonly machineOf: (peer: PeerId) => Machine | undefined;
  readonly ledger: Ledger;
  readonly holdings: Holdings<Machine>;
  readonly checks: Checks;
  readonly liarCount: () => number;
  readonly now: () => number;
}

/** Keeps what it signed for, as far as the world lets it. */
const isSound = (machine: Machine | undefined): boolean =>
  machine !== undefined && machine.liar === undefined && !machine.isRevoked && !machine.isDestroyed;

export class Guards {
  readonly #world: GuardedWorld;
  readonly #needless = new Map<string, number>();

  constructor(world: GuardedWorld) {
    this.#world = world;
  }

  /** Before an order is carried out; liars and those who were put out may order what they like. */
  watch(machine: Machine, effect: CoreEffect): void {
    if (machine.liar !== undefined || machine.isRevoked) return;
    if (effect.kind === 'sendReceipt') this.#receipt(machine, effect.shard);
    if (effect.kind === 'removeShard') this.#removal(machine, effect.shard);
    if ('to' in effect) this.#word(machine, effect.to);
    if (effect.kind === 'send') this.#claim(machine, effect.message);
    if (effect.kind === 'appendRecords' && effect.stream === 'facts') this.#append(machine, effect.records);
    if (effect.kind === 'proveShard') this.#reading(machine, effect);
    if (effect.kind === 'release') this.#release(machine, effect.peer);
  }

  /** A receipt says: on the disk, flushed. What the world harmed since is not the signer's lie. */
  #receipt(machine: Machine, shard: Omit<ShardLocation, 'place'>): void {
    const { checks } = this.#world;
    checks.counts.receipts++;
    if (machine.platters.hasIntact(shard) || checks.wasHarmed(shard)) return;
    this.violate(
      'receipts',
      machine,
      `signs for shard ${shard.index} of ${shortOf(shard)} that is not on its disk`,
    );
  }

  #removal(machine: Machine, shard: ShardLocation): void {
    if (shard.place === 'held') this.#heldRemoval(machine, shard);
    if (shard.place === 'outbox') this.#outboxRemoval(machine, shard);
  }

  /** Copy, verify, then remove: the same shard lies on another disk, or its owner gave the pack up long enough ago. */
  #heldRemoval(machine: Machine, shard: ShardLocation): void {
    const { checks, holdings, ledger, now } = this.#world;
    checks.counts.removals++;
    if (!machine.platters.hasIntact(shard) || holdings.hasElsewhere(shard, machine)) return;
    if (checks.wasHarmed(shard) || !ledger.isPromised(shard.pack, now())) return;
    this.violate('removals', machine, `removes the last shard ${shard.index} of ${shortOf(shard)}`);
  }

  /** A pack leaves the outbox when the machine of every slot has its shard, or one that stands in for it, or to whom it was moved meanwhile. */
  #outboxRemoval(machine: Machine, { pack }: ShardLocation): void {
    const { checks, holdings, machineOf, ledger } = this.#world;
    if (ledger.isToBeWiped(machine.peer)) return;
    checks.counts.outbox++;
    const shelf = machine.shell?.core.shelf;
    const known = shelf?.get(pack);
    const members = (known === undefined ? undefined : shelf?.groupOf(known)?.members) ?? [];
    for (const [index, member] of members.entries()) {
      const holder = machineOf(member);
      const shard = { pack, index };
      const isThere =
        holder?.platters.hasIntact(shard) === true ||
        holdings.hasElsewhere(shard, machine) ||
        checks.wasHarmed(shard);
      if (!isThere && isSound(holder))
        this.violate(
          'outbox',
          machine,
          `empties its outbox of ${shortOf(shard)} without shard ${index} at machine ${holder?.index}`,
        );
    }
  }

  /** Promise 1 at its beginning. */
  acknowledged(machine: Machine, { snapshot }: StagedSnapshot): void {
    const { checks, ledger, liarCount } = this.#world;
    const promised = ledger.promised.get(snapshot);
    if (promised === undefined || machine.liar !== undefined || machine.isRevoked) return;
    if (ledger.isToBeWiped(machine.peer)) return;
    const copiesMin = 1 + Math.max(1, ...promised.descriptors.map(({ redundancy: { k, n } }) => n - k));
    const copies = checks.knowersOf(snapshot, machine.peer) + checks.lostDiskCount + liarCount();
    if (copies < copiesMin)
      this.violate(
        'acknowledged',
        machine,
        `acknowledges a snapshot that ${copies} others know, not ${copiesMin}`,
      );
    for (const descriptor of promised.descriptors) {
      checks.counts.acknowledged++;
      const intact = checks.intactOf(descriptor.pack).size + checks.harmedCount(descriptor.pack);
      const { k, n } = descriptor.redundancy;
      // Under a plan that changed meanwhile some may be on their way; as many as that are never missing.
      if (intact < Math.max(k, n - 1))
        this.violate(
          'acknowledged',
          machine,
          `acknowledges ${shortOf(descriptor)} with ${intact} of ${n} shards`,
        );
    }
  }

  /** What a peer says of lengths is no reason to read past the end of anything. */
  #reading(machine: Machine, { shard, leaf }: Extract<CoreEffect, { kind: 'proveShard' }>): void {
    this.#world.checks.counts.lengths++;
    const shardBytes = machine.shell?.core.shelf.get(shard.pack)?.descriptor?.shardBytes;
    if (shardBytes === undefined || leaf < leafCountOf(shardBytes)) return;
    this.violate('lengths', machine, `reads leaf ${leaf} of ${shortOf(shard)}, which has fewer`);
  }

  /**
   * Nobody writes other words under numbers that it has used: not before it met anybody who could give them back, and not
   * beside somebody who knows them.
   */
  #append(machine: Machine, records: readonly AgentRecord[]): void {
    this.#heads(machine, records);
    const { checks, machines, now } = this.#world;
    const { shell, shelves } = machine;
    checks.counts.forks++;
    if (shell === undefined) return;
    const name = logName(machine.peer, 'facts');
    const own = shelves.logs.get(name);
    const next = own?.next ?? 0;
    for (const other of machines) {
      if (other === machine || !isSound(other)) continue;
      const known = other.shelves.logs.get(name);
      // Another history of it, or nothing that is lacking here.
      const first =
        known === undefined || known.next <= next ? undefined : known.batches.at(next - known.next);
      if (first === undefined || (own !== undefined && first.previous !== own.hash)) continue;
      const sinceMs = shell.wire.linkedSinceMs(other.peer);
      const couldGive = sinceMs !== undefined && now() - sinceMs >= givingBackMs;
      if (shell.wire.hasMet && !couldGive) continue;
      this.violate(
        'forks',
        machine,
        `writes number ${next} of its log again, which machine ${other.index} knows`,
      );
      return;
    }
  }

  /** Snapshots become heads in the order in which they were made: the last head is the newest. */
  #heads(machine: Machine, records: readonly AgentRecord[]): void {
    for (const record of records) {
      const number =
        record.kind === 'head' ? this.#world.ledger.promised.get(record.snapshot)?.number : undefined;
      if (number === undefined) continue;
      this.#world.checks.counts.acknowledged++;
      if (number < machine.headNumber)
        this.violate(
          'acknowledged',
          machine,
          `writes the head of snapshot ${number} after ${machine.headNumber}`,
        );
      machine.headNumber = Math.max(machine.headNumber, number);
    }
  }

  /** What a machine says that it has is what others count on: a popular copy is not among it. */
  #claim(machine: Machine, message: WireMessage): void {
    if (machine.platters.copyBytes === 0) return;
    if (message.kind !== 'inventory' && message.kind !== 'shardsHeld') return;
    for (const { pack, indexes } of shardsIn(message)) {
      const places = machine.platters.slotsOf(pack);
      if (places.some(({ place }) => place === 'outbox')) continue;
      for (const index of indexes) {
        const own = places.filter((slot) => slot.index === index);
        this.#world.checks.counts.copies++;
        if (own.some(({ place }) => place === 'copy') && !own.some(({ place }) => place === 'held'))
          this.violate('copies', machine, `names shard ${index} of ${shortOf({ pack })}, a copy, as its own`);
      }
    }
  }

  /** A shard that flows comes to its end, however long nothing else is said. */
  #release(machine: Machine, peer: PeerId): void {
    const { checks, machineOf } = this.#world;
    checks.counts.served++;
    if (machine.shell?.wire.isStreaming(peer) === true)
      this.violate(
        'served',
        machine,
        `ends its connection to machine ${machineOf(peer)?.index}, over which a shard flows`,
      );
  }

  /** Promise 4: whoever was put out hears nothing more from those who know it. */
  #word(machine: Machine, to: PeerId): void {
    const { checks, machineOf } = this.#world;
    checks.counts.revoked++;
    if (machineOf(to)?.isRevoked === true && machine.shell?.core.membership.isRevoked(to) === true)
      this.violate('revoked', machine, `speaks to machine ${machineOf(to)?.index}, which it knows to be out`);
  }

  /** A shard is offered to a machine that has it, and takes it. */
  needless(machine: Machine, { pack, index }: Omit<ShardLocation, 'place'>): void {
    const name = `${machine.index} ${pack} ${index}`;
    const count = (this.#needless.get(name) ?? 0) + 1;
    this.#needless.set(name, count);
    this.#world.checks.counts.traffic++;
    if (count === needlessMax + 1)
      this.violate('traffic', machine, `takes shard ${index} of ${shortOf({ pack })} again and again`);
  }

  /** A broken promise of one machine, as a sentence of which it is the subject. */
  violate(check: CheckName, machine: Machine, text: string): void {
    const { checks, now } = this.#world;
    checks.violate(check, `machine ${machine.index} ${text}, on ${checks.dayText(now())}`);
  }
}

const shardsIn = (
  message: Extract<WireMessage, { kind: 'inventory' | 'shardsHeld' }>,
): readonly { readonly pack: PackId; readonly indexes: readonly number[] }[] =>
  message.kind === 'inventory'
    ? message.held
    : message.held.map(({ descriptor, indexes }) => ({ pack: descriptor.pack, indexes }));

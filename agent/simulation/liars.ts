// Machines that lie: each bends what the shipped core orders, in one way, and says so to nobody. What a liar makes away with is
// noted as harm: promises speak of holders that keep what they signed for.

import { hours, type Random, seconds } from '../../datasets/index.ts';
import type { LeafProof, ShardKey, WireMessage } from '../codec/index.ts';
import { type CoreEffect, type Effects, sealOfPart, type Shelf } from '../core/index.ts';
import { Forwarder } from './forwarder.ts';
import type { ProofOutcome } from '../ports.ts';
import type { PackId, PeerId } from '../units.ts';
import type { Machine } from './machine.ts';
import type { TimelessEvent } from './shell-events.ts';
import type { Shell } from './shell.ts';

/**
 * drops: signs for a shard and throws it away · alters: changes bytes · silent: answers no audit · late: answers audits hours later ·
 * claims: signs for shards that never came · replays: shows an old proof again · boasts: says that it has every shard and every log ·
 * forwards: throws a shard away and has another holder show what it is asked for
 */
export const lieKinds = [
  'drops',
  'alters',
  'silent',
  'late',
  'claims',
  'replays',
  'boasts',
  'forwards',
] as const;
export type LieKind = (typeof lieKinds)[number];

export interface LiarParts {
  readonly kind: LieKind;
  readonly machine: Machine;
  readonly random: Random;
  /** Of the shards that it sends, in 0..1: with other bytes than they should have. */
  readonly spoilShare: number;
  /** A shard that somebody may count on is gone. */
  readonly noteHarm: (shard: ShardKey) => void;
}

/** Two that boast would else answer each other without end. */
const boastEveryMs = seconds(10);

type Send = Extract<CoreEffect, { kind: 'send' }>;

export class Liar {
  readonly kind: LieKind;
  readonly #parts: LiarParts;
  readonly #shown = new Map<PackId, LeafProof>();
  readonly #boastedMs = new Map<PeerId, number>();

  readonly #forwarder: Forwarder;
  readonly #spoiling: Random;

  constructor(parts: LiarParts) {
    this.#spoiling = parts.random.fork('spoils');
    this.kind = parts.kind;
    this.#parts = parts;
    this.#forwarder = new Forwarder(parts);
  }

  /** Whether what came is for it alone: its core hears nothing of that. */
  hides(event: TimelessEvent, shell: Shell): boolean {
    return this.kind === 'forwards' && event.kind === 'message' && this.#forwarder.hears(event, shell);
  }

  /** Bytes that do not fit to their hash, which whoever asked for the shard has to notice; and whoever counts on it does in vain. */
  spoiled({ pack, index }: ShardKey, bytes: Uint8Array): Uint8Array | undefined {
    if (this.#spoiling.fraction() >= this.#parts.spoilShare || bytes.length === 0) return undefined;
    this.#parts.noteHarm({ pack, index });
    const at = this.#spoiling.below(bytes.length);
    return bytes.with(at, bytes[at]! ^ (1 << this.#spoiling.below(8)));
  }

  /** What is done instead of what was ordered. */
  bend(effect: CoreEffect, shell: Shell): Effects {
    switch (effect.kind) {
      case 'sendReceipt':
        if (this.kind === 'drops' || this.kind === 'forwards')
          this.#later(shell, hours(1), () => this.#drop(effect.shard));
        if (this.kind === 'alters') this.#later(shell, hours(1), () => this.#alter());
        return [effect];
      case 'proveShard':
        if (this.kind === 'forwards') return this.#forwarder.ask(effect, shell);
        if (!this.#readsNothing) return [effect];
        this.#prove(effect, shell);
        return [];
      case 'send':
        return this.#send(effect, shell);
      default:
        return [effect];
    }
  }

  get #readsNothing(): boolean {
    return this.kind === 'drops' || this.kind === 'alters' || this.kind === 'silent';
  }

  /** The faults are over. */
  get #hasStopped(): boolean {
    return this.#parts.machine.liar !== this;
  }

  #later(shell: Shell, waitMs: number, act: () => void): void {
    shell.life.after(waitMs * (0.5 + this.#parts.random.fraction()), act);
  }

  #drop(shard: ShardKey): void {
    const { platters } = this.#parts.machine;
    if (this.#hasStopped || !platters.hasIntact(shard)) return;
    platters.remove({ ...shard, place: 'held' });
    this.#parts.noteHarm(shard);
  }

  #alter(): void {
    if (this.#hasStopped) return;
    const rotten = this.#parts.machine.platters.rot(this.#parts.random.below(2 ** 30));
    if (rotten !== undefined) this.#parts.noteHarm(rotten);
  }

  /** It reads nothing: some bytes, and hashes that fit to nothing; or no word at all. */
  #prove({ to, shard, leaf }: Extract<CoreEffect, { kind: 'proveShard' }>, shell: Shell): void {
    const noise = (): Uint8Array => Uint8Array.from({ length: 32 }, () => this.#parts.random.below(256));
    const outcome: ProofOutcome = this.kind === 'silent' ? 'missing' : { bytes: noise(), path: [] };
    this.#later(shell, seconds(1), () => {
      shell.tell({ kind: 'shardProved', to, pack: shard.pack, index: shard.index, leaf, outcome });
    });
  }

  #send(effect: Send, shell: Shell): Effects {
    const { message, to } = effect;
    if (message.kind === 'auditAnswer' && this.kind === 'silent') return [];
    if (message.kind === 'auditAnswer' && this.kind === 'late') {
      // Who is out by then hears nothing, also from liars.
      this.#later(shell, hours(2), () => {
        if (!shell.core.membership.isRevoked(effect.to)) shell.carryOut(effect);
      });
      return [];
    }
    if (this.kind === 'replays' && message.kind === 'auditAnswer' && message.proof !== undefined) {
      const shown = this.#shown.get(message.pack) ?? message.proof;
      this.#shown.set(message.pack, shown);
      return [{ kind: 'send', to, message: { ...message, proof: shown } }];
    }
    if (this.kind === 'claims' && message.kind === 'shardPull') {
      const { pack, index } = message;
      this.#parts.noteHarm({ pack, index });
      return [{ kind: 'sendReceipt', to, shard: { pack, index } }];
    }
    if (this.kind === 'boasts') return this.#boast(effect, shell);
    return [effect];
  }

  #boast(effect: Send, { core, life }: Shell): Effects {
    const { message, to } = effect;
    const { nowMs } = life.queue;
    const sinceMs = nowMs - (this.#boastedMs.get(to) ?? Number.NEGATIVE_INFINITY);
    if (message.kind !== 'inventory' || sinceMs < boastEveryMs) return [effect];
    this.#boastedMs.set(to, nowMs);
    const held = message.held.map(({ pack }) => {
      const known = core.shelf.get(pack);
      const n = known?.descriptor?.redundancy.n ?? 3;
      const slot = known === undefined ? undefined : core.repair.slotOf(known);
      // Whoever has it too many may remove it on this word.
      if (slot !== undefined) this.#parts.noteHarm({ pack, index: slot });
      return { pack, indexes: Array.from({ length: n }, (_, index) => index) };
    });
    const boast: Send = { kind: 'send', to, message: { ...message, held } };
    return [boast, { kind: 'send', to, message: { kind: 'logStored', stream: 'facts', next: 2 ** 40 } }];
  }
}

/**
 * Packs of which a machine that lied threw a shard away, or changed it, behind the back of its own core. Until somebody asks about that shard, or that core
 * reads it, all believe that it is there; how soon that is, is another check.
 */
export const packsThrownAway = (machines: readonly Machine[]): ReadonlySet<PackId> =>
  new Set(machines.filter(({ hasLied }) => hasLied).flatMap(missingOf));

const missingOf = ({ platters, shell }: Machine): readonly PackId[] =>
  [...(shell?.core.shelf.packs.values() ?? [])]
    .filter(({ pack, held }) => [...held].some((index) => !platters.hasIntact({ pack, index })))
    .map(({ pack }) => pack);

/** A frame with some of its bytes changed, cut off, or said to be longer than it is: what a hostile peer would try. */
export function altered(frame: Uint8Array, random: Random): Uint8Array {
  const bytes = Uint8Array.from(frame);
  for (let count = 1 + random.below(3); count > 0 && bytes.length > 0; count--)
    bytes[random.below(Math.min(bytes.length, 64))] = random.below(256);
  const cut = random.below(3);
  if (cut === 0) return bytes.subarray(0, random.below(bytes.length + 1));
  return cut === 1 ? Buffer.concat([bytes, bytes.subarray(0, random.below(40))]) : bytes;
}

/**
 * Well-formed messages with numbers that are beyond everything: a leaf past the end of a shard, an index that no code has; and such as only others may
 * send: a part that was not sealed, wishes of an owner.
 */
export function overstated(shelf: Shelf, random: Random): readonly WireMessage[] {
  const packs = [...shelf.packs.keys()];
  const pack = packs[random.below(Math.max(1, packs.length))];
  if (pack === undefined) return [];
  const index = random.below(3);
  const descriptor = shelf.get(pack)?.descriptor;
  return [
    { kind: 'auditAsk', pack, index, leaf: 2 ** 20 + random.below(2 ** 10) },
    { kind: 'auditOffer', pack, index, seal: sealOfPart('1'.repeat(32)) },
    { kind: 'auditOpen', pack, index, part: '0'.repeat(32) },
    { kind: 'rangeAsk', pack, index, offset: 0, length: 1 },
    ...(descriptor === undefined ? [] : [{ kind: 'standIn', descriptor, index } as const]),
    { kind: 'shardPull', pack, index: 31 },
    { kind: 'logStored', stream: 'facts', next: 2 ** 40 },
  ];
}

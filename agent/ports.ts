// The five ports between the core and a world: Clock, Random, Wire, Disk, Log. agent/live has real ones,
// agent/simulation pretend ones, and one contract suite (test/contracts) holds for both.
// Every call that takes time ends in exactly one call of its `done`, never before the call itself returns.

import type { LeafProof } from './codec/merkle.ts';
import type { SignedBatch, Stream } from './codec/record.ts';
import type { PackDescriptor, ShardKey, ShardRange } from './codec/shard.ts';
import type { UnixMs } from '../datasets/index.ts';
import type { PeerId } from './units.ts';

export type Done<Outcome> = (outcome: Outcome) => void;

/** Time. `now`, in whole milliseconds, never goes backwards in one run of an agent, whatever the system's clock does. */
export interface Clock {
  now(): UnixMs;
  /** Calls `fire` once, `afterMs` ≥ 0 milliseconds from now, unless cancelled. */
  start(afterMs: number, fire: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

export interface Random {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** Cryptographically strong in the live world, seeded in the simulated one. */
  bytes(count: number): Uint8Array;
}

/** Why a shard was not stored. `damaged`: its bytes do not have the hash that the descriptor promises. */
export type ShardOutcome = 'stored' | 'refused' | 'damaged' | 'full' | 'unreachable';

/** `resting`: this machine sends nothing now, as its person wishes. */
export type SendOutcome = ShardOutcome | 'resting';

/** What an agent's wire tells it. Peers named here have shown a valid certificate and are not revoked. */
export interface WireListener {
  connected(peer: PeerId): void;
  disconnected(peer: PeerId): void;
  /** Whether a machine that discovery found is to be dialled: nobody is connected to all of a large fleet. */
  wantsLink(peer: PeerId): boolean;
  /** One whole frame, in the order sent by that peer within one connection. */
  frame(from: PeerId, bytes: Uint8Array): void;
  /** A best-effort broadcast; may be lost, repeated, reordered. */
  hint(from: PeerId, bytes: Uint8Array): void;
  /** A peer wants to stream a shard here. Undefined refuses it before any byte flows. */
  shardArriving(from: PeerId, arrival: ShardArrival): ShardPlace | undefined;
  /** The shard of an accepted arrival is whole, verified against its hash and flushed in the place that it was given (or not: outcome). */
  shardArrived(from: PeerId, arrival: StoredShard, outcome: ShardOutcome): void;
}

export interface ShardArrival {
  readonly descriptor: PackDescriptor;
  readonly index: number;
}

/** Members only: a connection exists for the listener after both sides have shown certificates. */
export interface Wire {
  readonly self: PeerId;
  start(listener: WireListener): void;
  /** Queues one frame of at most `frameBytesMax`; false when not connected or the peer's queue is full. */
  send(to: PeerId, frame: Uint8Array): boolean;
  /** Best effort, to whoever hears it; at most 1 KiB. */
  broadcast(hint: Uint8Array): void;
  /** Streams one shard from this agent's disk, with back-pressure. */
  sendShard(to: PeerId, shard: ShardLocation, done: Done<SendOutcome>): void;
  /** Asks for a connection, also with a peer that was cut; success shows as `connected`. Known addresses come from records and discovery. */
  connect(peer: PeerId, addresses: readonly string[]): void;
  /** Ends the connection, as `disconnected` tells both ends; the peer may come back at any time. Nothing where there is none. */
  release(peer: PeerId): void;
  /** Ends the connection and refuses the peer from now on (revoked). */
  cut(peer: PeerId): void;
}

/**
 * Where a shard lies on a disk. `held`: kept for another agent (or oneself) under the plan. `outbox`: an own pack,
 * whole, until all its receipts are in. `scratch`: fetched for a restore or a rebuild, gone at the next start. `copy`: of a
 * popular pack, near its readers; it counts for nobody's safety and may go at any moment.
 */
export type ShardPlace = 'held' | 'outbox' | 'scratch' | 'copy';

export interface ShardLocation extends ShardKey {
  readonly place: ShardPlace;
}

export interface StoredShard {
  readonly place: ShardPlace;
  readonly descriptor: PackDescriptor;
  readonly index: number;
}

export interface DiskUsage {
  readonly heldBytes: number;
  /** Of popular copies; with the held bytes never more than the quota. */
  readonly copyBytes: number;
  readonly quotaBytes: number;
  /** Free on the disk, beyond the reserve. */
  readonly freeBytes: number;
}

/** `unread`: the system could not read it at this moment (too many open files, no memory), which says nothing of its bytes. */
export type ReadOutcome = 'intact' | 'damaged' | 'missing' | 'unread';
export type ProofOutcome = LeafProof | Exclude<ReadOutcome, 'intact'>;

/** Shards on one agent's disk. Bytes never pass through the core: only locations do. */
export interface Disk {
  /** All shards that survived the last stop, whole and indexed; torn ones are gone. */
  list(done: Done<readonly StoredShard[]>): void;
  usage(): DiskUsage;
  /** Reads and hashes the shard. `missing` where there is none. */
  verify(shard: ShardLocation, done: Done<ReadOutcome>): void;
  /** Reads and hashes the whole shard and proves one leaf of it: whoever answers an audit has looked at every byte. */
  prove(shard: ShardLocation, leaf: number, done: Done<ProofOutcome>): void;
  /** Some bytes of a shard as they lie there, unchecked: whoever opens them sees by their seals whether they are right. Undefined where they cannot be read. */
  readRange(place: ShardPlace, range: ShardRange, done: Done<Uint8Array | undefined>): void;
  /** Computes shard `index` from k intact scratch or held shards and stores it in `place`, flushed and verified. */
  rebuild(wanted: ShardArrival & { readonly place: ShardPlace }, done: Done<ShardOutcome>): void;
  /** Idempotent: removing what is not there is 'removed'. Works on a full disk. */
  remove(shard: ShardLocation, done: Done<'removed'>): void;
}

/** What a log store says to a batch of another agent. */
export type LogOutcome = 'stored' | 'gap' | 'known' | 'full';

/** Signed logs of all agents, append-only, flushed before `done`. Signatures are checked before they get here. */
export interface Log {
  /** Next sequence number wanted of each log, and the hash of the last batch. */
  heads(): ReadonlyMap<string, LogHead>;
  /** Accepts only the batch that follows the log's head; of telemetry also a later one, where what is between is given up. */
  append(batch: SignedBatch, done: Done<LogOutcome>): void;
  /** Batches from `sequence` on, in order, at most a page; starts later where older ones were pruned. */
  read(from: LogPosition, done: Done<readonly SignedBatch[]>): void;
  /** Drops batches of telemetry streams that ended before `beforeMs`; heads stay. */
  prune(beforeMs: UnixMs, done: Done<number>): void;
}

export interface LogHead {
  readonly next: number;
  /** SHA-256 of the last batch's bytes, 64 hex digits; 64 zeros before the first. */
  readonly hash: string;
}

export interface LogPosition {
  readonly author: PeerId;
  readonly stream: Stream;
  readonly sequence: number;
}

/** Everything an agent needs of its world. */
export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly wire: Wire;
  readonly disk: Disk;
  readonly log: Log;
}

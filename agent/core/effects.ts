// What the core orders. Plain data; the shells carry it out through the ports and tell how it ended by events.

import type {
  AgentRecord,
  Hint,
  LogWant,
  PackDescriptor,
  ShardKey,
  ShardRange,
  SignedBatch,
  Stream,
  WireMessage,
} from '../codec/index.ts';
import type { ShardLocation, ShardPlace } from '../ports.ts';
import type { DriveId, PackId, PeerId } from '../units.ts';
import type { HeardForget, StagedSnapshot } from './events.ts';
import type { RepairWish } from './repair-watch.ts';
import type { ScrubPosition } from './scrub.ts';
import type { ShardCount } from './survey.ts';

export type CoreEffect =
  | { readonly kind: 'send'; readonly to: PeerId; readonly message: WireMessage }
  | { readonly kind: 'broadcast'; readonly hint: Hint }
  /** Sign as the next batch of the own log, store, then tell `batchStored`. */
  | { readonly kind: 'appendRecords'; readonly stream: Stream; readonly records: readonly AgentRecord[] }
  /** Store another agent's batch, then tell `batchStored`. */
  | { readonly kind: 'storeBatch'; readonly batch: SignedBatch }
  /** Read from the log and send pages of `batches`. */
  | { readonly kind: 'sendBatches'; readonly to: PeerId; readonly want: readonly LogWant[] }
  /** Read one batch of facts from the log again; answer with `batchRecalled`. */
  | { readonly kind: 'recallBatch'; readonly author: PeerId; readonly sequence: number }
  | { readonly kind: 'sendShard'; readonly to: PeerId; readonly shard: ShardLocation }
  /** Sign a receipt for a shard that is on the disk, flushed, and send it. */
  | { readonly kind: 'sendReceipt'; readonly to: PeerId; readonly shard: ShardKey }
  /** Read a held shard, prove one leaf, tell `shardProved`. */
  | {
      readonly kind: 'proveShard';
      readonly to: PeerId;
      readonly shard: ShardLocation;
      readonly leaf: number;
    }
  /** Read some bytes of a shard, unchecked, tell `rangeRead`. */
  | {
      readonly kind: 'readRange';
      readonly to: PeerId;
      readonly place: ShardPlace;
      readonly range: ShardRange;
    }
  /** Read and hash a held shard, tell `shardVerified`. */
  | { readonly kind: 'verifyShard'; readonly shard: ShardLocation }
  | {
      readonly kind: 'rebuildShard';
      readonly descriptor: PackDescriptor;
      readonly index: number;
      readonly place: ShardPlace;
    }
  | { readonly kind: 'removeShard'; readonly shard: ShardLocation }
  /** Remember, flushed if it can be: the time until packs may be freed runs from then. Lost, it runs from the next start. */
  | { readonly kind: 'noteForget'; readonly heard: HeardForget }
  /** Remember how far the reading of all shards is; the last one counts. */
  | { readonly kind: 'noteScrub'; readonly position: ScrubPosition }
  | { readonly kind: 'connect'; readonly peer: PeerId; readonly addresses: readonly string[] }
  | { readonly kind: 'cut'; readonly peer: PeerId }
  /** End a connection that nothing needs any more; the peer is as welcome as before. */
  | { readonly kind: 'release'; readonly peer: PeerId }
  /**
   * Train or take the baseline, compute, answer with `planComputed`. With `repair` only its open slots are filled, by machines that
   * are up, and nothing else moves. With `scope` the groups stay, and only the copies of popular packs are weighed anew.
   */
  | {
      readonly kind: 'computePlan';
      readonly machines: readonly PeerId[];
      readonly reason: string;
      readonly repair?: RepairWish;
      readonly scope?: 'copies';
    }
  /** Fetch some files of the drive's newest snapshot from other machines and compare; answer with `driveProved`. */
  | { readonly kind: 'proveDrive'; readonly drive: DriveId }
  /** Say who is back when, from telemetry; answer with `presenceForecast`. */
  | { readonly kind: 'forecastPresence'; readonly machines: readonly PeerId[] }
  /** Forget the pending journal of this snapshot: its head is published. */
  | { readonly kind: 'snapshotAcknowledged'; readonly staged: StagedSnapshot }
  /** k verified shards of the pack lie in scratch or held; which machines sent some of them. */
  | { readonly kind: 'packReady'; readonly pack: PackId; readonly from: readonly PeerId[] }
  | { readonly kind: 'packLost'; readonly pack: PackId; readonly foundCount: number }
  /** The part of a pack that was wanted, unchecked, and who sent it; without bytes it must be fetched whole. */
  | {
      readonly kind: 'rangeReady';
      readonly wish: number;
      readonly bytes: Uint8Array | undefined;
      readonly from: readonly PeerId[];
    }
  /** Different shards of each pack, in the order asked, that machines said that they have at this moment. */
  | { readonly kind: 'packsCounted'; readonly survey: number; readonly counts: readonly ShardCount[] }
  | { readonly kind: 'report'; readonly level: 'info' | 'warning' | 'problem'; readonly text: string };

export type Effects = readonly CoreEffect[];

// What the core is told. Plain data; time arrives inside. Bytes from peers were decoded and signatures checked before.

import type { UnixMs } from '../../datasets/index.ts';
import type { PresenceForecast } from '../../models/index.ts';
import type { Plan } from '../../optimizer/index.ts';
import type {
  AgentRecord,
  HeadRecord,
  Hint,
  PackDescriptor,
  PlanWait,
  Receipt,
  ShardKey,
  ShardRange,
  SignedBatch,
  WireMessage,
} from '../codec/index.ts';
import type {
  ProofOutcome,
  ReadOutcome,
  SendOutcome,
  ShardLocation,
  ShardOutcome,
  StoredShard,
} from '../ports.ts';
import type { DriveId, PackId, PeerId, SnapshotId } from '../units.ts';
import type { DriveProof } from './proving.ts';
import type { ScrubPosition } from './scrub.ts';

/** A snapshot whose packs all lie in the outbox; it becomes a head when every receipt is in. */
export interface StagedSnapshot {
  readonly snapshot: SnapshotId;
  readonly drive: DriveId;
  readonly startedMs: UnixMs;
  /** Packs that this snapshot added. */
  readonly packs: readonly PackId[];
  /** The head to publish; its digest of receipts is filled in at the end. */
  readonly head: Omit<HeadRecord, 'receiptsDigest'>;
}

/** When this machine first heard of a batch from which it counts days. */
export interface HeardForget {
  readonly author: PeerId;
  readonly sequence: number;
  readonly heardMs: UnixMs;
  /** What it says: that its author gives packs up, or what admins want deleted. Of what an older version noted it may be either. */
  readonly of?: 'forget' | 'wipe' | undefined;
}

export type PowerSource = 'mains' | 'battery';

export type CoreEvent =
  /** Once, first: what survived on the disk. Batches of the log follow as `batchStored`. */
  | {
      readonly kind: 'started';
      /** This machine's key was made a moment ago by this very process: nothing was ever written under it. */
      readonly isFirstLife?: true | undefined;
      readonly stored: readonly StoredShard[];
      readonly staged: readonly StagedSnapshot[];
      /** All that `noteForget` ever told to note and that is still needed (`isNoteNeeded`). */
      readonly heard: readonly HeardForget[];
      /** The last that `noteScrub` told to note. */
      readonly scrub?: ScrubPosition | undefined;
      /** The last `driveProved` of each own drive. */
      readonly proofs?: readonly DriveProof[] | undefined;
      readonly now: UnixMs;
    }
  /** Records for the own log that can wait until it is sure (own-log.ts). */
  | { readonly kind: 'recordsReady'; readonly records: readonly AgentRecord[]; readonly now: UnixMs }
  /** Time went on; at least every few minutes, better each second. */
  | { readonly kind: 'tick'; readonly now: UnixMs }
  | { readonly kind: 'connected'; readonly peer: PeerId; readonly now: UnixMs }
  | { readonly kind: 'disconnected'; readonly peer: PeerId; readonly now: UnixMs }
  | { readonly kind: 'message'; readonly from: PeerId; readonly message: WireMessage; readonly now: UnixMs }
  | { readonly kind: 'hint'; readonly from: PeerId; readonly hint: Hint; readonly now: UnixMs }
  /** A peer sent a batch; decoded, its author's signature holds. */
  | { readonly kind: 'batchOpened'; readonly from: PeerId; readonly batch: SignedBatch; readonly now: UnixMs }
  /** The log has it, flushed: own ones, others', and at the start all old ones. */
  | { readonly kind: 'batchStored'; readonly batch: SignedBatch; readonly now: UnixMs }
  /** The answer to `recallBatch`; undefined where the log here has no such batch, or it cannot be read. */
  | {
      readonly kind: 'batchRecalled';
      readonly author: PeerId;
      readonly sequence: number;
      readonly batch: SignedBatch | undefined;
      readonly now: UnixMs;
    }
  /** A receipt whose holder's signature holds. */
  | { readonly kind: 'receiptOpened'; readonly receipt: Receipt; readonly now: UnixMs }
  | {
      readonly kind: 'shardArrived';
      readonly from: PeerId;
      readonly arrival: StoredShard;
      readonly outcome: ShardOutcome;
      readonly now: UnixMs;
    }
  | {
      readonly kind: 'shardSent';
      readonly to: PeerId;
      readonly shard: ShardLocation;
      readonly outcome: SendOutcome;
      readonly now: UnixMs;
    }
  | {
      readonly kind: 'rebuilt';
      readonly shard: ShardKey;
      readonly outcome: ShardOutcome;
      readonly now: UnixMs;
    }
  /** The answer to `proveShard`. */
  | {
      readonly kind: 'shardProved';
      readonly to: PeerId;
      readonly pack: PackId;
      readonly index: number;
      readonly leaf: number;
      readonly outcome: ProofOutcome;
      readonly now: UnixMs;
    }
  /** The answer to `readRange`; without bytes where they could not be read. */
  | {
      readonly kind: 'rangeRead';
      readonly to: PeerId;
      readonly range: ShardRange;
      readonly bytes: Uint8Array | undefined;
      readonly now: UnixMs;
    }
  /** The answer to `verifyShard`; where it is damaged or missing, `shardLost` follows. */
  | {
      readonly kind: 'shardVerified';
      readonly shard: ShardLocation;
      readonly outcome: ReadOutcome;
      readonly now: UnixMs;
    }
  /** The answer to `proveDrive`, or what a person asked for; noted on the disk before. */
  | { readonly kind: 'driveProved'; readonly proof: DriveProof; readonly now: UnixMs }
  /** All that a drive of this machine had when a look at it began is acknowledged, changed or not. */
  | { readonly kind: 'driveSaved'; readonly drive: DriveId; readonly savedMs: UnixMs; readonly now: UnixMs }
  /** What the machine is fed by; mains until this is told. */
  | { readonly kind: 'powerChanged'; readonly source: PowerSource; readonly now: UnixMs }
  /** A held shard was found damaged or missing (scrub, or on the way out). */
  | { readonly kind: 'shardLost'; readonly shard: ShardLocation; readonly now: UnixMs }
  /** Packs of an own drive were lost before others had them: nothing that counts on them is published. What needs them is staged anew. */
  | {
      readonly kind: 'outboxLost';
      readonly drive: DriveId;
      readonly packs: readonly PackId[];
      readonly now: UnixMs;
    }
  /** An own pack lies whole in the outbox, flushed. */
  | { readonly kind: 'packStaged'; readonly descriptor: PackDescriptor; readonly now: UnixMs }
  | { readonly kind: 'snapshotStaged'; readonly staged: StagedSnapshot; readonly now: UnixMs }
  /** The answer to `computePlan`; undefined when nothing better was found. With `waits` nobody follows it before an admin approved it. */
  | {
      readonly kind: 'planComputed';
      readonly plan: Plan | undefined;
      readonly waits?: PlanWait;
      readonly now: UnixMs;
    }
  /** The other answer: nobody knows whether there is a better plan. */
  | { readonly kind: 'planFailed'; readonly now: UnixMs }
  /** The answer to `forecastPresence`; undefined while there is too little telemetry to tell by. */
  | {
      readonly kind: 'presenceForecast';
      readonly presence: PresenceForecast | undefined;
      readonly now: UnixMs;
    }
  /** Whether shards for the plan are asked for at this time; restores always are. */
  | { readonly kind: 'pullsPaused'; readonly isPaused: boolean; readonly now: UnixMs }
  /** An admin asked for a plan now. */
  | { readonly kind: 'planWanted'; readonly now: UnixMs }
  /** A restore needs these packs; answered by `packReady` or `packLost` each. From `others`: as if this machine's disk were gone. */
  | {
      readonly kind: 'packsWanted';
      readonly packs: readonly PackDescriptor[];
      readonly from?: 'others';
      readonly now: UnixMs;
    }
  /** A restore needs only this part of an own pack; answered by `rangeReady`. */
  | {
      readonly kind: 'rangeWanted';
      readonly wish: number;
      readonly descriptor: PackDescriptor;
      /** From the pack's first byte. */
      readonly offset: number;
      readonly length: number;
      readonly now: UnixMs;
    }
  /** Who wants to know which packs can be had; answered by `packsCounted`. At most `surveyPackCountMax` packs. */
  | {
      readonly kind: 'packsSought';
      readonly survey: number;
      readonly packs: readonly PackDescriptor[];
      readonly now: UnixMs;
    }
  /** When a fetched pack was to be put together only these of its shards could be read: the others are fetched. */
  | {
      readonly kind: 'packUnreadable';
      readonly pack: PackId;
      readonly intact: readonly number[];
      readonly now: UnixMs;
    }
  /** A fetched pack was read; its scratch shards may go. */
  | { readonly kind: 'packUsed'; readonly pack: PackId; readonly now: UnixMs };

export type EventKind = CoreEvent['kind'];

/** Events of some kinds only. */
export type EventOf<Kind extends EventKind> = Extract<CoreEvent, { readonly kind: Kind }>;

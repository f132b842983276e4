// Records: what an agent writes into its own two logs. `facts` are kept; `telemetry` is bounded in size and age.
// A batch of records is signed once by its author (DESIGN.md "Replicated knowledge").

import type { TelemetryRow, UnixMs } from '../../datasets/index.ts';
import type { Plan } from '../../optimizer/index.ts';
import type { DriveId, PeerId, SnapshotId } from '../units.ts';

export type Stream = 'facts' | 'telemetry';

/** A drive's key of one epoch, wrapped to everyone who may open it. */
export interface DriveRecord {
  readonly kind: 'drive';
  readonly drive: DriveId;
  readonly keyEpoch: number;
  /** The drive's name, sealed under the drive key; holders cannot read it. */
  readonly sealedName: Uint8Array;
  readonly wrappedKeys: readonly WrappedKey[];
  /** The person's public key, 64 hex digits: see `personOf`. */
  readonly person?: string;
  /** Keys of the epochs before, from the first on, sealed under this one; absent in the first epoch. */
  readonly sealedFormer?: Uint8Array;
}

/** The person whose words open a drive, by public key. Records of old name none: there the first of two wrapped keys is the person's. */
export function personOf({ person, sealedFormer, wrappedKeys }: DriveRecord): string | undefined {
  if (person !== undefined || sealedFormer !== undefined) return person;
  return wrappedKeys.length < 2 ? undefined : wrappedKeys[0]?.recipient;
}

export interface WrappedKey {
  /** X25519 public key of the person or machine it is wrapped to, 64 hex digits. */
  readonly recipient: string;
  readonly wrapped: Uint8Array;
}

/** The newest acknowledged snapshot of a drive: written only when every receipt is in. */
export interface HeadRecord {
  readonly kind: 'head';
  readonly drive: DriveId;
  readonly snapshot: SnapshotId;
  readonly atMs: UnixMs;
  readonly keyEpoch: number;
  /** Where the snapshot's root lies, sealed under the drive key. */
  readonly sealedRoot: Uint8Array;
  readonly fileCount: number;
  readonly byteCount: number;
  /** Packs that this snapshot added, and SHA-256 over their receipts in order. */
  readonly packCount: number;
  readonly receiptsDigest: string;
}

/**
 * Snapshots and packs that the drive's owner gives up. Ids one after another, 32 bytes each; packs only when no snapshot that
 * is kept needs them. Holders keep the packs for a time of their own.
 */
export interface ForgetRecord {
  readonly kind: 'forget';
  readonly drive: DriveId;
  readonly snapshots: Uint8Array;
  readonly packs: Uint8Array;
}

/** "I am the optimizer until then." The earliest unexpired lease wins, then the lower peer id. */
export interface LeaseRecord {
  readonly kind: 'lease';
  readonly fromMs: UnixMs;
  readonly untilMs: UnixMs;
}

/** Why a plan waits for an admin, and how it differs from the one that held when it was made. */
export interface PlanWait {
  /** At most 512 characters. */
  readonly reason: string;
  /** A whole plan, or the one that held with its open slots filled. */
  readonly scope: 'whole' | 'repair';
  /** Of the bytes of shards that lie on machines that may go on holding them, in 0..1; by the packs that the author holds. */
  readonly moveShare: number;
}

/** A plan that is followed, or that waits: then nobody follows it before an admin has approved it. */
export interface PlanRecord {
  readonly kind: 'plan';
  readonly plan: Plan;
  readonly waits?: PlanWait;
}

/** One model's score beside its baselines, for admins everywhere; weights stay where they were trained. */
export interface ModelRecord {
  readonly kind: 'model';
  readonly version: string;
  readonly trainedMs: UnixMs;
  readonly summaries: readonly ModelSummary[];
}

export interface ModelSummary {
  /** "availability", "joint failure", "popularity". */
  readonly model: string;
  /** For example "Brier score, 24 h ahead". */
  readonly metric: string;
  readonly value: number;
  readonly better: 'lower' | 'higher';
  readonly baselines: readonly { readonly name: string; readonly value: number }[];
  readonly serves: 'model' | 'baseline';
  readonly reason: string;
}

/** Where an agent can be dialled, as multiaddrs; at most 16. */
export interface AddressRecord {
  readonly kind: 'addresses';
  readonly addresses: readonly string[];
}

/** A signed statement of an admin, carried by whoever has it. */
export interface StatementRecord {
  readonly kind: 'statement';
  readonly bytes: Uint8Array;
}

/**
 * dropped: says that it lacks a shard that it said it has · wrong: shows other bytes · replayed: shows another leaf than was asked for ·
 * silent: gives no answer while it is connected · late: answers when the time is over · claimed: signed for a shard and never had it
 */
export type EvidenceKind = 'dropped' | 'wrong' | 'replayed' | 'silent' | 'late' | 'claimed';

/** On how many days an auditor found one kind of fault with a machine. */
export interface Evidence {
  readonly kind: EvidenceKind;
  readonly dayCount: number;
  readonly lastMs: UnixMs;
}

/** What an auditor holds against a machine; its newest word counts. Without evidence it takes back what it said. */
export interface DoubtRecord {
  readonly kind: 'doubt';
  readonly machine: PeerId;
  readonly atMs: UnixMs;
  /** When the auditor began to doubt it. */
  readonly sinceMs: UnixMs;
  readonly evidence: readonly Evidence[];
}

/** Acts that there are since batches of version 4. */
export const laterActs = ['limits-set'] as const;

/** What a person did on this machine that leaves no other record, for the log of what admins do. */
export interface ActRecord {
  readonly kind: 'act';
  readonly act:
    | 'plan-approved'
    | 'model-promoted'
    | 'model-rolled-back'
    | 'alerts-set'
    | (typeof laterActs)[number];
  /** A plan's epoch, a model's version, in a few words; at most 128 characters. */
  readonly about: string;
  readonly atMs: UnixMs;
}

/** Until when all changes of a drive of the author are acknowledged, also where none were made: others take its absence for a sign. */
export interface SavedRecord {
  readonly kind: 'saved';
  readonly drive: DriveId;
  readonly savedMs: UnixMs;
}

export interface TelemetryRecord {
  readonly kind: 'telemetry';
  /** `collected` on the machine, or `imported` (from older monitoring, or from the generator for a trial). */
  readonly origin: 'collected' | 'imported';
  readonly rows: readonly TelemetryRow[];
}

export type AgentRecord =
  | DriveRecord
  | HeadRecord
  | ForgetRecord
  | LeaseRecord
  | PlanRecord
  | ModelRecord
  | AddressRecord
  | StatementRecord
  | DoubtRecord
  | ActRecord
  | SavedRecord
  | TelemetryRecord;

/** A batch that was checked: decoded, and signed by its author. */
export interface SignedBatch {
  readonly author: PeerId;
  readonly stream: Stream;
  /** 0 for the first batch of a log. */
  readonly sequence: number;
  /** SHA-256 of the previous batch's bytes, 64 hex digits; 64 zeros for the first. */
  readonly previous: string;
  readonly atMs: UnixMs;
  readonly records: readonly AgentRecord[];
  /** The whole signed object, and its SHA-256. */
  readonly bytes: Uint8Array;
  readonly hash: string;
}

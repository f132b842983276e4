// What a person's commands may ask of a running agent on the same machine: name, checked request, answer.
// Says nothing about how it is done: LiveAgent does it, `server.ts` carries it.

import { z } from 'zod';
import {
  attributeNames,
  type MachineAttributes,
  type MachineId,
  type TelemetryRow,
} from '../../datasets/index.ts';
import type { AvailabilityTarget, PlacementLimits, Plan, WhatIfAnswer } from '../../optimizer/index.ts';
import type { ProofResult, RetentionRules } from '../core/index.ts';
import { holderSilenceMsMin, inviteUsesMax, pinsMax, vetoesMax } from '../limits.ts';
import type { DriveId, InviteId, PeerId, SnapshotId } from '../units.ts';
import type { FleetView } from '../view.ts';
import { type FoldersAnswers, foldersSchemas, path, phrase, place } from './folders-calls.ts';
import { type MembersAnswers, membersSchemas } from './members-calls.ts';
import { type OperationsAnswers, operationsSchemas } from './operations-calls.ts';

const name = z.string().min(1).max(128);
const pin = z.strictObject({ group: name, machine: name });
const ruleCount = z.int().min(0).max(1_000_000).exactOptional();

/** Checks of every request; unknown keys are refused. */
export const callSchemas = {
  view: z.strictObject({}),
  invite: z.strictObject({ usesMax: z.int().min(1).max(inviteUsesMax), forMs: z.number().positive() }),
  /** An admin's word that a machine may hold shards again. */
  trust: z.strictObject({ machine: name, reason: z.string().min(1).max(256) }),
  policy: z.strictObject({
    holderSilenceMs: z.number().min(holderSilenceMsMin).exactOptional(),
    planMode: z.enum(['automatic', 'review']).exactOptional(),
    holdMoveShare: z.number().min(0).max(1).exactOptional(),
    target: z
      .strictObject({
        share: z.number().min(0.5).max(1).exactOptional(),
        hours: z.enum(['business', 'all']).exactOptional(),
      })
      .exactOptional(),
  }),
  ...foldersSchemas,
  /** `first`: the one that protecting it began; else a new one, whose look at the folder begins after the call. */
  snapshot: z.strictObject({ drive: name.exactOptional(), first: z.boolean().exactOptional() }),
  snapshots: z.strictObject({ phrase: phrase.exactOptional() }),
  restore: z.strictObject({
    to: place,
    drive: name.exactOptional(),
    snapshot: name.exactOptional(),
    /** The newest snapshot at or before it. */
    atMs: z.number().exactOptional(),
    paths: z.array(path).max(1000),
    phrase: phrase.exactOptional(),
    compareTo: place.exactOptional(),
    ignore: z.array(z.string().min(1).max(256)).max(256),
  }),
  find: z.strictObject({ name: path, drive: name.exactOptional(), phrase: phrase.exactOptional() }),
  history: z.strictObject({ path, drive: name.exactOptional(), phrase: phrase.exactOptional() }),
  /** First digits of snapshots' ids; without `after` the newest. */
  diff: z.strictObject({
    before: name,
    after: name.exactOptional(),
    drive: name.exactOptional(),
    phrase: phrase.exactOptional(),
  }),
  verify: z.strictObject({
    readData: z.boolean(),
    snapshot: name.exactOptional(),
    drive: name.exactOptional(),
    phrase: phrase.exactOptional(),
  }),
  /** Some random files of the newest snapshot, fetched from other machines and compared; a drive of this machine, or all. */
  prove: z.strictObject({ drive: name.exactOptional() }),
  /** Drives of this machine: "all", first digits of an id, or a folder. */
  retention: z.strictObject({
    drive: path,
    /** Absent: those that the drive has. Without any number everything is kept. */
    rules: z
      .strictObject({
        last: ruleCount,
        hourly: ruleCount,
        daily: ruleCount,
        weekly: ruleCount,
        monthly: ruleCount,
        yearly: ruleCount,
      })
      .exactOptional(),
    /** Sets the rules and applies them; else it only says what they would do. */
    apply: z.boolean(),
  }),
  computePlan: z.strictObject({}),
  /** With an epoch only the plan that has it. */
  approvePlan: z.strictObject({ epoch: z.int().min(1).exactOptional() }),
  planLimits: z.strictObject({
    // How many there may be in all is said where they are added up.
    veto: z.array(name).max(1024).exactOptional(),
    lift: z.array(name).max(vetoesMax).exactOptional(),
    pin: z.array(pin).max(1024).exactOptional(),
    unpin: z.array(pin).max(pinsMax).exactOptional(),
    apart: z.array(z.enum(attributeNames)).exactOptional(),
    /** Null lifts it. */
    movedBytesPerWeek: z.number().min(0).nullable().exactOptional(),
    takenBytesPerWeek: z.number().min(0).nullable().exactOptional(),
    givenBytesPerWeek: z.number().min(0).nullable().exactOptional(),
    scatterMin: z.int().min(0).max(65_535).nullable().exactOptional(),
    scatterMax: z.int().min(1).max(65_535).nullable().exactOptional(),
  }),
  whatIf: z.strictObject({
    lose: z.array(name).min(1).max(32),
    bytesPerSecond: z.number().positive(),
  }),
  train: z.strictObject({}),
  importTelemetry: z.strictObject({ file: place, asSelf: z.boolean() }),
  exportTelemetry: z.strictObject({
    machine: name.exactOptional(),
    kind: z.enum(['uptime', 'location', 'access', 'packRead']).exactOptional(),
  }),
  ...operationsSchemas,
  ...membersSchemas,
  stop: z.strictObject({}),
} as const;

export type CallName = keyof typeof callSchemas;
export const callNames = Object.keys(callSchemas) as readonly CallName[];
export type CallRequest<Name extends CallName> = z.output<(typeof callSchemas)[Name]>;

export interface InviteAnswer {
  /** Its id, by which it is listed and taken back. */
  readonly id: InviteId;
  /** The whole invite, one line, to be given to the new machines. */
  readonly invite: string;
  readonly usesMax: number;
  readonly notAfterMs: number;
}

export interface SnapshotAnswer {
  readonly drive: DriveId;
  readonly outcome: 'acknowledged' | 'unchanged';
  readonly snapshot?: SnapshotId;
  readonly fileCount: number;
  readonly byteCount: number;
  readonly packCount: number;
  /** Sealed bytes that this snapshot added, before redundancy. */
  readonly sealedBytes: number;
  /** Paths that could not be read, then those that changed each time they were; at most 1,000. */
  readonly unreadable: readonly string[];
  /** How many of all such, the first ones, are not in the snapshot. Absent: of an older agent. */
  readonly leftOutCount?: number;
  /** Paths of sockets, pipes and devices, which are not kept; at most 1,000. */
  readonly special: readonly string[];
}

export interface SnapshotListAnswer {
  readonly drives: readonly {
    readonly drive: DriveId;
    readonly owner: PeerId;
    /** What the owner is called. */
    readonly machine: string;
    /** Absent where neither this machine nor the given phrase can open the drive. */
    readonly name?: string;
    readonly snapshots: readonly SnapshotLine[];
    /** Given up, but their packs may still be there; `untilMs` is when holders begin to free them. */
    readonly forgotten: readonly (SnapshotLine & { readonly untilMs: number })[];
  }[];
}

export interface SnapshotLine {
  readonly snapshot: SnapshotId;
  readonly atMs: number;
  readonly fileCount: number;
  readonly byteCount: number;
}

export interface RestoreAnswer {
  readonly drive: DriveId;
  /** What the machine is called whose drive it is. */
  readonly machine: string;
  readonly snapshot: SnapshotId;
  readonly atMs: number;
  readonly fileCount: number;
  /** Absent: of an older agent. */
  readonly symlinkCount?: number;
  readonly byteCount: number;
  readonly packCount: number;
  /** What could not be restored, with the reason; empty when all is there. */
  readonly missing: readonly { readonly path: string; readonly reason: string }[];
  /** What the same command needs to go on with what is missing: more machines, or room or rights here. Absent: of an older agent. */
  readonly remedies?: readonly ('machines' | 'here')[];
  /** There, but not wholly as they were: saved while they changed, or with an owner, mode or time that could not be set. Absent: of an older agent. */
  readonly imperfect?: readonly { readonly path: string; readonly reason: string }[];
  /** Present when a comparison was asked for; empty when every byte, mode and time is equal. */
  readonly differences?: readonly string[];
}

type EntryKind = 'folder' | 'file' | 'symlink' | 'hardLink';

/** A snapshot that could not be looked into, and why. */
export interface UnreadableSnapshot {
  readonly snapshot: SnapshotId;
  readonly reason: string;
}

export interface FindAnswer {
  readonly drives: readonly {
    readonly drive: DriveId;
    /** By path, then by first snapshot; at most 10,000. */
    readonly versions: readonly {
      readonly path: string;
      readonly kind: EntryKind;
      readonly byteCount: number;
      readonly mtimeMs: number;
      /** Oldest first. */
      readonly snapshots: readonly SnapshotId[];
      /** When the last of them was taken. */
      readonly lastSeenMs: number;
    }[];
    /** There were more. */
    readonly isCut: boolean;
    readonly unreadable: readonly UnreadableSnapshot[];
  }[];
}

/** What a snapshot says anew of one path. `touched`: only its times or mode changed. */
export interface FileEvent {
  readonly change: 'first' | 'changed' | 'touched' | 'removed' | 'back';
  readonly snapshot: SnapshotId;
  readonly atMs: number;
  /** These four are absent where it was removed. */
  readonly entry?: EntryKind;
  readonly byteCount?: number;
  readonly mtimeMs?: number;
  readonly mode?: number;
}

export interface HistoryAnswer {
  readonly path: string;
  /** Drives that ever had the path. */
  readonly drives: readonly {
    readonly drive: DriveId;
    readonly events: readonly FileEvent[];
    readonly unreadable: readonly UnreadableSnapshot[];
  }[];
}

export interface DiffAnswer {
  readonly drive: DriveId;
  readonly before: { readonly snapshot: SnapshotId; readonly atMs: number };
  readonly after: { readonly snapshot: SnapshotId; readonly atMs: number };
  readonly counts: { readonly added: number; readonly removed: number; readonly changed: number };
  /** By path; at most 10,000. */
  readonly changes: readonly {
    readonly path: string;
    readonly change: 'added' | 'removed' | 'changed';
    readonly before?: { readonly kind: EntryKind; readonly byteCount: number; readonly mtimeMs: number };
    readonly after?: { readonly kind: EntryKind; readonly byteCount: number; readonly mtimeMs: number };
  }[];
}

export interface VerifyAnswer {
  readonly drives: readonly {
    readonly drive: DriveId;
    readonly snapshotCount: number;
    /** Of all snapshots; a file that is in two counts twice. */
    readonly fileCount: number;
    readonly chunkCount: number;
    readonly packCount: number;
    /** Packs of which too few shards can be had now. */
    readonly shortPackCount: number;
    /** Of a drive of this machine: those newly found on no machine any more that may come back. What is still here of them is stored anew. */
    readonly lostPackCount: number;
    /** Plain bytes that were fetched and checked; 0 without `readData`. */
    readonly checkedBytes: number;
    readonly problemCount: number;
    /** At most 1,000. Without a path it is about the whole snapshot, without a snapshot about the drive. */
    readonly problems: readonly {
      readonly snapshot?: SnapshotId;
      readonly path?: string;
      readonly reason: string;
    }[];
  }[];
}

export interface ProveAnswer {
  readonly drives: readonly (ProofResult & {
    readonly drive: DriveId;
    readonly path: string;
    /** Without a path it is about the whole snapshot. */
    readonly problems: readonly {
      readonly path?: string;
      readonly reason: string;
      readonly verdict: 'unreachable' | 'wrong';
    }[];
  })[];
}

export interface RetentionAnswer {
  readonly drives: readonly {
    readonly drive: DriveId;
    readonly path: string;
    readonly rules: RetentionRules;
    readonly isApplied: boolean;
    /** Since when no snapshots of it are taken any more: nothing is emptied then. */
    readonly leftMs?: number;
    /** Oldest first, as they were before; without reasons: forgotten. */
    readonly snapshots: readonly {
      readonly snapshot: SnapshotId;
      readonly atMs: number;
      readonly reasons: readonly string[];
    }[];
    /** Why nothing is forgotten now, whatever the rules say. */
    readonly held?: string;
    /** Packs without the forgotten snapshots, by sealed bytes before redundancy. */
    readonly packs?: {
      readonly packCount: number;
      readonly packBytes: number;
      /** Given up, where the rules are applied. */
      readonly deadPackCount: number;
      readonly deadPackBytes: number;
      /** Mostly dead: to be emptied into new packs, and given up after the next snapshot. */
      readonly repackCount: number;
      readonly repackBytes: number;
      readonly emptiedCount: number;
    };
    /** Why packs could not be judged now; all of them stay. */
    readonly unseen?: string;
  }[];
}

export interface PlanAnswer {
  readonly plan: Plan;
  readonly changed: boolean;
  /** Why it waits for an admin and does not hold yet; absent when it is published. */
  readonly waits?: string;
}

export interface TrainAnswer {
  readonly version: string;
  readonly backend: string;
  readonly seconds: number;
  readonly domains: readonly { readonly name: string; readonly machines: readonly MachineId[] }[];
}

/** The answer to each call. */
export interface CallAnswers extends OperationsAnswers, MembersAnswers, FoldersAnswers {
  readonly view: FleetView;
  readonly invite: InviteAnswer;
  readonly trust: { readonly trusted: PeerId };
  readonly policy: {
    readonly holderSilenceMs: number;
    readonly planMode: string;
    readonly holdMoveShare: number;
    readonly target: AvailabilityTarget;
  };
  readonly snapshot: SnapshotAnswer;
  readonly snapshots: SnapshotListAnswer;
  readonly restore: RestoreAnswer;
  readonly find: FindAnswer;
  readonly history: HistoryAnswer;
  readonly diff: DiffAnswer;
  readonly verify: VerifyAnswer;
  readonly prove: ProveAnswer;
  readonly retention: RetentionAnswer;
  readonly computePlan: PlanAnswer;
  readonly approvePlan: PlanAnswer;
  readonly planLimits: PlacementLimits & {
    /** Attributes of which no machine has told a value: to keep them apart keeps nothing apart. */
    readonly untold: readonly (keyof MachineAttributes)[];
  };
  readonly whatIf: WhatIfAnswer;
  readonly train: TrainAnswer;
  /** Rows that were added, and those of the file that were there already. */
  readonly importTelemetry: { readonly rowCount: number; readonly knownCount: number };
  readonly exportTelemetry: { readonly rowCount: number };
  readonly stop: { readonly stopping: true };
}

/** What may be said on the way: telemetry rows of an export, epochs of a training, counts of a restore. */
export type CallProgress =
  | {
      readonly kind: 'training';
      readonly model: string;
      readonly epoch: number;
      readonly epochCount: number;
      readonly loss: number;
      readonly secondsLeft: number;
    }
  | { readonly kind: 'counted'; readonly what: string; readonly done: number; readonly of: number }
  | { readonly kind: 'row'; readonly row: TelemetryRow };

export type ReportProgress = (progress: CallProgress) => void;

/** One function a call; the whole of what a running agent does for commands. */
export type CallHandlers = {
  readonly [Name in CallName]: (
    request: CallRequest<Name>,
    report: ReportProgress,
    signal: AbortSignal,
  ) => Promise<CallAnswers[Name]> | CallAnswers[Name];
};

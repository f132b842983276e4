// What one agent knows of the fleet, for people: `drey status`, the dashboard and the control interface show exactly
// this. Made from the core's state; nobody decides from it.

import type { UnixMs } from '../datasets/index.ts';
import type { Plan, Redundancy, SlotChange } from '../optimizer/index.ts';
import type { ModelSummary } from './codec/record.ts';
import type { Problem } from './problem.ts';
import type { DriveId, FleetId, PeerId, SnapshotId } from './units.ts';

export interface FleetView {
  readonly atMs: UnixMs;
  readonly fleet: FleetId;
  readonly fleetName: string;
  readonly self: PeerId;
  readonly optimizer?: { readonly peer: PeerId; readonly untilMs: UnixMs };
  readonly machines: readonly MachineView[];
  readonly plan?: Plan;
  /** A plan that waits for an admin, why, and what it would move. */
  readonly waitingPlan?: WaitingPlanView;
  /** Survival of each group given who is up at this moment, by group id. */
  readonly groupsNow: readonly GroupNowView[];
  readonly work: WorkView;
  readonly limits?: LimitsView;
  readonly drives: readonly DriveView[];
  readonly models?: {
    readonly version: string;
    readonly trainedMs: UnixMs;
    readonly summaries: readonly ModelSummary[];
  };
  readonly training?: TrainingView;
  /** What is wrong or at risk, problems before warnings; empty when nothing is. */
  readonly problems: readonly Problem[];
  /** Newest last; at most 200. */
  readonly events: readonly EventLine[];
  /** Telemetry rows of all machines that this agent keeps. */
  readonly telemetryRows: number;
}

export interface WaitingPlanView {
  readonly plan: Plan;
  readonly reason: string;
  /** Of the bytes on machines that may go on holding them, in 0..1, as the machine that judged it saw by what it holds itself. */
  readonly moveShare: number;
  /** Slots that it gives to other machines than the plan that holds. */
  readonly changes: readonly SlotChange[];
  /** How many of them replace machines that are gone, put out or no holders any more. */
  readonly repairCount: number;
}

export interface MachineView {
  readonly peer: PeerId;
  readonly name: string;
  /** What tells it from other machines of its name; absent where none has it. */
  readonly shortId?: string;
  readonly roles: readonly string[];
  /** `silent`: not heard, but not longer than allowed. `gone`: longer; it is being replaced, or was, or will be when a plan is approved. */
  readonly state: 'up' | 'silent' | 'gone' | 'revoked';
  /** Absent for whoever was not heard since this agent started. */
  readonly lastHeardMs?: UnixMs;
  readonly freeBytes?: number;
  readonly quotaBytes?: number;
  /** Slots in groups of the plan. */
  readonly slotCount: number;
  readonly domain?: string;
  /** What others hold against it as a holder; absent when nobody does. */
  readonly trust?: {
    readonly standing: 'warned' | 'dropped';
    /** 100: nobody doubts it. 0: as many do as it takes to leave it out. */
    readonly score: number;
    /** Whole sentences, in plain words. */
    readonly text: string;
  };
  /** Audits by this agent since it started; absent where none was made. */
  readonly audits?: {
    readonly proven: number;
    readonly failed: number;
    readonly provenMs?: UnixMs;
    /** What was wrong the last time, while no proof came after it. */
    readonly problem?: string;
  };
}

/** Its name as people are shown it: "pc-01", or "pc-01 (k3jf92ab)" where others are called so too. */
export const shownName = ({ name, shortId }: Pick<MachineView, 'name' | 'shortId'>): string =>
  shortId === undefined ? name : `${name} (${shortId})`;

export interface GroupNowView {
  readonly group: string;
  readonly redundancy: Redundancy;
  readonly upCount: number;
  /** Members known to be up minus k: below 0 the group's packs cannot be restored at this moment. */
  readonly margin: number;
  /** Packs in it that this agent knows of; others may be in it too. */
  readonly packCount: number;
}

/** What is being done, as counts of this agent. */
export interface WorkView {
  readonly heldShards: number;
  readonly heldBytes: number;
  /** Whole copies of popular packs on this disk, their bytes, and shards of them that others fetched since it started. */
  readonly copies: number;
  readonly copyBytes: number;
  readonly servedCopyShards: number;
  readonly outboxPacks: number;
  readonly shardsToSend: number;
  readonly shardsToRebuild: number;
  readonly shardsToRemove: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Shards on this disk that it read by itself since it started. */
  readonly readShards: number;
  /** Shards on this disk that were damaged or missing when they were read since then, for whatever reason. */
  readonly rottenShards: number;
  /** When it had last read all of them once; absent before. */
  readonly allReadMs?: UnixMs;
}

/** What the machine's person allows at this moment; empty where nothing is limited. */
export interface LimitsView {
  readonly uploadBytesPerSecond?: number;
  readonly downloadBytesPerSecond?: number;
  /** Of files that are read for snapshots. */
  readonly diskBytesPerSecond?: number;
  readonly threads?: number;
  /** Why snapshots by themselves and shards for the plan rest, as the rest of a sentence. */
  readonly paused?: string;
  /** When another rule begins or ends. */
  readonly untilMs?: UnixMs;
}

export interface DriveView {
  readonly drive: DriveId;
  readonly owner: PeerId;
  /** Known only on the owner's machine. */
  readonly path?: string;
  readonly watcher?: 'watching' | 'scanning only' | 'stopped';
  /** Since when its folder is protected no more; its snapshots are there. */
  readonly leftMs?: UnixMs;
  readonly snapshots: readonly SnapshotView[];
  /** Why nothing of it is forgotten until a person has looked; absent when nothing stands against it. */
  readonly held?: string;
  /** Packs of it that nobody can restore now, as too few of their holders are on; known only on the owner's machine, absent where there are none. */
  readonly outOfReach?: { readonly packCount: number; readonly outOfReachCount: number };
  /** Some of its files, restored from other machines as a trial; known only on the owner's machine, absent before the first time. */
  readonly proof?: DriveProofView;
  /** A snapshot on its way: shards with receipts, of all. */
  readonly pending?: {
    readonly startedMs: UnixMs;
    readonly shardsStored: number;
    readonly shardsWanted: number;
    /** Names of machines that are away and whose shards nobody keeps in their place yet. */
    readonly waitsFor: readonly string[];
  };
}

export interface DriveProofView {
  /** The last trial, whatever came of it. */
  readonly last: ProofView;
  /** The last one that was whole. */
  readonly proven?: ProofView;
}

export interface ProofView {
  readonly atMs: UnixMs;
  readonly verdict: 'proven' | 'unreachable' | 'wrong';
  readonly fileCount: number;
  readonly byteCount: number;
  /** Machines that sent shards for it. */
  readonly machineCount: number;
  /** Files that are unchanged here and were compared with what came. */
  readonly comparedCount: number;
  /** Why files did not come back; names none. */
  readonly reasons: readonly string[];
}

export interface SnapshotView {
  readonly snapshot: SnapshotId;
  readonly atMs: UnixMs;
  readonly fileCount: number;
  readonly byteCount: number;
}

export interface TrainingView {
  readonly model: string;
  readonly epoch: number;
  readonly epochCount: number;
  readonly loss: number;
  readonly secondsLeft: number;
}

/** What `drey doctor` found when it tried something. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem';
  readonly subject: string;
  readonly text: string;
  readonly advice?: string;
}

export interface EventLine {
  readonly atMs: UnixMs;
  readonly level: 'info' | 'warning' | 'problem';
  readonly text: string;
}

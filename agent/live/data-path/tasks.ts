// The four tasks of the worker threads: what each is asked, what it asks back, and how it ends. Types only.

import type { Attribute, PackDescriptor } from '../../codec/index.ts';
import type { Redundancy } from '../../../optimizer/index.ts';
import type { ChunkId, DriveId, PeerId } from '../../units.ts';
import type { Access } from '../telemetry/index.ts';
import type { SharedChunkTable } from './chunk-table.ts';
import type { StagedSnapshot } from './drive-state.ts';
import type { StagedPack } from './packer.ts';
import type { BytePath } from './path-bytes.ts';
import type { LeftOut, ScannedEntry } from './scan.ts';

/** Everything that sealing a drive's packs needs. */
export interface Sealing {
  readonly drive: DriveId;
  readonly driveKey: Uint8Array;
  readonly keyEpoch: number;
  readonly owner: PeerId;
  readonly redundancy: { readonly small: Redundancy; readonly bulk: Redundancy };
}

/** A sealed pack as it leaves a worker: to be staged, then written into the drive's journal as `line`. */
export interface PackToStage {
  readonly descriptor: PackDescriptor;
  /** n views; for k = 1 all the same bytes. */
  readonly shards: readonly Uint8Array[];
  readonly line: Uint8Array;
}

/** Task `pack`: reads files and stages their new chunks. */
export interface PackRequest {
  readonly sealing: Sealing;
  readonly folder: string;
  readonly paths: readonly BytePath[];
  readonly known: SharedChunkTable;
}

export interface PackResult {
  readonly files: readonly ReadFile[];
  readonly missed: readonly LeftOut[];
  readonly packs: readonly StagedPack[];
}

export interface ReadFile {
  /** As the file was when it was read, which may be newer than the scan. */
  readonly entry: ScannedEntry;
  readonly chunks: readonly ChunkId[];
  readonly attributes: readonly Attribute[];
  /** `changing`: it changed during every attempt; the last attempt is kept, and a person must know. */
  readonly state: 'still' | 'recent' | 'changing';
}

/** Task `snapshot`: scans, has the changed files packed, packs tree and index. */
export interface SnapshotRequest {
  readonly sealing: Sealing;
  readonly folder: string;
  readonly ignore: readonly string[];
  /** Paths inside the folder, with '/' between parts, that are never looked at. */
  readonly exclude: readonly string[];
  readonly stateFolder: string;
  readonly atMs: number;
  /** End of the last scan of this run of the agent: later access times are reads. Absent: reads are not counted. */
  readonly scannedMs?: number;
  /** `pack` tasks at once. */
  readonly jobCountMax: number;
}

export type SnapshotQuestion =
  | { readonly kind: 'pack'; readonly request: PackRequest }
  | { readonly kind: 'stage'; readonly pack: PackToStage }
  | { readonly kind: 'progress'; readonly done: number; readonly of: number };

export interface SnapshotResult {
  readonly outcome: 'staged' | 'unchanged';
  /** The new snapshot, or the last one when nothing changed. */
  readonly staged: StagedSnapshot;
  readonly fileCount: number;
  readonly byteCount: number;
  /** Sealed bytes that were added, before redundancy. */
  readonly sealedBytes: number;
  readonly unreadable: readonly LeftOut[];
  readonly special: readonly LeftOut[];
  /** Files that were read or written since the last scan of this run. */
  readonly accesses: readonly Access[];
}

/** Task `restore`. */
export interface RestoreRequest {
  readonly drive: DriveId;
  readonly driveKey: Uint8Array;
  readonly keyEpoch: number;
  readonly sealedRoot: Uint8Array;
  readonly to: string;
  /** Drive paths of files and folders; empty: everything. */
  readonly paths: readonly string[];
  readonly overwrite: boolean;
}

export type RestoreQuestion =
  | { readonly kind: 'fetch'; readonly descriptor: PackDescriptor }
  | {
      readonly kind: 'progress';
      readonly phase: 'files' | 'packs';
      readonly done: number;
      readonly of: number;
    };

export interface RestoreResult {
  readonly fileCount: number;
  readonly byteCount: number;
  readonly packCount: number;
  /** Files that are not, or not wholly, restored; none of them was left in the folder half written. */
  readonly missing: readonly Difference[];
  /** Files whose bytes are right but whose owner, mode or time could not be set. */
  readonly imperfect: readonly Difference[];
}

/** A path as people write it, and what is wrong with it. */
export interface Difference {
  readonly path: string;
  readonly reason: string;
}

/** Task `compare`. */
export interface CompareRequest {
  readonly left: string;
  readonly right: string;
  readonly ignore: readonly string[];
}

export interface Tasks {
  readonly pack: {
    readonly request: PackRequest;
    readonly question: PackToStage;
    readonly answer: undefined;
    readonly result: PackResult;
  };
  readonly snapshot: {
    readonly request: SnapshotRequest;
    readonly question: SnapshotQuestion;
    readonly answer: PackResult | undefined;
    readonly result: SnapshotResult;
  };
  readonly restore: {
    readonly request: RestoreRequest;
    readonly question: RestoreQuestion;
    readonly answer: Uint8Array | undefined;
    readonly result: RestoreResult;
  };
  readonly compare: {
    readonly request: CompareRequest;
    readonly question: never;
    readonly answer: never;
    readonly result: readonly Difference[];
  };
}

export type TaskName = keyof Tasks;

/** How a task asks the main thread something; `transfer` moves buffers instead of copying them. */
export type Ask<Question, Answer> = (
  question: Question,
  transfer?: readonly ArrayBuffer[],
) => Promise<Answer>;

export interface TaskEnd<Result> {
  readonly result: Result;
}

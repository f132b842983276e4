// The tasks of the worker threads: what each is asked, what it asks back, and how it ends. Types only.

import type { Attribute, DriveKeys, PackDescriptor, PackRange } from '../../codec/index.ts';
import type { Redundancy } from '../../../optimizer/index.ts';
import type { ChunkId, DriveId, PackId, PeerId } from '../../units.ts';
import type { Access } from '../telemetry/index.ts';
import type { MassChange } from './change-watch.ts';
import type { CheckRequest, CheckResult } from './check-task.ts';
import type { SharedChunkTable } from './chunk-table.ts';
import type { StagedSnapshot } from './drive-state.ts';
import type { Letter } from './letter.ts';
import type { StagedPack } from './packer.ts';
import type { SeenFile } from './opened-place.ts';
import type { PlaceRequest, PlaceResult } from './place-task.ts';
import type { LeftOut, ScannedEntry } from './scan.ts';

/** Everything that sealing a drive's packs needs. */
export interface Sealing extends DriveKeys {
  readonly drive: DriveId;
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
  /** Of the folder as it was scanned (see opened-place.ts). */
  readonly way: string | undefined;
  readonly seen: Letter<readonly SeenFile[]>;
  readonly known: SharedChunkTable;
  /** Whether it asks before it reads. */
  readonly isSlowed: boolean;
}

export type PackQuestion =
  | { readonly kind: 'stage'; readonly pack: PackToStage }
  /** Answered when so many more bytes may be read. */
  | { readonly kind: 'read'; readonly byteCount: number };

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
  /** Mass changes until then were a person's wish; −∞ where none was accepted. */
  readonly acceptedMs: number;
  /** `pack` tasks at once. */
  readonly jobCountMax: number;
}

export type SnapshotQuestion =
  /** So many `pack` tasks are about to come. */
  | { readonly kind: 'foresee'; readonly taskCount: number }
  | { readonly kind: 'pack'; readonly request: Omit<PackRequest, 'isSlowed'> }
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
  /** Much was removed or turned into noise, and nobody has accepted it. */
  readonly massChange?: MassChange;
  /** Files that were read or written since the last scan of this run. */
  readonly accesses: readonly Access[];
}

/** Task `restore`. */
export interface RestoreRequest extends DriveKeys {
  readonly drive: DriveId;
  readonly keyEpoch: number;
  readonly sealedRoot: Uint8Array;
  /** Of the drive's newest snapshot, where that is another one: its index tells of chunks that were moved since. */
  readonly newestRoot?: Uint8Array;
  readonly to: string;
  /** Drive paths of files and folders; empty: everything. */
  readonly paths: readonly string[];
  readonly overwrite: boolean;
  /** `place` tasks at once. */
  readonly jobCountMax: number;
}

export type RestoreQuestion = ReadQuestion | { readonly kind: 'place'; readonly request: PlaceRequest };

/** Asked of the main thread: a whole sealed pack, or some bytes of it. Those may be answered with nothing: then the whole is asked for. */
export interface FetchQuestion {
  readonly kind: 'fetch';
  readonly descriptor: PackDescriptor;
  readonly range?: PackRange;
}

/** What a task asks that reads packs. */
export type ReadQuestion = FetchQuestion | ({ readonly kind: 'progress' } & ReadProgress);

export interface ReadProgress {
  readonly phase: 'files' | 'packs' | 'snapshots';
  readonly done: number;
  readonly of: number;
}

export interface RestoreResult {
  readonly fileCount: number;
  readonly symlinkCount: number;
  readonly byteCount: number;
  readonly packCount: number;
  /** Files that are not, or not wholly, restored; none of them was left in the folder half written. */
  readonly missing: readonly Difference[];
  /** Files that are there, and of which an owner, mode or time could not be set; or which changed each time they were saved. */
  readonly imperfect: readonly Difference[];
  /** What another run into the same folder needs to have what is missing; empty where nothing is, or none would. */
  readonly remedies: readonly Remedy[];
}

/** `machines`: more of those that hold the drive. `here`: room or rights, on this machine, as the reasons say. */
export type Remedy = 'machines' | 'here';

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

/** Task `history`. */
export interface HistoryRequest extends DriveKeys {
  readonly drive: DriveId;
  /** Of the snapshots to look into, oldest first. */
  readonly sealedRoots: readonly Uint8Array[];
  readonly wanted:
    | { readonly kind: 'name'; readonly pattern: string }
    | { readonly kind: 'path'; readonly path: string };
  readonly versionCountMax: number;
}

export interface FileVersion {
  readonly kind: 'folder' | 'file' | 'symlink' | 'hardLink';
  /** 0 for anything but a file; of a further name of one, in a history, the file's. */
  readonly byteCount: number;
  readonly mtimeMs: number;
  readonly mode: number;
  /** Equal exactly where the bytes, or the targets of links, are; in a history the bytes of a file's further names too. */
  readonly content: string;
}

export interface FoundVersion extends FileVersion {
  readonly path: string;
  /** In which of the snapshots, as indexes of `sealedRoots`. */
  readonly snapshots: readonly number[];
}

export interface HistoryResult {
  readonly versions: readonly FoundVersion[];
  /** There were more than `versionCountMax`. */
  readonly isCut: boolean;
  readonly unreadable: readonly { readonly index: number; readonly reason: string }[];
}

/** Task `difference`. */
export interface DifferenceRequest extends DriveKeys {
  readonly drive: DriveId;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly changeCountMax: number;
}

export interface DifferenceResult {
  /** In the order of their paths; at most `changeCountMax`, `counts` are of all. */
  readonly changes: readonly {
    readonly path: string;
    readonly change: 'added' | 'removed' | 'changed';
    readonly before?: FileVersion;
    readonly after?: FileVersion;
  }[];
  readonly counts: { readonly added: number; readonly removed: number; readonly changed: number };
  readonly before: { readonly atMs: number; readonly fileCount: number; readonly byteCount: number };
  readonly after: { readonly atMs: number; readonly fileCount: number; readonly byteCount: number };
}

/** Task `verify`. */
export interface VerifyRequest extends DriveKeys {
  readonly drive: DriveId;
  /** Of the snapshots to look at, oldest first. */
  readonly sealedRoots: readonly Uint8Array[];
  /** Of the drive's newest snapshot, whose index tells of all. */
  readonly newestRoot: Uint8Array;
  /** `places`: packs are counted where they lie; `data`: they are fetched, and every chunk that a file needs is checked. */
  readonly depth: 'places' | 'data';
  readonly problemCountMax: number;
  /** `check` tasks at once. */
  readonly jobCountMax: number;
}

/** Task `prove`: a few random files of one snapshot. */
export interface ProveRequest extends DriveKeys {
  readonly drive: DriveId;
  readonly sealedRoot: Uint8Array;
  /** The drive's folder on this machine. */
  readonly folder: string;
  readonly seed: number;
  readonly filesMax: number;
  /** Of a longer file only so many bytes. */
  readonly fileBytesMax: number;
}

export interface ProveResult {
  /** Files that came back as they were backed up, as far as they were looked at. */
  readonly fileCount: number;
  readonly byteCount: number;
  /** Of those, files that are unchanged here and were compared. */
  readonly comparedCount: number;
  /** Without a path it is about the whole snapshot. */
  readonly problems: readonly {
    readonly path?: string;
    readonly reason: string;
    readonly verdict: 'unreachable' | 'wrong';
  }[];
}

export type VerifyQuestion =
  | ReadQuestion
  | { readonly kind: 'check'; readonly request: CheckRequest }
  /** How many different shards of each pack can be had now. */
  | { readonly kind: 'count'; readonly descriptors: readonly PackDescriptor[] };

export interface VerifyResult {
  /** Files of all snapshots; one that is in two counts twice. */
  readonly fileCount: number;
  readonly chunkCount: number;
  readonly packCount: number;
  /** Plain bytes that were fetched and checked. */
  readonly checkedBytes: number;
  /** At most `problemCountMax`; `problemCount` are all. Without a path the whole snapshot, without a snapshot the drive. */
  readonly problems: readonly {
    readonly snapshot?: number;
    readonly path?: string;
    readonly reason: string;
  }[];
  readonly problemCount: number;
  /** Packs of which too few shards could be had. */
  readonly shortPackCount: number;
}

/** Task `prune`. */
export interface PruneRequest {
  readonly sealing: Sealing;
  readonly stateFolder: string;
  /** Of the snapshots that are kept, oldest first; the last one is the newest of the drive. */
  readonly sealedRoots: readonly Uint8Array[];
  /** Packs whose holders do not have them yet. */
  readonly outbox: readonly PackId[];
  /** Packs that were lost, and on which the drive's state counts no more. */
  readonly lost: readonly PackId[];
  /** `look` only counts. */
  readonly mode: 'look' | 'repack';
}

export type PruneQuestion = ReadQuestion | { readonly kind: 'stage'; readonly pack: PackToStage };

/** Packs by sealed bytes, before redundancy. */
export interface PruneCounts {
  readonly packCount: number;
  readonly packBytes: number;
  /** No kept snapshot needs anything of them. */
  readonly deadPackCount: number;
  readonly deadPackBytes: number;
  /** Mostly dead: what lives in them is put into new packs. */
  readonly repackCount: number;
  readonly repackBytes: number;
}

export interface PruneResult {
  readonly counts: PruneCounts;
  /** Also lost ones, which are counted nowhere. */
  readonly dead: readonly PackId[];
  /** Mostly dead packs whose live chunks are staged anew; they are dead once a snapshot's index says so. */
  readonly repackedCount: number;
}

/** Task `drop`. */
export interface DropRequest {
  readonly stateFolder: string;
  readonly drive: DriveId;
  readonly keyEpoch: number;
  readonly packs: readonly PackId[];
  /** `lost`: before anybody had them, so the last snapshot is no more than a beginning of the next. */
  readonly why: 'given up' | 'lost';
}

interface Task<Request, Question, Answer, Result> {
  readonly request: Request;
  readonly question: Question;
  readonly answer: Answer;
  readonly result: Result;
}

/** A task that asks for packs and nothing else. */
type ReadingTask<Request, Result> = Task<Request, ReadQuestion, Uint8Array | undefined, Result>;
/** A task that asks nothing. */
type SilentTask<Request, Result> = Task<Request, never, never, Result>;
type VerifyAnswer = Uint8Array | readonly number[] | CheckResult | undefined;

export interface Tasks {
  readonly pack: Task<PackRequest, PackQuestion, undefined, Letter<PackResult>>;
  readonly snapshot: Task<SnapshotRequest, SnapshotQuestion, Letter<PackResult> | undefined, SnapshotResult>;
  readonly restore: Task<
    RestoreRequest,
    RestoreQuestion,
    Uint8Array | PlaceResult | undefined,
    RestoreResult
  >;
  readonly place: ReadingTask<PlaceRequest, PlaceResult>;
  readonly history: ReadingTask<HistoryRequest, HistoryResult>;
  readonly difference: ReadingTask<DifferenceRequest, DifferenceResult>;
  readonly verify: Task<VerifyRequest, VerifyQuestion, VerifyAnswer, VerifyResult>;
  readonly check: ReadingTask<CheckRequest, CheckResult>;
  readonly prove: ReadingTask<ProveRequest, ProveResult>;
  readonly prune: Task<PruneRequest, PruneQuestion, Uint8Array | undefined, PruneResult>;
  readonly drop: SilentTask<DropRequest, undefined>;
  readonly compare: SilentTask<CompareRequest, readonly Difference[]>;
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

export type { MassChange } from './change-watch.ts';
export { defaultIgnoresOf, fitsNothing } from './ignore.ts';
export { readStagedPacks, type StagedSnapshot } from './drive-state.ts';
export { isMadeUp } from './made-up-files.ts';
export { isWithin, waysTo } from './real-folders.ts';
export { compareTrees, type CompareOptions, restoreSnapshot, type RestoreOptions } from './restorer.ts';
export {
  findDifferences,
  findVersions,
  type ReadingOptions,
  type VerifyOptions,
  proveSnapshot,
  verifySnapshots,
} from './history.ts';
export {
  createSnapshotter,
  type ReadPace,
  type SnapshotOutcome,
  type PruneOptions,
  type SnapshotProgress,
  type Snapshotter,
  type SnapshotterOptions,
} from './snapshotter.ts';
export { changedReason } from './scan.ts';
export { canWatchFolders } from './folder-events.ts';
export { keepsAttributes } from './system-calls.ts';
export type {
  Difference,
  FileVersion,
  FoundVersion,
  HistoryResult,
  PruneCounts,
  RestoreResult,
} from './tasks.ts';
export {
  busyMsMax,
  lookEveryMs,
  quietMs,
  startWatcher,
  type Watcher,
  type WatcherHealth,
  type WatcherOptions,
} from './watcher.ts';
export { WorkerPool, type WorkerPoolOptions } from './worker-pool.ts';

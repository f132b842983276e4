// A protected folder while the agent runs: what is noted of it, what watches it, how its last snapshot went; and what all of them work with.
// Holds facts, decides nothing.

import type { UnixMs } from '../../datasets/index.ts';
import type { DriveKeys, MachineKey } from '../codec/index.ts';
import type { AgentCore, CoreEvent, StagedSnapshot } from '../core/index.ts';
import type { Clock, Timer } from '../ports.ts';
import type { ReadPace, SnapshotOutcome, Snapshotter, Watcher, WorkerPool } from './data-path/index.ts';
import type { LiveDisk } from './disk/index.ts';
import type { Home } from './home.ts';
import type { Keeper } from './keeping.ts';
import type { OwnWords } from './own-words.ts';
import type { PowerState } from './power.ts';
import type { StoredDrive } from './stored-drives.ts';
import type { Telemetry } from './telemetry/index.ts';

export interface DrivesParts {
  readonly home: Home;
  readonly core: AgentCore;
  readonly key: MachineKey;
  readonly disk: LiveDisk;
  readonly workers: WorkerPool;
  readonly clock: Clock;
  readonly tell: (event: CoreEvent) => void;
  readonly ownWords: () => Pick<OwnWords, 'write' | 'settled'>;
  readonly telemetry: () => Telemetry | undefined;
  readonly power: () => Promise<PowerState>;
  /** How fast files are read, and why nothing is done by itself at this time; undefined when it is. */
  readonly pacing: () => ReadPace & { readonly pauseReason: string | undefined };
  readonly keeper: () => Pick<Keeper, 'resume' | 'consider'>;
  readonly report: (level: 'info' | 'warning' | 'problem', text: string) => void;
}

export interface RunningDrive {
  stored: StoredDrive;
  keys: DriveKeys;
  readonly snapshotter: Snapshotter;
  watcher: Watcher | undefined;
  /** What the last snapshot of this run said; undefined before the first. */
  lastOutcome: Pick<SnapshotOutcome, 'massChange'> | undefined;
  /** Files that the last snapshot of this run had to leave out. */
  unread: SnapshotOutcome['unreadable'];
  /** Why the last snapshot failed; undefined when it did not. */
  failure: string | undefined;
  retry: Timer | undefined;
  /** Why the next snapshot waits although something changed; undefined when it does not. */
  wait: string | undefined;
  /** When the last snapshot of this run began. */
  takenMs: UnixMs | undefined;
  /** The first snapshot of this run, for the command that made the drive. */
  first: Promise<TakenSnapshot> | undefined;
}

/** Before anything has happened to it. */
export const quietDrive = (
  parts: Pick<RunningDrive, 'stored' | 'keys' | 'snapshotter' | 'lastOutcome'>,
): RunningDrive => ({
  ...parts,
  watcher: undefined,
  unread: [],
  failure: undefined,
  retry: undefined,
  wait: undefined,
  takenMs: undefined,
  first: undefined,
});

export interface TakenSnapshot extends SnapshotOutcome {
  /** Resolves when enough other machines have the snapshot's head. */
  readonly acknowledged: Promise<void>;
}

/** As the core wants it: packs by id, and when it began. */
export const stagedFor = ({ staged }: SnapshotOutcome, startedMs: UnixMs): StagedSnapshot => ({
  ...staged,
  startedMs,
  packs: staged.packs.map(({ pack }) => pack),
});

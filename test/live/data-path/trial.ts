// One drive, its snapshotter and an outbox in memory, for the tests of the data path. The outbox keeps whole packs as
// agents would: from the shards that were staged, put together again.

import test from 'ava';
import {
  createSnapshotter,
  restoreSnapshot,
  type RestoreOptions,
  type RestoreResult,
  type Snapshotter,
  type SnapshotterOptions,
  type StagedSnapshot,
  WorkerPool,
} from '../../../agent/live/data-path/index.ts';
import {
  assemblePack,
  createDriveKey,
  createMachineKey,
  type PackDescriptor,
  shardMatches,
} from '../../../agent/codec/index.ts';
import { driveId, type PackId } from '../../../agent/index.ts';
import { unixMs } from '../../../datasets/index.ts';
import { newFolder } from './odd-trees.ts';

export interface Outbox {
  readonly packs: Map<PackId, Uint8Array>;
  readonly descriptors: Map<PackId, PackDescriptor>;
  /** Called before a pack is kept; throws to refuse it. */
  beforeStage: (descriptor: PackDescriptor) => void;
  /** Sees all shards of each pack that is kept. */
  onShards: (descriptor: PackDescriptor, shards: readonly Uint8Array[]) => void;
}

export interface Trial {
  readonly workers: WorkerPool;
  readonly folder: string;
  readonly outbox: Outbox;
  readonly driveKey: Uint8Array;
  readonly stateFolder: string;
  readonly snapshotter: Snapshotter;
  /** Another snapshotter over the same folder and state: the agent's next start. */
  next(changes?: Partial<SnapshotterOptions>): Snapshotter;
  restore(
    staged: StagedSnapshot,
    changes?: Partial<RestoreOptions>,
  ): Promise<RestoreResult & { readonly to: string }>;
}

export const workers = new WorkerPool({ threadCountMax: 2 });
test.after.always(() => workers.close());

function newOutbox(): Outbox {
  return { packs: new Map(), descriptors: new Map(), beforeStage: () => {}, onShards: () => {} };
}

function keep(outbox: Outbox, descriptor: PackDescriptor, shards: readonly Uint8Array[]): void {
  const { k, n } = descriptor.redundancy;
  if (shards.length !== n) throw new Error('not n shards');
  for (const [index, shard] of shards.entries())
    if (!shardMatches(descriptor, index, shard)) throw new Error('a shard does not match');
  outbox.onShards(descriptor, shards);
  // The last k shards, so that for k > 1 the code is used and not only the slices.
  const chosen = [...shards.entries()].slice(n - k).map(([index, shard]) => [index, shard.slice()] as const);
  const whole = assemblePack(descriptor, new Map(chosen));
  if (!whole.ok) throw new Error(whole.rejection.reason);
  outbox.packs.set(descriptor.pack, whole.value);
  outbox.descriptors.set(descriptor.pack, descriptor);
}

export const bytesOfPack = (outbox: Outbox, { pack }: PackDescriptor): Uint8Array => {
  const bytes = outbox.packs.get(pack);
  if (bytes === undefined) throw new Error('nobody has it');
  return bytes.slice();
};

export function startTrial(folder = newFolder()): Trial {
  const outbox = newOutbox();
  const driveKey = createDriveKey();
  const stateFolder = newFolder();
  const options: SnapshotterOptions = {
    drive: driveId('00112233445566778899aabbccddeeff'),
    driveKey,
    keyEpoch: 1,
    owner: createMachineKey().peer,
    folder,
    ignore: [],
    stateFolder,
    workers,
    stagePack: async (descriptor, shards) => {
      outbox.beforeStage(descriptor);
      keep(outbox, descriptor, shards);
    },
    redundancyFor: (placementClass) => (placementClass === 'small' ? { k: 1, n: 3 } : { k: 2, n: 4 }),
    now: () => unixMs(Date.now()),
  };
  return {
    workers,
    folder,
    outbox,
    driveKey,
    stateFolder,
    snapshotter: createSnapshotter(options),
    next: (changes = {}) => createSnapshotter({ ...options, ...changes }),
    restore: async (staged, changes = {}) => {
      const to = newFolder();
      const result = await restoreSnapshot({
        workers,
        head: staged.head,
        driveKey,
        fetchPack: async (descriptor) => bytesOfPack(outbox, descriptor),
        to,
        ...changes,
      });
      return { ...result, to };
    },
  };
}

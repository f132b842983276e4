// The end of a snapshot: its tree, the index of its packs and its root are packed, and the drive's state says so. Which files are in it is decided
// before (snapshot-task.ts).

import { unixMs } from '../../../datasets/words.ts';
import type { ChunkLocator, PackDescriptor } from '../../codec/index.ts';
import {
  encodeIndexSegment,
  encodeRootPointer,
  encodeSnapshotRoot,
  sealSmall,
  sha256Hex,
} from '../../codec/sealing.ts';
import { type ChunkId, snapshotId } from '../../units.ts';
import type { Commit, DriveState, SegmentState, StagedSnapshot } from './drive-state.ts';
import { Packer, type StagedPack } from './packer.ts';
import type { BytePath } from './path-bytes.ts';
import type { PackToStage, SnapshotRequest, SnapshotResult } from './tasks.ts';

export type SnapshotCounts = Pick<SnapshotResult, 'fileCount' | 'byteCount'>;

interface SealingParts {
  readonly request: SnapshotRequest;
  readonly state: DriveState;
  /** All that is in the snapshot. */
  readonly paths: () => ReadonlySet<BytePath>;
  readonly stage: (pack: PackToStage, transfer: readonly ArrayBuffer[]) => Promise<unknown>;
  /** Packs that were staged, and are in the drive's state from now on. */
  readonly onPacks: (packs: readonly StagedPack[]) => void;
}

export class SnapshotSealing {
  readonly #parts: SealingParts;
  readonly #state: DriveState;

  constructor(parts: SealingParts) {
    this.#parts = parts;
    this.#state = parts.state;
  }

  /** Stages what is new of it; `unchanged` where the last snapshot has the same tree. */
  async stageTree(
    tree: Uint8Array,
    counts: SnapshotCounts,
  ): Promise<Pick<SnapshotResult, 'outcome' | 'staged'>> {
    const packer = this.#smallPacker();
    const treeChunks = await packer.addAll(tree);
    const last = this.#state.commit;
    if (last?.treeChunks.join() === treeChunks.join() && this.#state.isWhole)
      return { outcome: 'unchanged', staged: last.staged };
    const { merged, kept } = this.#segmentsToWrite();
    const segmentChunks = merged.length === 0 ? [] : await packer.addAll(encodeIndexSegment(merged));
    await packer.finish();
    this.#parts.onPacks(packer.staged);
    const segment = {
      locators: this.#locate(segmentChunks),
      packs: merged.map(({ descriptor }) => descriptor.pack),
    };
    const segments = merged.length === 0 ? kept : [...kept, segment];
    const staged = await this.#stageRoot({ treeChunks, segments }, counts);
    const commit = { staged, treeChunks, segments, packCount: this.#state.packs.length };
    this.#state.addCommit(commit, this.#parts.paths());
    return { outcome: 'staged', staged };
  }

  /** Small packs hold trees, indexes and roots; a chunk of an older tree is not stored twice. */
  #smallPacker(): Packer {
    const known = new Set(this.#smallPacks().flatMap(({ entries }) => entries.map(({ chunk }) => chunk)));
    return new Packer({
      sealing: this.#parts.request.sealing,
      placementClass: 'small',
      isNew: (chunk) => !known.has(chunk) && known.add(chunk).has(chunk),
      stage: this.#parts.stage,
    });
  }

  #smallPacks(): readonly StagedPack[] {
    return this.#state.packs.filter(({ descriptor }) => descriptor.placementClass === 'small');
  }

  /**
   * The new packs go into one new segment, together with those of the last segments while these are not much larger:
   * so a drive with s packs has about log2(s) segments, and each pack is written into an index about as often.
   */
  #segmentsToWrite(): {
    readonly merged: readonly StagedPack[];
    readonly kept: readonly SegmentState[];
  } {
    const { segments, untold } = this.#state.index;
    const kept = [...segments];
    const merged = new Set(untold.map(({ descriptor }) => descriptor.pack));
    while (merged.size > 0 && (kept.at(-1)?.packs.length ?? Infinity) <= merged.size * 2)
      for (const pack of kept.pop()?.packs ?? []) merged.add(pack);
    return { merged: this.#state.packs.filter(({ descriptor }) => merged.has(descriptor.pack)), kept };
  }

  #locate(chunks: readonly ChunkId[]): readonly ChunkLocator[] {
    const wanted = new Set(chunks);
    const found = new Map<ChunkId, ChunkLocator>();
    for (const { descriptor, entries } of this.#smallPacks())
      for (const entry of entries)
        if (wanted.has(entry.chunk)) found.set(entry.chunk, { ...entry, pack: descriptor.pack });
    return chunks.map((chunk) => {
      const locator = found.get(chunk);
      if (locator === undefined) throw new Error('a staged chunk is in no pack');
      return locator;
    });
  }

  #descriptors(locators: readonly ChunkLocator[]): readonly PackDescriptor[] {
    const wanted = new Set(locators.map(({ pack }) => pack));
    return this.#smallPacks()
      .map(({ descriptor }) => descriptor)
      .filter(({ pack }) => wanted.has(pack));
  }

  async #stageRoot(
    { treeChunks, segments }: Pick<Commit, 'treeChunks' | 'segments'>,
    counts: SnapshotCounts,
  ): Promise<StagedSnapshot> {
    const { drive, keyEpoch, driveKey } = this.#parts.request.sealing;
    const atMs = unixMs(this.#parts.request.atMs);
    const tree = this.#locate(treeChunks);
    const index = segments.map(({ locators }) => locators);
    const packs = this.#descriptors([...tree, ...index.flat()]);
    const packer = this.#smallPacker();
    const root = encodeSnapshotRoot({ drive, atMs, keyEpoch, tree, index, packs, ...counts });
    const chunks = await packer.addAll(root);
    await packer.finish();
    this.#parts.onPacks(packer.staged);
    const locators = this.#locate(chunks);
    const pointer = encodeRootPointer({ root: locators, packs: this.#descriptors(locators) });
    const sealedRoot = sealSmall(driveKey, 'root', pointer);
    const snapshot = snapshotId(sha256Hex(sealedRoot));
    const added = this.#state.packsSinceCommit.map(({ descriptor }) => descriptor);
    const head = {
      kind: 'head',
      drive,
      snapshot,
      atMs,
      keyEpoch,
      sealedRoot,
      ...counts,
      packCount: added.length,
    } as const;
    return { drive, snapshot, packs: added, head };
  }
}

// Tasks of a worker thread for packs that no kept snapshot needs: which they are (by what the snapshots themselves say, never
// by this machine's notes alone), live chunks of mostly dead packs into new ones, dead packs out of the drive's state.

import type { PackDescriptor, PackVersion } from '../../codec/index.ts';
import { sha256Hex } from '../../codec/opening.ts';
import { deadShareToRepack, repackCountMax } from '../../limits.ts';
import type { PackId } from '../../units.ts';
import { DriveIndex } from './drive-index.ts';
import { DriveState } from './drive-state.ts';
import { Packer, type StagedPack } from './packer.ts';
import { PackSource } from './pack-source.ts';
import { readPointer, unreadable } from './snapshot-reader.ts';
import type {
  Ask,
  DropRequest,
  PruneCounts,
  PruneQuestion,
  PruneRequest,
  PruneResult,
  TaskEnd,
} from './tasks.ts';
import { type OpenedRoot, OpenPacks, openRoot, TreeWalk } from './tree-walk.ts';

type AskMain = Ask<PruneQuestion, Uint8Array | undefined>;

/**
 * Task `prune`. Throws `snapshot-unreadable` when a kept snapshot's tree or an index cannot be had whole, or when the last
 * snapshot taken is not the newest one kept: what cannot be seen is not judged.
 */
export async function pruneTask(request: PruneRequest, ask: AskMain): Promise<TaskEnd<PruneResult>> {
  const { drive, keyEpoch } = request.sealing;
  const state = new DriveState({ folder: request.stateFolder, drive, keyEpoch });
  const newest = request.sealedRoots.at(-1) ?? new Uint8Array();
  // Packs of a snapshot that nobody was told of yet would look dead.
  if (state.commit?.staged.snapshot !== sha256Hex(newest))
    throw unreadable('a newer one is on its way to its holders');
  const { packCount } = state.commit;
  // What was staged since then belongs to a snapshot that is still to come.
  const committed = state.packs.slice(0, packCount);
  const isIndexed = state.index.untold.length === 0;
  const run = new PruneRun(request, ask);
  await run.markLive();
  const judged = run.judge(committed);
  const repacked = request.mode === 'look' || !isIndexed ? 0 : await run.repack(judged.mostlyDead);
  return { result: { counts: judged.counts, dead: judged.dead, repackedCount: repacked } };
}

const isBulk = ({ descriptor }: StagedPack): boolean => descriptor.placementClass === 'bulk';

interface Judged {
  readonly counts: PruneCounts;
  readonly dead: readonly PackId[];
  /** Deadest first. */
  readonly mostlyDead: readonly PackDescriptor[];
}

class PruneRun {
  readonly #request: PruneRequest;
  readonly #ask: AskMain;
  readonly #source: PackSource;
  readonly #packs: OpenPacks;
  readonly #index: DriveIndex;
  /** Small packs that hold roots, trees and indexes of kept snapshots. */
  readonly #named = new Set<PackId>();
  /** Plain bytes that files of kept snapshots need, by pack. */
  readonly #liveBytes = new Map<PackId, number>();

  constructor(request: PruneRequest, ask: AskMain) {
    this.#request = request;
    this.#ask = ask;
    this.#source = new PackSource(request.sealing, ask);
    this.#packs = new OpenPacks(this.#source);
    this.#index = new DriveIndex(this.#packs);
  }

  async markLive(): Promise<void> {
    const { sealedRoots } = this.#request;
    const newest = sealedRoots.at(-1);
    if (newest === undefined) return;
    await this.#index.add(await this.#open(newest));
    const walk = new TreeWalk(this.#packs, async (entries, root) => {
      for (const entry of entries) {
        if (entry.kind !== 'file') continue;
        for (const chunk of entry.chunks) this.#mark(await this.#index.find(chunk, root));
      }
    });
    for (const [done, sealedRoot] of sealedRoots.entries()) {
      await this.#ask({ kind: 'progress', phase: 'snapshots', done, of: sealedRoots.length });
      const root = await this.#open(sealedRoot);
      for await (const _ of walk.walk(root)) continue;
    }
    const [failure] = this.#index.failures;
    if (failure !== undefined) throw unreadable(`of its index, ${failure}`);
  }

  /** A chunk that no index names is in no pack that could be kept for it: `drey verify` tells of it. */
  #mark(slot: number | undefined): void {
    const { places } = this.#index;
    if (slot === undefined || !places.mark(slot)) return;
    const { pack } = places.packs[places.packAt(slot)]!;
    this.#liveBytes.set(pack, (this.#liveBytes.get(pack) ?? 0) + places.lengthAt(slot));
  }

  async #open(sealedRoot: Uint8Array): Promise<OpenedRoot> {
    const { sealing } = this.#request;
    const opened = await openRoot(this.#source, { ...sealing, sealedRoot });
    for (const { pack } of [...readPointer(sealing, sealedRoot).packs, ...opened.root.packs])
      this.#named.add(pack);
    return opened;
  }

  judge(committed: readonly StagedPack[]): Judged {
    const waiting = new Set(this.#request.outbox);
    const dead: PackId[] = [];
    const mostlyDead: { readonly descriptor: PackDescriptor; readonly liveShare: number }[] = [];
    const counts = {
      packCount: 0,
      packBytes: 0,
      deadPackCount: 0,
      deadPackBytes: 0,
      repackCount: 0,
      repackBytes: 0,
    };
    for (const staged of committed) {
      const { descriptor } = staged;
      counts.packCount++;
      counts.packBytes += descriptor.packBytes;
      const liveShare = this.#liveShareOf(staged);
      // Its holders do not have it yet: its turn comes.
      if (waiting.has(descriptor.pack)) continue;
      if (liveShare === 0) {
        dead.push(descriptor.pack);
        counts.deadPackCount++;
        counts.deadPackBytes += descriptor.packBytes;
      } else if (isBulk(staged) && 1 - liveShare > deadShareToRepack) {
        mostlyDead.push({ descriptor, liveShare });
        counts.repackCount++;
        counts.repackBytes += descriptor.packBytes;
      }
    }
    // A machine that is off may bring back what is missing of them, as long as a kept snapshot needs any of it.
    for (const pack of this.#request.lost) if (!waiting.has(pack) && !this.#isNeeded(pack)) dead.push(pack);
    const sorted = mostlyDead.toSorted((a, b) => a.liveShare - b.liveShare);
    return { counts, dead, mostlyDead: sorted.map(({ descriptor }) => descriptor) };
  }

  #isNeeded(pack: PackId): boolean {
    return this.#named.has(pack) || this.#liveBytes.has(pack);
  }

  /** Small packs are named by roots for ever, so they live or die as a whole. */
  #liveShareOf({ descriptor, entries }: StagedPack): number {
    if (this.#named.has(descriptor.pack)) return 1;
    const bytes = entries.reduce((sum, { length }) => sum + length, 0);
    return bytes === 0 ? 0 : (this.#liveBytes.get(descriptor.pack) ?? 0) / bytes;
  }

  /** Puts live chunks into new packs, of which the next snapshot's index tells. Answers how many packs were emptied. */
  async repack(mostlyDead: readonly PackDescriptor[]): Promise<number> {
    const packers = new Map<PackVersion, Packer>();
    let repackedCount = 0;
    for (const descriptor of mostlyDead.slice(0, repackCountMax))
      if (await this.#repackOne(descriptor, packers)) repackedCount++;
    for (const packer of packers.values()) await packer.finish();
    return repackedCount;
  }

  /** Trees name chunks as the pack did that they lay in first. */
  #packerOf(version: PackVersion): Packer {
    return new Packer({
      sealing: this.#request.sealing,
      placementClass: 'bulk',
      isNew: () => true,
      stage: (pack, transfer) => this.#ask({ kind: 'stage', pack }, transfer),
      version,
    });
  }

  async #repackOne(descriptor: PackDescriptor, packers: Map<PackVersion, Packer>): Promise<boolean> {
    const { places } = this.#index;
    const fetched = await this.#source.fetch(descriptor);
    if ('reason' in fetched) return false;
    const { version } = fetched.pack;
    const packer = packers.get(version) ?? this.#packerOf(version);
    packers.set(version, packer);
    const number = places.numberOf(descriptor);
    const live = fetched.pack.entries.filter(({ chunk }) => {
      const slot = places.find(chunk);
      return slot !== undefined && places.isMarked(slot) && places.packAt(slot) === number;
    });
    for (const entry of live) {
      const chunk = this.#source.read(fetched.pack, entry);
      if ('reason' in chunk) return false;
      await packer.add(chunk.bytes);
    }
    return true;
  }
}

/** Task `drop`: the drive counts on these packs no more. Done again after a crash it does what is left of it. */
export async function dropTask({
  stateFolder,
  drive,
  keyEpoch,
  packs,
  why,
}: DropRequest): Promise<TaskEnd<undefined>> {
  const state = new DriveState({ folder: stateFolder, drive, keyEpoch });
  if (why === 'lost') state.losePacks(new Set(packs));
  else state.dropPacks(new Set(packs));
  return { result: undefined };
}

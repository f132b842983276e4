// The calls that look into snapshots: where a name is, what became of a file, what changed between two moments. They
// restore nothing and change nothing.

import { DreyError } from '../../datasets/index.ts';
import type {
  DiffAnswer,
  FileEvent,
  FindAnswer,
  HistoryAnswer,
  ProveAnswer,
  ReportProgress,
  VerifyAnswer,
} from '../control/index.ts';
import type { DriveKeys, HeadRecord } from '../codec/index.ts';
import type { LiveAgent } from './agent.ts';
import {
  findDifferences,
  findVersions,
  type FoundVersion,
  type HistoryResult,
  type ReadingOptions,
  verifySnapshots,
} from './data-path/index.ts';
import {
  chooseHead,
  type DriveWish,
  insideDrive,
  openDrive,
  type OpenedDrive,
  openDrives,
} from './openable.ts';

/** Where a lookup tells how far it is, and what ends it. */
export interface LookupLine {
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

export const readingOptions = (
  agent: LiveAgent,
  keys: DriveKeys,
  { report, signal }: LookupLine,
): ReadingOptions => ({
  workers: agent.workers,
  ...keys,
  fetchPack: (descriptor) => agent.fetcher.fetch(descriptor),
  signal,
  onProgress: ({ phase, done, of }) => report({ kind: 'counted', what: phase, done, of }),
});

type Heads = readonly [HeadRecord, ...HeadRecord[]];

/** All snapshots of an opened drive: it has at least one. */
const headsOf = ({ known }: OpenedDrive): Heads => [known.heads[0]!, ...known.heads.slice(1)];

const unreadableOf = (
  { unreadable }: HistoryResult,
  heads: Heads,
): FindAnswer['drives'][number]['unreadable'] =>
  unreadable.map(({ index, reason }) => ({ snapshot: heads[index]!.snapshot, reason }));

/** Every version of every file whose name fits, in all snapshots of all drives that can be opened. */
export async function findFiles(
  agent: LiveAgent,
  wish: DriveWish & { readonly name: string },
  line: LookupLine,
): Promise<FindAnswer> {
  const drives: FindAnswer['drives'][number][] = [];
  for (const opened of openDrives(agent, wish)) {
    const heads = headsOf(opened);
    const wanted = { kind: 'name', pattern: wish.name } as const;
    const found = await findVersions(heads, wanted, readingOptions(agent, opened.keys, line));
    drives.push({
      drive: opened.drive,
      versions: found.versions.map(({ path, kind, byteCount, mtimeMs, snapshots }) => ({
        path,
        kind,
        byteCount,
        mtimeMs,
        snapshots: snapshots.map((index) => heads[index]!.snapshot),
        lastSeenMs: heads[snapshots.at(-1)!]!.atMs,
      })),
      isCut: found.isCut,
      unreadable: unreadableOf(found, heads),
    });
  }
  return { drives };
}

/** What became of one path, from snapshot to snapshot. Throws `path-in-no-snapshot`. */
export async function historyOf(
  agent: LiveAgent,
  wish: DriveWish & { readonly path: string },
  line: LookupLine,
): Promise<HistoryAnswer> {
  const { drives, path } = insideDrive(openDrives(agent, wish), wish.path);
  const lists: HistoryAnswer['drives'][number][] = [];
  let closedCount = 0;
  for (const opened of drives) {
    const heads = headsOf(opened);
    const wanted = { kind: 'path', path } as const;
    const found = await findVersions(heads, wanted, readingOptions(agent, opened.keys, line));
    closedCount += found.unreadable.length;
    if (found.versions.length === 0) continue;
    const unreadable = unreadableOf(found, heads);
    lists.push({ drive: opened.drive, events: fileEvents(heads, found), unreadable });
  }
  if (lists.length > 0) return { path, drives: lists };
  throw new DreyError({
    code: 'path-in-no-snapshot',
    message: 'no snapshot that can be opened has this path',
    advice:
      closedCount === 0
        ? 'Give the path as it is inside the drive; capitals count. `drey find` looks for a part of a name.'
        : `Of the snapshots ${closedCount} cannot be opened now: start more of the machines that hold the drive, and ask again.`,
  });
}

/** Changes of one path; a snapshot that could not be opened says nothing about it. */
export function fileEvents(heads: Heads, { versions, unreadable }: HistoryResult): readonly FileEvent[] {
  const unknown = new Set(unreadable.map(({ index }) => index));
  const versionAt = new Map(versions.flatMap((version) => version.snapshots.map((at) => [at, version])));
  const events: FileEvent[] = [];
  let last: FoundVersion | undefined;
  for (const [index, { snapshot, atMs }] of heads.entries()) {
    if (unknown.has(index)) continue;
    const version = versionAt.get(index);
    const change = changeOf(last, version, events.length === 0);
    last = version;
    if (change === undefined) continue;
    const about =
      version === undefined
        ? {}
        : { entry: version.kind, byteCount: version.byteCount, mtimeMs: version.mtimeMs, mode: version.mode };
    events.push({ change, snapshot, atMs, ...about });
  }
  return events;
}

function changeOf(
  before: FoundVersion | undefined,
  after: FoundVersion | undefined,
  isFirst: boolean,
): FileEvent['change'] | undefined {
  if (before === after) return undefined;
  if (after === undefined) return 'removed';
  if (before === undefined) return isFirst ? 'first' : 'back';
  return before.content === after.content && before.kind === after.kind ? 'touched' : 'changed';
}

/** What changed between two snapshots of one drive. Throws `snapshot-unknown`, `snapshot-ambiguous`, `snapshot-unreadable`. */
export async function diffSnapshots(
  agent: LiveAgent,
  wish: DriveWish & { readonly before: string; readonly after?: string },
  line: LookupLine,
): Promise<DiffAnswer> {
  const opened = openDrive(agent, { ...wish, snapshot: wish.before });
  const before = chooseHead(opened.known, { snapshot: wish.before });
  const after = chooseHead(opened.known, wish.after === undefined ? {} : { snapshot: wish.after });
  const { changes, counts } = await findDifferences(
    { before, after },
    readingOptions(agent, opened.keys, line),
  );
  const about = ({ snapshot, atMs }: HeadRecord): DiffAnswer['before'] => ({ snapshot, atMs });
  return { drive: opened.drive, before: about(before), after: about(after), counts, changes };
}

/**
 * Whether all snapshots of a drive, or one, could be restored from what is there now. Findings are part of the answer. Throws
 * `snapshot-unknown`, `snapshot-ambiguous`.
 */
export async function verifyDrive(
  agent: LiveAgent,
  wish: DriveWish & { readonly snapshot?: string; readonly readData: boolean },
  line: LookupLine,
): Promise<VerifyAnswer> {
  const drives: VerifyAnswer['drives'][number][] = [];
  for (const opened of wish.snapshot === undefined ? openDrives(agent, wish) : [openDrive(agent, wish)]) {
    const heads: Heads =
      wish.snapshot === undefined ? headsOf(opened) : [chooseHead(opened.known, { snapshot: wish.snapshot })];
    const { problems, ...counts } = await verifySnapshots(heads, {
      ...readingOptions(agent, opened.keys, line),
      newest: opened.known.heads.at(-1) ?? heads[0],
      depth: wish.readData ? 'data' : 'places',
      countShards: async (packs) => (await agent.fetcher.count(packs)).map(({ found }) => found),
    });
    const own = agent.drives.running.get(opened.drive);
    const lostPackCount =
      own === undefined || counts.problemCount === 0 ? 0 : await agent.upkeep.lostPacks.look(own);
    drives.push({
      drive: opened.drive,
      snapshotCount: heads.length,
      ...counts,
      lostPackCount,
      problems: problems.map(({ snapshot, ...problem }) => ({
        ...problem,
        ...(snapshot === undefined ? {} : { snapshot: heads[snapshot]!.snapshot }),
      })),
    });
  }
  return { drives };
}

/** Restores some random files of this machine's drives from other machines, and compares them. Throws `drive-unknown`. */
export async function proveDrives(
  agent: LiveAgent,
  wish: { readonly drive?: string },
  line: LookupLine,
): Promise<ProveAnswer> {
  const own = [...agent.drives.running.keys()].filter(
    (drive) =>
      drive.startsWith(wish.drive ?? '') && (agent.core.catalogue.drives.get(drive)?.heads.length ?? 0) > 0,
  );
  if (own.length === 0)
    throw new DreyError({
      code: 'drive-unknown',
      message: 'no drive of this machine with a snapshot is meant',
      advice: 'Name a drive of this machine by the first digits of its id: see `drey status`.',
    });
  const drives: ProveAnswer['drives'][number][] = [];
  for (const drive of own) drives.push(await agent.upkeep.prove(drive, line));
  return { drives };
}

// Tasks of a worker thread that look into trees and write nothing: where a name or a path is in many snapshots, and what
// changed between two. A snapshot that cannot be opened is listed, and the others are looked at.

import { DreyError } from '../../../datasets/words.ts';
import type { SnapshotRoot, TreeEntry } from '../../codec/index.ts';
import { sha256Hex } from '../../codec/opening.ts';
import { nameCheck } from './name-pattern.ts';
import { PackSource } from './pack-source.ts';
import { byBytes, type BytePath, bytePathOf, pathText, waysToName } from './path-bytes.ts';
import { pathOf } from './restore-plan.ts';
import type {
  Ask,
  DifferenceRequest,
  DifferenceResult,
  FileVersion,
  FoundVersion,
  HistoryRequest,
  HistoryResult,
  ReadQuestion,
  TaskEnd,
} from './tasks.ts';
import { entriesOfTree, type OpenedRoot, OpenPacks, openRoot, TreeWalk } from './tree-walk.ts';

type AskMain = Ask<ReadQuestion, Uint8Array | undefined>;

/** What a person sees of an entry; `content` is equal exactly where kind and bytes, or link target, are. */
export function versionOf(entry: TreeEntry): FileVersion {
  const { kind, mode } = entry;
  return {
    kind,
    byteCount: entry.kind === 'file' ? entry.byteCount : 0,
    mtimeMs: mtimeMsOf(entry),
    mode,
    content: contentOf(entry),
  };
}

const mtimeMsOf = ({ mtimeNs }: TreeEntry): number => Number(mtimeNs / 1_000_000n);

function contentOf(entry: TreeEntry): string {
  if (entry.kind === 'folder') return '';
  return entry.kind === 'file'
    ? sha256Hex(Buffer.from(entry.chunks.join('')))
    : sha256Hex(Buffer.from(entry.target));
}

interface Match {
  readonly path: BytePath;
  readonly version: FileVersion;
  /** Of a further name of something: its first one. */
  readonly first?: BytePath;
}

const matchOf = (entry: TreeEntry): Match => ({
  path: pathOf(entry.path),
  version: versionOf(entry),
  ...(entry.kind === 'hardLink' ? { first: pathOf(entry.target) } : {}),
});

const isFirstName = ({ first }: Match): boolean => first === undefined;

/** What further names of files are names of: a tree tells it at the first name alone, which may not be looked for. */
class FirstNames {
  readonly #packs: OpenPacks;
  #wanted: ReadonlySet<BytePath> = new Set();
  #walk: TreeWalk<readonly Match[]> | undefined;

  constructor(packs: OpenPacks) {
    this.#packs = packs;
  }

  /** The same matches with the content of their first names. Throws `snapshot-unreadable`. */
  async withContent(links: readonly Match[], root: OpenedRoot): Promise<readonly Match[]> {
    if (links.length === 0) return [];
    const versions = new Map<BytePath, FileVersion>();
    for await (const matches of this.#walkFor(links).walk(root))
      for (const { path, version } of matches) versions.set(path, version);
    return links.map((link) => {
      const first = link.first === undefined ? undefined : versions.get(link.first);
      if (first === undefined) return link;
      const { byteCount, content } = first;
      return { ...link, version: { ...link.version, byteCount, content } };
    });
  }

  /** Mostly the same for all snapshots, so that it knows what they share. */
  #walkFor(links: readonly Match[]): TreeWalk<readonly Match[]> {
    const firsts = links.flatMap(({ first }) => first ?? []);
    if (this.#walk !== undefined && firsts.every((first) => this.#wanted.has(first))) return this.#walk;
    const wanted = new Set([...this.#wanted, ...firsts]);
    this.#wanted = wanted;
    this.#walk = new TreeWalk(
      this.#packs,
      (entries) => entries.map(matchOf),
      (path) => wanted.has(path),
    );
    return this.#walk;
  }
}

/** Task `history`: every version of all entries that a name or path fits. */
export async function historyTask(request: HistoryRequest, ask: AskMain): Promise<TaskEnd<HistoryResult>> {
  const fits = fitOf(request.wanted);
  const packs = new OpenPacks(new PackSource(request, ask));
  const walk = new TreeWalk(
    packs,
    (entries): readonly Match[] => entries.map(matchOf),
    (path) => path !== '' && fits(path),
  );
  const firstNames = new FirstNames(packs);
  const found = new Versions(request.versionCountMax);
  const unreadable: { index: number; reason: string }[] = [];
  for (const [index, sealedRoot] of request.sealedRoots.entries()) {
    await ask({ kind: 'progress', phase: 'snapshots', done: index, of: request.sealedRoots.length });
    try {
      const root = await openRoot(packs.source, { ...request, sealedRoot });
      const links: Match[] = [];
      for await (const matches of walk.walk(root)) {
        found.addAll(matches.filter(isFirstName), index);
        // A part of a tree has a few thousand entries.
        links.push(...matches.filter((match) => !isFirstName(match)));
      }
      found.addAll(await firstNames.withContent(links, root), index);
    } catch (error) {
      unreadable.push({ index, reason: reasonOf(error) });
    }
  }
  return { result: { versions: found.list(), isCut: found.isCut, unreadable } };
}

/** Of a snapshot that cannot be opened; anything else is not expected and ends the task. */
function reasonOf(error: unknown): string {
  if (error instanceof DreyError && error.code === 'snapshot-unreadable') return error.message;
  throw error;
}

function fitOf(wanted: HistoryRequest['wanted']): (path: BytePath) => boolean {
  if (wanted.kind === 'name') return nameCheck(wanted.pattern);
  const [exact, waysOf] = [bytePathOf(wanted.path), waysToName([wanted.path])];
  return (path) => waysOf(path).includes(exact);
}

/** Versions by path; one that is in several snapshots is kept once. */
class Versions {
  isCut = false;
  readonly #countMax: number;
  readonly #versions = new Map<string, { readonly match: Match; readonly snapshots: number[] }>();

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  addAll(matches: readonly Match[], snapshot: number): void {
    for (const match of matches) this.#add(match, snapshot);
  }

  #add(match: Match, snapshot: number): void {
    const { kind, mtimeMs, mode, content } = match.version;
    const name = `${match.path}\0${kind} ${mtimeMs} ${mode} ${content}`;
    const known = this.#versions.get(name);
    if (known !== undefined) known.snapshots.push(snapshot);
    else if (this.#versions.size < this.#countMax) this.#versions.set(name, { match, snapshots: [snapshot] });
    else this.isCut = true;
  }

  /** By path, then by the first snapshot. */
  list(): readonly FoundVersion[] {
    return [...this.#versions.values()]
      .toSorted((a, b) => byBytes(a.match.path, b.match.path) || a.snapshots[0]! - b.snapshots[0]!)
      .map(({ match, snapshots }) => ({ path: pathText(match.path), ...match.version, snapshots }));
  }
}

type Change = DifferenceResult['changes'][number];

/** Task `difference`: two trees side by side; both are in the order of their paths' bytes. */
export async function differenceTask(
  request: DifferenceRequest,
  ask: AskMain,
): Promise<TaskEnd<DifferenceResult>> {
  const packs = new OpenPacks(new PackSource(request, ask));
  const [before, after] = await Promise.all(
    [request.before, request.after].map((sealedRoot) => openRoot(packs.source, { ...request, sealedRoot })),
  );
  const counts = { added: 0, removed: 0, changed: 0 };
  const changes: Change[] = [];
  const pairs = pairsOf(entriesOfTree(packs, before!), entriesOfTree(packs, after!));
  for await (const { left, right } of pairs) {
    const change = changeBetween(left, right);
    // The drive's own folder is nothing that comes or goes.
    if (change === undefined || change.path === '') continue;
    counts[change.change]++;
    if (changes.length < request.changeCountMax) changes.push(change);
  }
  return { result: { changes, counts, before: aboutRoot(before!.root), after: aboutRoot(after!.root) } };
}

const aboutRoot = ({ atMs, fileCount, byteCount }: SnapshotRoot): DifferenceResult['before'] => ({
  atMs,
  fileCount,
  byteCount,
});

interface Pair {
  readonly left: TreeEntry | undefined;
  readonly right: TreeEntry | undefined;
}

async function* pairsOf(
  left: AsyncGenerator<TreeEntry>,
  right: AsyncGenerator<TreeEntry>,
): AsyncGenerator<Pair> {
  let [a, b] = [await nextOf(left), await nextOf(right)];
  while (a !== undefined || b !== undefined) {
    const order = orderOf(a, b);
    yield { left: order <= 0 ? a : undefined, right: order >= 0 ? b : undefined };
    if (order <= 0) a = await nextOf(left);
    if (order >= 0) b = await nextOf(right);
  }
}

async function nextOf(entries: AsyncGenerator<TreeEntry>): Promise<TreeEntry | undefined> {
  const next = await entries.next();
  return next.done === true ? undefined : next.value;
}

function orderOf(a: TreeEntry | undefined, b: TreeEntry | undefined): number {
  if (a === undefined) return 1;
  return b === undefined ? -1 : Buffer.compare(a.path, b.path);
}

/** Folders count when they come or go; what only a folder's time or a mode says is a change of files alone. */
function changeBetween(left: TreeEntry | undefined, right: TreeEntry | undefined): Change | undefined {
  if (left !== undefined && right !== undefined && isSame(left, right)) return undefined;
  const [before, after] = [left, right].map((entry) => (entry === undefined ? undefined : versionOf(entry)));
  const path = pathText(pathOf((right ?? left)!.path));
  if (before === undefined) return { path, change: 'added', after: after! };
  return after === undefined
    ? { path, change: 'removed', before }
    : { path, change: 'changed', before, after };
}

function isSame(left: TreeEntry, right: TreeEntry): boolean {
  if (left.kind !== right.kind || left.mode !== right.mode) return false;
  if (left.uid !== right.uid || left.gid !== right.gid || attributesOf(left) !== attributesOf(right))
    return false;
  if (left.kind === 'folder') return true;
  const isContentSame =
    left.kind === 'file' && right.kind === 'file'
      ? left.chunks.join() === right.chunks.join()
      : contentOf(left) === contentOf(right);
  return isContentSame && left.mtimeNs === right.mtimeNs;
}

const attributesOf = ({ attributes = [] }: TreeEntry): string =>
  attributes.map(({ name, value }) => `${name}=${Buffer.from(value).toString('hex')}`).join();

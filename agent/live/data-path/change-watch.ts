// What went away or turned into noise in a drive within the last day, over all its snapshots: harm comes file by file while
// snapshots are taken. Remembered in a journal beside the drive's state; it stops no snapshot.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { massChangeWindowMs } from '../../limits.ts';
import { appendLines, encodeLine, openJournal, rewriteJournal } from './line-journal.ts';
import { type ChangeCounts, isMassChange } from './mass-change.ts';
import type { BytePath } from './path-bytes.ts';

/** The newest mass change; it holds until a person accepts it. */
export interface MassChange extends ChangeCounts {
  /** When it was first and last seen. */
  readonly sinceMs: number;
  readonly atMs: number;
}

/** What one look found: paths, as short hashes where they need not be read again. */
interface TurnLine {
  readonly kind: 'turn';
  readonly atMs: number;
  /** In the state's files, and not in the folder any more; or in it again. */
  readonly gone: readonly BytePath[];
  readonly back: readonly BytePath[];
  readonly added: readonly string[];
  readonly harmed: readonly string[];
  /** Removed and there again, or added and removed within the day. */
  readonly undone: readonly string[];
}
type Line = TurnLine | { readonly kind: 'mass'; readonly mass: MassChange };

export interface Turn {
  readonly atMs: number;
  /** Files of the last snapshot: `filesBefore`. */
  readonly before: ReadonlySet<BytePath>;
  /** All that the folder holds now. */
  readonly present: ReadonlySet<BytePath>;
  /** Files that were read or are known, now. */
  readonly files: ReadonlyMap<BytePath, { readonly chunks: readonly string[] }>;
  /** Chunks of a file of the last snapshot. */
  readonly chunksBefore: (path: BytePath) => readonly string[];
}

const linesMax = 500;
const idOf = (path: BytePath): string =>
  createHash('sha256').update(path, 'latin1').digest('base64').slice(0, 10);

export class ChangeWatch {
  readonly #file: string;
  readonly #acceptedMs: number;
  readonly #gone = new Set<BytePath>();
  readonly #added = new Map<string, number>();
  readonly #harmed = new Map<string, number>();
  #mass: MassChange | undefined;

  /** `acceptedMs`: what happened until then was a person's wish. */
  constructor(folder: string, acceptedMs: number) {
    this.#file = join(folder, 'changes.journal');
    this.#acceptedMs = acceptedMs;
    const lines = openJournal(this.#file) as readonly Line[];
    for (const line of lines) this.#take(line);
    if (lines.length > linesMax) this.#rewrite();
  }

  /** Of the last snapshot, from all files that the drive's state remembers. */
  filesBefore(remembered: Iterable<BytePath>): ReadonlySet<BytePath> {
    const before = new Set(remembered);
    for (const path of this.#gone) before.delete(path);
    return before;
  }

  /** Notes at once files that turned into noise: a crash would let them pass as read already. */
  noteScrambled(paths: readonly BytePath[], atMs: number): void {
    this.#note({ ...emptyTurn, atMs, harmed: paths.map(idOf) });
  }

  /** Notes what came and went since the last snapshot; answers the mass change that nobody has accepted, if there is one. */
  turn({ atMs, before, present, files, chunksBefore }: Turn): MassChange | undefined {
    const removed = [...before].filter((path) => !present.has(path));
    const fresh = [...files.keys()].filter((path) => !before.has(path));
    const contentOf = (chunks: readonly string[]): string => chunks.join();
    const freshContents = new Set(fresh.map((path) => contentOf(files.get(path)!.chunks)));
    const removedContents = new Set(removed.map((path) => contentOf(chunksBefore(path))));
    const lost = removed.filter((path) => !freshContents.has(contentOf(chunksBefore(path)))).map(idOf);
    const added = fresh.filter((path) => !removedContents.has(contentOf(files.get(path)!.chunks))).map(idOf);
    this.#note({
      kind: 'turn',
      atMs,
      gone: removed,
      back: [...this.#gone].filter((path) => files.has(path)),
      added: added.filter((id) => !this.#harmed.has(id)),
      harmed: lost.filter((id) => !this.#added.has(id)),
      undone: [...lost.filter((id) => this.#added.has(id)), ...added.filter((id) => this.#harmed.has(id))],
    });
    return this.#judge({ atMs, live: files.size });
  }

  #judge({ atMs, live }: { readonly atMs: number; readonly live: number }): MassChange | undefined {
    const sinceMs = Math.max(atMs - massChangeWindowMs, this.#acceptedMs + 1);
    for (const map of [this.#added, this.#harmed])
      for (const [id, ms] of map) if (ms < sinceMs) map.delete(id);
    const goneIds = new Set([...this.#gone].map(idOf));
    const lostCount = [...this.#harmed.keys()].filter((id) => goneIds.has(id)).length;
    const counts = { before: live - this.#added.size + lostCount, harmed: this.#harmed.size };
    const held = this.#mass !== undefined && this.#mass.atMs > this.#acceptedMs ? this.#mass : undefined;
    if (!isMassChange(counts)) return held;
    const mass = { ...counts, sinceMs: held?.sinceMs ?? atMs, atMs };
    if (mass.harmed !== held?.harmed) this.#append({ kind: 'mass', mass });
    this.#mass = mass;
    return mass;
  }

  #note(turn: TurnLine): void {
    const { atMs: _, kind: __, ...lists } = turn;
    if (Object.values(lists).every((list) => list.length === 0)) return;
    this.#append(turn);
    this.#take(turn);
  }

  #append(line: Line): void {
    appendLines(this.#file, [encodeLine(line)]);
  }

  #take(line: Line): void {
    if (line.kind === 'mass') {
      this.#mass = line.mass;
      return;
    }
    for (const path of line.gone) this.#gone.add(path);
    for (const path of line.back) this.#gone.delete(path);
    for (const id of line.added) this.#added.set(id, line.atMs);
    for (const id of line.harmed) {
      this.#added.delete(id);
      this.#harmed.set(id, line.atMs);
    }
    for (const id of line.undone) {
      this.#added.delete(id);
      this.#harmed.delete(id);
    }
  }

  #rewrite(): void {
    const turns = [
      ...Map.groupBy(
        [...this.#added.keys(), ...this.#harmed.keys()],
        (id) => this.#added.get(id) ?? this.#harmed.get(id)!,
      ),
    ];
    const lines = turns.map(([atMs, ids]): Line => ({
      ...emptyTurn,
      atMs,
      added: ids.filter((id) => this.#added.has(id)),
      harmed: ids.filter((id) => this.#harmed.has(id)),
    }));
    const gone: Line = { ...emptyTurn, atMs: 0, gone: [...this.#gone] };
    const mass: readonly Line[] = this.#mass === undefined ? [] : [{ kind: 'mass', mass: this.#mass }];
    rewriteJournal(this.#file, [gone, ...lines, ...mass].map(encodeLine));
  }
}

const emptyTurn: TurnLine = { kind: 'turn', atMs: 0, gone: [], back: [], added: [], harmed: [], undone: [] };

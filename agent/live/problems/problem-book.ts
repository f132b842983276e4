// Since when each problem stands, over restarts, and which began or ended for good: what comes and goes within minutes is shown but not
// told. Decides nothing about the problems themselves; pure but for what its owner saves.

import { type UnixMs, unixMs } from '../../../datasets/index.ts';
import { proofFailedMsMax } from '../../limits.ts';
import { type Problem, type ProblemKind, problemName } from '../../problem.ts';
import type { FoundProblem } from './find-problems.ts';

/** What is kept of a problem; `told` once its beginning was announced. */
export interface BookEntry {
  readonly problem: Problem;
  readonly firstMs: UnixMs;
  readonly lastMs: UnixMs;
  readonly isTold: boolean;
}

export interface ProblemChange {
  readonly change: 'began' | 'ended';
  readonly problem: Problem;
  readonly atMs: UnixMs;
}

interface Looking {
  readonly now: UnixMs;
  /** What cannot be judged now: peer ids, drives, and names of problems. */
  readonly unseen: ReadonlySet<string>;
  /** How long a problem has to be there, or away, before it is told. */
  readonly settleMs: number;
}

/** More than that at once are one trouble, and the rest is left out of the book. */
export const bookEntriesMax = 2000;

/** What others that sleep bring about is told when it goes on for longer than a night. */
const nightly: ReadonlySet<ProblemKind> = new Set([
  'not-connected',
  'drive-out-of-reach',
  'groups-out-of-reach',
]);

const toldAfterMs = ({ kind }: Problem, settleMs: number): number =>
  nightly.has(kind) ? Math.max(proofFailedMsMax, settleMs) : settleMs;

export class ProblemBook {
  readonly #entries = new Map<string, BookEntry>();

  constructor(entries: readonly BookEntry[] = []) {
    for (const entry of entries) this.#entries.set(problemName(entry.problem), entry);
  }

  get entries(): readonly BookEntry[] {
    return [...this.#entries.values()];
  }

  /** The problems with the time since which they stand, problems before warnings; notes nothing. */
  withTimes(found: readonly FoundProblem[], now: UnixMs): readonly Problem[] {
    const dated = found.map((one): Problem => {
      const known = this.#entries.get(problemName(one));
      return { ...one, sinceMs: one.sinceMs ?? known?.problem.sinceMs ?? now };
    });
    return dated.toSorted((a, b) => Number(a.level === 'warning') - Number(b.level === 'warning'));
  }

  /**
   * Notes what is found now, and returns what began or ended for good. What is about `unseen` (it cannot be judged now) goes on as it was.
   */
  update(found: readonly FoundProblem[], { now, unseen, settleMs }: Looking): readonly ProblemChange[] {
    const changes: ProblemChange[] = [];
    const current = new Set<string>();
    for (const problem of this.withTimes(found, now)) {
      const name = problemName(problem);
      current.add(name);
      changes.push(...this.#note(name, problem, { now, settleMs }));
    }
    for (const [name, entry] of this.#entries) {
      if (current.has(name)) continue;
      const { about } = entry.problem;
      const isUnseen = unseen.has(name) || (about !== undefined && unseen.has(about));
      if (isUnseen) this.#entries.set(name, { ...entry, lastMs: now });
      else changes.push(...this.#missed(name, entry, { now, settleMs }));
    }
    return changes;
  }

  #note(
    name: string,
    problem: Problem,
    { now, settleMs }: Omit<Looking, 'unseen'>,
  ): readonly ProblemChange[] {
    const known = this.#entries.get(name);
    if (known === undefined && this.#entries.size >= bookEntriesMax) return [];
    const firstMs = known?.firstMs ?? now;
    const isBeginning = known?.isTold !== true && now - firstMs >= toldAfterMs(problem, settleMs);
    this.#entries.set(name, { problem, firstMs, lastMs: now, isTold: known?.isTold === true || isBeginning });
    return isBeginning ? [{ change: 'began', problem, atMs: now }] : [];
  }

  #missed(
    name: string,
    { problem, lastMs, isTold }: BookEntry,
    { now, settleMs }: Omit<Looking, 'unseen'>,
  ): readonly ProblemChange[] {
    if (now - lastMs < settleMs) return [];
    this.#entries.delete(name);
    return isTold ? [{ change: 'ended', problem, atMs: unixMs(now) }] : [];
  }
}

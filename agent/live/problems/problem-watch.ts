// Makes the list of problems anew every few seconds, keeps its book on the disk, and hands on what began or ended for good.

import type { UnixMs } from '../../../datasets/index.ts';
import { problemsEveryMs } from '../../limits.ts';
import { problemName } from '../../problem.ts';
import { isFullError } from '../disk-full.ts';
import type { ViewParts } from '../fleet-view.ts';
import type { Home } from '../home.ts';
import { unseenDrives } from './drive-problems.ts';
import { findProblems } from './find-problems.ts';
import { unseenMachines } from './machine-problems.ts';
import { unseenReach } from './reach-problems.ts';
import type { ProblemBook, ProblemChange } from './problem-book.ts';
import { readProblemBook, writeProblemBook } from './stored-book.ts';

export class ProblemWatch {
  readonly book: ProblemBook;
  readonly #home: Home;
  readonly #tell: (changes: readonly ProblemChange[]) => void;
  readonly #settleMs: () => number;
  #lookedMs = 0;
  #saved = '';

  constructor(options: {
    readonly home: Home;
    readonly now: UnixMs;
    readonly tell: (changes: readonly ProblemChange[]) => void;
    readonly settleMs: () => number;
  }) {
    this.#home = options.home;
    this.#tell = options.tell;
    this.#settleMs = options.settleMs;
    this.book = readProblemBook(options.home, options.now);
  }

  /** Looks when it is time for it. */
  tick(parts: () => ViewParts, now: UnixMs): void {
    if (now - this.#lookedMs < problemsEveryMs) return;
    this.#lookedMs = now;
    const seen = parts();
    const unseen = new Set([
      ...unseenDrives(seen.drives),
      ...unseenMachines(seen.core, now),
      ...unseenReach(seen),
    ]);
    const changes = this.book.update(findProblems(seen), { now, unseen, settleMs: this.#settleMs() });
    this.#save();
    if (changes.length > 0) this.#tell(changes);
  }

  /** Words and counts change all the time; written is only which problems there are and what was told. */
  #save(): void {
    const { entries } = this.book;
    const state = entries.map(({ problem, isTold }) => `${problemName(problem)} ${isTold}`).join('\n');
    if (state === this.#saved) return;
    try {
      writeProblemBook(this.#home, entries);
      this.#saved = state;
    } catch (error) {
      // On a full disk the times begin anew after the next start.
      if (!isFullError(error)) throw error;
    }
  }
}

// What a command says while it waits for a snapshot to be safe: how far it is, and for whom it waits. A person who sees that may go; the
// agent goes on without the command.

import { setTimeout as sleep } from 'node:timers/promises';
import { askAgent } from '../agent/control/index.ts';
import type { DriveView, FleetView } from '../agent/index.ts';
import { minutes } from '../datasets/index.ts';
import { listText, sayAside, sayWaiting } from './print.ts';

const lookMs = 1500;
/** So long a person may think that waiting is needed. */
export const patienceMs = minutes(2);

const countsText = ({ shardsStored, shardsWanted }: NonNullable<DriveView['pending']>): string =>
  `${shardsStored} of ${shardsWanted} shards stored`;

/** "8 of 9 shards stored; waits for pc-03, which is away, or for a machine in its place". */
export function pendingText(pending: NonNullable<DriveView['pending']>): string {
  const { waitsFor } = pending;
  const counts = countsText(pending);
  if (waitsFor.length === 0) return counts;
  const who = listText(waitsFor, 3);
  return waitsFor.length === 1
    ? `${counts}; waits for ${who}, which is away, or for a machine in its place`
    : `${counts}; waits for ${who}, which are away, or for machines in their places`;
}

/** Why the snapshot of a drive is not safe yet, as a whole sentence. */
export function whyWaiting(view: FleetView, drive: string): string {
  if (view.plan === undefined) {
    const noPlan = view.problems.find(({ kind }) => kind === 'no-plan');
    return noPlan === undefined ? 'There is no plan yet.' : `${noPlan.why} ${noPlan.action}`;
  }
  const failed = view.problems.find(({ kind, about }) => kind === 'backup-failed' && about === drive);
  if (failed !== undefined) return `${failed.why} ${failed.action}`;
  const pending = view.drives.find((known) => known.drive === drive)?.pending;
  if (pending === undefined) return 'The files are read, sealed and cut into shards.';
  const paused = view.limits?.paused;
  return paused === undefined
    ? `${pendingText(pending)}.`
    : `${countsText(pending)}; nothing moves now: ${paused}.`;
}

/** Says once that nobody has to wait, when machines that are away, or the plan, have been waited for long enough. */
export class Patience {
  #sinceMs: number | undefined;
  #isSaid = false;

  wordAt(view: FleetView, drive: string): string | undefined {
    const pending = view.drives.find((known) => known.drive === drive)?.pending;
    const isPaused = pending !== undefined && view.limits?.paused !== undefined;
    const isWaiting = view.plan === undefined || isPaused || (pending?.waitsFor.length ?? 0) > 0;
    if (!isWaiting || this.#isSaid) {
      this.#sinceMs = undefined;
      return undefined;
    }
    this.#sinceMs ??= view.atMs;
    if (view.atMs - this.#sinceMs < patienceMs) return undefined;
    this.#isSaid = true;
    return 'Nobody has to wait here: after Ctrl-C the agent goes on by itself, and `drey status` says how far it is. With --no-wait this command does not wait at all.';
  }
}

/** Waits for `work`, and says meanwhile what it waits for. */
export async function withWaiting<Answer>(
  work: Promise<Answer>,
  { home, drive }: { readonly home: string; readonly drive: string },
): Promise<Answer> {
  const over = new AbortController();
  const patience = new Patience();
  const watching = (async () => {
    for (;;) {
      await sleep(lookMs, undefined, { signal: over.signal });
      const view = await askAgent({ home, call: 'view', request: {} });
      const word = patience.wordAt(view, drive);
      if (word !== undefined) sayAside(word);
      sayWaiting(whyWaiting(view, drive));
    }
  })();
  // It ends with the work, or where the agent does not answer any more, which the work itself will say.
  watching.catch(() => undefined);
  try {
    return await work;
  } finally {
    over.abort();
    sayWaiting(undefined);
  }
}

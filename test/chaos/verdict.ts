// After the faults: whether the fleet comes to rest by itself, and whether every snapshot that was acknowledged comes back, byte for
// byte, on a machine that has never seen it.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RestoreAnswer } from '../../agent/control/index.ts';
import type { FleetView } from '../../agent/index.ts';
import { isSettled } from '../../cli/demo/waiting.ts';
import type { Machine } from './machine.ts';
import { type Acknowledged, differences, type Person } from './person.ts';

/** One run's result. */
export interface Verdict {
  readonly settledSeconds?: number;
  readonly restored: number;
  readonly problems: readonly string[];
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Seconds until all agents agree on a plan and have nothing left to do; undefined when it takes longer. */
export async function settledAfter(
  machines: readonly Machine[],
  secondsMax: number,
): Promise<number | undefined> {
  const startedMs = performance.now();
  for (;;) {
    const seconds = (performance.now() - startedMs) / 1000;
    const views = await Promise.all(machines.map((machine) => machine.view().catch(() => undefined)));
    const seen = views.filter((view): view is FleetView => view !== undefined);
    if (seen.length === machines.length && isSettled(seen) && seen.every(hasAllUp)) return seconds;
    if (seconds > secondsMax) return undefined;
    await wait(2000);
  }
}

const hasAllUp = (view: FleetView): boolean =>
  view.groupsNow.every(({ upCount, redundancy }) => upCount === redundancy.n);

/** What keeps the fleet from rest, in words. */
export async function whyNotSettled(machines: readonly Machine[]): Promise<readonly string[]> {
  return Promise.all(
    machines.map(async (machine) => {
      const view = await machine.view().catch((error: unknown) => String(error));
      if (typeof view === 'string') return `${machine.name}: ${view}`;
      const { work } = view;
      const up = view.machines.filter(({ state }) => state === 'up').length;
      return `${machine.name}: plan ${view.plan?.epoch ?? 'none'}, ${up} up, outbox ${work.outboxPacks}, to get ${work.shardsToRebuild}, to send ${work.shardsToSend}, surplus ${work.shardsToRemove}`;
    }),
  );
}

/** Restores what was promised on `fresh` and compares it with the copies. Returns what was wrong, in words. */
export async function restoreAll(
  fresh: Machine,
  people: readonly Person[],
  root: string,
): Promise<{ readonly restored: number; readonly problems: readonly string[] }> {
  const problems: string[] = [];
  let restored = 0;
  for (const person of people) {
    const words = join(root, `words-of-${person.machine.name}`);
    writeFileSync(words, `${person.phrase}\n`);
    for (const promise of person.acknowledged) {
      const wrong = await restoreOne({ machine: fresh, promise, words, to: join(root, 'restored') });
      problems.push(...wrong);
      if (wrong.length === 0) restored++;
    }
  }
  return { restored, problems };
}

/** Restores one snapshot and compares; a restore that says what is missing counts as a problem here. */
export async function restoreOne({
  machine,
  promise,
  words,
  to,
}: {
  readonly machine: Machine;
  readonly promise: Acknowledged;
  /** A file with the person's phrase; undefined on their own machine. */
  readonly words: string | undefined;
  readonly to: string;
}): Promise<readonly string[]> {
  const label = `snapshot ${promise.snapshot.slice(0, 8)} of ${promise.person.machine.name}`;
  rmSync(to, { recursive: true, force: true });
  try {
    const answer = await machine.ask<RestoreAnswer>([
      'restore',
      '--drive',
      promise.drive,
      '--snapshot',
      promise.snapshot,
      ...(words === undefined ? [] : ['--phrase-file', words]),
      '--to',
      to,
    ]);
    const missing = answer.missing.length === 0 ? [] : [`${answer.missing.length} files are missing`];
    return [...missing, ...differences(promise.copy, to)].map((text) => `${label}: ${text}`);
  } catch (error) {
    return [`${label}: ${error instanceof Error ? error.message : String(error)}`];
  } finally {
    rmSync(to, { recursive: true, force: true });
  }
}

/** The last lines that an agent wrote, for whoever looks into a crash. */
export function lastWords(machine: Machine, lines = 40): string {
  try {
    return readFileSync(join(machine.home, 'up.log'), 'utf8').trim().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}

// When a word that was written on one machine must have reached another: from each to the next while both are up, and they may rarely be.

import { hours } from '../../datasets/index.ts';
import type { Written } from './ledger.ts';
import type { Machine } from './machine.ts';

/** So long together, and one has heard from the other what there is to hear. */
export const hearingMs = hours(6);

/** The first moment by which two machines were up together for long enough after `sinceMs`; infinite where they never were. */
function metMs({ ups: one }: Machine, { ups: other }: Machine, sinceMs: number): number {
  let found = Number.POSITIVE_INFINITY;
  for (const a of one)
    for (const b of other) {
      const fromMs = Math.max(a.fromMs, b.fromMs, sinceMs);
      if (Math.min(a.toMs, b.toMs) - fromMs >= hearingMs) found = Math.min(found, fromMs + hearingMs);
    }
  return found;
}

/** When each machine has heard a word at the latest; infinite for whoever may not have heard it. */
export function heardMs(machines: readonly Machine[], { by, atMs }: Written): ReadonlyMap<Machine, number> {
  const heard = new Map(
    machines.map((machine) => [machine, machine.peer === by ? atMs : Number.POSITIVE_INFINITY]),
  );
  const left = new Set(machines);
  while (left.size > 0) {
    const [next] = [...left].toSorted((a, b) => heard.get(a)! - heard.get(b)!);
    left.delete(next!);
    const sinceMs = heard.get(next!)!;
    if (sinceMs === Number.POSITIVE_INFINITY) break;
    for (const machine of left)
      heard.set(machine, Math.min(heard.get(machine)!, metMs(next!, machine, sinceMs)));
  }
  return heard;
}

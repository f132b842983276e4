// Which snapshots an owner gives up: as the shipped judge has it by its rules, and counted here once more.

import { judgeSnapshots } from '../core/index.ts';
import type { Fleet } from './fleet.ts';
import type { Promised } from './ledger.ts';
import type { Machine } from './machine.ts';

const utc = { offsetMsAt: (): number => 0 };

/** What its rules do not keep, oldest first. */
export function oldOf({ checks, guards, ledger, options }: Fleet, machine: Machine): readonly Promised[] {
  const { keepLast } = options;
  if (!Number.isFinite(keepLast)) return [];
  const own = ledger.acknowledged.filter(({ owner }) => owner === machine.peer);
  const made = own.map((promised) => ({
    promised,
    snapshot: promised.snapshot,
    atMs: promised.datedMs,
  }));
  const old = judgeSnapshots(made, { last: keepLast }, utc)
    .filter(({ reasons }) => reasons.length === 0)
    .map(({ promised }) => promised);
  checks.counts.kept++;
  const surplus = ledger.surplusOf(machine.peer, keepLast);
  if (old.length !== surplus.length || old.some((one) => !surplus.includes(one)))
    guards.violate('kept', machine, 'gives up other snapshots than its rules say');
  return old;
}

// Up to where the words of admin keys count that are put out. Each log in which a key was used as its machine's own is named: which of several
// machines is the thief's cannot be told from logs.

import type { AdminEnd, LogEnd, SignedBatch } from '../codec/index.ts';
import type { KnownAdmin, Membership } from '../core/index.ts';
import { endLogsMax } from '../limits.ts';
import type { PeerId } from '../units.ts';

export interface EndsWish {
  readonly keys: readonly KnownAdmin[];
  readonly membership: Membership;
  /** Every batch of facts that is here, each log in its order. */
  readonly facts: AsyncIterable<SignedBatch>;
  /** What was said since then, by the machines' own clocks, does not count either; undefined: all that is here counts. */
  readonly sinceMs: number | undefined;
}

/** One key's batches in each log, in order. */
type Said = ReadonlyMap<PeerId, readonly LogEnd[]>;

/**
 * One end for each key. Only batches that are here are counted: anybody may say of a thief's log that it is longer, and what the thief signs then
 * would count. Where there are too many logs those count in which the key said most.
 */
export async function endsOf({ keys, membership, facts, sinceMs }: EndsWish): Promise<readonly AdminEnd[]> {
  if (keys.length === 0) return [];
  const over = new Set<PeerId>();
  const found = new Map(
    keys.map(({ admin, machines }) => [admin, new Map(machines.map((log): [PeerId, LogEnd[]] => [log, []]))]),
  );
  const logs = new Set(keys.flatMap(({ machines }) => machines));
  for await (const batch of facts) {
    const { author: log, sequence, hash, atMs } = batch;
    if (!logs.has(log) || over.has(log)) continue;
    if (sinceMs !== undefined && atMs >= sinceMs) over.add(log);
    else
      for (const admin of new Set(membership.statementsIn(batch).map((signed) => signed.admin)))
        found
          .get(admin)
          ?.get(log)
          ?.push({ log, before: sequence + 1, hash });
  }
  return keys.map((key) => endOf(key, { said: found.get(key.admin)!, self: membership.self }));
}

function endOf(
  { admin, machines }: KnownAdmin,
  { said, self }: { readonly said: Said; readonly self: PeerId },
): AdminEnd {
  const used = [...said.values()]
    .filter((ends) => ends.length > 0)
    .toSorted((a, b) => b.length - a.length)
    .slice(0, endLogsMax);
  const marks = used.map((ends) => marksOf(ends).slice(0, Math.floor(endLogsMax / used.length)));
  const [first = { log: machines[0] ?? self, before: 0 }, ...more] = [
    ...marks.flatMap((own) => own.slice(0, 1)),
    ...marks.flatMap((own) => own.slice(1)),
  ];
  return { admin, ...first, ...(more.length === 0 ? {} : { more }) };
}

/**
 * The last batch, and earlier ones at doubling distances. Of a log with two histories others may have the other one: there all still counts up to
 * the last of these that both have.
 */
function marksOf(ends: readonly LogEnd[]): readonly LogEnd[] {
  const marks: LogEnd[] = [];
  for (let back = 1; back <= ends.length; back *= 2) marks.push(ends[ends.length - back]!);
  return marks;
}

/** As numbers alone, and as many logs as can be said: of each key at least one. */
export function withoutHashes(ends: readonly AdminEnd[], logsMax: number): readonly AdminEnd[] {
  let left = Math.max(0, logsMax - ends.length);
  return ends.map(({ admin, log, before, more = [] }) => {
    const logs = new Map([...more].toReversed().map((end) => [end.log, end.before]));
    logs.delete(log);
    const kept = [...logs]
      .slice(0, left)
      .map(([other, otherBefore]) => ({ log: other, before: otherBefore }));
    left -= kept.length;
    return { admin, log, before, ...(kept.length === 0 ? {} : { more: kept }) };
  });
}

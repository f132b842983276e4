// What the sites of a fleet are expected to read of which packs within a week: decayed counts of the restores that telemetry tells of.
// The baseline of popularity.ts for packs; it learns nothing, and what it says of a pack that was never read is nothing.

import { days, type MachineId, type PackReadRow, type UnixMs, weekMs } from '../datasets/index.ts';

/** A read counts half after this: the weeks of a fleet are alike, its months are not. */
const halfLifeMs = days(7);

export interface ExpectedPackReads extends Pick<PackReadRow, 'pack' | 'owner' | 'packClass' | 'packBytes'> {
  readonly redundancy: { readonly k: number; readonly n: number };
  readonly site: string;
  /** Within a week, > 0. */
  readonly reads: number;
}

export interface PackReadsWish {
  /** Place of a machine; rows of machines that have none count nowhere. */
  readonly siteOf: (machine: MachineId) => string | undefined;
  readonly nowMs: UnixMs;
}

/**
 * λ = c · ln 2 · week / (H (1 − 2^(−s/H))), with c the reads so far, each halved every H, and s how long rows have been written: a steady
 * rate would have left exactly c. s is at least a week, so that one busy day is no busy week. Rows from after `nowMs` are a wrong
 * clock's and count as of now.
 */
export function expectedPackReads(
  rows: Iterable<PackReadRow>,
  { siteOf, nowMs }: PackReadsWish,
): readonly ExpectedPackReads[] {
  const found = new Map<string, { readonly row: PackReadRow; readonly site: string; count: number }>();
  let firstMs: number = nowMs;
  for (const row of rows) {
    firstMs = Math.min(firstMs, row.hourMs);
    const site = siteOf(row.machine);
    if (site === undefined || row.reads === 0) continue;
    const key = `${row.pack} ${site}`;
    const known = found.get(key) ?? { row, site, count: 0 };
    known.count += row.reads * 2 ** (-Math.max(0, nowMs - row.hourMs) / halfLifeMs);
    found.set(key, known);
  }
  const spanMs = Math.max(weekMs, nowMs - firstMs);
  const factor = (Math.LN2 * weekMs) / (halfLifeMs * (1 - 2 ** (-spanMs / halfLifeMs)));
  return [...found.values()].map(({ row, site, count }) => {
    const { pack, owner, packClass, k, n, packBytes } = row;
    return { pack, owner, packClass, redundancy: { k, n }, packBytes, site, reads: factor * count };
  });
}

// Which forecast of reads of packs serves: the popularity model where its gate let it through and it still ranks last week's reads no
// worse than decayed counts do, else those counts; and in a sentence why.

import {
  type AccessTrace,
  fileOfPack,
  hourMs,
  type MachineId,
  numberSites,
  packReadsAsAccess,
  type PackReadRow,
  unixMs,
} from '../datasets/index.ts';
import { AccessMemory } from './access-memory.ts';
import { type ModelCard, packPopularityName } from './card.ts';
import { type ExpectedPackReads, expectedPackReads, type PackReadsWish } from './pack-demand.ts';
import { demandByWeights } from './popularity-arithmetic.ts';
import { examplesOf, pairRowsAt } from './popularity-examples.ts';
import { fitsPopularity, type PopularityModel, rankedPairs, weekHorizonHours } from './popularity.ts';
import { rankingGain } from './scores.ts';
import { type NamedWeights, popularityOf } from './weights.ts';

/** A trained or promoted version, as far as it speaks of packs. */
export interface PackModel {
  readonly version: string;
  readonly cards: readonly ModelCard[];
  readonly weights: NamedWeights;
}

export interface PackDemandForecast {
  readonly reads: readonly ExpectedPackReads[];
  /** What serves and why, a sentence for people. */
  readonly source: string;
}

/** Without a version decayed counts serve. */
export function packDemandFrom(
  rows: readonly PackReadRow[],
  wish: PackReadsWish,
  trained: PackModel | undefined,
): PackDemandForecast {
  const byCounts = (reason: string): PackDemandForecast => ({
    reads: expectedPackReads(rows, wish),
    source: `decayed counts of reads, as ${reason}`,
  });
  const card = trained?.cards.find(({ model }) => model === packPopularityName);
  if (trained === undefined || card === undefined)
    return byCounts('no model of restores could be trained yet');
  const weights = popularityOf(trained.weights, 'packPopularity');
  if (card.serves === 'baseline') return byCounts(card.reason);
  if (weights === undefined || !fitsPopularity({ weights }))
    return byCounts(`the model of version ${trained.version} is of an older kind`);
  const trace = traceOf(rows, wish);
  if (trace === undefined) return byCounts('nothing was read');
  const lost = lostLastWeek({ weights }, trace, { rows, ...wish });
  if (lost !== undefined) return byCounts(lost);
  return {
    reads: readsByModel({ weights }, trace, rows),
    source: `the model of version ${trained.version}: ${card.reason}`,
  };
}

/** Whole hours up to now; what a wrong clock dates later was read in the last of them. Undefined where no machine has a place. */
function traceOf(rows: readonly PackReadRow[], { siteOf, nowMs }: PackReadsWish): AccessTrace | undefined {
  const lastMs = Math.floor(nowMs / hourMs) * hourMs - hourMs;
  const names = new Map<MachineId, string>();
  for (const { machine } of rows) {
    const site = siteOf(machine);
    if (site !== undefined) names.set(machine, site);
  }
  const placed = rows
    .filter(({ machine }) => names.has(machine))
    .map((row) => ({ ...row, hourMs: unixMs(Math.min(row.hourMs, lastMs)) }))
    .toSorted((a, b) => a.hourMs - b.hourMs);
  const [first] = placed;
  if (first === undefined) return undefined;
  return {
    startMs: first.hourMs,
    hourCount: (lastMs - first.hourMs) / hourMs + 1,
    demand: 'reads',
    ...numberSites(names),
    rows: packReadsAsAccess(placed),
  };
}

/** Why the model must not serve now: a week ago it would have ranked what came worse than decayed counts. Undefined where it would not. */
function lostLastWeek(
  model: PopularityModel,
  trace: AccessTrace,
  { rows, siteOf, nowMs }: PackReadsWish & { readonly rows: readonly PackReadRow[] },
): string | undefined {
  const fromHour = trace.hourCount - weekHorizonHours;
  if (fromHour <= 0) return undefined;
  const [week] = examplesOf(trace, {
    horizonHours: weekHorizonHours,
    stepHours: weekHorizonHours,
    fromHour,
    toHour: fromHour,
    seed: 'last week',
    countMax: Number.POSITIVE_INFINITY,
  });
  if (week === undefined || !week.demands.some((demand) => demand > 0)) return undefined;
  const weekAgoMs = trace.startMs + fromHour * hourMs;
  const before = rows.filter((row) => Math.min(row.hourMs, nowMs) < weekAgoMs);
  const counted = new Map(
    expectedPackReads(before, { siteOf, nowMs: unixMs(weekAgoMs) }).map(({ pack, site, reads }) => [
      `${fileOfPack(pack)} ${site}`,
      reads,
    ]),
  );
  const byCounts = week.pairs.map(({ file, site }) => counted.get(`${file} ${trace.sites[site]!}`) ?? 0);
  const gains = [...week.demands];
  const [own, theirs] = [[...demandByWeights(model, week)], byCounts].map((scores) =>
    rankingGain(scores, gains, rankedPairs),
  ) as [number, number];
  return own >= theirs
    ? undefined
    : `they ranked the reads of the last week better (${theirs.toPrecision(4)}) than the model (${own.toPrecision(4)})`;
}

/** What the model expects of each pack on each site within a week from the end of the trace on. */
function readsByModel(
  model: PopularityModel,
  trace: AccessTrace,
  rows: readonly PackReadRow[],
): readonly ExpectedPackReads[] {
  const memory = new AccessMemory(trace);
  for (const row of trace.rows) memory.add(row);
  const hour = trace.startMs / hourMs + trace.hourCount;
  const pairs = memory.pairs(hour);
  const rates = demandByWeights(model, pairRowsAt(memory, pairs, { hour, horizonHours: weekHorizonHours }));
  const rowOf = new Map(rows.map((row) => [fileOfPack(row.pack), row]));
  return pairs.map(({ file, site }, at) => {
    const { pack, owner, packClass, k, n, packBytes } = rowOf.get(file)!;
    const packed = { pack, owner, packClass, redundancy: { k, n }, packBytes };
    return { ...packed, site: trace.sites[site]!, reads: rates[at]! };
  });
}

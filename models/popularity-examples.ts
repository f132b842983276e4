// Moments of the past with what was known at them and what came after: what popularity is fitted to and judged on.
// Each moment knows only the hours before it.

import {
  type AccessTrace,
  createRandom,
  demandOf,
  type FileId,
  hourMs,
  type Random,
} from '../datasets/index.ts';
import { AccessMemory, halfLives, pairFeatureCount, type Pair, rateCount } from './access-memory.ts';

/** Pairs of file and site at one or more moments. */
export interface PairRows {
  readonly pairs: readonly Pair[];
  /** Rows of `pairFeatureCount`. */
  readonly features: Float32Array;
  /** Rows of `rateCount`: what each fading count would bring within the horizon if each access bred one more. */
  readonly echoes: Float32Array;
  /** Fading counts on the site, rows of `halfLives.length`. */
  readonly counts: Float32Array;
  readonly totals: Float64Array;
  readonly idleHours: Float64Array;
}

/** The same with the demand of the horizon that followed. */
export interface JudgedRows extends PairRows {
  readonly demands: Float32Array;
}

/** Everything that is known of `pairs` at the start of `hour`. */
export function pairRowsAt(
  memory: AccessMemory,
  pairs: readonly Pair[],
  { hour, horizonHours }: { readonly hour: number; readonly horizonHours: number },
): PairRows {
  const lives = halfLives.length;
  const features = new Float32Array(pairs.length * pairFeatureCount);
  const echoes = new Float32Array(pairs.length * rateCount);
  const counts = new Float32Array(pairs.length * lives);
  // An exponential kernel: of all that an access will ever breed, this share falls into the horizon (Hawkes, 1971).
  const shares = Float32Array.from(
    { length: rateCount },
    (_, index) => 1 - 0.5 ** (horizonHours / halfLives[index % lives]!),
  );
  for (const [at, pair] of pairs.entries()) {
    memory.writeFeatures(pair, hour, features.subarray(at * pairFeatureCount, (at + 1) * pairFeatureCount));
    const row = echoes.subarray(at * rateCount, (at + 1) * rateCount);
    memory.writeCounts(pair, hour, row);
    counts.set(row.subarray(0, lives), at * lives);
    for (let index = 0; index < rateCount; index++) row[index]! *= shares[index]!;
  }
  return {
    pairs,
    features,
    echoes,
    counts,
    totals: Float64Array.from(pairs, (pair) => memory.total(pair)),
    idleHours: Float64Array.from(pairs, (pair) => memory.idleHours(pair, hour)),
  };
}

export interface ExampleWish {
  readonly horizonHours: number;
  readonly stepHours: number;
  /** Moments from here … */
  readonly fromHour: number;
  /** … to here, in hours since the trace's start; the horizon of the last one ends at or before the trace's end. */
  readonly toHour: number;
  readonly seed: number | string;
  /** At most so many pairs, drawn by what is known of them, never by what came: busy ones all the likelier. */
  readonly countMax: number;
}

/** Moments with their pairs and demands, one entry a moment; a moment without pairs is left out. */
export function examplesOf(trace: AccessTrace, wish: ExampleWish): readonly JudgedRows[] {
  const { horizonHours, stepHours, fromHour } = wish;
  const random = createRandom(wish.seed).fork('pairs');
  const startHour = trace.startMs / hourMs;
  const lastHour = Math.min(wish.toHour, trace.hourCount - horizonHours);
  const momentCount = Math.max(0, Math.floor((lastHour - fromHour) / stepHours) + 1);
  const memory = new AccessMemory(trace);
  const perMoment = Math.max(1, Math.floor(wish.countMax / Math.max(1, momentCount)));
  const moments: JudgedRows[] = [];
  let next = 0;
  for (let moment = 0; moment < momentCount; moment++) {
    const hour = startHour + fromHour + moment * stepHours;
    while (next < trace.rows.length && trace.rows[next]!.hourMs < hour * hourMs)
      memory.add(trace.rows[next++]!);
    const all = memory.pairs(hour);
    const kept = thinned(
      all,
      { countMax: perMoment, weightOf: (pair) => busyness(memory, pair, hour) },
      random,
    );
    if (kept.length === 0) continue;
    const rows = pairRowsAt(memory, kept, { hour, horizonHours });
    moments.push({
      ...rows,
      demands: demandsAfter(trace, kept, { from: next, untilHour: hour + horizonHours }),
    });
  }
  return moments;
}

const weekIndex = halfLives.indexOf(168);

/** Quiet pairs are many and alike. */
function busyness(memory: AccessMemory, pair: Pair, hour: number): number {
  const counts = new Float32Array(rateCount);
  memory.writeCounts(pair, hour, counts);
  return 0.05 + counts[weekIndex]! + 0.1 * counts[halfLives.length + weekIndex]!;
}

function thinned(
  pairs: readonly Pair[],
  { countMax, weightOf }: { readonly countMax: number; readonly weightOf: (pair: Pair) => number },
  random: Random,
): readonly Pair[] {
  if (pairs.length <= countMax) return pairs;
  const weights = pairs.map(weightOf);
  const scale = countMax / weights.reduce((sum, weight) => sum + weight, 0);
  return pairs.filter((_, index) => random.fraction() < scale * weights[index]!);
}

function demandsAfter(
  trace: AccessTrace,
  pairs: readonly Pair[],
  { from, untilHour }: { readonly from: number; readonly untilHour: number },
): Float32Array {
  const sums = new Map<FileId, Float64Array>();
  for (let next = from; next < trace.rows.length; next++) {
    const row = trace.rows[next]!;
    if (row.hourMs >= untilHour * hourMs) break;
    const ofFile = sums.get(row.file) ?? new Float64Array(trace.sites.length);
    ofFile[trace.siteOf.get(row.machine)!]! += demandOf(row, trace.demand);
    sums.set(row.file, ofFile);
  }
  return Float32Array.from(pairs, ({ file, site }) => sums.get(file)?.[site] ?? 0);
}

// Candidate domains: machines that share an attribute, and machines that failed together more than their habits explain.
// It only proposes; the shock mixture decides how often a domain strikes and how hard.

import { attributeNames, type FleetHistory, slotDown, slotUp } from '../datasets/index.ts';
import { weekHours } from './hours.ts';

export interface CandidateDomain {
  readonly name: string;
  /** "learned" or the attribute's name. */
  readonly origin: string;
  /** Rows of the history, ascending; at least two. */
  readonly members: readonly number[];
}

/** Mean correlation inside a learned domain must stay above this while it grows. */
const correlationMin = 0.2;
/** And the first pair must be this many standard errors above nothing. */
const significanceMin = 5;
const freeDomainsMax = 64;

/**
 * N × T: unexpected falls, an hour in which a machine that was up is down, minus the odds of that by its own habits; 0 where it
 * was not up before or nothing is known. Falls say far more than being down: what goes down together falls in one hour, while
 * nights and weekends overlap for everybody. Divided by its standard deviation, so that a habitual hour tells little.
 */
export function unexpectedFalls(history: FleetHistory): Float32Array {
  const { slotCount } = history;
  const hours = weekHours(history);
  const out = new Float32Array(history.machines.length * slotCount);
  for (let machine = 0; machine < history.machines.length; machine++) {
    const row = history.up.subarray(machine * slotCount, (machine + 1) * slotCount);
    const odds = fallOdds(row, hours);
    for (let slot = 1; slot < slotCount; slot++) {
      if (row[slot - 1] !== slotUp || row[slot]! > slotUp) continue;
      const p = odds[hours[slot]!]!;
      out[machine * slotCount + slot] =
        ((row[slot] === slotDown ? 1 : 0) - p) / Math.sqrt(p * (1 - p) + 0.02);
    }
  }
  return out;
}

/** P(falls in this hour of the day | up before), on workdays and weekends apart, with ten hours of the machine's mean added. */
export function fallOdds(row: Uint8Array, hours: Int32Array): Float64Array {
  const [falls, chances] = [new Float64Array(48), new Float64Array(48)];
  const binOf = (hour: number): number => (hour % 24) + (hour >= 120 ? 24 : 0);
  for (let slot = 1; slot < row.length; slot++) {
    if (row[slot - 1] !== slotUp || row[slot]! > slotUp) continue;
    const bin = binOf(hours[slot]!);
    chances[bin]!++;
    if (row[slot] === slotDown) falls[bin]!++;
  }
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
  const mean = (sum(falls) + 0.5) / (sum(chances) + 1);
  return Float64Array.from(
    { length: 168 },
    (_, hour) => (falls[binOf(hour)]! + 10 * mean) / (chances[binOf(hour)]! + 10),
  );
}

/** N × N correlations of unexpected falls, in [−1, 1]. */
export function fallCorrelations(history: FleetHistory): Float32Array {
  const N = history.machines.length;
  const T = history.slotCount;
  const rows = unexpectedFalls(history);
  const norms = Float64Array.from({ length: N }, (_, machine) =>
    Math.sqrt(rows.subarray(machine * T, (machine + 1) * T).reduce((sum, value) => sum + value * value, 0)),
  );
  const correlations = new Float32Array(N * N);
  for (let a = 0; a < N; a++) {
    correlations[a * N + a] = 1;
    for (let b = a + 1; b < N; b++) {
      let sum = 0;
      for (let slot = 0; slot < T; slot++) sum += rows[a * T + slot]! * rows[b * T + slot]!;
      const scale = norms[a]! * norms[b]!;
      const value = scale > 0 ? sum / scale : 0;
      correlations[a * N + b] = value;
      correlations[b * N + a] = value;
    }
  }
  return correlations;
}

/** Groups by average linkage: the two groups with the highest mean correlation join, as long as it is high enough. */
export function linkByCorrelation(
  correlations: Float32Array,
  count: number,
  slotCount: number,
): readonly (readonly number[])[] {
  const groups = new Map<number, number[]>(Array.from({ length: count }, (_, index) => [index, [index]]));
  const links = new Links(correlations.slice(), count);
  const threshold = Math.max(correlationMin, significanceMin / Math.sqrt(slotCount));
  for (;;) {
    const pair = links.highest();
    if (pair === undefined || pair.value < threshold) break;
    const [left, right] = [groups.get(pair.a)!, groups.get(pair.b)!];
    links.join(pair, left.length / (left.length + right.length));
    left.push(...right);
    groups.delete(pair.b);
  }
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map((group) => group.toSorted((x, y) => x - y));
}

interface Link {
  readonly a: number;
  readonly b: number;
  readonly value: number;
}

/** Mean correlations between groups, each with its strongest partner at hand: a join costs a pass or a few, not all pairs. */
class Links {
  readonly #values: Float32Array;
  readonly #count: number;
  readonly #alive: Set<number>;
  readonly #nearest: Int32Array;

  constructor(values: Float32Array, count: number) {
    this.#values = values;
    this.#count = count;
    this.#alive = new Set(Array.from({ length: count }, (_, index) => index));
    this.#nearest = Int32Array.from({ length: count }, (_, a) => this.#nearestTo(a));
  }

  highest(): Link | undefined {
    let best: Link | undefined;
    for (const a of this.#alive) {
      const b = this.#nearest[a]!;
      if (b < 0) continue;
      const value = this.#values[a * this.#count + b]!;
      if (best === undefined || value > best.value) best = { a: Math.min(a, b), b: Math.max(a, b), value };
    }
    return best;
  }

  /** `b` joins `a`, whose share of the new group's members is `shareOfA`. */
  join({ a, b }: Link, shareOfA: number): void {
    const [values, count] = [this.#values, this.#count];
    this.#alive.delete(b);
    for (const other of this.#alive) {
      if (other === a) continue;
      const mean = values[a * count + other]! * shareOfA + values[b * count + other]! * (1 - shareOfA);
      values[a * count + other] = mean;
      values[other * count + a] = mean;
    }
    for (const other of this.#alive) {
      const nearest = this.#nearest[other]!;
      if (other === a || nearest === a || nearest === b) this.#nearest[other] = this.#nearestTo(other);
      else if (values[other * count + a]! > values[other * count + nearest]!) this.#nearest[other] = a;
    }
  }

  #nearestTo(a: number): number {
    let best = -1;
    for (const b of this.#alive) {
      if (b === a) continue;
      if (best < 0 || this.#values[a * this.#count + b]! > this.#values[a * this.#count + best]!) best = b;
    }
    return best;
  }
}

/** Fleets up to this size are linked whole; larger ones by the candidates of their strongest pairs only. */
const linkedMachinesMax = 1200;

/** Free domains first, in order of their size, then those of attributes that cover neither one machine nor all. */
export function candidateDomains(history: FleetHistory): readonly CandidateDomain[] {
  const N = history.machines.length;
  const free =
    N > linkedMachinesMax ? [] : linkByCorrelation(fallCorrelations(history), N, history.slotCount);
  const learned = free
    .toSorted((a, b) => b.length - a.length || a[0]! - b[0]!)
    .slice(0, freeDomainsMax)
    .map((members, index): CandidateDomain => ({
      name: `learned domain ${index + 1}`,
      origin: 'learned',
      members,
    }));
  const known = new Set(learned.map(({ members }) => members.join(' ')));
  return [...learned, ...attributeDomains(history).filter(({ members }) => !known.has(members.join(' ')))];
}

function attributeDomains(history: FleetHistory): readonly CandidateDomain[] {
  const found = new Map<string, CandidateDomain & { readonly members: number[] }>();
  for (const [row, { attributes }] of history.machines.entries()) {
    for (const name of attributeNames) {
      const value = attributes[name];
      if (value === undefined) continue;
      const key = `${name} ${value}`;
      const domain = found.get(key) ?? { name: key.slice(0, 100), origin: name, members: [] };
      domain.members.push(row);
      found.set(key, domain);
    }
  }
  return [...found.values()].filter(
    ({ members }) => members.length > 1 && members.length < history.machines.length,
  );
}

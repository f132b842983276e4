// A machine is down: when does it come back? The odds of returning in the next hour, by how long it has been away, by the hour that
// comes and by how soon it used to return. What is not back within weeks has left for good. No network: counts, drawn to wider counts.

import { type FleetHistory, hourMs, slotDown, slotUp } from '../datasets/index.ts';
import { hourKinds, kindOf, weekHours } from './hours.ts';

/** Hours away at which a new bin begins: asleep, over night, over a weekend, broken, on holiday, gone. */
const binStarts = [1, 2, 4, 8, 12, 16, 24, 40, 60, 72, 96, 120, 168, 240, 336, 504] as const;

const binOf = (hoursAway: number): number => {
  let bin = 0;
  while (bin + 1 < binStarts.length && hoursAway >= binStarts[bin + 1]!) bin++;
  return bin;
};

/** Hours of absence by which a narrower count is drawn to a wider one. */
const weights = { bin: 48, cell: 96 } as const;
/** Returns that are expected of every machine before its own count: nobody is known by one night. */
export const frailtyReturns = 4;
/** Frailty counts in the first day only: who is away for longer is not slow to wake up, but broken or on holiday. */
const frailHours = 24;
const isFrail = (bin: number): boolean => binStarts[bin]! < frailHours;
/** A longer absence returns less likely: what a bin without any absences is taken to be, of the bin before. */
const decay = 0.5;

export interface ReturnHazard {
  /** P(up in the next hour | away for so many hours) by bin and kind of hour: bins × kinds. */
  readonly hourly: Float64Array;
  /** N machines: returns so far, and how many the fleet's rates would have expected of its hours away; both with a few more. */
  readonly returns: Float64Array;
  readonly expected: Float64Array;
}

/** One hour that a machine was away, or the one in which it came back. */
export interface AbsentHour {
  readonly machine: number;
  readonly slot: number;
  /** Known hours since it was last seen up, ≥ 1. */
  readonly hoursAway: number;
  readonly isBack: boolean;
}

/** Every known hour of every absence whose beginning was seen; unknown hours are passed over. */
export function* absentHours({ machines, slotCount, slotMs, up }: FleetHistory): Generator<AbsentHour> {
  const hoursPerSlot = slotMs / hourMs;
  for (let machine = 0; machine < machines.length; machine++) {
    // Undefined until it was up once: how long the first absence has lasted nobody knows.
    let away: number | undefined;
    for (let slot = 0; slot < slotCount; slot++) {
      const state = up[machine * slotCount + slot]!;
      if (state !== slotDown && state !== slotUp) continue;
      if (away !== undefined && away > 0) yield { machine, slot, hoursAway: away, isBack: state === slotUp };
      if (state === slotUp) away = 0;
      else if (away !== undefined) away += hoursPerSlot;
    }
  }
}

interface Step extends Pick<AbsentHour, 'machine' | 'isBack'> {
  readonly bin: number;
  readonly kind: number;
}

/** Fits on all absences of a history. */
export function fitReturnHazard(history: FleetHistory): ReturnHazard {
  const kinds = weekHours(history).map((hour) => kindOf(hour));
  const steps = Array.from(absentHours(history), ({ machine, slot, hoursAway, isBack }): Step => ({
    machine,
    bin: binOf(hoursAway),
    kind: kinds[slot]!,
    isBack,
  }));
  const hourly = cellRates(steps);
  const [returns, expected] = [
    new Float64Array(history.machines.length).fill(frailtyReturns),
    new Float64Array(history.machines.length).fill(frailtyReturns),
  ];
  for (const { machine, bin, kind, isBack } of steps) {
    if (!isFrail(bin)) continue;
    expected[machine]! += hourly[bin * hourKinds.length + kind]!;
    if (isBack) returns[machine]!++;
  }
  return { hourly, returns, expected };
}

/** Bins × kinds: each cell drawn to the product of its bin's rate and its kind's factor, each bin to a part of the one before. */
function cellRates(steps: readonly Step[]): Float64Array {
  const kindCount = hourKinds.length;
  const cells = binStarts.length * kindCount;
  const [hours, returns] = [new Float64Array(cells), new Float64Array(cells)];
  for (const { bin, kind, isBack } of steps) {
    hours[bin * kindCount + kind]!++;
    if (isBack) returns[bin * kindCount + kind]!++;
  }
  const sumOfBin = (of: Float64Array, bin: number): number =>
    of.subarray(bin * kindCount, (bin + 1) * kindCount).reduce((sum, count) => sum + count, 0);
  let wider = 0.2;
  const byBin = binStarts.map((_, bin) => {
    const rate = (sumOfBin(returns, bin) + weights.bin * wider) / (sumOfBin(hours, bin) + weights.bin);
    wider = decay * rate;
    return rate;
  });
  const factors = hourKinds.map((_, kind) => {
    let [seen, expected] = [1, 1];
    for (const [bin, rate] of byBin.entries()) {
      seen += returns[bin * kindCount + kind]!;
      expected += rate * hours[bin * kindCount + kind]!;
    }
    return seen / expected;
  });
  return Float64Array.from({ length: cells }, (_, cell) => {
    const wide = Math.min(0.95, byBin[Math.floor(cell / kindCount)]! * factors[cell % kindCount]!);
    return (returns[cell]! + weights.cell * wide) / (hours[cell]! + weights.cell);
  });
}

export interface Absence {
  readonly machine: number;
  /** Known hours since it was last seen up, ≥ 1. */
  readonly hoursAway: number;
  /** Hour of the week that comes next, 0..167. */
  readonly weekHour: number;
}

/**
 * P(back within each of these many hours), 0..1; `horizons` ascending. How much faster or slower than the fleet a machine returns is
 * itself uncertain, gamma distributed by its own count (frailty; Vaupel et al., Demography 1979): (E / (E + Λ))^R is what stays away
 * under a cumulated hazard Λ.
 */
export function oddsOfReturn(
  { hourly, returns, expected }: ReturnHazard,
  { machine, hoursAway, weekHour }: Absence,
  horizons: readonly number[],
): readonly number[] {
  const odds: number[] = [];
  const own = expected[machine]!;
  let [hazard, late] = [0, 0];
  for (let hour = 0; odds.length < horizons.length; hour++) {
    while (horizons[odds.length] === hour)
      odds.push(1 - (own / (own + hazard)) ** returns[machine]! * Math.exp(-late));
    const bin = binOf(hoursAway + hour);
    const cell = bin * hourKinds.length + kindOf((weekHour + hour) % 168);
    const step = -Math.log1p(-Math.min(0.95, hourly[cell]!));
    if (!isFrail(bin)) late += step;
    else hazard += step;
  }
  return odds;
}

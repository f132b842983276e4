// How often each machine is down in each kind of hour, smoothed: the honest baseline, and the start of every model.

import { type FleetHistory, slotDown, slotUp } from '../datasets/index.ts';
import type { FailureForecast } from './forecast.ts';
import { hourKinds, kindOf, weekHours } from './hours.ts';

const clampOdds = (p: number): number => Math.min(1 - 1e-6, Math.max(1e-6, p));

/** Weight of a machine's own mean against what was seen in one kind of hour, in hours. */
const smoothingHours = 6;

/** N × kinds: P(down), row by row; a machine's mean has one good and one bad hour added (Laplace). */
export function downByKind(history: FleetHistory): Float64Array {
  const kinds = hourKinds.length;
  const hours = weekHours(history);
  const odds = new Float64Array(history.machines.length * kinds);
  for (let machine = 0; machine < history.machines.length; machine++) {
    const [down, known] = [new Float64Array(kinds), new Float64Array(kinds)];
    for (let slot = 0; slot < history.slotCount; slot++) {
      const state = history.up[machine * history.slotCount + slot]!;
      if (state > slotUp) continue;
      const kind = kindOf(hours[slot]!);
      known[kind]!++;
      if (state === slotDown) down[kind]!++;
    }
    const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
    const mean = (sum(down) + 1) / (sum(known) + 2);
    for (let kind = 0; kind < kinds; kind++) {
      odds[machine * kinds + kind] = clampOdds(
        (down[kind]! + smoothingHours * mean) / (known[kind]! + smoothingHours),
      );
    }
  }
  return odds;
}

/** Hours since each machine was last seen up, counting only hours in which it was seen at all. */
export function hoursDown(history: FleetHistory): Int32Array {
  return Int32Array.from(history.machines, (_, machine) => {
    let count = 0;
    for (let slot = history.slotCount - 1; slot >= 0; slot--) {
      const state = history.up[machine * history.slotCount + slot]!;
      if (state === slotUp) return count;
      if (state === slotDown) count++;
    }
    return count;
  });
}

/**
 * P(gone for good | down for so many hours), from the fleet's own past: of absences at least that long, the share that never
 * ended in the history. Monotone by construction, with half an absence of each kind added.
 */
export function goneOdds(history: FleetHistory): Float64Array {
  const lengths: { readonly hours: number; readonly ended: boolean }[] = [];
  for (let machine = 0; machine < history.machines.length; machine++) {
    let run = 0;
    for (let slot = 0; slot < history.slotCount; slot++) {
      const state = history.up[machine * history.slotCount + slot]!;
      if (state === slotDown) run++;
      if (state === slotUp && run > 0) {
        lengths.push({ hours: run, ended: true });
        run = 0;
      }
    }
    if (run > 0) lengths.push({ hours: run, ended: false });
  }
  const patienceHours = 7 * 24;
  return Float64Array.from(hoursDown(history), (hours) => {
    if (hours < 24) return 0;
    const asLong = lengths.filter((length) => length.hours >= hours);
    const lost = asLong.filter(({ ended }) => !ended).length;
    // A short absence that has not ended yet says little: the share counts fully only after a week.
    return Math.min(1, hours / patienceHours) * ((lost + 0.5) / (asLong.length + 1));
  });
}

/** N × kinds as strata of a forecast. */
export function strataOf(machineCount: number, oddsByKind: Float64Array): FailureForecast['strata'] {
  const kinds = hourKinds.length;
  return hourKinds.map(({ name, isBusinessHour, hours }, kind) => ({
    name,
    isBusinessHour,
    weight: hours.length / 168,
    downProbability: Float64Array.from({ length: machineCount }, (_, machine) =>
      clampOdds(oddsByKind[machine * kinds + kind]!),
    ),
  }));
}

/** The forecast without learning: smoothed odds by kind of hour, no shocks. For short histories and as the fallback. */
export function baselineForecast(history: FleetHistory): FailureForecast {
  const machineCount = history.machines.length;
  return {
    machines: history.machines.map(({ machine }) => machine),
    strata: strataOf(machineCount, downByKind(history)),
    shocks: [],
    domainOfMachine: new Int32Array(machineCount).fill(-1),
    goneProbability: goneOdds(history),
    source: 'hour-of-week baseline',
  };
}

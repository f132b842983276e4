// Forecasts of made-up fleets for the tests of the optimizer: seeded, with hidden common shocks.

import { createRandom, machineId } from '../../datasets/index.ts';
import type { FailureForecast } from '../../models/index.ts';

export interface ForecastShape {
  readonly machineCount: number;
  readonly shockCount?: number;
  readonly stratumCount?: number;
  readonly seed?: number | string;
}

/** Machines m0, m1, … in domains of three by number; strata "workday 00:00", … of which 09:00 to 17:00 are business hours. */
export function fleetForecast(shape: ForecastShape): FailureForecast {
  const { machineCount, stratumCount = 24 } = shape;
  const shockCount = shape.shockCount ?? Math.ceil(machineCount / 3);
  const random = createRandom(shape.seed ?? 1);
  const reach = Math.max(1, Math.ceil(machineCount / Math.max(1, shockCount)));
  const own = Array.from({ length: machineCount }, () => 0.01 + 0.2 * random.fraction() ** 2);
  return {
    machines: own.map((_, row) => machineId(`m${row}`)),
    strata: Array.from({ length: stratumCount }, (_, hour) => ({
      name: `workday ${String(hour).padStart(2, '0')}:00`,
      weight: 1 / stratumCount,
      isBusinessHour: hour >= 9 && hour < 17,
      downProbability: Float64Array.from(own, (p) => Math.min(0.9, p * (0.5 + random.fraction()))),
    })),
    shocks: Array.from({ length: shockCount }, (_, shock) => ({
      name: `learned domain ${shock + 1}`,
      origin: 'learned',
      probability: Math.min(0.02, 0.5 / Math.max(1, shockCount)) * (0.5 + random.fraction()),
      strike: Float64Array.from(own, (__, row) => (Math.floor(row / reach) === shock ? 0.9 : 0)),
    })),
    domainOfMachine: Int32Array.from(own, (_, row) => Math.floor(row / reach)),
    goneProbability: Float64Array.from(own, () => 0.01 * random.fraction()),
    source: 'made up for a test',
  };
}

// What telemetry would have told of the hours in which machines were on: the past of a trace, or what the world itself counts. Optimizers forecast
// by it who is away for how long, and repair by margin.

import { type FleetHistory, hourMs, slotDown, slotUnknown, slotUp, unixMs } from '../../datasets/index.ts';
import { baselineForecast, type PresenceForecast } from '../../models/index.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';

/** Before the run each machine was off for so long once a week, each at another hour. */
const weekHours = 168;
const pauseHours = 4;

export class Presences {
  readonly #fleet: Fleet;
  /** Hour by hour since the start, of each machine that was there then; by the order in which machines came. */
  readonly #hours: Uint8Array[] = [];
  #ofTrace: PresenceForecast | undefined;
  #counted: { readonly hours: number; readonly presence: PresenceForecast | undefined } | undefined;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    if (fleet.options.faults.forecastHours > 0) this.#countLater();
  }

  /** Undefined where nobody tells of it. */
  get now(): PresenceForecast | undefined {
    const { past, faults } = this.#fleet.options;
    if (past !== undefined) return this.#byTrace(past);
    return faults.forecastHours > 0 ? this.#byCount() : undefined;
  }

  #byTrace(past: FleetHistory): PresenceForecast | undefined {
    const { machines, startMs } = this.#fleet;
    this.#ofTrace ??= baselineForecast({
      ...past,
      machines: past.machines.map((one, row) => ({ ...one, machine: machines[row]?.peer ?? one.machine })),
    }).presence;
    if (this.#ofTrace === undefined) return undefined;
    // The run begins with everybody on.
    const hoursAway = new Float64Array(this.#ofTrace.machines.length);
    return { ...this.#ofTrace, hoursAway, madeMs: startMs };
  }

  #byCount(): PresenceForecast | undefined {
    const hours = this.#hours.length;
    if (this.#counted?.hours !== hours)
      this.#counted = { hours, presence: baselineForecast(this.#history()).presence };
    return this.#counted.presence;
  }

  #history(): FleetHistory {
    const { machines, startMs, options } = this.#fleet;
    const { forecastHours } = options.faults;
    const slotCount = forecastHours + this.#hours.length;
    const up = new Uint8Array(machines.length * slotCount);
    for (const row of machines.keys())
      for (let slot = 0; slot < slotCount; slot++)
        up[row * slotCount + slot] =
          slot < forecastHours
            ? invented(row, slot)
            : (this.#hours[slot - forecastHours]![row] ?? slotUnknown);
    return {
      startMs: unixMs(startMs - forecastHours * hourMs),
      slotMs: hourMs,
      slotCount,
      machines: machines.map(({ peer }) => ({ machine: peer, attributes: {}, utcOffsetMs: 0 })),
      up,
      access: [],
    };
  }

  #countLater(): void {
    const { queue, machines } = this.#fleet;
    queue.schedule(queue.nowMs + hourMs, () => {
      this.#hours.push(Uint8Array.from(machines, cellOf));
      this.#countLater();
    });
  }
}

const cellOf = ({ isUp }: Machine): number => (isUp ? slotUp : slotDown);

function invented(row: number, slot: number): number {
  const from = (3 + 12 * row) % weekHours;
  const hour = slot % weekHours;
  return hour >= from && hour < from + pauseHours ? slotDown : slotUp;
}

// What the models tell the optimizer about the coming weeks, as plain numbers: no TensorFlow type leaves models/.
// It says how likely each machine is down in each kind of hour, and which machines a common shock takes down together.

import type { MachineId } from '../datasets/index.ts';
import type { PresenceForecast } from './presence-forecast.ts';

/** One kind of hour, for example "workday 03:00". The weights of all strata sum to 1. */
export interface HourStratum {
  readonly name: string;
  /** Share of the week's hours, 0..1. */
  readonly weight: number;
  /** True where people work, in the fleet's own time: reported apart as "business hours". */
  readonly isBusinessHour: boolean;
  /** N values: P(machine i down | this kind of hour, no shock), within 1e-6..1 − 1e-6. */
  readonly downProbability: Float64Array;
}

/** A common cause: a switch, a bad update, a room without power. At most one strikes in an hour. */
export interface Shock {
  /** What a person calls it: "learned domain 3" or "site berlin". */
  readonly name: string;
  /** Attribute that proposed it ("subnet", "patchRing"), or "learned" when only co-failures did. */
  readonly origin: string;
  /** P(the shock is on in an hour), 0..1. */
  readonly probability: number;
  /** N values: P(machine i is taken down | the shock is on), 0..1; 0 outside the domain. */
  readonly strike: Float64Array;
}

/** Hours that were, as states of their own: what fell together may fall together again. */
export interface PastHours {
  /** How much of all states they are, 0..1. */
  readonly share: number;
  /** For each hour the kind of hour that it was: index into the strata. */
  readonly stratumOf: Int32Array;
  /** For each hour N values: P(machine i down in an hour like that one). */
  readonly down: readonly Float64Array[];
}

export interface FailureForecast {
  /** N machines, the order of every array below. */
  readonly machines: readonly MachineId[];
  readonly strata: readonly HourStratum[];
  readonly shocks: readonly Shock[];
  readonly pastHours?: PastHours;
  /** N values: index of the machine's learned domain, or −1 where it stands alone. */
  readonly domainOfMachine: Int32Array;
  /** N values: P(the machine has left for good), 0..1. */
  readonly goneProbability: Float64Array;
  /** Who is back when, and who leaves: of the day of the history, so no stored version has it. For repair. */
  readonly presence?: PresenceForecast;
  /** Version of the model that made this, or the name of the baseline that serves in its place. */
  readonly source: string;
}

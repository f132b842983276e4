// What a plan's odds and bounds were computed from, in a form that travels with the plan of a small fleet, and back to states.

import type { Grouping } from './configuration/index.ts';
import { numberedHours } from './named-hours.ts';
import type { PlacementClass, PlanCertificate, PlanEvidence } from './plan.ts';
import type { States } from './states.ts';

/** Odds that a plan carries: some 60 KB. Beyond it, the plan has certificates without the odds behind them. */
export const evidenceNumbersMax = 12_000;

/** Odds in single precision: a plan that carries evidence is computed from just what it carries. */
export const roundedStates = (states: States): States => ({
  ...states,
  down: states.down.map((row) => Float64Array.from(Float32Array.from(row))),
});

/** Rounded states as they travel. */
export function evidenceOf(states: States, capacities: readonly (readonly number[])[]): PlanEvidence {
  return {
    machines: states.machines,
    weights: [...states.weights],
    hourOfState: [...states.hourOfState],
    down: states.down.map((row) => [...row]),
    capacities,
  };
}

/** Undefined when the parts do not fit together. */
export function statesOfEvidence({ machines, weights, hourOfState, down }: PlanEvidence): States | undefined {
  const stateCount = weights.length;
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const hourCount = hourOfState.reduce((most, hour) => Math.max(most, hour + 1), 0);
  const fits =
    hourOfState.length === stateCount &&
    down.length === stateCount &&
    down.every((row) => row.length === machines.length && row.every((odds) => odds >= 0 && odds <= 1)) &&
    weights.every((weight) => weight >= 0) &&
    Math.abs(sum - 1) < 1e-6;
  if (!fits) return undefined;
  return {
    machines,
    weights: Float64Array.from(weights),
    down: down.map((row) => Float64Array.from(row)),
    hourOfState: Int32Array.from(hourOfState),
    hours: numberedHours(hourCount),
  };
}

/** The question that a class of a plan answered, and its groups as columns; undefined when the evidence does not cover it. */
export function groupingOf(
  evidence: PlanEvidence,
  placed: { readonly placementClass: PlacementClass; readonly index: number },
):
  | {
      readonly grouping: Grouping;
      readonly groups: readonly (readonly number[])[];
      readonly prices: Float64Array;
    }
  | undefined {
  const { redundancy, groups, certificate } = placed.placementClass;
  const states = statesOfEvidence(evidence);
  const capacities = evidence.capacities[placed.index] ?? [];
  if (states === undefined || capacities.length !== evidence.machines.length) return undefined;
  const columnOf = new Map(evidence.machines.map((machine, column) => [machine, column]));
  const columns = groups.map(({ members }) => members.map((member) => columnOf.get(member) ?? -1));
  if (columns.some((members) => members.includes(-1))) return undefined;
  return {
    grouping: { states, redundancy, groupCount: groups.length, capacities },
    groups: columns,
    prices: pricesOf(evidence, certificate),
  };
}

const pricesOf = ({ machines }: PlanEvidence, certificate: PlanCertificate | undefined): Float64Array =>
  Float64Array.from(machines, (machine) => Math.max(0, certificate?.prices[machine] ?? 0));

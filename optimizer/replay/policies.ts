// Placement policies side by side: each sees the past only and answers with groups. One small function each.

import { slotUp, type FleetHistory } from '../../datasets/index.ts';
import type { FailureForecast } from '../../models/index.ts';
import { chooseGroups, type GroupsQuestion } from '../groups.ts';
import { capacitiesFor, groupCountFor } from '../redundancy.ts';
import type { Redundancy } from '../plan.ts';
import { statesFromForecast } from '../states.ts';

export interface PolicyQuestion {
  /** What has been seen so far. */
  readonly past: FleetHistory;
  /** The learned forecast made from that past. */
  readonly forecast: FailureForecast;
  readonly redundancy: Redundancy;
  readonly seed: number | string;
}

/** Groups as rows of the history. */
export type Policy = (question: PolicyQuestion) => readonly (readonly number[])[];

const groupsQuestion = (question: PolicyQuestion, forecast: FailureForecast): GroupsQuestion => {
  const machines = question.past.machines.map(({ machine }) => machine);
  const groupCount = groupCountFor(machines.length, question.redundancy);
  return {
    states: statesFromForecast(forecast, machines),
    redundancy: question.redundancy,
    groupCount,
    capacities: capacitiesFor(
      machines.map(() => 1),
      { groupCount, n: question.redundancy.n },
    ),
    seed: question.seed,
  };
};

/** Share of known hours in which each machine was up, with one good and one bad hour added. */
function upShares(history: FleetHistory): readonly number[] {
  return history.machines.map((_, row) => {
    const slots = history.up.subarray(row * history.slotCount, (row + 1) * history.slotCount);
    let [up, known] = [1, 2];
    for (const slot of slots) {
      if (slot === slotUp) up++;
      if (slot <= slotUp) known++;
    }
    return up / known;
  });
}

/** The forecast of somebody who knows how often each machine is up, and thinks that they fail independently. */
export const independentForecast = (past: FleetHistory): FailureForecast => ({
  machines: past.machines.map(({ machine }) => machine),
  strata: [
    {
      name: 'all',
      weight: 1,
      isBusinessHour: false,
      downProbability: Float64Array.from(upShares(past), (up) => 1 - up),
    },
  ],
  shocks: [],
  domainOfMachine: new Int32Array(past.machines.length).fill(-1),
  goneProbability: new Float64Array(past.machines.length),
  source: 'independence',
});

/** By chance, everybody with about as many slots as the others. */
const random: Policy = (question) =>
  chooseGroups({ ...groupsQuestion(question, independentForecast(question.past)), method: 'random' });

/** Each group takes the most available machines that have room. */
const bestK: Policy = (question) =>
  chooseGroups({ ...groupsQuestion(question, independentForecast(question.past)), method: 'best-k' });

const bestKWithSwaps: Policy = (question) =>
  chooseGroups(groupsQuestion(question, independentForecast(question.past)));

const learned: Policy = (question) => chooseGroups(groupsQuestion(question, question.forecast));

/** In the order in which they are shown. */
export const policies: Readonly<Record<string, Policy>> = {
  random,
  'best-k': bestK,
  'best-k with swaps': bestKWithSwaps,
  learned,
};

// Drey as shipped: the models train on the past, their placement is compared with the baselines' on the past's last week, and
// what won serves. The same functions that the agents call.

import { hourlyHistory } from '../../../datasets/index.ts';
import {
  baselineForecast,
  canTrain,
  type FailureForecast,
  habitForecast,
  trainModels,
} from '../../../models/index.ts';
import { statesFromForecast } from '../../states.ts';
import { chooseServing } from '../../plan-gate.ts';
import { compareHeldOut } from '../compare.ts';
import type { Belief, Lesson, Policy } from './policy.ts';

export const learned: Policy = { name: 'learned', needs: 'past', learn: learnFromPast };

/** The same in a fleet whose admin keeps the labels apart (`drey plan limits --apart`): for what has not failed together yet. */
export const learnedWithLabels: Policy = {
  name: 'learned with labels',
  needs: 'labels',
  learn: async (lesson) => ({
    ...(await learnFromPast(lesson)),
    ...(lesson.labels === undefined ? {} : { apart: lesson.labels }),
  }),
};

async function learnFromPast({ redundancy, seed, ...lesson }: Lesson): Promise<Belief> {
  const past = hourlyHistory(lesson.past);
  const baseline = baselineForecast(past);
  if (!canTrain(past))
    return {
      states: statesFromForecast(baseline),
      method: 'climb',
      goneOdds: baseline.goneProbability,
      ...repairOf(baseline),
      source: baseline.source,
    };
  const trained = await trainModels({ history: past, seed, nowMs: past.startMs });
  const heldOut = await compareHeldOut({ history: past, redundancy, seed, ...trained });
  const habits = habitForecast(past);
  const serving = chooseServing({ forecast: trained.forecast, habits, baseline, heldOut });
  return {
    states: statesFromForecast(serving.forecast),
    method: serving.method,
    goneOdds: serving.forecast.goneProbability,
    ...repairOf(serving.forecast),
    source: serving.source,
  };
}

const repairOf = ({ presence }: FailureForecast): Pick<Belief, 'presence'> =>
  presence === undefined ? {} : { presence };

// Drey as shipped: the models train on the past, their placement is compared with the baselines' on the past's last week, and
// what won serves. The same functions that the agents call.

import { baselineForecast, canTrain, trainModels } from '../../../models/index.ts';
import { statesFromForecast } from '../../states.ts';
import { chooseServing } from '../../plan-gate.ts';
import { compareHeldOut } from '../compare.ts';
import type { Policy } from './policy.ts';

export const learned: Policy = {
  name: 'learned',
  needs: 'past',
  learn: async ({ past, redundancy, seed }) => {
    const baseline = baselineForecast(past);
    if (!canTrain(past))
      return {
        states: statesFromForecast(baseline),
        method: 'climb',
        goneOdds: baseline.goneProbability,
        source: baseline.source,
      };
    const trained = await trainModels({ history: past, seed, nowMs: past.startMs });
    const heldOut = await compareHeldOut({ history: past, redundancy, seed, ...trained });
    const serving = chooseServing({ forecast: trained.forecast, baseline, heldOut });
    return {
      states: statesFromForecast(serving.forecast),
      method: serving.method,
      goneOdds: serving.forecast.goneProbability,
      source: serving.source,
    };
  },
};

// Each machine has its habits by the kind of hour, and fails by itself: the models' baseline without any common cause.

import { hourlyHistory } from '../../../datasets/index.ts';
import { baselineForecast } from '../../../models/index.ts';
import { statesFromForecast } from '../../states.ts';
import type { Policy } from './policy.ts';

export const independence: Policy = {
  name: 'independence',
  needs: 'past',
  learn: ({ past }) => {
    const forecast = baselineForecast(hourlyHistory(past));
    return { states: statesFromForecast(forecast), method: 'climb', goneOdds: forecast.goneProbability };
  },
};

// Any policy with the repair by margin that Drey has, in place of the plain timeout: what of a gain comes from repair, and what from
// placement.

import { hourlyHistory } from '../../../datasets/index.ts';
import { baselineForecast } from '../../../models/index.ts';
import type { Policy } from './policy.ts';

export const repairedByMargin = (policy: Policy): Policy => ({
  name: `${policy.name} + repair by margin`,
  needs: policy.needs,
  learn: async (lesson) => {
    const belief = await policy.learn(lesson);
    const { presence } = baselineForecast(hourlyHistory(lesson.past));
    return presence === undefined ? belief : { ...belief, presence };
  },
});

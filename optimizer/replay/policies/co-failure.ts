// Every past hour is a state of the world that may come again just so, blended with a little of each machine's own mean:
// who was down together is kept apart. No model, no forgetting.

import { type FleetHistory, slotDown, slotUnknown } from '../../../datasets/index.ts';
import { stateCountMax, type States } from '../../states.ts';
import type { Policy } from './policy.ts';
import { downShares } from './up-shares.ts';

/** How much of an hour is what was seen; the rest is the machine's mean. */
const seenWeight = 0.95;

/** The hours of a history as states of one weight; evenly drawn where there are more than `stateCountMax`. */
export function hoursAsStates(history: FleetHistory, weightOfSeen: number): States {
  const means = downShares(history);
  const count = Math.min(stateCountMax, history.slotCount);
  const down = Array.from({ length: count }, (_, state) => {
    const slot = Math.floor(((state + 0.5) * history.slotCount) / count);
    return means.map((mean, row) => {
      const seen = history.up[row * history.slotCount + slot]!;
      if (seen === slotUnknown) return mean;
      return weightOfSeen * (seen === slotDown ? 1 : 0) + (1 - weightOfSeen) * mean;
    });
  });
  return {
    machines: history.machines.map(({ machine }) => machine),
    weights: new Float64Array(count).fill(1 / count),
    down,
    hourOfState: new Int32Array(count),
    hours: [{ name: 'all', isBusinessHour: false }],
  };
}

export const rawCoFailure: Policy = {
  name: 'raw co-failure',
  needs: 'past',
  learn: ({ past }) => ({ states: hoursAsStates(past, seenWeight), method: 'climb' }),
};

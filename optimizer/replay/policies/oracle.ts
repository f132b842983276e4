// Knows the hours to come: what could be had at best by choosing groups, by the same hill climbing.

import { hoursAsStates } from './co-failure.ts';
import type { Policy } from './policy.ts';

/** Not quite 1: among groups that would all be there, the more available are still the better ones. */
const seenWeight = 0.999;

export const oracle: Policy = {
  name: 'oracle',
  needs: 'future',
  learn: ({ past, future }) => ({ states: hoursAsStates(future ?? past, seenWeight), method: 'climb' }),
};

// By chance, everybody with about as many slots as the others; with labels, no two of one label together.

import { oneState, type Policy } from './policy.ts';
import { downShares } from './up-shares.ts';

export const random: Policy = {
  name: 'random',
  needs: 'past',
  learn: ({ past }) => ({ states: oneState(past, downShares(past)), method: 'random' }),
};

/** As Garage and Ceph place, when somebody labelled the machines. */
export const labelDistinctRandom: Policy = {
  name: 'label-distinct random',
  needs: 'labels',
  learn: ({ past, labels }) => ({
    states: oneState(past, downShares(past)),
    method: 'random',
    ...(labels === undefined ? {} : { apart: labels }),
  }),
};

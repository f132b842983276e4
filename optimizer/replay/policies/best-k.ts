// The most available machines that have room; with swaps, until no exchange lowers the odds (Douceur & Wattenhofer, DISC'01);
// with labels, no two of one label together: the bar.

import { oneState, type Policy } from './policy.ts';
import { downShares } from './up-shares.ts';

export const bestK: Policy = {
  name: 'best-k',
  needs: 'past',
  learn: ({ past }) => ({ states: oneState(past, downShares(past)), method: 'best-k' }),
};

export const bestKWithSwaps: Policy = {
  name: 'best-k with swaps',
  needs: 'past',
  learn: ({ past }) => ({ states: oneState(past, downShares(past)), method: 'climb' }),
};

export const labelDistinctBestK: Policy = {
  name: 'label-distinct best-k with swaps',
  needs: 'labels',
  learn: ({ past, labels }) => ({
    states: oneState(past, downShares(past)),
    method: 'climb',
    ...(labels === undefined ? {} : { apart: labels }),
  }),
};

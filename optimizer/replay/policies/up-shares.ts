// How often each machine was up: what all simple policies go by.

import { type FleetHistory, slotUp } from '../../../datasets/index.ts';

/** N shares of the known hours in which each machine was up, with one good and one bad hour added (Laplace). */
export function upShares(history: FleetHistory): Float64Array {
  return Float64Array.from(history.machines, (_, row) => {
    const slots = history.up.subarray(row * history.slotCount, (row + 1) * history.slotCount);
    let [up, known] = [1, 2];
    for (const slot of slots) {
      if (slot === slotUp) up++;
      if (slot <= slotUp) known++;
    }
    return up / known;
  });
}

/** N shares of hours down. */
export const downShares = (history: FleetHistory): Float64Array => upShares(history).map((up) => 1 - up);

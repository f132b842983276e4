// A hedge that was tried and is not used: half of a belief, half of one in which each machine is down as often as on the whole, by itself.
// Odds under it are at least half of those under either. What it came to is in docs/benchmarks/placement.md.

import { availabilities, type States } from '../../optimizer/index.ts';
const meansShare = 0.5;

/** The same machines, each as often down as before; in one more state everybody fails by itself. */
export function pooledStates(states: States): States {
  const means = availabilities(states).map((up) => 1 - up);
  return {
    ...states,
    weights: Float64Array.from([...states.weights.map((weight) => (1 - meansShare) * weight), meansShare]),
    down: [...states.down, means],
    hourOfState: Int32Array.from([...states.hourOfState, states.hours.length]),
    hours: [...states.hours, { name: 'on the whole', isBusinessHour: false }],
  };
}

// Hours of the past as states that may come again: who was down together is kept as it was seen, without any model. Blended with
// habits, because not everything that may happen has happened yet.

import { type FleetHistory, slotDown, slotUnknown } from '../datasets/index.ts';
import type { PastHours } from './forecast.ts';
import { hourKinds, kindOf, weekHours } from './hours.ts';

/** How much of a state is what was seen; the rest is habit. Chosen on 300-machine samples of a trace that no test looks at. */
const seenWeight = 0.8;
/**
 * Of what the optimizer goes by; the models' own states are the rest. Held-out weeks of two hundred samples: a tenth was a little better than three tenths on desktops and generated
 * fleets, and as good on web sites and relays (`docs/benchmarks/placement.md`).
 */
const share = 0.1;
const hoursMax = 300;

/** At most 300 hours, evenly over the history; `oddsByKind` are the habits, N × kinds. */
export function pastHoursOf(history: FleetHistory, oddsByKind: Float64Array): PastHours {
  const kinds = weekHours(history).map((hour) => kindOf(hour));
  const count = Math.min(hoursMax, history.slotCount);
  const slots = Array.from({ length: count }, (_, at) =>
    Math.floor(((at + 0.5) * history.slotCount) / count),
  );
  const down = slots.map((slot) =>
    Float64Array.from(history.machines, (_, row) => {
      const habit = oddsByKind[row * hourKinds.length + kinds[slot]!]!;
      const seen = history.up[row * history.slotCount + slot]!;
      if (seen === slotUnknown) return habit;
      // Four digits are more than the odds are worth, and keep the registry small.
      return Number((seenWeight * (seen === slotDown ? 1 : 0) + (1 - seenWeight) * habit).toPrecision(4));
    }),
  );
  return { share, stratumOf: Int32Array.from(slots, (slot) => kinds[slot]!), down };
}

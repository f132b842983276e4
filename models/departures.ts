// Which machines have left for good: by how long they are away now, and how such absences went before. Nothing here decides to
// replace anybody; it only says how likely it is that waiting is in vain.

import { type FleetHistory, slotDown, slotUp } from '../datasets/index.ts';
import { weekHours } from './hours.ts';
import { oddsOfReturn, type ReturnHazard } from './return-hazard.ts';

/** N counts of slots since each machine was last seen up, counting only those in which it was seen at all. */
export function hoursDown(history: FleetHistory): Int32Array {
  return Int32Array.from(history.machines, (_, machine) => {
    let count = 0;
    for (let slot = history.slotCount - 1; slot >= 0; slot--) {
      const state = history.up[machine * history.slotCount + slot]!;
      if (state === slotUp) return count;
      if (state === slotDown) count++;
    }
    return count;
  });
}

/** From Friday noon to Tuesday morning: a long weekend says nothing of somebody's leaving. */
const weekendHours = 90;

/** Back after this long, if at all: what is away for longer needs its shards elsewhere anyway. */
const goneHours = 28 * 24;

/**
 * P(gone for good), 0..1, of each machine by how long it is away now: of absences as long the share that never ended in the history. 0 for
 * less than a long weekend. `hazard`, where a return hazard is known to be good: the mean with its odds that four weeks bring it
 * back; the two err differently.
 */
export function goneOdds(history: FleetHistory, hazard?: ReturnHazard): Float64Array {
  const away = hoursDown(history);
  const lengths = absencesOf(history);
  const [weekHour = 0] = weekHours(history, 1).slice(-1);
  return Float64Array.from(away, (hoursAway, machine) => {
    if (hoursAway < weekendHours) return 0;
    const never = neverEnded(lengths, hoursAway);
    if (hazard === undefined) return never;
    const [back = 0] = oddsOfReturn(hazard, { machine, hoursAway, weekHour }, [goneHours]);
    return (never + 1 - back) / 2;
  });
}

interface Length {
  readonly hours: number;
  readonly ended: boolean;
}

function absencesOf({ machines, slotCount, up }: FleetHistory): readonly Length[] {
  const lengths: Length[] = [];
  for (let machine = 0; machine < machines.length; machine++) {
    let run = 0;
    for (let slot = 0; slot < slotCount; slot++) {
      const state = up[machine * slotCount + slot]!;
      if (state === slotDown) run++;
      if (state === slotUp && run > 0) {
        lengths.push({ hours: run, ended: true });
        run = 0;
      }
    }
    if (run > 0) lengths.push({ hours: run, ended: false });
  }
  return lengths;
}

const patienceHours = 7 * 24;

/** Of absences at least as long the share that never ended, with half an absence of each kind added. */
function neverEnded(lengths: readonly Length[], hours: number): number {
  const asLong = lengths.filter((length) => length.hours >= hours);
  const lost = asLong.filter(({ ended }) => !ended).length;
  // A short absence that has not ended yet says little: the share counts fully only after a week.
  return Math.min(1, hours / patienceHours) * ((lost + 0.5) / (asLong.length + 1));
}

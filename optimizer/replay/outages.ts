// Outages of a policy and of the bar, and how sure the ratio of their unavailable shares is, by a bootstrap over outages (Efron, 1979).
// Never over file-hours: those of one outage are not independent. Nor over origins: the weeks of several overlap, and one outage is in all of them.

import type { Random } from '../../datasets/index.ts';
import type { OriginResult } from './replay.ts';
import type { PolicySummary } from './summary.ts';

export type Outages = Pick<OriginResult, 'account' | 'fromSlot' | 'unavailableBySlot' | 'lostBySlot'>;

/** One origin, lived through under a policy and under the bar. */
export interface OutagePair {
  readonly own: Outages;
  readonly bar: Outages;
}

/** File-slots out of reach, as many as if both had counted as much in each origin as they did on average. */
export interface OutageEvent {
  readonly own: number;
  readonly bar: number;
}

/** Slots of the trace from `fromSlot` to `toSlot`. */
interface Stretch extends OutageEvent {
  readonly fromSlot: number;
  readonly toSlot: number;
}

const draws = 1000;

/**
 * Runs of slots in which either of the two could not serve some file; and each slot in which either lost some for good, with all the time
 * that they were missed until the end: without these, who loses files would look better than who keeps them. Runs of several origins that overlap
 * or touch are one event, and so is what several lost in one slot.
 */
export function outageEvents(pairs: readonly OutagePair[]): readonly OutageEvent[] {
  const counted = pairs.filter(({ own, bar }) => own.account.fileSlots > 0 && bar.account.fileSlots > 0);
  const sum = counted.reduce(
    (total, { own, bar }) => total + own.account.fileSlots + bar.account.fileSlots,
    0,
  );
  const mean = sum / (2 * counted.length);
  const losses = new Map<number, OutageEvent>();
  const runs: Stretch[] = [];
  for (const { own, bar } of counted) {
    const weights = { own: mean / own.account.fileSlots, bar: mean / bar.account.fileSlots };
    const { fromSlot } = own;
    for (const [at, count] of own.lostBySlot.entries()) {
      const lost = { own: count * weights.own, bar: bar.lostBySlot[at]! * weights.bar };
      if (lost.own + lost.bar === 0) continue;
      losses.set(fromSlot + at, added(losses.get(fromSlot + at), lost));
    }
    runs.push(...runsOf({ own, bar }, weights));
  }
  return [...losses.values(), ...joined(runs)];
}

const added = (event: OutageEvent | undefined, more: OutageEvent): OutageEvent => ({
  own: (event?.own ?? 0) + more.own,
  bar: (event?.bar ?? 0) + more.bar,
});

function runsOf({ own, bar }: OutagePair, weights: OutageEvent): Stretch[] {
  const slots = Array.from(own.unavailableBySlot, (count, at): Stretch => {
    const fromSlot = own.fromSlot + at;
    const other = bar.unavailableBySlot[at]!;
    return { fromSlot, toSlot: fromSlot + 1, own: count * weights.own, bar: other * weights.bar };
  });
  return joined(slots.filter((slot) => slot.own + slot.bar > 0));
}

/** Those that overlap or touch as one. */
function joined(stretches: readonly Stretch[]): Stretch[] {
  const all: Stretch[] = [];
  for (const next of stretches.toSorted((a, b) => a.fromSlot - b.fromSlot)) {
    const open = all.at(-1);
    if (open === undefined || next.fromSlot > open.toSlot) all.push(next);
    else
      all[all.length - 1] = {
        fromSlot: open.fromSlot,
        toSlot: Math.max(open.toSlot, next.toSlot),
        ...added(open, next),
      };
  }
  return all;
}

/** Half a file-slot is added to both sides, so that nothing is divided by nothing. */
const ratio = (events: readonly OutageEvent[]): number => {
  const sum = (side: keyof OutageEvent): number => events.reduce((total, event) => total + event[side], 0);
  return (sum('bar') + 0.5) / (sum('own') + 0.5);
};

/** Fewer than two events have no interval: each draw is the same again. */
export function ratioOf(
  pairs: readonly OutagePair[],
  random: Random,
): Pick<PolicySummary, 'timesFewer' | 'interval' | 'events'> {
  const events = outageEvents(pairs);
  const found = { timesFewer: ratio(events), events: events.length };
  if (events.length < 2) return found;
  const ratios = Array.from({ length: draws }, () =>
    ratio(Array.from(events, () => events[random.below(events.length)]!)),
  ).toSorted((a, b) => a - b);
  return { ...found, interval: [ratios[Math.floor(draws * 0.025)]!, ratios[Math.floor(draws * 0.975)]!] };
}

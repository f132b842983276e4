// What a plan says that nothing in it can prove: said beside every check, so that nobody takes it for checked.

import { areNamed } from './named-hours.ts';
import { statesOfEvidence } from './plan-evidence.ts';
import { boundNotes, boundNotesBefore } from './plan-notes.ts';
import type { PlacementClass, Plan } from './plan.ts';

/** Parts of the plan, each with what would have to be known; empty ones are left out. */
export function uncheckedParts(plan: Plan): readonly string[] {
  const { classes, evidence, domains, heldOut, modelSource, weekMoved, limits, popular } = plan;
  const groups = classes.flatMap((one) => one.groups);
  const has = (isThere: boolean, text: string): readonly string[] => (isThere ? [text] : []);
  return [
    ...(evidence === undefined ? ['odds and bounds: there is no evidence to compute them from'] : []),
    ...has(evidence !== undefined, 'evidence: whether machines are down as it says, and have as many slots'),
    ...classes.flatMap((one) => has(evidence !== undefined && one.certificate === undefined, noBound(one))),
    ...hourGaps(plan),
    ...has(
      groups.some(({ reasons }) => reasons.length > 0),
      'reasons: domains, what the loss of a member would cost, who would come next, and what keeps it from that',
    ),
    ...has(Object.keys(domains).length > 0, 'domains: they come from the models'),
    `modelSource: that the odds are those of "${modelSource}"`,
    ...has(heldOut.length > 0, 'heldOut: the scores of policies on held-out history'),
    ...noteGaps(plan),
    ...has(weekMoved !== undefined, 'weekMoved: what plans of the week moved'),
    ...has(limits?.before !== undefined, 'limits: what earlier plans of the week brought'),
    ...has(popular !== undefined, 'popular: how often packs are read, and how many bytes they have'),
    'epoch, author, computedMs: who made the plan, and when',
  ];
}

const titleOf = ({ name, redundancy: { k, n } }: PlacementClass): string => `class ${name} ${k} of ${n}`;

const noBound = (placementClass: PlacementClass): string =>
  `${titleOf(placementClass)}: no bound to check, so nothing says how far its groups are from the best`;

function noteGaps({ classes, notes }: Plan): readonly string[] {
  const derived = new Set(classes.flatMap((one) => [...boundNotes(one), ...boundNotesBefore(one)]));
  const others = notes.filter((note) => !derived.has(note)).length;
  return others === 0 ? [] : [`notes: ${others} of ${notes.length}, those that are not about bounds`];
}

/** Groups without odds for the named hours, and names that cannot be tied to a kind of hour. */
function hourGaps({ classes, evidence }: Plan): readonly string[] {
  const groups = classes.flatMap((one) => one.groups);
  const bare = groups.filter(({ unavailabilityAt }) => Object.keys(unavailabilityAt).length === 0).length;
  const without =
    bare === 0 ? [] : [`unavailabilityAt: ${bare} of ${groups.length} groups have no odds of named hours`];
  if (evidence === undefined || bare === groups.length) return without;
  const states = statesOfEvidence(evidence);
  const isTied = states === undefined || areNamed(states);
  return isTied
    ? without
    : [...without, 'unavailabilityAt: which kind of hour each name means, the evidence does not say'];
}

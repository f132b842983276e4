// What a new policy of the fleet changed against the one before it, in words for the log of what admins did. Machines go by their peer ids here:
// who shows it knows their names.

import { gibibyte, hourMs, mebibyte } from '../../datasets/index.ts';
import { type PlacementLimits, targetDefault } from '../../optimizer/index.ts';
import type { FleetPolicy } from '../codec/index.ts';
import { holdMoveShareDefault } from '../limits.ts';

/** What a policy says that the one before it did not. */
export function policyText(policy: FleetPolicy, before: FleetPolicy | undefined): string {
  if (before === undefined) return `set the policy of "${policy.fleetName}"`;
  const [then, meantNow, meantThen] = [before, withDefaults(policy), withDefaults(before)].map(wordsOf);
  const changed = [...wordsOf(policy)].filter(([what]) => meantNow!.get(what) !== meantThen!.get(what));
  if (changed.length === 0) return 'set the policy again, without a change';
  return changed.map(([what, value]) => `set ${what} from ${then!.get(what)} to ${value}`).join('; ');
}

/** Whoever changes one thing writes down all; what was so by default before is no change. */
const withDefaults = (policy: FleetPolicy): FleetPolicy => ({
  ...policy,
  holdMoveShare: policy.holdMoveShare ?? holdMoveShareDefault,
  target: policy.target ?? targetDefault,
});

/** All that a policy says, by what it is about. */
function wordsOf(policy: FleetPolicy): ReadonlyMap<string, string> {
  const { fleetName, holderSilenceMs, planMode, holdMoveShare, target, limits } = policy;
  return new Map([
    ['fleetName', JSON.stringify(fleetName)],
    ['holder silence', `${holderSilenceMs / hourMs} h`],
    ['planMode', JSON.stringify(planMode)],
    ['holdMoveShare', holdMoveShare === undefined ? 'nothing' : String(holdMoveShare)],
    ['target', target === undefined ? 'nothing' : `${target.share} in ${target.hours} hours`],
    ...limitWords(limits),
  ]);
}

/** The limits of plans, under the names that `drey plan limits` has for them. */
const limitWords = (limits: Partial<PlacementLimits> = {}): readonly (readonly [string, string])[] => [
  ['vetoes', listed(limits.vetoes ?? [])],
  ['what is kept apart', listed(limits.apart ?? [])],
  ['pins', listed((limits.pins ?? []).map(({ group, machine }) => `${machine} in ${group}`))],
  ['what is moved per week', size(limits.movedBytesPerWeek)],
  ['what is taken in per week', size(limits.takenBytesPerWeek)],
  ['what is given out per week', size(limits.givenBytesPerWeek)],
  ['least scatter', width(limits.scatterMin)],
  ['most scatter', width(limits.scatterMax)],
];

const listed = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '));

const size = (bytes: number | undefined): string =>
  bytes === undefined
    ? 'no limit'
    : bytes < gibibyte
      ? `${Number((bytes / mebibyte).toFixed(1))} MiB`
      : `${Number((bytes / gibibyte).toFixed(1))} GiB`;

const width = (count: number | undefined): string => (count === undefined ? 'no limit' : String(count));

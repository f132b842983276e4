// Knows the hours to come, all that its plan is judged by: about what could be had by choosing groups. No bound: it climbs like the
// others, knows not how many files a group will have, and takes the best of three sets of groups.

import type { FleetHistory } from '../../../datasets/index.ts';
import { chooseGroups, type GroupsQuestion } from '../../groups.ts';
import { replayGroups } from '../compare.ts';
import { hoursAsStates } from './co-failure.ts';
import { oneState, type Policy } from './policy.ts';
import { downShares } from './up-shares.ts';

/** Not quite 1: among groups that would all be there, the more available are still the better ones. */
const seenWeight = 0.999;

export const oracle: Policy = {
  name: 'oracle',
  needs: 'future',
  learn: ({ past, future = past }) => ({
    states: hoursAsStates(future, seenWeight),
    method: 'climb',
    groups: (question) => bestOfThree(question, past, future),
  }),
};

/** Its own groups, those that best-k with swaps would have, and its own from there on: whichever are out of reach least. */
function bestOfThree(
  question: GroupsQuestion,
  past: FleetHistory,
  future: FleetHistory,
): readonly (readonly number[])[] {
  const own = chooseGroups(question);
  if (question.scope === 'open slots') return own;
  const simple = chooseGroups({ ...question, states: oneState(past, downShares(past)) });
  const climbed = chooseGroups({ ...question, start: simple });
  const { k } = question.redundancy;
  return [own, simple, climbed]
    .map((groups) => ({ groups, share: lostShare(groups, future, k) }))
    .reduce((best, other) => (other.share < best.share ? other : best)).groups;
}

function lostShare(groups: readonly (readonly number[])[], future: FleetHistory, k: number): number {
  let [lost, seen] = [0, 0];
  for (const { all } of replayGroups(groups, future, k)) {
    lost += all.lost;
    seen += all.seen;
  }
  return lost / Math.max(1, seen);
}

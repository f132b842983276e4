// What is wrong or at risk on this agent at one moment, in plain words. It reads, and changes nothing; since when it is so, and who is
// told, is the book's and the alerts' business.

import { countText, dayMs, hourMs, type UnixMs } from '../../../datasets/index.ts';
import { type AgentCore, reviewReason } from '../../core/index.ts';
import { certificateWarnMs } from '../../limits.ts';
import { type Problem, sentence } from '../../problem.ts';
import type { ViewParts } from '../fleet-view.ts';
import type { PlanFailure } from '../planning.ts';
import { findDeletionProblems } from './deletion-problems.ts';
import { findDriveProblems } from './drive-problems.ts';
import { findMachineProblems } from './machine-problems.ts';
import { findOwnerProblems } from './owner-problems.ts';
import { findProofProblems } from './proof-problems.ts';
import { putOutProblem } from './put-out.ts';
import { findReachProblems } from './reach-problems.ts';
import { findTwinProblems } from './twin-problems.ts';
import { findVersionProblems } from './version-problems.ts';

/** A problem as it is found; `sinceMs` only where what is found tells it. */
export type FoundProblem = Omit<Problem, 'sinceMs'> & { readonly sinceMs?: UnixMs };

/** Everything that people should know of; a new kind of problem joins here, in `problemKinds` and in the README's table. */
export function findProblems(parts: ViewParts): readonly FoundProblem[] {
  const out = putOutProblem(parts);
  if (out === undefined) return findProblemsInside(parts);
  // It sees nobody, so all the others look gone to it; whoever heeds that would put out the whole fleet.
  return [out, ...findDriveProblems(parts.drives), ...parts.operations.alerts.problems];
}

const findProblemsInside = (parts: ViewParts): readonly FoundProblem[] => [
  ...findPlanProblems(parts),
  ...findReachProblems(parts),
  ...findTwinProblems(parts),
  ...findVersionProblems(parts),
  ...findMachineProblems(parts.core, parts.now),
  ...findDriveProblems(parts.drives),
  ...findProofProblems(parts.core, parts.now),
  ...findOwnerProblems(parts.core, parts.now),
  ...findDeletionProblems(parts),
  ...findOwnProblems(parts),
  ...parts.operations.alerts.problems,
];

/** Three holders besides the owner. */
const planMachinesMin = 4;

/** There is none, or a machine that has just come has not heard of it yet. */
export function noPlan(usableCount: number): FoundProblem {
  const common = {
    kind: 'no-plan',
    level: 'warning',
    risk: 'Nothing is kept on other machines yet.',
  } as const;
  if (usableCount >= planMachinesMin)
    return {
      ...common,
      why: `No plan has come here yet, though ${usableCount} machines can be used now, which is enough.`,
      action: 'It comes from another machine, or is made, within minutes.',
    };
  return {
    ...common,
    why: `There is no plan: of the four machines that it needs, ${usableCount} can be used now.`,
    action: 'A plan is made as soon as enough machines are there.',
    advice: 'Start more machines.',
  };
}

/** On the machine that plans: a limit of an admin that no grouping keeps to any more, as when the ninth machine came and packs got more shards. */
export const planFailed = ({ why, advice }: PlanFailure): FoundProblem => ({
  kind: 'plan-failed',
  level: 'problem',
  risk: 'New machines get no shards, and what has become worse stays where it is.',
  why: sentence(`no new plan could be made: ${why}`),
  action: 'The plan before holds and is repaired, and a new one is tried again.',
  ...(advice === undefined ? {} : { advice }),
});

function findPlanProblems({ core, planFailure, now }: ViewParts): readonly FoundProblem[] {
  const { membership, election } = core;
  const found: FoundProblem[] = [];
  if (election.plan === undefined) found.push(noPlan(membership.eligibleHolders(now).length));
  if (planFailure !== undefined) found.push(planFailed(planFailure));
  return [...found, ...findWaitingPlan(core), ...findPlansStopped(core)];
}

/** Admins are told, and the machine that made the plan: its person can tell one of them. */
export function findWaitingPlan({
  membership,
  election,
}: Pick<AgentCore, 'membership' | 'election'>): readonly FoundProblem[] {
  const { self, policy } = membership;
  if (election.proposal === undefined) return [];
  const { plan, waits } = election.proposal;
  const { epoch, author } = plan;
  const isAdmin = membership.hasRole(self, 'admin');
  if (!isAdmin && author !== self) return [];
  return [
    {
      kind: 'plan-waits',
      level: 'warning',
      risk: 'Shards stay where the old plan put them, also where that has become worse.',
      why: `Plan ${epoch} waits for approval: ${waits?.reason ?? reviewReason}.`,
      action:
        policy?.planMode === 'review'
          ? 'Until then the old plan holds, and nobody takes the place of machines that are gone.'
          : 'Until then the old plan holds and is repaired.',
      advice: `Look at it with \`drey plan show --waiting\`, then run \`drey plan approve ${epoch}\`${isAdmin ? '' : " on an admin's machine"}.`,
    },
  ];
}

/** On a machine that may plan, and whose log is filled by what it has planned. */
export const findPlansStopped = ({
  membership,
  ownLog,
}: Pick<AgentCore, 'membership' | 'ownLog'>): readonly FoundProblem[] =>
  ownLog.takesPlans || !membership.hasRole(membership.self, 'optimizer')
    ? []
    : [
        {
          kind: 'plans-stopped',
          level: 'problem',
          risk: 'Lost shards get no new places by a plan of this machine, and new machines no shards.',
          why: 'Its log has no room for more plans.',
          action:
            'The last plan holds, and what this machine saves still counts. Another optimizer takes over, at the latest when this machine is off.',
          advice: 'Join this machine again with a new folder.',
        },
      ];

/** About this machine as a whole. */
function findOwnProblems({ core, disk, now }: ViewParts): readonly FoundProblem[] {
  const { membership } = core;
  const found: FoundProblem[] = [];
  const { heldBytes, quotaBytes, freeBytes } = disk.usage();
  if (heldBytes > 0.95 * quotaBytes || freeBytes === 0)
    found.push({
      kind: 'space-used-up',
      level: 'warning',
      risk: 'This machine can take no more shards of others, so the fleet has less room to repair.',
      why: freeBytes === 0 ? 'Its disk is full.' : "The space that it gives for others' shards is used up.",
      action: 'Restores and deletions go on from a reserve; new shards go to other machines.',
      advice: 'Give more, or free some space.',
    });
  const { rottenShards } = core.repair;
  if (rottenShards > 0)
    found.push({
      kind: 'shards-rotten',
      level: 'warning',
      risk: 'The disk of this machine may be failing.',
      why: `${countText(rottenShards, 'shard')} on it ${rottenShards === 1 ? 'was' : 'were'} damaged or missing since the agent started.`,
      action: 'They are fetched or made again from those of other machines.',
      advice: 'Look at the disk if it happens again.',
    });
  const leftMs = (membership.certificateOf(membership.self)?.notAfterMs ?? Number.POSITIVE_INFINITY) - now;
  return leftMs < certificateWarnMs ? [...found, certificateEnds(leftMs)] : found;
}

/** `leftMs`: until it ends, negative where it has ended. */
export function certificateEnds(leftMs: number): FoundProblem {
  const about = {
    kind: 'certificate-ends',
    risk: 'Without a valid certificate no other machine speaks with this one, and nothing more of it is backed up.',
  } as const;
  if (leftMs <= 0)
    return {
      ...about,
      level: 'problem',
      why: `Its certificate ended ${-leftMs < 2 * dayMs ? countText(Math.ceil(-leftMs / hourMs), 'hour') : countText(Math.floor(-leftMs / dayMs), 'day')} ago.`,
      action: 'None that has ended is renewed. What it saved before stays with the other machines.',
      advice:
        'Check the clock. If it is right: `drey join` with a new invite and another --home, then protect its folders again.',
    };
  return {
    ...about,
    level: 'warning',
    why: `Its certificate ends in ${countText(Math.ceil(leftMs / dayMs), 'day')}.`,
    action: "An admin's machine renews it as soon as both are connected.",
    advice: "Start an admin's machine.",
  };
}

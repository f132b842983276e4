// What admins set for the whole fleet: the policy of now, changed in some points and said again.

import { DreyError, unixMs } from '../../datasets/index.ts';
import { noLimits, type PlacementLimits, refuseImpossible, targetDefault } from '../../optimizer/index.ts';
import type { FleetPolicy } from '../codec/index.ts';
import type { CallAnswers, CallRequest } from '../control/index.ts';
import { approvalOf } from '../core/index.ts';
import { holdMoveShareDefault, pinsMax, vetoesMax } from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { LiveAgent } from './agent.ts';
import { machineNamed } from './machine-names.ts';

type Policy = Required<Omit<FleetPolicy, 'kind' | 'atMs'>>;

function policyOf({ core: { membership } }: LiveAgent): Policy {
  const { policy } = membership;
  return {
    fleetName: policy?.fleetName ?? 'our fleet',
    holderSilenceMs: membership.holderSilenceMs,
    planMode: policy?.planMode ?? 'automatic',
    holdMoveShare: policy?.holdMoveShare ?? holdMoveShareDefault,
    target: policy?.target ?? targetDefault,
    limits: policy?.limits ?? noLimits,
  };
}

/** A plan that waits is judged by it at once. Whoever turns review mode on has approved the plan that holds: it stays until there is a word for another. */
async function declare(agent: LiveAgent, policy: Policy): Promise<void> {
  const { core } = agent;
  const { followed } = core.election;
  const isTurnedOn = policy.planMode === 'review' && core.membership.policy?.planMode !== 'review';
  if (isTurnedOn && followed !== undefined) refuseBehind(agent);
  // The newest by its own date holds, and somebody's clock may have been a year ahead.
  const atMs = unixMs(Math.max(agent.now(), (core.membership.policy?.atMs ?? 0) + 1));
  await agent.declare(
    { kind: 'policy', atMs, ...policy },
    ...(isTurnedOn && followed !== undefined ? [approvalOf(followed, agent.now())] : []),
  );
  agent.planning.judgeAgain();
}

/** Machines named in one message. */
const namedMax = 8;

/** All would go back to an old plan that is approved. Throws `plan-behind`. */
function refuseBehind({ core: { election, membership } }: LiveAgent): void {
  const isAlone = membership.up.size === 0 && membership.machines.length > 1;
  const { laterFollowers: later } = election;
  if (later.length === 0 && !isAlone) return;
  // Names need not be different, and a liar chooses its own.
  const named = later.slice(0, namedMax).map((peer) => `${membership.nameOf(peer)} (${peer})`);
  throw new DreyError({
    code: 'plan-behind',
    message: isAlone
      ? 'no other machine is connected: whether the plan that holds here is the newest cannot be told'
      : `others say that they follow a later plan than this machine has heard of: ${named.join(', ')}${later.length > namedMax ? ' …' : ''}`,
    advice:
      'Review mode begins with the plan that holds. Try again when this machine has been connected to others for a minute. Who goes on to say so where no later plan comes is wrong, or lies: others that are on outweigh it, and `drey fleet revoke` puts it out.',
    retry: 'retryable',
  });
}

/** An admin's word for the plan that waits, whoever made it. Throws `no-proposal`, `other-proposal`, `not-an-admin`. */
export async function approvePlan(
  agent: LiveAgent,
  { epoch }: CallRequest<'approvePlan'>,
): Promise<CallAnswers['approvePlan']> {
  const { proposal } = agent.core.election;
  if (proposal === undefined)
    throw new DreyError({
      code: 'no-proposal',
      message: 'no plan waits for approval, as far as this machine has heard',
      advice: 'See `drey status`. `drey plan compute` asks for a plan now.',
    });
  const waiting = proposal.plan.epoch;
  if (epoch !== undefined && epoch !== waiting)
    throw new DreyError({
      code: 'other-proposal',
      message: `plan ${epoch} does not wait for approval, plan ${waiting} does`,
      advice: 'Look at it with `drey plan show --waiting`.',
    });
  await agent.declare(approvalOf(proposal, agent.now()));
  return { plan: proposal.plan, changed: true };
}

/** Shows the policy, or changes what is named. Throws `not-an-admin`, `statement-refused`, `plan-behind`. */
export async function changePolicy(
  agent: LiveAgent,
  change: CallRequest<'policy'>,
): Promise<CallAnswers['policy']> {
  const before = policyOf(agent);
  const after: Policy = {
    ...before,
    holderSilenceMs: Math.round(change.holderSilenceMs ?? before.holderSilenceMs),
    planMode: change.planMode ?? before.planMode,
    holdMoveShare: change.holdMoveShare ?? before.holdMoveShare,
    target: { ...before.target, ...change.target },
  };
  if (Object.keys(change).length > 0) await declare(agent, after);
  const { holderSilenceMs, planMode, holdMoveShare, target } = after;
  return { holderSilenceMs, planMode, holdMoveShare, target };
}

interface Pin {
  readonly group: string;
  readonly machine: PeerId;
}

/** Throws `pin-impossible` where the machine is not in that group. */
function pinFor(
  agent: LiveAgent,
  { group, machine }: { readonly group: string; readonly machine: string },
): Pin {
  const peer = machineNamed(agent, machine);
  const groups = agent.core.election.plan?.classes.flatMap((one) => one.groups) ?? [];
  if (groups.find(({ id }) => id === group)?.members.includes(peer) === true) return { group, machine: peer };
  throw new DreyError({
    code: 'pin-impossible',
    message: `${machine} has no slot in the group "${group}"`,
    advice: 'Pins keep a slot that a machine has: see `drey plan show`.',
  });
}

/** One call may name more than there is room for, or add to what there is. Throws `limits-too-many`. */
function refuseTooMany({ vetoes, pins }: PlacementLimits): void {
  if (vetoes.length <= vetoesMax && pins.length <= pinsMax) return;
  throw new DreyError({
    code: 'limits-too-many',
    message: `there would be ${vetoes.length} vetoes and ${pins.length} pins; a policy has room for ${vetoesMax} vetoes and ${pinsMax} pins`,
    advice: 'Nothing was changed. Take some back with --lift and --unpin.',
  });
}

/** Limits that are one number each: null lifts one. */
const numbers = [
  'movedBytesPerWeek',
  'takenBytesPerWeek',
  'givenBytesPerWeek',
  'scatterMin',
  'scatterMax',
] as const;

/** Shows what plans may not do, or changes what is named. Throws `not-an-admin`, `statement-refused`, `target-unknown`, `pin-impossible`, `limits-too-many` or `limits-infeasible`. */
export async function changeLimits(
  agent: LiveAgent,
  change: CallRequest<'planLimits'>,
): Promise<PlacementLimits> {
  const before = policyOf(agent);
  const { vetoes, pins, apart } = before.limits;
  const lifted = new Set((change.lift ?? []).map((name) => machineNamed(agent, name)));
  const vetoed = (change.veto ?? []).map((name) => machineNamed(agent, name));
  const pinned = (change.pin ?? []).map((pin) => pinFor(agent, pin));
  const loose = new Set(
    (change.unpin ?? []).map(({ group, machine }) => `${group} ${machineNamed(agent, machine)}`),
  );
  const keyOf = ({ group, machine }: Pin): string => `${group} ${machine}`;
  const kept = [...pins, ...pinned].filter((pin) => !loose.has(keyOf(pin)));
  const limits: PlacementLimits = {
    vetoes: [...new Set([...vetoes, ...vetoed])].filter((peer) => !lifted.has(peer)),
    pins: [...new Map(kept.map((pin) => [keyOf(pin), pin])).values()],
    apart: change.apart ?? apart,
    ...Object.fromEntries(
      numbers.flatMap((name) => {
        const wanted = change[name] === undefined ? before.limits[name] : change[name];
        return wanted === undefined || wanted === null ? [] : [[name, wanted]];
      }),
    ),
  };
  const { core } = agent;
  refuseTooMany(limits);
  if (change.scatterMin !== undefined || change.scatterMax !== undefined)
    refuseImpossible(limits, {
      classes: core.election.plan?.classes ?? [],
      machineCount: core.membership.eligibleHolders(agent.now()).length,
    });
  if (Object.keys(change).length > 0) await declare(agent, { ...before, limits });
  return limits;
}

// Fleets in review mode: an admin turns it on and off, looks at what waits from time to time, on whatever machine is at hand, and approves it.
// Optimizers that wait for nobody, and keys of admins that are put out, want their plans followed all the same. Whether everybody follows
// what was approved is looked at here too.

import { days, hours, type Random, type UnixMs, unixMs } from '../../datasets/index.ts';
import type { Plan } from '../../optimizer/index.ts';
import {
  type AdminKey,
  type FleetPolicy,
  logName,
  type PlanApproval,
  type PlanWait,
  signStatement,
} from '../codec/index.ts';
import { type AgentCore, approvalOf, reviewReason, type StatedPlan } from '../core/index.ts';
import type { PeerId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import { anyOf, hasHeard, writers } from './saying.ts';
import { type Scheduler, timesApart } from './scheduling.ts';
import type { Shell } from './shell.ts';
import { Standing } from './standing.ts';

interface Word<Said> {
  readonly said: Said;
  /** In whose log it stands. */
  readonly log: PeerId;
  readonly bytes: Uint8Array;
}

/** What admins said of plans, as it was flushed. */
export interface ReviewWords {
  readonly policies: Word<FleetPolicy>[];
  readonly approvals: Word<PlanApproval>[];
}

export const noReviewWords = (): ReviewWords => ({ policies: [], approvals: [] });

/** An admin looks again after up to this; after the faults all are in a hurry. */
const lookMsMax = hours(8);
const lastLooksMs = hours(1);
/** Of plans that need not wait some do: they would move much. */
const heldShare = 0.2;

/** Why a plan that was made waits, as agents in the live world tell by the policy and by what it moves. */
export function waitOf(fleet: Fleet, core: AgentCore, { scope, random }: WaitQuestion): PlanWait | undefined {
  if (fleet.options.faults.reviewCount === 0 || core.election.plan === undefined) return undefined;
  const isReviewed = core.membership.policy?.planMode === 'review';
  const isHeld = scope === 'whole' && !fleet.areFaultsOver && random.fraction() < heldShare;
  if (!isReviewed && !isHeld) return undefined;
  fleet.noteFault('plan that waits');
  return { reason: isReviewed ? reviewReason : 'it would move much', scope, moveShare: 0 };
}

interface WaitQuestion {
  readonly scope: PlanWait['scope'];
  readonly random: Random;
}

export function scheduleReviews(scheduler: Scheduler): void {
  const { fleet, random } = scheduler;
  const { faults, days: dayCount } = fleet.options;
  if (faults.reviewCount === 0) return;
  lookAgain(fleet, random.fork('looks'));
  timesApart(scheduler, { count: faults.reviewCount, share: 1 / 2 }, (own) => {
    setMode(fleet, 'review', own);
    for (let count = 0; count < boldPlans; count++)
      fleet.queue.schedule(fleet.queue.nowMs + (own.fraction() * days(dayCount)) / 2, () =>
        planUnasked(fleet, own),
      );
    // Some fleets stay so to the end.
    if (own.fraction() < 1 / 2)
      fleet.queue.schedule(fleet.queue.nowMs + (own.fraction() * days(dayCount)) / 2, () =>
        setMode(fleet, 'automatic', own),
      );
  });
}

const nowOf = (fleet: Fleet): UnixMs => unixMs(Math.floor(fleet.queue.nowMs));

/** With the word for the plan that holds on the machine where it is turned on. */
function setMode(fleet: Fleet, planMode: FleetPolicy['planMode'], random: Random): void {
  const machine = anyOf(writers(fleet), random);
  const held = machine?.shell?.core.election.followed;
  if (machine === undefined) return;
  const policy: FleetPolicy = {
    kind: 'policy',
    fleetName: `simulated, ${planMode}`,
    atMs: nowOf(fleet),
    holderSilenceMs: fleet.options.holderSilenceMs,
    planMode,
  };
  const approval = planMode === 'review' && held !== undefined ? approvalOf(held, nowOf(fleet)) : undefined;
  const words = [policy, ...(approval === undefined ? [] : [approval])].map((said) => ({
    said,
    log: machine.peer,
    bytes: signStatement(fleet.admins[1], said).bytes,
  }));
  const records = words.map(({ bytes }) => ({ kind: 'statement', bytes }) as const);
  machine.shell?.publish(records, () => {
    fleet.noteFault(`plans: ${planMode}`);
    for (const { said, ...rest } of words) {
      if (said.kind === 'policy') fleet.reviews.policies.push({ said, ...rest });
      else fleet.reviews.approvals.push({ said, ...rest });
    }
  });
}

/** Whichever machine the admin sits at shows what waits as far as it has heard. */
function lookAgain(fleet: Fleet, random: Random): void {
  const inMs = fleet.areFaultsOver ? lastLooksMs : random.fraction() * lookMsMax;
  fleet.queue.schedule(fleet.queue.nowMs + inMs, () => {
    approve(fleet, random);
    lookAgain(fleet, random);
  });
}

function approve(fleet: Fleet, random: Random): void {
  const machine = anyOf(writers(fleet), random);
  const proposal = machine?.shell?.core.election.proposal;
  if (machine === undefined || proposal === undefined) return;
  const said = approvalOf(proposal, nowOf(fleet));
  sayApproval(machine, { said, key: fleet.admins[1] }, (bytes) => {
    fleet.noteFault('plan approved');
    fleet.reviews.approvals.push({ said, log: machine.peer, bytes });
  });
}

function sayApproval(
  machine: Machine,
  { said, key }: { readonly said: PlanApproval; readonly key: AdminKey },
  done: (bytes: Uint8Array) => void,
): void {
  const { bytes } = signStatement(key, said);
  machine.shell?.publish([{ kind: 'statement', bytes }], () => done(bytes));
}

/** The key of an admin who left approves a plan. */
export function approveAsEnded(fleet: Fleet, machine: Machine, key: AdminKey): void {
  const { followed, proposal } = machine.shell?.core.election ?? {};
  const wanted = proposal ?? followed;
  if (wanted === undefined || fleet.options.faults.reviewCount === 0) return;
  sayApproval(machine, { said: approvalOf(wanted, nowOf(fleet)), key }, () =>
    fleet.noteFault('plan approved by a key that is out'),
  );
}

/** In each review. */
const boldPlans = 3;

/** An optimizer that wants its plan followed at once, whatever the fleet's mode. */
function planUnasked(fleet: Fleet, random: Random): void {
  const machine = anyOf(writers(fleet), random);
  const held = machine?.shell?.core.election.plan;
  if (machine === undefined || held === undefined || machine.isLayman || fleet.areFaultsOver) return;
  if (machine.shell?.core.membership.policy?.planMode !== 'review') return;
  const epoch = held.epoch + 1 + random.below(3);
  machine.shell.publish([{ kind: 'plan', plan: { ...turned(held), author: machine.peer, epoch } }], () =>
    fleet.noteFault('plan that asks nobody'),
  );
}

/** All machines in other slots. */
const turned = (plan: Plan): Plan => ({
  ...plan,
  classes: plan.classes.map((one) => ({
    ...one,
    groups: one.groups.map((group) => ({ ...group, members: group.members.toReversed() })),
  })),
});

/** Who has heard a word follows it within this: what is remembered no more is read again first. */
const followingMsMax = hours(1);
const others = new Standing<string>();

/** What waits for an admin is followed by nobody, and in review mode all follow the newest plan that was approved, as far as they have heard. */
export function lookAtReviews(fleet: Fleet, machine: Machine, shell: Shell): void {
  const { guards, checks, reviews, rules } = fleet;
  const { followed } = shell.core.election;
  const lasts = others.look(shell, fleet.queue.nowMs);
  if (followed === undefined || fleet.options.faults.reviewCount === 0) return;
  checks.counts.reviewed++;
  const approvals = reviews.approvals.filter(({ log, bytes }) => hasHeard(machine, log, bytes));
  const isApproved = approvals.some(({ said }) => isAbout(said, followed));
  const { epoch } = followed.plan;
  if (followed.waits !== undefined && !isApproved)
    guards.violate('reviewed', machine, `follows plan ${epoch}, which waits for an admin`);
  const said = [
    ...rules.map(({ atMs, ...word }) => ({ ...word, atMs, planMode: 'automatic' })),
    ...reviews.policies.map(({ said: { atMs, planMode }, ...word }) => ({ ...word, atMs, planMode })),
  ];
  const newest = said
    .toSorted((a, b) => b.atMs - a.atMs)
    .find(({ log, bytes }) => hasHeard(machine, log, bytes));
  if (newest?.planMode !== 'review') return;
  const wanted = approvals
    .map((word) => word.said)
    .toSorted((a, b) => b.epoch - a.epoch || (a.log > b.log ? -1 : 1))
    .find((word) => hasPlan(machine, word));
  if (wanted === undefined || isAbout(wanted, followed)) return;
  if (lasts(`${followed.at.hash} ${wanted.hash}`) >= followingMsMax)
    guards.violate('reviewed', machine, `follows plan ${epoch}, and plan ${wanted.epoch} was approved`);
}

/** Whether an admin said so who is believed. */
export const wasApproved = ({ reviews }: Fleet, stated: StatedPlan | undefined): boolean =>
  stated !== undefined && reviews.approvals.some(({ said }) => isAbout(said, stated));

const isAbout = ({ log, sequence, hash }: PlanApproval, { at }: Pick<StatedPlan, 'at'>): boolean =>
  at.author === log && at.sequence === sequence && at.hash === hash;

/** Whether the plan that a word is about lies on a machine's disk. */
const hasPlan = ({ shelves }: Machine, { log, hash }: PlanApproval): boolean =>
  shelves.logs.get(logName(log, 'facts'))?.batches.some((batch) => batch.hash === hash) === true;

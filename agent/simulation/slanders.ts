// A third of all machines, and no more, says of one that is away, and that stands in no plan any more, that it lost their shards: everybody may have been
// beside it then, and it must not be left out on their words. In a fleet of fifteen and more five would do it (docs/THREATS.md): there it is one fewer.

import { days, hours, minutes, unixMs } from '../../datasets/index.ts';
import { plannedMachines } from '../../optimizer/index.ts';
import type { DoubtRecord } from '../codec/index.ts';
import { doubtMsMax, doubtQuorumMax } from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import { writers } from './saying.ts';
import { type Scheduler, timesApart } from './scheduling.ts';

/** So long it is away beyond the silence that is allowed. */
const awayMs = days(3);
/** It is looked so often whether it is given up everywhere, and a plan is asked for where it stands in one that is remembered; for so long. */
const lookEveryMs = minutes(40);
const lookMsMax = days(1);
/** Clocks are set by hours: the doubts are over before it is back. */
const overMs = hours(12);

export function scheduleSlanders(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  const { faults, agentCount, holderSilenceMs } = fleet.options;
  timesApart(scheduler, { count: faults.slanderCount, share: 1 / 2 }, (random) => {
    const victim = fleet.machines[1 + random.below(agentCount - 1)]!;
    if (victim.isDestroyed || victim.isRevoked || victim.hasLied || fleet.areFaultsOver) return;
    const fromMs = fleet.queue.nowMs + holderSilenceMs;
    victim.loseMains(fleet, fromMs + awayMs);
    // When the faults are over everybody has power.
    const backMs = Math.min(fromMs + awayMs, fleet.startMs + days(fleet.options.days));
    const untilMs = fromMs + lookMsMax;
    const look = (): void => {
      if (fleet.areFaultsOver || fleet.queue.nowMs > untilMs || victim.isUp || victim.isDestroyed) return;
      if (isForgotten(fleet, victim)) return slander(fleet, victim, backMs);
      wantPlan(fleet);
      fleet.queue.schedule(fleet.queue.nowMs + lookEveryMs, look);
    };
    fleet.queue.schedule(fromMs, look);
  });
}

function wantPlan(fleet: Fleet): void {
  const [first] = writers(fleet);
  first?.shell?.tell({ kind: 'planWanted' });
}

/** Nobody remembers a plan in which it stands, nor doubts it: for that all others have to be there. */
const isForgotten = (fleet: Fleet, victim: Machine): boolean =>
  honestOf(fleet).every(
    (one) => one === victim || (one.isUp && isUnplanned(one, victim.peer) && !isDoubted(one, victim.peer)),
  );

const honestOf = ({ machines }: Fleet): readonly Machine[] =>
  machines.filter(({ hasLied, isRevoked, isDestroyed }) => !hasLied && !isRevoked && !isDestroyed);

function slander(fleet: Fleet, { peer, index }: Machine, backMs: number): void {
  const honest = honestOf(fleet);
  const sizes = honest.flatMap(({ shell }) => shell?.core.membership.machines.length ?? []);
  const count = Math.min(Math.floor(Math.min(...sizes) / 3), doubtQuorumMax - 1) - fleet.liars.size;
  const able = writers(fleet).filter((one) => one.index > 0 && one.index !== index);
  if (count < 1 || able.length < count + 1) return;
  fleet.noteFault('machine that a third of all slander');
  const now = Math.floor(fleet.queue.nowMs);
  // Dated so that it does not count any more when that machine is back, and has others beside it again.
  const atMs = unixMs(Math.min(now, Math.floor(backMs - overMs - doubtMsMax)));
  const record: DoubtRecord = {
    kind: 'doubt',
    machine: peer,
    atMs,
    sinceMs: atMs,
    evidence: [{ kind: 'wrong', dayCount: 1, lastMs: atMs }],
  };
  for (const liar of able.slice(0, count)) {
    liar.hasLied = true;
    fleet.liars.add(liar);
    liar.shell?.publish([record], () => {});
  }
}

/** In no plan that it remembers. */
function isUnplanned({ shell }: Machine, peer: PeerId): boolean {
  const { plan, earlierPlans = [] } = shell?.core.election ?? {};
  const plans = plan === undefined ? [] : [plan, ...earlierPlans];
  return plans.every((one) => !plannedMachines(one).has(peer));
}

const isDoubted = ({ shell }: Machine, peer: PeerId): boolean =>
  shell?.core.trust.viewOf(peer).standing !== 'trusted';

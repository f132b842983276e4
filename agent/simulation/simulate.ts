// One run: a fleet lives for some days under faults, then the faults stop, it must settle, and a new machine restores.
// The same options give the same run, event by event.

import { dayMs, hourMs, hours } from '../../datasets/index.ts';
import type { Plan } from '../../optimizer/index.ts';
import { logName } from '../codec/index.ts';
import { plannedMachinesMin } from '../core/index.ts';
import type { PeerId } from '../units.ts';
import { lookForRevoked } from './admin-words.ts';
import { scheduleFaults, stopFaults } from './faults.ts';
import { Fleet, startMs } from './fleet.ts';
import { type Report, resolveOptions, type SimulationOptions } from './options.ts';
import { packsOf } from './ledger.ts';
import type { Machine } from './machine.ts';
import { restoreOnNewMachine } from './restoring.ts';
import { lookForStrangers } from './newcomers.ts';
import { lookAtRenewals } from './renewals.ts';
import { lookForClasses } from './planning-diligence.ts';
import { saveSnapshot } from './saving.ts';
import { lookAtCounts } from './counting.ts';
import { lookAtDiligence } from './diligence.ts';
import { lookInside } from './inside.ts';
import { lookAtWaits } from './promptness.ts';
import { type WaitFigures, waitFigures } from './waits.ts';
import { packsThrownAway } from './liars.ts';
import { lookForWipes } from './wipes.ts';

/** A disk that is used to this share takes nothing more. */
const fullShare = 0.9;
/** The disks are compared with the promises this often. */
const lookEveryMs = hours(6);
/** After the faults stop, and the burnt machines have been silent for too long, all must be done by then. */
const settleMsMax = hours(24);
/** Where forecasts tell who comes back, whoever is off is waited for as over a long weekend, as long as its groups have a machine to spare. */
const forecastSilenceMs = hours(96);

/** Runs a simulation and reports. Whatever the core throws is a broken promise like any other. */
export function simulate(options: SimulationOptions): Report {
  const fleet = new Fleet(resolveOptions(options));
  const end: End = { waits: waitFigures([], [], 0), settledHours: undefined, snapshotsRestored: 0 };
  try {
    live(fleet, end);
  } catch (error) {
    const day = fleet.checks.dayText(fleet.queue.nowMs);
    fleet.checks.violate('crashed', `on ${day}: ${error instanceof Error ? error.stack : String(error)}`);
  }
  return reportOf(fleet, end);
}

interface End {
  waits: WaitFigures;
  settledHours: number | undefined;
  snapshotsRestored: number;
}

function live(fleet: Fleet, end: End): void {
  const { options, queue, checks, machines } = fleet;
  for (const machine of machines) machine.powerOn(fleet);
  scheduleFaults(fleet);
  scheduleSnapshots(fleet);
  const endMs = startMs + options.days * dayMs;
  for (let atMs = startMs + lookEveryMs; atMs <= endMs; atMs += lookEveryMs) {
    queue.runUntil(atMs);
    checks.look(atMs);
    lookForWipes(fleet);
    lookInside(fleet);
    lookAtDiligence(fleet);
    lookAtWaits(fleet);
    lookAtRenewals(fleet);
    if (isOver(fleet)) return;
  }
  end.waits = waitFigures([...fleet.ledger.promised.values()], machines, queue.nowMs);
  stopFaults(fleet);
  end.settledHours = settle(fleet);
  if (isOver(fleet)) return;
  checks.counts.settled++;
  if (end.settledHours === undefined && canSettle(fleet))
    checks.violate('settled', `not settled in time after the faults stopped: ${unsettled(fleet)}`);
  lookForRevoked(fleet);
  lookForStrangers(fleet);
  if (end.settledHours !== undefined) lookForClasses(fleet);
  lookInside(fleet);
  if (end.settledHours !== undefined) lookAtCounts(fleet);
  const left = checks.countLeftOver(queue.nowMs);
  if (left > 0) checks.violate('deleted', `${left} shards of what was given up long ago were not freed`);
  checks.counts.deleted++;
  end.snapshotsRestored = restoreOnNewMachine(fleet, options.restoreCount);
  checks.look(queue.nowMs);
}

const isOver = ({ options, checks }: Fleet): boolean => options.endsEarly && checks.violations.length > 0;

function scheduleSnapshots(fleet: Fleet): void {
  const { snapshotsPerMachineDay, days, agentCount } = fleet.options;
  const random = fleet.random.fork('snapshots');
  for (let count = Math.round(snapshotsPerMachineDay * days * agentCount); count > 0; count--) {
    // Between 08:00 and 18:00, where most machines are on.
    const day = random.below(days);
    const atMs = startMs + day * dayMs + hours(8) + random.fraction() * hours(10);
    const machine = fleet.machines[random.below(agentCount)]!;
    fleet.queue.schedule(atMs, () => saveSnapshot(fleet, machine));
  }
}

/** Too few machines have no plan, and on full ones nothing new fits: what was not acknowledged waits, as it should. */
function canSettle(fleet: Fleet): boolean {
  const isFull = fleet.machines.some(
    ({ platters: { heldBytes, quotaBytes } }) => heldBytes > fullShare * quotaBytes,
  );
  const widest = Math.max(0, ...fleet.machines.map(({ shell }) => widestOf(shell?.core.election.plan)));
  return (
    fleet.checks.usableCount() - doubtedCount(fleet) >= Math.max(plannedMachinesMin, 1 + widest) && !isFull
  );
}

/** Machines that are there and that no plan uses, as they had lied. */
function doubtedCount({ machines }: Fleet): number {
  const leftOut = new Set(machines.flatMap(({ shell }) => [...(shell?.core.membership.leftOut ?? [])]));
  return machines.filter(
    ({ peer, isDestroyed, isRevoked }) => !isDestroyed && !isRevoked && leftOut.has(peer),
  ).length;
}

/** Members of the largest groups of a plan. */
const widestOf = (plan: Plan | undefined): number =>
  Math.max(0, ...(plan?.classes ?? []).map(({ redundancy }) => redundancy.n));

/** Hours until nobody has anything left to do. */
function settle(fleet: Fleet): number | undefined {
  const fromMs = fleet.queue.nowMs;
  const { holderSilenceMs, faults, past } = fleet.options;
  const hasForecasts = past !== undefined || faults.forecastHours > 0;
  const silenceMs = Math.max(holderSilenceMs, hasForecasts ? forecastSilenceMs : 0);
  const isAnyGone = fleet.machines.some(({ isDestroyed }) => isDestroyed);
  const untilMs = fromMs + settleMsMax + (isAnyGone ? silenceMs : 0);
  while (fleet.queue.nowMs < untilMs && !isOver(fleet)) {
    fleet.queue.runUntil(fleet.queue.nowMs + hourMs / 4);
    if (unsettled(fleet) === '') return (fleet.queue.nowMs - fromMs) / hourMs;
  }
  return undefined;
}

/** What is still to do, in words; empty when nothing is. Packs of which too little is left are nobody's work. */
function unsettled(fleet: Fleet): string {
  const todo = {
    snapshots: 0,
    wanted: 0,
    surplus: 0,
    sends: 0,
    thin: countThin(fleet),
  };
  const plans = new Set<string>();
  // Whoever is to have it cannot show it before it knows.
  const thrownAway = packsThrownAway(fleet.machines);
  const forked = forkedOwners(fleet);
  for (const { shell, peer, isDestroyed, isRevoked, journal } of fleet.machines) {
    if (isDestroyed || isRevoked) continue;
    if (shell === undefined) return 'a machine is off';
    const { core } = shell;
    // Each of them waits on its machine's disk until it is acknowledged, whatever the process remembers.
    const isOut = core.replication.isForked(peer) || fleet.ledger.isToBeWiped(peer);
    if (!isOut) todo.snapshots += journal.length;
    todo.sends += core.serving.sendCount;
    const { plan } = core.election;
    plans.add(plan === undefined ? 'none' : `${plan.epoch} ${plan.author.slice(-4)}`);
    for (const known of core.shelf.packs.values()) {
      if (core.shelf.givenUpMs(known) !== undefined) continue;
      // Of an owner with two histories some have heard only the one, others only the other: they do not agree on what it gave up.
      if (known.descriptor !== undefined && forked.has(known.descriptor.owner)) continue;
      // Who hears of a deletion late waits late.
      if (known.descriptor !== undefined && fleet.ledger.isToBeWiped(known.descriptor.owner)) continue;
      if (fleet.checks.intactOf(known.pack).size < (known.descriptor?.redundancy.k ?? 1)) continue;
      const slot = core.repair.slotOf(known);
      const isThere = slot !== undefined && known.held.has(slot);
      if (slot !== undefined && !isThere) todo.wanted++;
      if (!thrownAway.has(known.pack)) todo.surplus += known.held.size - (isThere ? 1 : 0);
    }
  }
  const isQuiet = Object.values(todo).every((count) => count === 0) && plans.size === 1;
  // All machines' words about all others: only where nothing else is left to do.
  const behind = isQuiet ? firstBehind(fleet)?.index : undefined;
  const isDone = isQuiet && behind === undefined;
  const fullest = Math.max(
    ...fleet.machines.map(({ platters }) => platters.heldBytes / Math.max(1, platters.quotaBytes)),
  );
  return isDone
    ? ''
    : `${JSON.stringify({ ...todo, behind })}, plans ${[...plans].join(', ')}, fullest disk ${fullest.toFixed(2)}`;
}

/** Promised packs of which shards are missing that the fleet could have made again. */
function countThin({ checks, ledger, machines, queue }: Fleet): number {
  let count = 0;
  // Whoever has not read its whole disk since may not know; how long that may take is another check.
  const rotten = new Set(
    machines.flatMap(({ platters, rotten: found }) =>
      [...found.values()]
        .filter(({ shard }) => platters.slot('held', shard) !== undefined && !platters.hasIntact(shard))
        .map(({ shard }) => shard.pack),
    ),
  );
  const thrownAway = packsThrownAway(machines);
  for (const descriptor of packsOf(ledger.due(queue.nowMs)).values()) {
    const { pack, owner, redundancy } = descriptor;
    if (ledger.isGivenUp(pack) || ledger.isToBeWiped(owner)) continue;
    if (rotten.has(pack) || thrownAway.has(pack)) continue;
    const intact = checks.intactOf(pack);
    if (intact.size < redundancy.n && intact.size >= redundancy.k) count++;
  }
  return count;
}

/** The first machine whose log of facts some other has further than a third. Of two histories of one each has its own. */
function firstBehind(fleet: Fleet): Machine | undefined {
  const { machines } = fleet;
  const usable = machines.filter(({ isDestroyed, isRevoked }) => !isDestroyed && !isRevoked);
  const forked = forkedOwners(fleet);
  return machines.find(({ peer, isRevoked }) => {
    if (isRevoked || forked.has(peer)) return false;
    const name = logName(peer, 'facts');
    const next = usable[0]?.shelves.logs.get(name)?.next;
    return usable.some(({ shelves }) => shelves.logs.get(name)?.next !== next);
  });
}

/** Machines of which somebody knows that they wrote two histories. */
const forkedOwners = ({ machines }: Fleet): ReadonlySet<PeerId> =>
  new Set(machines.flatMap(({ shell }) => [...(shell?.core.replication.forkedAuthors ?? [])]));

function reportOf(fleet: Fleet, end: End): Report {
  const { checks, ledger, machines, options, queue } = fleet;
  const { seed } = options;
  return {
    ...end,
    seed,
    traceHash: fleet.trace.hash,
    violations: checks.violations,
    eventCount: queue.eventCount,
    effectCounts: fleet.effectCounts,
    faultCounts: fleet.faultCounts,
    reports: fleet.reports,
    proofCounts: fleet.proofCounts,
    snapshotsGivenUp: ledger.givenUp.length,
    packsBeyondRepair: checks.countBeyondRepair(queue.nowMs),
    shardsLeftOver: checks.countLeftOver(queue.nowMs),
    shardBytesStored: fleet.traffic.storedBytes,
    snapshotsMade: ledger.promised.size,
    snapshotsAcknowledged: ledger.acknowledged.length,
    planEpoch: Math.max(0, ...machines.map(({ shell }) => shell?.core.election.plan?.epoch ?? 0)),
    marginLeast: checks.marginLeast,
    liarsLeftOut: checks.liarsLeftOut.size,
    rejectionCount: machines.reduce(
      (sum, { shell }) => sum + (shell?.rejectionCount ?? 0),
      fleet.rejectionCount,
    ),
    checkCounts: checks.counts,
  };
}

// What the world does to a fleet, and when: every fault of options.ts is put on the queue before the run begins, from one seeded
// stream each, so that leaving one kind out does not change the others.

import { dayMs, days, hourMs, hours, minutes, type Random, seconds } from '../../datasets/index.ts';
import { putOut, scheduleEndedKeys, scheduleGuests, scheduleRules } from './admin-words.ts';
import { scheduleCuts } from './cuts.ts';
import type { Fleet } from './fleet.ts';
import { scheduleForgeries } from './forgers.ts';
import { scheduleFullLogs, scheduleHolidays } from './hardships.ts';
import { scheduleIdlers } from './idlers.ts';
import { scheduleStolenInvites, scheduleTwins } from './invites.ts';
import { scheduleLeavers } from './locks.ts';
import { scheduleLastWords } from './last-words.ts';
import { altered, Liar, lieKinds, overstated } from './liars.ts';
import type { Machine } from './machine.ts';
import {
  scheduleAskers,
  scheduleLostOutboxes,
  schedulePardons,
  schedulePutOutSigners,
  scheduleUnreadDisks,
  scheduleFailedProofs,
  scheduleHangUps,
  scheduleWrongDates,
} from './mishaps.ts';
import { calmNetwork } from './network.ts';
import { scheduleCrowds, scheduleJoins, scheduleStrays } from './newcomers.ts';
import { scheduleReaders } from './readers.ts';
import { scheduleRenewals } from './renewals.ts';
import { endRest, scheduleRests } from './rests.ts';
import { scheduleReviews } from './reviews.ts';
import { scheduleSlanders } from './slanders.ts';
import { scheduleStolenKeys } from './stolen-keys.ts';
import { scheduleTurns } from './turns.ts';
import { plunder, scheduleLaymen, scheduleNamesakes, scheduleUsurpations } from './usurpers.ts';
import { scheduleWipes } from './wipes.ts';
import { followPeople } from './people.ts';
import { type Scheduler, times } from './scheduling.ts';

const yearDays = 365;
/** A bad update crashes a machine again after this, or up to three times as much. */
const badUpdateMs = minutes(10);
/** Machines stand in about so many sites, at least two in each. */
const siteCount = 6;
/** Liars stop at a third of the fleet: beyond, no code of this redundancy helps. */
const liarShareMax = 1 / 3;
/** Disks fail by their age as a Weibull with this shape: old ones much more (Schroeder and Gibson, FAST'07, section 4). */
const diskAgeShape = 2;

/** Puts all faults of the fleet's options on its queue. */
export function scheduleFaults(fleet: Fleet): void {
  if (fleet.options.faults.nights === 'people') followPeople(fleet);
  const schedulers: Readonly<Record<string, (scheduler: Scheduler) => void>> = {
    crashes,
    partitions,
    rot,
    fires,
    jumps,
    diskDeaths,
    sites,
    massOutages,
    badUpdates,
    slowness,
    fullDisks,
    liars,
    rollbacks,
    revocations,
    joins: scheduleJoins,
    crowds: scheduleCrowds,
    replans,
    wipes: scheduleWipes,
    usurpers: scheduleUsurpations,
    namesakes: scheduleNamesakes,
    forgers: scheduleForgeries,
    laymen: scheduleLaymen,
    twins: scheduleTwins,
    leavers: scheduleLeavers,
    rests: scheduleRests,
    rules: scheduleRules,
    endedkeys: scheduleEndedKeys,
    guests: scheduleGuests,
    fulllogs: scheduleFullLogs,
    holidays: scheduleHolidays,
    readers: scheduleReaders,
    turns: scheduleTurns,
    reviews: scheduleReviews,
    unreaddisks: scheduleUnreadDisks,
    failedproofs: scheduleFailedProofs,
    lostoutboxes: scheduleLostOutboxes,
    pardons: schedulePardons,
    steals: scheduleStolenInvites,
    hangups: scheduleHangUps,
    stolenkeys: scheduleStolenKeys,
    signers: schedulePutOutSigners,
    wrongdates: scheduleWrongDates,
    askers: scheduleAskers,
    idlers: scheduleIdlers,
    strays: scheduleStrays,
    lastwords: (scheduler) => scheduleLastWords(scheduler, destroy),
    slanders: scheduleSlanders,
    renewals: scheduleRenewals,
    cuts: scheduleCuts,
  };
  for (const [name, schedule] of Object.entries(schedulers))
    schedule({ fleet, random: fleet.random.fork(`fault ${name}`) });
}

/** From now on only people and their machines; whoever lied stops, whoever is without power gets it back. */
export function stopFaults(fleet: Fleet): void {
  fleet.areFaultsOver = true;
  fleet.network.faults = calmNetwork;
  fleet.network.unblockAll();
  fleet.network.mendCut();
  for (const machine of fleet.machines) {
    machine.liar = undefined;
    machine.platters.isFull = false;
    machine.logFullUntilMs = Number.NEGATIVE_INFINITY;
    machine.crashAfter(Number.POSITIVE_INFINITY);
    machine.endOutage();
    endRest(fleet, machine);
    if (machine.isRevoked) fleet.crash(machine);
    else machine.powerOn(fleet);
  }
}

const anyMachine = (fleet: Fleet, random: Random): Machine =>
  fleet.machines[random.below(fleet.options.agentCount)]!;

function crashes(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  const { faults, agentCount, days: dayCount } = fleet.options;
  times(scheduler, faults.crashesPerMachineDay * agentCount * dayCount, (random) => {
    fleet.noteFault('crash between effects');
    anyMachine(fleet, random).crashAfter(random.below(30));
  });
}

/** Cuts one way of a share of all pairs, for up to an hour. */
function partitions(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  const { faults, days: dayCount } = fleet.options;
  times(scheduler, faults.partitionsPerDay * dayCount, (random) => {
    fleet.noteFault('one-way partition');
    const share = random.fraction();
    const side = fleet.machines.map(() => random.fraction() < 0.5);
    for (const [at, from] of fleet.machines.entries()) {
      for (const [other, to] of fleet.machines.entries()) {
        if (side[at] === true && side[other] === false && random.fraction() < share)
          fleet.network.block(from.peer, to.peer);
      }
    }
    fleet.queue.schedule(fleet.queue.nowMs + random.fraction() * hourMs, () => fleet.network.unblockAll());
  });
}

function rot(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  const { faults, days: dayCount } = fleet.options;
  times(scheduler, faults.rotsPerDay * dayCount, (random) => {
    const machine = anyMachine(fleet, random);
    const shard = machine.platters.rot(random.below(2 ** 30));
    if (shard === undefined) return;
    fleet.noteFault('flipped bit');
    fleet.noteHarm(shard);
    machine.rotten.set(`${shard.pack} ${shard.index}`, { shard, atMs: fleet.queue.nowMs });
    machine.rotMs.push(fleet.queue.nowMs);
  });
}

/** Evenly over the days: whoever says how many fires there are wants time between them. */
function fires({ fleet, random }: Scheduler): void {
  const { faults, days: dayCount } = fleet.options;
  for (let count = 1; count <= faults.destroyedCount; count++) {
    const atMs = fleet.startMs + (count / (faults.destroyedCount + 1)) * dayCount * dayMs;
    fleet.queue.schedule(atMs, () => destroy(fleet, anyMachine(fleet, random), 'fire'));
  }
}

/** A machine is gone, with its disk. */
function destroy(fleet: Fleet, machine: Machine, cause: string): void {
  if (machine.isDestroyed) return;
  fleet.noteFault(cause);
  noteDiskGone(fleet, machine);
  fleet.crash(machine);
  machine.destroy();
}

function noteDiskGone(fleet: Fleet, { platters }: Machine): void {
  fleet.checks.noteLostDisk();
  for (const { descriptor, index } of platters.intactHeld()) fleet.noteHarm({ pack: descriptor.pack, index });
}

function jumps(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  const { faults, agentCount, days: dayCount } = fleet.options;
  times(scheduler, faults.clockJumpsPerMachineDay * agentCount * dayCount, (random) => {
    fleet.noteFault('clock set');
    anyMachine(fleet, random).skewMs = Math.round((2 * random.fraction() - 1) * faults.clockJumpMsMax);
  });
}

/** Each disk has an age of up to twice the mean; its hazard grows with it. */
function diskDeaths({ fleet, random }: Scheduler): void {
  const { faults, days: dayCount } = fleet.options;
  if (faults.diskDeathsPerMachineYear === 0) return;
  for (const machine of fleet.machines) {
    const age = 2 * random.fraction();
    const hazard = faults.diskDeathsPerMachineYear * diskAgeShape * age ** (diskAgeShape - 1);
    const daysLeft = (-Math.log(1 - random.fraction()) / Math.max(hazard, 1e-9)) * yearDays;
    if (daysLeft >= dayCount) continue;
    fleet.queue.schedule(fleet.startMs + daysLeft * dayMs, () => destroy(fleet, machine, 'disk death'));
  }
}

const machinesOfSite = (fleet: Fleet, random: Random): readonly Machine[] => {
  const size = Math.max(2, Math.ceil(fleet.options.agentCount / siteCount));
  const first = random.below(Math.ceil(fleet.options.agentCount / size)) * size;
  return fleet.machines.slice(first, first + size);
};

function sites(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  const { faults } = fleet.options;
  times(scheduler, faults.siteOutageCount, (random) => {
    fleet.noteFault('site without power');
    const untilMs = fleet.queue.nowMs + random.fraction() * dayMs;
    for (const machine of machinesOfSite(fleet, random)) machine.loseMains(fleet, untilMs);
  });
  times(scheduler, faults.siteLossCount, (random) => {
    fleet.noteFault('site lost');
    for (const machine of machinesOfSite(fleet, random)) destroy(fleet, machine, 'machine of a lost site');
  });
}

function massOutages(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  const { faults } = fleet.options;
  times(scheduler, faults.massOutageCount, (random) => {
    fleet.noteFault('most machines down at once');
    const untilMs = fleet.queue.nowMs + random.fraction() * days(2);
    for (const machine of fleet.machines)
      if (random.fraction() < faults.massOutageShare) machine.loseMains(fleet, untilMs);
  });
}

/** A third of the machines has the build that the update breaks: each crashes again and again until somebody takes it back. */
function badUpdates(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  times(scheduler, fleet.options.faults.badUpdateCount, (random) => {
    fleet.noteFault('bad update');
    const build = random.below(3);
    const untilMs = fleet.queue.nowMs + hours(2 + 6 * random.fraction());
    const endMs = fleet.startMs + fleet.options.days * dayMs;
    for (const machine of fleet.machines.filter(({ index }) => index % 3 === build)) {
      for (let atMs = fleet.queue.nowMs; atMs < untilMs; atMs += badUpdateMs * (1 + 2 * random.fraction()))
        fleet.queue.schedule(atMs, () => {
          // When the faults are over it is taken back everywhere.
          if (atMs < endMs) machine.crashAfter(random.below(60));
        });
    }
  });
}

/** Slow disks and slow uplinks are so from the beginning. */
function slowness({ fleet, random }: Scheduler): void {
  const { faults } = fleet.options;
  for (const { platters, peer } of fleet.machines) {
    if (random.fraction() < faults.slowDiskShare) {
      platters.slowness = 500;
      fleet.noteFault('slow disk');
    }
    if (random.fraction() < faults.network.slowUplinkShare) {
      fleet.network.slowUplinks.add(peer);
      fleet.noteFault('slow uplink');
    }
  }
}

function fullDisks(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  const { faults, agentCount, days: dayCount } = fleet.options;
  times(scheduler, faults.fullDisksPerMachineDay * agentCount * dayCount, (random) => {
    fleet.noteFault('full disk');
    const { platters } = anyMachine(fleet, random);
    platters.isFull = true;
    fleet.queue.schedule(fleet.queue.nowMs + random.fraction() * dayMs, () => {
      platters.isFull = false;
      platters.fullUntilMs = fleet.queue.nowMs;
    });
  });
}

/** The first machine is the admin's own and honest. */
function liars({ fleet, random }: Scheduler): void {
  const { faults, agentCount, days: dayCount } = fleet.options;
  const count = Math.round(Math.min(liarShareMax, faults.liarShare) * agentCount);
  const chosen = new Set<Machine>();
  while (chosen.size < count) chosen.add(fleet.machines[1 + random.below(agentCount - 1)]!);
  for (const machine of chosen) {
    const kind = lieKinds[random.below(lieKinds.length)]!;
    fleet.noteFault(`liar: ${kind}`);
    const noteHarm = fleet.noteHarm.bind(fleet);
    fleet.liars.add(machine);
    machine.hasLied = true;
    const { spoilShare } = faults;
    machine.liar = new Liar({ kind, machine, random: random.fork(machine.index), spoilShare, noteHarm });
    times(
      { fleet, random: random.fork(`hostile ${machine.index}`) },
      faults.hostileFramesPerLiarDay * dayCount,
      (own) => sendAltered(fleet, machine, own),
    );
  }
}

/** Of the hostile frames, those that are well formed and overstate what there is. */
const overstatedShare = 0.3;

function sendAltered(fleet: Fleet, { shell }: Machine, random: Random): void {
  if (shell !== undefined && random.fraction() < overstatedShare) {
    fleet.noteFault('overstated frame');
    for (const message of overstated(shell.core.shelf, random))
      for (const peer of shell.wire.peers) shell.wire.send(peer, fleet.frames.encode(message));
    return;
  }
  const frame = fleet.frames.anyEncoded(random);
  if (shell === undefined || frame === undefined) return;
  fleet.noteFault('altered frame');
  for (const peer of shell.wire.peers) shell.wire.send(peer, altered(frame, random));
}

/** An image of the disk is taken, and put back a few days later. */
function rollbacks(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  times(scheduler, fleet.options.faults.rollbackCount, (random) => {
    const machine = anyMachine(fleet, random);
    if (machine.isDestroyed) return;
    machine.takeImage();
    fleet.queue.schedule(fleet.queue.nowMs + hours(6) + random.fraction() * days(3), () =>
      rollBack(fleet, machine),
    );
  });
}

function rollBack(fleet: Fleet, machine: Machine): void {
  const isOver = fleet.queue.nowMs > fleet.startMs + fleet.options.days * dayMs;
  if (isOver || machine.isDestroyed || machine.isRevoked || !machine.hasImage) return;
  fleet.crash(machine);
  noteDiskGone(fleet, machine);
  machine.restoreImage();
  fleet.noteFault('disk image put back');
  if (machine.wantsOn) machine.powerOn(fleet);
}

/** The admin's own machine stays, and so do enough others for a plan. */
function revocations(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  times(scheduler, fleet.options.faults.revocationCount, (random) => {
    const machine = fleet.machines[1 + random.below(fleet.options.agentCount - 1)]!;
    if (machine.isDestroyed || machine.isRevoked || fleet.checks.usableCount() <= 5) return;
    const isStolen = random.fork('plunder').fraction() < fleet.options.faults.plunderShare;
    const done = (): void => {
      if (isStolen) plunder(fleet, machine);
    };
    putOut(fleet, machine, { done });
  });
}

/** Plans of a burst follow each other by up to this. */
const replanMsMax = seconds(20);

/** Somebody asks for plan after plan, mostly of one machine: what the last one moves is under way. */
function replans(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  times(scheduler, fleet.options.faults.planBurstsPerDay * fleet.options.days, (random) => {
    fleet.noteFault('burst of plans');
    let machine = anyMachine(fleet, random);
    let atMs = fleet.queue.nowMs;
    for (let count = 2 + random.below(4); count > 0; count--) {
      const asked = machine;
      fleet.queue.schedule(atMs, () => {
        if (asked.isUp) asked.shell?.tell({ kind: 'planWanted' });
      });
      atMs += random.fraction() * replanMsMax;
      if (random.fraction() < 0.3) machine = anyMachine(fleet, random);
    }
  });
}

// Small mishaps of one machine: its disk cannot be read for a while, a pack is lost from its outbox, a trial restore fails at its
// end. And admins who pardon whoever lied.

import { hours, type Random, seconds, unixMs } from '../../datasets/index.ts';
import { signStatement } from '../codec/index.ts';
import type { Fleet } from './fleet.ts';
import { driveOf } from './ledger.ts';
import type { Machine } from './machine.ts';
import { saveSnapshot } from './saving.ts';
import { type Scheduler, timesApart, timesPerMachineDay } from './scheduling.ts';

const unreadMsMax = hours(1);
/** Shards, and the time after which it is gone; on a fast network they are sent in a moment. */
const askedMax = 32;
const hangUpMsMax = seconds(1);
/** One after the other. */
const failingMax = 4;
/** After two snapshots were saved, as their shards leave. */
const lossMsMax = seconds(2);

/** Not to machines that are gone, nor to liars. */
function honestPerMachineDay(
  scheduler: Scheduler,
  rate: number,
  act: (machine: Machine, random: Random) => void,
): void {
  timesPerMachineDay(scheduler, rate, (machine, random) => {
    const isSpared = scheduler.fleet.areFaultsOver || machine.isDestroyed || machine.liar !== undefined;
    if (!isSpared) act(machine, random);
  });
}

/** Too many open files, or another program that locks them: what is read to be checked cannot be, and is as it was. */
export function scheduleUnreadDisks(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  honestPerMachineDay(scheduler, fleet.options.faults.unreadDisksPerMachineDay, ({ platters }, random) => {
    fleet.noteFault('disk that cannot be read');
    platters.unreadUntilMs = fleet.queue.nowMs + unreadMsMax * random.fraction();
  });
}

/** The next trial restores of a machine fail, for one reason or another. */
export function scheduleFailedProofs(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  honestPerMachineDay(scheduler, fleet.options.faults.failedProofsPerMachineDay, (machine, random) => {
    fleet.noteFault('trial restores that fail');
    machine.failingProofs = Array.from({ length: failingMax }, () =>
      random.fraction() < 0.5 ? 'wrong' : 'unreachable',
    );
  });
}

export function scheduleLostOutboxes(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  honestPerMachineDay(scheduler, fleet.options.faults.lostOutboxesPerMachineDay, (machine, random) => {
    // Most wait for seconds only: two that were just saved, one after the other.
    for (let count = 0; count < 2; count++) saveSnapshot(fleet, machine);
    fleet.queue.schedule(fleet.queue.nowMs + lossMsMax * random.fraction(), () =>
      loseOutbox(fleet, machine, random),
    );
  });
}

/** As the live shell does when it finds one damaged: its snapshot and those after it are taken back. */
function loseOutbox(fleet: Fleet, machine: Machine, random: Random): void {
  const { shell, platters, isUp, peer } = machine;
  if (shell === undefined || !isUp || machine.isRevoked) return;
  const waiting = machine.journal
    .flatMap(({ packs }) => packs)
    .filter((pack) => shell.core.shelf.get(pack)?.isInOutbox === true);
  const lost = waiting[random.below(Math.max(1, waiting.length))];
  if (lost === undefined) return;
  fleet.noteFault('pack lost from an outbox');
  platters.remove({ place: 'outbox', pack: lost, index: 0 });
  shell.tell({ kind: 'outboxLost', drive: driveOf(peer), packs: [lost] });
  const first = machine.journal.findIndex(({ packs }) => packs.includes(lost));
  if (first >= 0) machine.journal.splice(first);
}

/** A machine asks another for all that it has, as after a disk was lost, and dies while that is sent. */
export function scheduleHangUps(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  honestPerMachineDay(scheduler, fleet.options.faults.hangUpsPerMachineDay, (machine, random) => {
    const { shell, isUp, isRevoked } = machine;
    const near = [...(shell?.core.membership.up ?? [])];
    const other = fleet.machineOf(near[random.below(Math.max(1, near.length))] ?? '');
    if (shell === undefined || !isUp || isRevoked || other === undefined) return;
    const held = [...other.platters.all()].filter(({ place }) => place === 'held').slice(0, askedMax);
    for (const { descriptor, index } of held)
      shell.sendAside(other.peer, { kind: 'shardPull', pack: descriptor.pack, index });
    fleet.noteFault('machine that dies as it is sent much');
    shell.life.after(hangUpMsMax * random.fraction(), () => fleet.crashForNow(machine));
  });
}

/** Of machines that lie, which go on with it: what is held against them begins anew. */
export function schedulePardons(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  timesApart(scheduler, { count: fleet.options.faults.pardonCount }, (random) => {
    const liars = [...fleet.liars].filter(({ isRevoked }) => !isRevoked);
    const machine = liars[random.below(Math.max(1, liars.length))];
    if (machine === undefined) return;
    const atMs = unixMs(Math.floor(fleet.queue.nowMs));
    const pardon = { kind: 'pardon', machine: machine.peer, reason: 'simulated', atMs } as const;
    const { bytes } = signStatement(fleet.admins[1], pardon);
    fleet.publishStatement(bytes, () => fleet.noteFault('machine pardoned'));
  });
}

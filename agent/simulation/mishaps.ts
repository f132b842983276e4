// Small mishaps of one machine: its disk cannot be read for a while, a pack is lost from its outbox, a trial restore fails at its
// end, what it writes is dated weeks ahead. And admins who pardon whoever lied, or put out who has just signed.

import { days, hours, minutes, type Random, seconds, unixMs } from '../../datasets/index.ts';
import { sha256Hex, type ShardKey, signStatement } from '../codec/index.ts';
import { auditAnswerMsMax, auditDrawsMax } from '../limits.ts';
import { putOut } from './admin-words.ts';
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

/** A machine that starts with a wrong clock writes a word before that is set right. */
export function scheduleWrongDates(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  honestPerMachineDay(scheduler, fleet.options.faults.datedAheadPerMachineDay, (machine, random) => {
    const { shell, isUp, isRevoked } = machine;
    if (shell?.mayPublish !== true || !isUp || isRevoked) return;
    const atMs = unixMs(Math.floor(fleet.queue.nowMs));
    machine.datedAheadMs = Math.floor(days(7) + days(21) * random.fraction());
    shell.publish([{ kind: 'act', act: 'alerts-set', about: 'dated ahead', atMs }], () =>
      fleet.noteFault('word dated weeks ahead'),
    );
    machine.firstAheadMs = Math.min(machine.firstAheadMs, atMs + machine.datedAheadMs);
    machine.datedAheadMs = 0;
    machine.hasDatedAhead = true;
  });
}

/** So much longer than the time after which a draw is forgotten. */
const askedAgainMs = auditAnswerMsMax + minutes(6);
const askedAgainCount = auditDrawsMax + 2;

/** It asks, and is started anew before it shows its part: the same again, each time when the other has forgotten the last one. */
export function scheduleAskers(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  honestPerMachineDay(scheduler, fleet.options.faults.askedAgainPerMachineDay, (machine, random) => {
    const near = [...(machine.shell?.core.membership.up ?? [])];
    const other = fleet.machineOf(near[random.below(Math.max(1, near.length))] ?? '');
    const held = [...(other?.platters.all() ?? [])].filter(({ place }) => place === 'held');
    const shard = held[random.below(Math.max(1, held.length))];
    if (other === undefined || other.liar !== undefined || shard === undefined) return;
    const { descriptor, index } = shard;
    fleet.noteFault('machine that asks for the same proof again');
    for (let time = 0; time < askedAgainCount; time++)
      fleet.queue.schedule(fleet.queue.nowMs + time * askedAgainMs, () =>
        askAgain(machine, other, { pack: descriptor.pack, index }),
      );
  });
}

function askAgain({ shell, isUp, isRevoked }: Machine, { peer }: Machine, { pack, index }: ShardKey): void {
  const isThere = isUp && !isRevoked && shell?.core.membership.up.has(peer) === true;
  // While it waits for a true one its questions are its core's.
  if (!isThere || shell.core.audit.isWith(peer)) return;
  shell.sendAside(peer, { kind: 'auditOffer', pack, index, seal: sha256Hex(Buffer.from('never shown')) });
}

/** Looked for so often, for so long. */
const signedEveryMs = seconds(1);
const signedLooks = 30;

/** One holder is away, another one has signed and is put out before the pack has left: what it keeps counts no more. */
export function schedulePutOutSigners(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  timesApart(scheduler, { count: fleet.options.faults.putOutSignerCount }, (random) => {
    const owner = fleet.machines[random.below(fleet.options.agentCount)]!;
    const { shell, isUp, liar, isRevoked, isDestroyed } = owner;
    if (shell === undefined || !isUp || liar !== undefined || isRevoked || isDestroyed) return;
    const others = [...shell.core.membership.up].flatMap((peer) => fleet.machineOf(peer) ?? []);
    const absent = others[random.below(Math.max(1, others.length))];
    if (absent === undefined || fleet.areFaultsOver) return;
    fleet.crashForNow(absent);
    saveSnapshot(fleet, owner);
    for (let look = 1; look <= signedLooks; look++)
      fleet.queue.schedule(fleet.queue.nowMs + look * signedEveryMs, () => putSignerOut(fleet, owner));
  });
}

/** The first machine is the admin's own; enough others stay for a plan. */
function putSignerOut(fleet: Fleet, owner: Machine): void {
  const { core } = owner.shell ?? {};
  if (core === undefined || fleet.areFaultsOver || owner.isRevoked || fleet.checks.usableCount() <= 5) return;
  for (const known of core.shelf.packs.values()) {
    const members = known.isInOutbox ? (core.shelf.groupOf(known)?.members ?? []) : [];
    const signers = members.filter((member, slot) => known.signed.has(slot, member));
    const signer = signers.map((peer) => fleet.machineOf(peer)).find((machine) => machine?.index !== 0);
    const isOver = signer === undefined || signer.isRevoked || signer.isDestroyed;
    if (isOver || signers.length === members.length) continue;
    return putOut(fleet, signer, { done: () => fleet.noteFault('signer put out'), at: owner.index });
  }
}

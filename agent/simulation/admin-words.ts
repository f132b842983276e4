// What admins say besides letting machines in: who is put out, rules for the fleet that come in another order than they were made in, keys of
// admins that are put out and used all the same, certificates that run out. Whether everybody makes the same of it is looked at here too.

import { days, hours, minutes, type Random, type UnixMs, unixMs } from '../../datasets/index.ts';
import { type AdminKey, type LogEnd, logName, sha256Hex, signStatement } from '../codec/index.ts';
import { clockSkewMsMax } from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import { approveAsEnded } from './reviews.ts';
import { anyOf, hasHeard, writers } from './saying.ts';
import { type Scheduler, timesApart } from './scheduling.ts';
import type { Shell } from './shell.ts';

/** A rule, where it stands. */
export interface SaidRule {
  readonly fleetName: string;
  readonly atMs: UnixMs;
  readonly log: PeerId;
  readonly bytes: Uint8Array;
}

/** A machine is out as soon as the word that says so is flushed; what it holds counts as lost. `at`: as in `publishStatement`. */
export function putOut(
  fleet: Fleet,
  machine: Machine,
  { done, at = 0 }: { readonly done: () => void; readonly at?: number },
): void {
  const { bytes } = signStatement(fleet.admins[0], {
    kind: 'revocation',
    revoked: machine.peer,
    atMs: unixMs(Math.floor(fleet.queue.nowMs)),
    reason: 'simulated',
  });
  const said = (author: Machine): void => {
    if (machine.isRevoked) return;
    machine.outBy = { log: author.peer, bytes };
    fleet.noteOut(machine, 'machine put out');
    done();
  };
  fleet.publishStatement(bytes, said, at);
}

/** Promise 4 at its end: everybody knows who was put out, unless the word burnt before anybody else had heard it. */
export function lookForRevoked({ machines, checks }: Fleet): void {
  const members = machines.filter(({ isRevoked, isDestroyed }) => !isRevoked && !isDestroyed);
  for (const { outBy, peer, index } of machines.filter(({ isRevoked }) => isRevoked)) {
    if (outBy !== undefined && !members.some((member) => hasHeard(member, outBy.log, outBy.bytes))) continue;
    for (const member of members) {
      checks.counts.revoked++;
      if (member.shell?.core.membership.isRevoked(peer) === false)
        checks.violate('revoked', `machine ${member.index} does not know that machine ${index} was put out`);
    }
  }
}

/** Two rules each time: one is made while another admin makes the next one, and is heard of only later. */
export function scheduleRules(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  timesApart(scheduler, { count: fleet.options.faults.ruleCount }, (random) => {
    const earlierMs = unixMs(Math.floor(fleet.queue.nowMs));
    const laterMs = unixMs(earlierMs + minutes(1));
    say(fleet, laterMs, random);
    fleet.queue.schedule(fleet.queue.nowMs + hours(6) * random.fraction(), () =>
      say(fleet, earlierMs, random),
    );
  });
}

function say(fleet: Fleet, atMs: UnixMs, random: Random): void {
  const machine = anyOf(writers(fleet), random);
  if (machine === undefined) return;
  const fleetName = `simulated ${fleet.rules.length}`;
  const { holderSilenceMs } = fleet.options;
  const rule = { kind: 'policy', fleetName, atMs, holderSilenceMs, planMode: 'automatic' } as const;
  const { bytes } = signStatement(fleet.admins[1], rule);
  const log = machine.peer;
  machine.shell?.publish([{ kind: 'statement', bytes }], () => {
    fleet.noteFault('rule for the fleet');
    fleet.rules.push({ fleetName, atMs, log, bytes });
  });
}

/** Of the rules that a machine has heard of the one holds that was made last. */
export function lookAtRules({ checks, guards, rules }: Fleet, machine: Machine, { core }: Shell): void {
  const newest = rules
    .toSorted((a, b) => b.atMs - a.atMs)
    .find(({ log, bytes }) => hasHeard(machine, log, bytes));
  if (newest === undefined) return;
  checks.counts.admins++;
  const { policy } = core.membership;
  if (policy !== undefined && policy.fleetName !== newest.fleetName && policy.atMs < newest.atMs)
    guards.violate(
      'admins',
      machine,
      `keeps to the rule "${policy.fleetName}", not to "${newest.fleetName}"`,
    );
}

/** The key of an admin who left is put out; whoever has it puts out machines with it, in the log of the machine on which it was used. */
export function scheduleEndedKeys(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  timesApart(scheduler, { count: fleet.options.faults.endedKeyCount, share: 1 / 2 }, (random, time) => {
    const machine = anyOf(writers(fleet), random);
    const key = fleet.formerAdmins[time];
    if (machine === undefined || key === undefined) return;
    const bytes = endOfKey(fleet, machine, key);
    machine.shell?.publish([{ kind: 'statement', bytes }], () => {
      fleet.noteFault('key of an admin put out');
      for (let count = 0; count < thefts; count++)
        fleet.queue.schedule(fleet.queue.nowMs + days(2) * random.fraction(), () =>
          steal(fleet, { machine, bytes, key, random }),
        );
    });
  });
}

/** That an admin's key is put out, as a machine may write it: what that key said in the machine's log before stays said. */
export function endOfKey(fleet: Fleet, machine: Machine, { key: { publicKey } }: AdminKey): Uint8Array {
  const { bytes } = signStatement(fleet.admins[0], {
    kind: 'adminRevocation',
    admin: sha256Hex(publicKey),
    ...endOf(machine),
    reason: 'simulated',
    atMs: unixMs(Math.floor(fleet.queue.nowMs)),
  });
  return bytes;
}

/** Up to the last batch of a machine's log in which an admin says something. */
export function endOf({ peer: log, shelves }: Machine): LogEnd {
  const last = shelves.logs
    .get(logName(log, 'facts'))
    ?.batches.findLast(({ records }) => records.some(({ kind }) => kind === 'statement'));
  return last === undefined ? { log, before: 0 } : { log, before: last.sequence + 1, hash: last.hash };
}

/** Of one key. */
const thefts = 3;

function steal(
  fleet: Fleet,
  theft: {
    readonly machine: Machine;
    readonly bytes: Uint8Array;
    readonly key: AdminKey;
    readonly random: Random;
  },
): void {
  const { machine, bytes, key, random } = theft;
  const { shell, peer, isRevoked } = machine;
  // An older image of its disk may not know that the key is out.
  if (!hasHeard(machine, peer, bytes) || isRevoked || shell?.mayPublish !== true) return;
  const victim = fleet.machines[random.below(fleet.options.agentCount)]!;
  const atMs = unixMs(Math.floor(fleet.startMs));
  const word = { kind: 'revocation', revoked: victim.peer, reason: 'stolen key', atMs } as const;
  fleet.noteFault('word of a key that is out');
  shell.publish([{ kind: 'statement', bytes: signStatement(key, word).bytes }], () => {});
  approveAsEnded(fleet, machine, key);
}

/** A guest never comes, though some might hold shards; its certificate ends soon. */
export function scheduleGuests(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  timesApart(scheduler, { count: fleet.options.faults.guestCount, share: 1 / 3 }, (random) => {
    const now = fleet.queue.nowMs;
    const notAfterMs = unixMs(Math.floor(now + hours(12) * random.fraction()));
    const roles = random.fork('roles').fraction() < 0.5 ? (['holder'] as const) : [];
    const machine = fleet.addMachine({ roles, notAfterMs });
    machine.validUntilMs = notAfterMs;
    machine.isDestroyed = true;
    fleet.publishStatement(machine.certificate, () => fleet.noteFault('certificate that runs out'));
  });
}

/** Clocks are wrong, by what faults make of them, and looked at a while later. */
const wrongMs = hours(12);

/** Nobody takes a machine for a member whose certificate ran out. */
export function lookAtCertificates(
  { checks, guards, machines, queue }: Fleet,
  machine: Machine,
  { core, clock }: Shell,
): void {
  for (const other of machines) {
    if (other.validUntilMs === undefined) continue;
    if (queue.nowMs < other.validUntilMs + clockSkewMsMax + wrongMs) continue;
    checks.counts.admins++;
    if (core.membership.isMember(other.peer, clock.now()))
      guards.violate(
        'admins',
        machine,
        `takes machine ${other.index} for a member, whose certificate ran out`,
      );
  }
}

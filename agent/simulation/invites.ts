// Invites for one machine by which two come: two admins answer at once, each in another log, and everybody must put out the same one; or a thief with an
// admin's key says that another one had come before.

import { days, hours, minutes, type Random, unixMs } from '../../datasets/index.ts';
import {
  type AdminKey,
  type AgentRecord,
  type InviteStatement,
  machineKeyFromSeed,
  sha256,
  sha256Hex,
  signStatement,
} from '../codec/index.ts';
import { certificateMs } from '../limits.ts';
import { type InviteId, inviteId } from '../units.ts';
import { endOfKey } from './admin-words.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import { anyOf, writers } from './saying.ts';
import { type Scheduler, timesApart } from './scheduling.ts';

/** Whoever wrote the word may have crashed, or nobody was there: it is said again. */
const againMs = hours(1);
const renewedMsMax = hours(12);

/** Over the first half of the days, at random moments. */
export function scheduleTwins(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  timesApart(
    scheduler,
    { count: Math.ceil(fleet.options.faults.twinInviteCount), share: 0.5 },
    (random, time) => comeTwice(fleet, random, time),
  );
}

/** For one machine. */
function inviteFor(name: string, now: number): InviteStatement {
  const publicKey = sha256Hex(Buffer.from(name));
  const invite = inviteId(publicKey.slice(0, 32));
  return { kind: 'invite', invite, publicKey, usesMax: 1, notAfterMs: unixMs(now + days(1)) };
}

function comeTwice(fleet: Fleet, random: Random, time: number): void {
  const [first, second] = fleet.admins;
  const now = Math.floor(fleet.queue.nowMs);
  const said = inviteFor(`invite ${time} ${fleet.options.seed}`, now);
  const { invite } = said;
  const inviting = signStatement(first, said);
  const early = fleet.addMachine({ invite, by: first, notBeforeMs: unixMs(now) });
  const late = fleet.addMachine({ invite, by: second, notBeforeMs: unixMs(now + minutes(1)) });
  const left = new Set(['invite', 'early', 'late']);
  const written = (what: string): void => {
    left.delete(what);
    if (left.size > 0) return;
    fleet.noteOut(late, 'machine that came too late by its invite');
    renew(fleet, early, { invite, random: random.fork('renewal') });
  };
  const anywhere = (): number => random.below(fleet.options.agentCount);
  const write = (what: string, bytes: Uint8Array, machine?: Machine): void => {
    let isDone = false;
    const done = (): void => {
      if (isDone) return;
      isDone = true;
      if (machine !== undefined) arrive(fleet, machine);
      written(what);
    };
    const again = (): void => {
      if (isDone || now + days(1) < fleet.queue.nowMs) return;
      fleet.publishStatement(bytes, done, anywhere());
      fleet.queue.schedule(fleet.queue.nowMs + againMs, again);
    };
    again();
  };
  // Nobody has its certificate before that is written.
  for (const machine of [early, late]) machine.isDestroyed = true;
  write('invite', inviting.bytes);
  write('early', early.certificate, early);
  write('late', late.certificate, late);
}

/** The same invite again is no second use, and the machine came no later for it. Where nobody may write it is not renewed. */
function renew(
  fleet: Fleet,
  { index, peer }: Machine,
  { invite, random }: { readonly invite: InviteId; readonly random: Random },
): void {
  fleet.queue.schedule(fleet.queue.nowMs + renewedMsMax * random.fraction(), () => {
    const { bytes } = signStatement(fleet.admins[0], {
      kind: 'certificate',
      peer,
      name: `pc-${index}`,
      roles: ['holder', 'optimizer'],
      invite,
      notBeforeMs: unixMs(Math.floor(fleet.queue.nowMs)),
      notAfterMs: unixMs(Math.floor(fleet.queue.nowMs) + 2 * certificateMs),
    });
    fleet.publishStatement(bytes, () => fleet.noteFault('certificate renewed'));
  });
}

/**
 * By an invite for one machine one has come; a thief with an admin's key says that another one came before, and right after it that key is put
 * out: the first stays in, as if the thief had said nothing.
 */
export function scheduleStolenInvites(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  timesApart(scheduler, { count: fleet.options.faults.stolenInviteCount, share: 1 / 2 }, (random, time) => {
    const [admin] = fleet.admins;
    const thief = fleet.formerAdmins.at(-1 - time);
    const writer = anyOf(writers(fleet), random);
    if (writer === undefined || thief === undefined) return;
    const notBeforeMs = unixMs(Math.floor(fleet.queue.nowMs));
    const inviting = inviteFor(`stolen invite ${time} ${fleet.options.seed}`, notBeforeMs);
    const { invite } = inviting;
    const guest = fleet.addMachine({ invite, by: admin, notBeforeMs });
    guest.isDestroyed = true;
    const words = [signStatement(admin, inviting).bytes, guest.certificate];
    writer.shell?.publish(asRecords(words), () => {
      arrive(fleet, guest);
      fleet.queue.schedule(fleet.queue.nowMs + renewedMsMax * random.fraction(), () =>
        stealUse(fleet, writer, { invite, thief }),
      );
    });
  });
}

function stealUse(
  fleet: Fleet,
  writer: Machine,
  { invite, thief }: { readonly invite: InviteId; readonly thief: AdminKey },
): void {
  const now = unixMs(Math.floor(fleet.queue.nowMs));
  const { peer } = machineKeyFromSeed(sha256(Buffer.from(`thief's guest ${invite}`)));
  const theft = signStatement(thief, {
    kind: 'certificate',
    peer,
    name: 'thief',
    roles: ['holder'],
    invite,
    notBeforeMs: fleet.startMs,
    notAfterMs: unixMs(now + certificateMs),
  });
  const end = endOfKey(fleet, writer, thief);
  writer.shell?.publish(asRecords([theft.bytes, end]), () => fleet.noteFault('invite used by a thief'));
}

const asRecords = (words: readonly Uint8Array[]): readonly AgentRecord[] =>
  words.map((bytes) => ({ kind: 'statement', bytes }));

function arrive(fleet: Fleet, machine: Machine): void {
  machine.isDestroyed = false;
  machine.powerOn(fleet);
}

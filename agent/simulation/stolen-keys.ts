// A thief with an admin's key puts out another admin, and a person; then the recovery kit ends that key. Until then whom the other admin had let in
// before stays in; after it all is as if the thief had said nothing. Whether everybody makes the same of it is looked at here too.

import { hours, type Random, unixMs } from '../../datasets/index.ts';
import {
  type AdminKey,
  createAdminKey,
  type FleetRoot,
  fleetRootFromSeed,
  type LogEnd,
  logName,
  sha256,
  sha256Hex,
  signStatement,
  type Statement,
} from '../codec/index.ts';
import { certificateMs } from '../limits.ts';
import type { PeerId } from '../units.ts';
import { endOf } from './admin-words.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import { anyOf, hasHeard, writers } from './saying.ts';
import { type Scheduler, timesApart } from './scheduling.ts';
import type { Shell } from './shell.ts';

/** A word, and in whose log it stands. */
interface Said {
  readonly log: PeerId;
  readonly bytes: Uint8Array;
}

interface Theft {
  readonly guest: Machine;
  /** Another admin's key, which the thief puts out. */
  readonly other: AdminKey;
  readonly person: string;
  /** Up to where that key counts still: the guest's certificate is before it. */
  readonly end: LogEnd;
  readonly words: readonly Said[];
  /** What the recovery kit said of the thief's key. */
  ending: Said | undefined;
}

/** Between one word and the next. */
const laterMsMax = hours(6);
/** The kit may lie far away. */
const kitMsMax = hours(24);
/** Of three thieves one is never found out. */
const endedShare = 2 / 3;

const thefts = new WeakMap<Fleet, Theft[]>();

export const rootOf = (seed: number | string): FleetRoot =>
  fleetRootFromSeed(sha256(Buffer.from(`root ${seed}`)));

const sayAs = (key: AdminKey, statement: Statement): Uint8Array => signStatement(key, statement).bytes;

/** Over the first half of the days, at random moments. */
export function scheduleStolenKeys(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  timesApart(scheduler, { count: fleet.options.faults.stolenKeyCount, share: 1 / 2 }, (random, time) => {
    const writer = anyOf(writers(fleet), random);
    if (writer === undefined) return;
    const life = { notBeforeMs: fleet.startMs, forMs: certificateMs };
    const root = rootOf(fleet.options.seed);
    const keys = { thief: createAdminKey(root, life), other: createAdminKey(root, life) };
    const guest = fleet.addMachine({ by: keys.other });
    guest.isDestroyed = true;
    writer.shell?.publish([{ kind: 'statement', bytes: guest.certificate }], () => {
      guest.isDestroyed = false;
      guest.powerOn(fleet);
      fleet.queue.schedule(fleet.queue.nowMs + laterMsMax * random.fraction(), () =>
        steal(fleet, writer, { ...keys, guest, time, random }),
      );
    });
  });
}

interface Stealing {
  readonly thief: AdminKey;
  readonly other: AdminKey;
  readonly guest: Machine;
  readonly time: number;
  readonly random: Random;
}

function steal(fleet: Fleet, writer: Machine, { thief, other, guest, time, random }: Stealing): void {
  const atMs = unixMs(Math.floor(fleet.queue.nowMs));
  const person = fleet.persons.named(`robbed ${time}`);
  const end = endOf(writer);
  const words = [
    sayAs(thief, { kind: 'personRevocation', person, reason: 'stolen key', atMs }),
    sayAs(thief, {
      kind: 'adminRevocation',
      admin: sha256Hex(other.key.publicKey),
      ...end,
      reason: 'stolen key',
      atMs,
    }),
  ];
  // Its disk may have been put back meanwhile, to when it had not let the guest in.
  if (writer.shell === undefined || !hasHeard(writer, writer.peer, guest.certificate)) return;
  const log = writer.peer;
  writer.shell.publish(
    words.map((bytes) => ({ kind: 'statement', bytes })),
    () => {
      fleet.noteFault('admin and person put out by a thief');
      const said = words.map((bytes) => ({ log, bytes }));
      const theft: Theft = { guest, other, person, end, words: said, ending: undefined };
      thefts.set(fleet, [...(thefts.get(fleet) ?? []), theft]);
      if (random.fraction() < endedShare)
        fleet.queue.schedule(fleet.queue.nowMs + kitMsMax * random.fraction(), () =>
          endKey(fleet, theft, thief),
        );
    },
  );
}

/** A new admin is made by the kit, with whose certificate the root says it: whatever that one signs carries the word. */
function endKey(fleet: Fleet, theft: Theft, thief: AdminKey): void {
  const [{ log }] = theft.words as [Said, ...Said[]];
  const now = unixMs(Math.floor(fleet.queue.nowMs));
  const ended = [{ admin: sha256Hex(thief.key.publicKey), log, before: 0 }];
  const life = { notBeforeMs: fleet.startMs, forMs: certificateMs };
  const heir = createAdminKey(rootOf(fleet.options.seed), life, { ended });
  const { peer: machine } = theft.guest;
  const bytes = sayAs(heir, { kind: 'pardon', machine, reason: 'simulated', atMs: now });
  fleet.publishStatement(bytes, (author) => {
    fleet.noteFault('stolen key that the kit ended');
    theft.ending = { log: author.peer, bytes };
  });
}

const hasBatch = ({ shelves }: Machine, { log, before, hash }: LogEnd): boolean =>
  shelves.logs
    .get(logName(log, 'facts'))
    ?.batches.some((batch) => batch.sequence === before - 1 && batch.hash === hash) === true;

/** Whoever has heard all of it makes the same of it. */
export function lookAtStolenKeys(fleet: Fleet, machine: Machine, { core, clock }: Shell): void {
  for (const { guest, other, person, end, words, ending } of thefts.get(fleet) ?? []) {
    if (!words.every(({ log, bytes }) => hasHeard(machine, log, bytes))) continue;
    const { checks, guards } = fleet;
    const { membership } = core;
    checks.counts.admins++;
    const certificate = fleet.openStatement(guest.certificate, fleet.fleet);
    const isIn = certificate.ok && membership.isBelieved(certificate.value, clock.now());
    if (hasBatch(machine, end) && !guest.isRevoked && !isIn)
      guards.violate(
        'admins',
        machine,
        `would not let machine ${guest.index} in, which came before the key of its admin was put out`,
      );
    if (ending === undefined || !hasHeard(machine, ending.log, ending.bytes)) continue;
    if (membership.authority.endOf(sha256Hex(other.key.publicKey)) !== undefined)
      guards.violate(
        'admins',
        machine,
        'takes an admin for put out by a key that the recovery kit has ended',
      );
    if (membership.isPersonOut(person))
      guards.violate(
        'admins',
        machine,
        'takes a person for put out by a key that the recovery kit has ended',
      );
  }
}

// Keys of simulated drives: whose words open them, who gets a new key when somebody was put out, and whether whoever is out opens anything that
// was sealed since. The shipped core says when; keys and wraps are real.

import {
  type DriveKeys,
  type DriveRecord,
  driveRecordFor,
  everyKey,
  type HeadRecord,
  keysFor,
  logName,
  machineKeyFromSeed,
  machineRecipient,
  nextKeys,
  personOf,
  type Recipient,
  sha256,
  signStatement,
} from '../codec/index.ts';
import { type Lock, nextLockStep } from '../core/index.ts';
import type { PeerId } from '../units.ts';
import { unixMs } from '../../datasets/index.ts';
import type { Fleet } from './fleet.ts';
import { driveOf, firstKeyOf, opensRoot, type Promised, type SealedWith } from './ledger.ts';
import type { Machine } from './machine.ts';
import { type Scheduler, timesApart } from './scheduling.ts';
import type { Shell } from './shell.ts';

/** What a machine's disk has of its drive's key: a small file in the live world. */
export interface SimulatedLock extends Lock, SealedWith {}

/** People and their words. */
export class Persons {
  readonly #byKey = new Map<string, Recipient>();

  /** The same for the same name. */
  named(name: string): string {
    const person = machineRecipient(machineKeyFromSeed(sha256(Buffer.from(`person ${name}`))));
    this.#byKey.set(person.recipient, person);
    return person.recipient;
  }

  /** Undefined for a machine. */
  wordsOf(person: string): Recipient | undefined {
    return this.#byKey.get(person);
  }
}

/** Of four machines two are one person's. */
const nameOf = (index: number): string => `${index % 4 === 3 ? index - 1 : index}`;

/** The lock of a drive that begins. */
export const firstLock = ({ persons }: Fleet, { peer, index }: Machine): SimulatedLock => ({
  keyEpoch: 1,
  keys: { driveKey: firstKeyOf(peer) },
  person: persons.named(nameOf(index)),
  answered: [],
});

export function lockRecordOf({ key, peer }: Machine, { keys, keyEpoch, person }: SimulatedLock): DriveRecord {
  const machine = machineRecipient(key).recipient;
  return driveRecordFor(keys, {
    drive: driveOf(peer),
    keyEpoch,
    sealedName: new Uint8Array(),
    person,
    machine,
  });
}

/** As the live agent does before anything more is sealed; `then` where all is as it should be. Where its log does not take records nothing is saved. */
export function settleLock(fleet: Fleet, machine: Machine, then: () => void): void {
  const { shell, peer, lock } = machine;
  if (shell === undefined || lock === undefined) return;
  noteOutsiders(machine, shell, fleet);
  const again = (): void => settleLock(fleet, machine, then);
  const drive = driveOf(peer);
  const step = nextLockStep({ drive, lock, wanted: successorOf(fleet, machine, lock) }, shell.core);
  if (step.kind === 'none') return then();
  if (step.kind === 'adopt') {
    if (adopt(fleet, machine, lock)) again();
    return;
  }
  if (!shell.mayPublish) return;
  if (step.kind === 'publish') return shell.publish([lockRecordOf(machine, lock)], again);
  const { person, answered } = step;
  fleet.checks.counts.keys++;
  if (person === lock.person && answered.every((one) => lock.answered.includes(one))) {
    fleet.guards.violate('keys', machine, 'makes a new key though nobody else was put out');
    return;
  }
  machine.lock = {
    keyEpoch: lock.keyEpoch + 1,
    keys: nextKeys(lock.keys, newKeyOf(machine)),
    person,
    answered,
  };
  fleet.noteFault('new drive key');
  again();
}

/** As random as one can be that is the same in each run: never twice the same, also where the disk was put back. */
const newKeyOf = (machine: Machine): Uint8Array =>
  sha256(Buffer.from(`drive key ${machine.peer} ${machine.madeKeyCount++}`));

/** Takes over the key that its log has; whether it opens. */
function adopt(fleet: Fleet, machine: Machine, lock: SimulatedLock): boolean {
  const record = machine.shell?.core.catalogue.drives.get(driveOf(machine.peer))?.record;
  const keys = record === undefined ? undefined : keysFor(machineRecipient(machine.key), record);
  if (record === undefined || keys?.ok !== true) {
    fleet.guards.violate('keys', machine, 'cannot open the newest key of its own drive');
    return false;
  }
  fleet.noteFault('newer key in the log than on the disk');
  machine.lock = { ...lock, keyEpoch: record.keyEpoch, keys: keys.value, person: personOf(record) };
  return true;
}

/** On every second machine somebody else gets the drive whose person is out; on the others it stays nobody's. */
function successorOf(
  { persons }: Fleet,
  { index, shell }: Machine,
  { person, keyEpoch }: Lock,
): string | undefined {
  const isOut = person !== undefined && shell?.core.membership.isPersonOut(person) === true;
  return isOut && index % 2 === 0 ? persons.named(`${index} after ${keyEpoch}`) : undefined;
}

/** Own records of a drive in the log as it lies on a disk. */
const recordsOf = ({ shelves }: Machine, owner: PeerId): readonly DriveRecord[] =>
  (shelves.logs.get(logName(owner, 'facts'))?.batches ?? []).flatMap(({ records }) =>
    records.flatMap((record) => (record.kind === 'drive' && record.drive === driveOf(owner) ? [record] : [])),
  );

/** Whoever was put out, as far as this machine has heard, and may know the drive's key: persons, and machines of such a person. */
function outsidersOf(machine: Machine, { core }: Shell, { machines }: Fleet): readonly string[] {
  const { membership } = core;
  const persons = new Set(recordsOf(machine, machine.peer).flatMap((record) => personOf(record) ?? []));
  const isOfOne = ({ peer }: Machine): boolean =>
    recordsOf(machine, peer).some((record) => persons.has(personOf(record) ?? ''));
  const others = machines.filter(
    (other) => other !== machine && membership.isRevoked(other.peer) && isOfOne(other),
  );
  return [
    ...[...persons].filter((person) => membership.isPersonOut(person)),
    ...others.map(({ peer }) => peer),
  ];
}

/** What they knew when it was heard that they are out. */
function noteOutsiders(machine: Machine, shell: Shell, fleet: Fleet): void {
  const { lock, keysBefore } = machine;
  if (lock === undefined) return;
  for (const outsider of outsidersOf(machine, shell, fleet))
    if (!keysBefore.has(outsider)) keysBefore.set(outsider, everyKey(lock.keys));
}

/** Promise 4: whoever was put out opens nothing that is sealed from now on, neither with old keys nor with those that records wrap to it. */
export function lookAtSealing(fleet: Fleet, machine: Machine, head: Pick<HeadRecord, 'sealedRoot'>): void {
  const { shell } = machine;
  if (shell === undefined || machine.liar !== undefined) return;
  for (const outsider of outsidersOf(machine, shell, fleet)) {
    fleet.checks.counts.keys++;
    const words = fleet.persons.wordsOf(outsider);
    const given = recordsOf(machine, machine.peer).flatMap((record) => {
      const keys = words === undefined ? undefined : keysFor(words, record);
      return keys?.ok === true ? everyKey(keys.value) : [];
    });
    const keys = [...(machine.keysBefore.get(outsider) ?? []), ...given];
    if (keys.some((key) => opensRoot(key, head)))
      fleet.guards.violate('keys', machine, 'seals a snapshot that somebody opens who was put out');
  }
}

/** Admins put out people, at random moments over the days. */
export function scheduleLeavers(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  const { faults, agentCount } = fleet.options;
  timesApart(scheduler, { count: faults.leaverCount }, (random) => {
    const person = fleet.machines[random.below(agentCount)]!.lock?.person;
    if (person === undefined) return;
    const atMs = unixMs(Math.floor(fleet.queue.nowMs));
    const statement = { kind: 'personRevocation', person, atMs, reason: 'simulated' } as const;
    fleet.publishStatement(signStatement(fleet.admins[0], statement).bytes, () =>
      fleet.noteFault('person put out'),
    );
  });
}

/** What a new machine restores with: the newest words that open the snapshot's epoch; the owner's own key where it is nobody's. */
export function keysToRestore(
  fleet: Fleet,
  { shell }: Machine,
  { owner, keyEpoch }: Promised,
): DriveKeys | undefined {
  const known = shell?.core.catalogue.drives.get(driveOf(owner));
  if (known === undefined) return undefined;
  const records = [known.record, ...known.formerRecords.toReversed()].filter(
    (record) => record.keyEpoch >= keyEpoch,
  );
  const readers = records.flatMap((record) => {
    const words = personOf(record) === undefined ? undefined : fleet.persons.wordsOf(personOf(record)!);
    return words === undefined ? [] : [{ record, words }];
  });
  const own = fleet.machineOf(owner);
  const byMachine =
    own === undefined ? [] : records.map((record) => ({ record, words: machineRecipient(own.key) }));
  for (const { record, words } of [...readers, ...byMachine]) {
    const keys = keysFor(words, record);
    if (keys.ok) return keys.value;
  }
  return undefined;
}

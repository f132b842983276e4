// When a drive gets a new key: somebody who may know the old one is out, or somebody else is to open it; never a second key of one number.

import test from 'ava';
import {
  type AgentRecord,
  type DriveRecord,
  driveRecordFor,
  machineRecipient,
  type MachineKey,
} from '../../../agent/codec/index.ts';
import { Catalogue } from '../../../agent/core/catalogue.ts';
import { type Lock, type LockStep, nextLockStep } from '../../../agent/core/rekeying.ts';
import { driveId } from '../../../agent/units.ts';
import {
  batchOf,
  certificatesOf,
  machines,
  membershipOf,
  personRevocationOf,
  revocationOf,
  startMs,
} from './fleet-of-four.ts';

const [self, other] = [machines[0], machines[1]];
const person = machineRecipient(machines[3]).recipient;
const drive = driveId('1'.repeat(32));

const recordOf = (key: MachineKey, keyEpoch = 1, id = drive): DriveRecord =>
  driveRecordFor(
    { driveKey: new Uint8Array(32).fill(keyEpoch) },
    { drive: id, keyEpoch, sealedName: new Uint8Array(), person, machine: machineRecipient(key).recipient },
  );

/** What is next for the first machine's drive, after it has heard some records of the first two. */
function stepAfter(lock: Partial<Lock>, words: readonly AgentRecord[], wanted?: string): LockStep {
  const [membership, catalogue] = [membershipOf(self), new Catalogue()];
  const certificates = certificatesOf(machines);
  const batches = [
    batchOf(self, [recordOf(self), ...certificates, ...words]),
    batchOf(other, [recordOf(other, 1, driveId('2'.repeat(32)))]),
  ];
  for (const batch of batches) {
    membership.handle({ kind: 'batchStored', batch, now: startMs });
    catalogue.handle({ kind: 'batchStored', batch, now: startMs });
  }
  const known: Lock = { keyEpoch: 1, person, answered: [], ...lock };
  return nextLockStep({ drive, lock: known, wanted }, { catalogue, membership });
}

test('a key stays as long as nobody who may know it is put out', (t) => {
  const stranger = { kind: 'statement', bytes: revocationOf(machines[2]) } as const;
  t.deepEqual(stepAfter({}, []), { kind: 'none' });
  t.deepEqual(stepAfter({}, [stranger]), { kind: 'none' });
});

test("a person who is put out opens nothing more, and the new key is nobody's until somebody else is named", (t) => {
  const out = { kind: 'statement', bytes: personRevocationOf(person) } as const;
  const answered = [person];
  t.deepEqual(stepAfter({}, [out]), { kind: 'renew', person: undefined, answered, isForced: true });
  const next = machineRecipient(other).recipient;
  t.deepEqual(stepAfter({}, [out], next), { kind: 'renew', person: next, answered, isForced: true });
  t.deepEqual(stepAfter({ answered, person: undefined }, [out]), { kind: 'none' }, 'once');
});

test('a machine of the same person that is put out makes a new key, for the same words', (t) => {
  const out = { kind: 'statement', bytes: revocationOf(other) } as const;
  t.deepEqual(stepAfter({}, [out]), { kind: 'renew', person, answered: [other.peer], isForced: true });
});

test('what a crash kept out of the log is said again, and what an old image of the disk has lost is taken from the log', (t) => {
  const out = { kind: 'statement', bytes: personRevocationOf(person) } as const;
  t.deepEqual(stepAfter({ keyEpoch: 2 }, [out]), { kind: 'publish' });
  t.deepEqual(stepAfter({}, [out, recordOf(self, 2)]), { kind: 'adopt' }, 'also where a new key is due');
});

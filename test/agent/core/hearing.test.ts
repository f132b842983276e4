// Which machines of the core are told of what.

import test from 'ava';
import { Catalogue } from '../../../agent/core/catalogue.ts';
import { Hearing } from '../../../agent/core/hearing.ts';
import { Proving } from '../../../agent/core/proving.ts';
import { batchOf, headOf, machines, membershipOf, startMs } from './fleet-of-four.ts';
import { driveId } from '../../../agent/units.ts';

const [self] = machines;

test('each event goes to those that hear of its kind, in the order in which they were given', (t) => {
  const membership = membershipOf(self);
  const catalogue = new Catalogue();
  const proving = new Proving(membership, catalogue);
  const hearing = new Hearing([proving, catalogue, membership]);
  t.deepEqual(hearing.of({ kind: 'tick', now: startMs }), [proving]);
  t.deepEqual(hearing.of({ kind: 'connected', peer: self.peer, now: startMs }), [membership]);
  t.deepEqual(hearing.of({ kind: 'planWanted', now: startMs }), []);
});

test('a batch goes to those whom one of its records concerns, and to those that all batches concern', (t) => {
  const membership = membershipOf(self);
  const catalogue = new Catalogue();
  const hearing = new Hearing([catalogue, membership]);
  const addresses = { kind: 'addresses', addresses: [] } as const;
  const heard = (...records: Parameters<typeof batchOf>[1]) =>
    hearing.of({ kind: 'batchStored', batch: batchOf(self, records), now: startMs });
  t.deepEqual(heard(addresses), [membership]);
  t.deepEqual(heard(addresses, headOf(driveId('1'.repeat(32)))), [catalogue, membership]);
});

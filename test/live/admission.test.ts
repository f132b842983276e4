// What an agent tells those who ask at its doors.

import test from 'ava';
import {
  createAdminKey,
  createFleetRoot,
  createMachineKey,
  noBatchHash,
  signBatch,
  signStatement,
} from '../../agent/codec/index.ts';
import { Membership } from '../../agent/core/index.ts';
import { Admission } from '../../agent/live/admission.ts';
import { inviteId } from '../../agent/units.ts';
import { days, unixMs } from '../../datasets/index.ts';

const now = unixMs(Date.UTC(2026, 0, 5));
const root = createFleetRoot();
const good = createAdminKey(root, { notBeforeMs: now, forMs: days(300) });
const [self, other] = [createMachineKey(), createMachineKey()];
const certificateOf = (key: typeof self, by = good) =>
  signStatement(by, {
    kind: 'certificate',
    peer: key.peer,
    name: 'pc',
    roles: ['admin', 'holder'],
    notBeforeMs: now,
    notAfterMs: unixMs(now + days(90)),
  });

/** The doors of a machine that may certify nobody. */
function doorsOf() {
  const membership = new Membership({ self: self.peer, fleet: root.fleet });
  const certificate = certificateOf(self);
  const admission = new Admission({
    identity: {
      machineKey: self,
      fleet: root.fleet,
      certificateBytes: certificate.bytes,
      certificate: certificate.statement as Extract<typeof certificate.statement, { kind: 'certificate' }>,
      statements: [],
      addresses: [],
    },
    membership,
    now: () => now,
    addresses: () => [],
    publish: () => Promise.resolve(),
    learn: (statement) => void membership.learnSigned(statement, now),
  });
  return { membership, admission };
}

test('what admins say of themselves that is no address is not handed on', (t) => {
  const { membership, admission } = doorsOf();
  membership.learnSigned(certificateOf(other), now);
  const address = `/ip4/192.0.2.7/tcp/4001/p2p/${other.peer}`;
  const addresses = ['nowhere', address, '/ip4/192.0.2.7/tcp/4001/p2p/xyz', '/ip4/192.0.2.7/tcp/99999'];
  const records = [{ kind: 'addresses', addresses }] as const;
  const parts = { key: other, stream: 'facts', sequence: 0, previous: noBatchHash, atMs: now } as const;
  membership.handle({ kind: 'batchStored', batch: signBatch({ ...parts, records }), now });
  const ask = { kind: 'ask', fleet: root.fleet, invite: inviteId('ab'.repeat(16)), name: 'pc' } as const;
  const answer = admission.ask(createMachineKey().peer, ask);
  t.deepEqual(answer.kind === 'refused' && answer.addresses, [address]);
});

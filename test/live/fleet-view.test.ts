// What a machine tells people of the others.

import test from 'ava';
import { heardMsOf } from '../../agent/live/fleet-view.ts';
import { minutes, unixMs } from '../../datasets/index.ts';
import { batchOf, certificatesOf, machines, membershipOf, startMs } from '../agent/core/fleet-of-four.ts';

const [self, other] = machines;

test('a machine that was not heard since the start of the agent is not told as heard at that moment', (t) => {
  const membership = membershipOf(self);
  const now = unixMs(startMs + minutes(5));
  membership.handle({ kind: 'batchStored', batch: batchOf(self, certificatesOf(machines)), now: startMs });
  t.is(heardMsOf(membership, self.peer, now), now);
  t.is(heardMsOf(membership, other.peer, now), undefined);
  membership.handle({ kind: 'connected', peer: other.peer, now: startMs });
  t.is(heardMsOf(membership, other.peer, now), now);
  membership.handle({ kind: 'disconnected', peer: other.peer, now: unixMs(startMs + minutes(1)) });
  t.is(heardMsOf(membership, other.peer, now), unixMs(startMs + minutes(1)));
});

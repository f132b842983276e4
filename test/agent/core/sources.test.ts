import test from 'ava';
import { AgentCore } from '../../../agent/core/index.ts';
import { Sources, type SourcesParts } from '../../../agent/core/sources.ts';
import { fleet, machines, replicasOf } from './fleet-of-four.ts';

const [self, other, third, owner] = machines;

test('who failed is not asked again, until it says once more that it has the shard', (t) => {
  const core = new AgentCore({ self: self.peer, fleet, fraction: () => 0.5 });
  const parts = core as unknown as SourcesParts;
  const descriptor = replicasOf(owner.peer, new Uint8Array(100).fill(7));
  const sources = new Sources(parts, descriptor, { hasCopies: false });
  for (const { peer } of [other, third]) sources.said(0, peer);
  t.deepEqual(sources.untriedOf(0), [other.peer, third.peer]);
  sources.tried(0, other.peer);
  t.deepEqual(sources.untriedOf(0), [third.peer]);
  sources.said(0, other.peer);
  t.deepEqual(sources.untriedOf(0), [other.peer, third.peer]);
});

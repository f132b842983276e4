// What was given up and counts again is sought again, though no new plan says so.

import test from 'ava';
import { type AgentRecord, bytesOfHex } from '../../../agent/codec/index.ts';
import { AgentCore } from '../../../agent/core/index.ts';
import { minutes, type UnixMs, unixMs } from '../../../datasets/index.ts';
import {
  batchOf,
  certificatesOf,
  fleet,
  machines,
  planBatch,
  planOf,
  replicasOf,
  revocationOf,
  startMs,
} from './fleet-of-four.ts';

const [self, admin, other, owner] = machines;
const descriptor = replicasOf(owner.peer, new Uint8Array(100).fill(1));

/** A machine that keeps another shard of the pack than the one that the plan gives to it, and is alone. */
function lackingCore(): AgentCore {
  const core = new AgentCore({ self: self.peer, fleet, fraction: () => 0.5 });
  const stored = [{ place: 'held', descriptor, index: 1 }] as const;
  core.handle({ kind: 'started', stored, staged: [], heard: [], now: startMs });
  const certificates = certificatesOf(machines);
  hear(core, admin, certificates, startMs);
  core.shelf.usePlan(planOf(admin, 1), planBatch);
  core.repair.planChanged(startMs);
  core.handle({ kind: 'tick', now: startMs });
  return core;
}

const hear = (core: AgentCore, by: typeof owner, records: readonly AgentRecord[], now: UnixMs, at = 0) =>
  core.handle({ kind: 'batchStored', batch: batchOf(by, records, at), now });

const forget: AgentRecord = {
  kind: 'forget',
  drive: descriptor.drive,
  snapshots: new Uint8Array(),
  packs: bytesOfHex(descriptor.pack),
};

test('a shard that its owner gave up, and that counts again as the owner is put out, is sought under the plan that holds', (t) => {
  const core = lackingCore();
  t.is(core.repair.wantCount, 1);
  hear(core, owner, [forget], startMs);
  core.handle({ kind: 'tick', now: unixMs(startMs + minutes(1)) });
  t.is(core.repair.wantCount, 0, 'nobody seeks what is given up');
  const putOut = (key: typeof owner): AgentRecord => ({ kind: 'statement', bytes: revocationOf(key) });
  hear(core, admin, [putOut(other)], unixMs(startMs + minutes(2)), 1);
  t.is(core.repair.wantCount, 0, 'another one that is put out changes nothing');
  hear(core, admin, [putOut(owner)], unixMs(startMs + minutes(3)), 2);
  t.is(core.repair.wantCount, 1);
});

test('a shard of a drive whose deletion was stopped is sought again', (t) => {
  const core = lackingCore();
  core.shelf.wipe(new Set([descriptor.drive]));
  core.handle({ kind: 'tick', now: unixMs(startMs + minutes(1)) });
  core.handle({ kind: 'tick', now: unixMs(startMs + minutes(2)) });
  t.is(core.repair.wantCount, 0);
  core.shelf.wipe(new Set());
  core.handle({ kind: 'tick', now: unixMs(startMs + minutes(3)) });
  t.is(core.repair.wantCount, 1);
});

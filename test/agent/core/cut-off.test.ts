// Nobody speaks to a machine that was put out, whatever was begun for it before.

import test from 'ava';
import { proveLeaf } from '../../../agent/codec/index.ts';
import { AgentCore, type Effects, sealOfPart } from '../../../agent/core/index.ts';

import {
  batchOf,
  certificatesOf,
  fleet,
  machines,
  replicasOf,
  revocationOf,
  startMs,
} from './fleet-of-four.ts';

const [admin, asker, owner, self] = machines;
const bytes = new Uint8Array(100).fill(1);
const descriptor = replicasOf(owner.peer, bytes);
const { pack } = descriptor;

/** A machine that holds a shard and is connected to all others. */
function holder() {
  const core = new AgentCore({ self: self.peer, fleet, fraction: () => 0.5 });
  const stored = [{ place: 'held', descriptor, index: 0 }] as const;
  core.handle({ kind: 'started', stored, staged: [], heard: [], now: startMs });
  const certificates = certificatesOf(machines);
  core.handle({ kind: 'batchStored', batch: batchOf(admin, certificates), now: startMs });
  for (const { peer } of [admin, asker, owner]) core.handle({ kind: 'connected', peer, now: startMs });
  const putOut = (): Effects => {
    const word = { kind: 'statement', bytes: revocationOf(asker) } as const;
    return core.handle({ kind: 'batchStored', batch: batchOf(admin, [word], 1), now: startMs });
  };
  return { core, putOut };
}

const part = '1'.repeat(32);

/** It asks for a proof, which is read; what it hears when that is done. */
function wordsAfterProof(putOut: (fleet: ReturnType<typeof holder>) => void): Effects {
  const made = holder();
  const { core } = made;
  const say = (message: Parameters<typeof core.handle>[0] & { readonly kind: 'message' }): Effects =>
    core.handle(message);
  const from = asker.peer;
  say({
    kind: 'message',
    from,
    message: { kind: 'auditOffer', pack, index: 0, seal: sealOfPart(part) },
    now: startMs,
  });
  say({ kind: 'message', from, message: { kind: 'auditOpen', pack, index: 0, part }, now: startMs });
  putOut(made);
  const proved = { kind: 'shardProved', to: from, pack, index: 0, leaf: 0, now: startMs } as const;
  return core
    .handle({ ...proved, outcome: proveLeaf(bytes, 0) })
    .filter((effect) => effect.kind === 'send' && effect.to === from);
}

test('who was put out while its proof was read is not shown it', (t) => {
  t.deepEqual(
    wordsAfterProof(() => undefined).map((effect) => effect.kind === 'send' && effect.message.kind),
    ['auditAnswer'],
  );
  t.deepEqual(
    wordsAfterProof(({ putOut }) => putOut()),
    [],
  );
});

test('who was put out hears of nothing that it asks for then', (t) => {
  const { core, putOut } = holder();
  const ask = (): Effects =>
    core
      .handle({
        kind: 'message',
        from: asker.peer,
        message: { kind: 'shardsAsk', packs: [pack] },
        now: startMs,
      })
      .filter((effect) => 'to' in effect && effect.to === asker.peer);
  t.is(ask().length, 1);
  putOut();
  t.deepEqual(ask(), []);
});

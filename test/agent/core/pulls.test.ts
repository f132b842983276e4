// What was asked of others, and what still comes when it is not waited for any more.

import test from 'ava';
import { hours, minutes, unixMs } from '../../../datasets/index.ts';
import type { MachineKey, PackDescriptor } from '../../../agent/codec/index.ts';
import { AgentCore, type CoreEvent } from '../../../agent/core/index.ts';
import { Pulls } from '../../../agent/core/pulls.ts';
import { packId, type PeerId } from '../../../agent/units.ts';
import { batchOf, certificatesOf, fleet, machines, planOf, replicasOf, startMs } from './fleet-of-four.ts';

const pack = packId('ab'.repeat(32));
const [holder, stranger] = ['a', 'b'] as [PeerId, PeerId];
const arrival = { descriptor: { pack } as PackDescriptor, index: 2, place: 'held' } as const;

test('a shard that began to flow in is known by its pull after that has ended, and only from whom it was asked', (t) => {
  const pulls = new Pulls();
  pulls.start({ pack, index: 2, from: holder, place: 'held', sinceMs: unixMs(0), purpose: 'slot' });
  t.is(pulls.letIn(holder, arrival), undefined, 'nothing flows yet');
  t.is(pulls.placeFor(stranger, arrival), undefined);
  t.is(pulls.placeFor(holder, arrival), 'held');
  pulls.expire(unixMs(minutes(10)), () => true);
  t.false(pulls.has(pack, 2));
  t.is(pulls.letIn(holder, arrival)?.purpose, 'slot');
  t.is(pulls.letIn(stranger, arrival), undefined);
  pulls.expire(unixMs(hours(2)), () => true);
  t.is(pulls.letIn(holder, arrival)?.purpose, 'slot', 'it may be whole after hours');
  pulls.endFlow(holder, arrival);
  t.is(pulls.letIn(holder, arrival), undefined);
});

test('what flows in is waited for for an hour', (t) => {
  const pulls = new Pulls();
  const pull = {
    pack,
    index: 2,
    from: holder,
    place: 'scratch',
    sinceMs: unixMs(0),
    purpose: 'restore',
  } as const;
  pulls.start(pull);
  pulls.placeFor(holder, arrival);
  pulls.expire(unixMs(minutes(10)), () => true);
  t.true(pulls.isFlowing(pull, unixMs(minutes(59))));
  t.false(pulls.isFlowing({ ...pull, from: stranger }, unixMs(minutes(59))));
  t.true(pulls.areFlowing(pack, 'restore', unixMs(minutes(59))));
  t.false(pulls.areFlowing(pack, 'copy', unixMs(minutes(59))));
  t.false(pulls.isFlowing(pull, unixMs(minutes(61))));
  t.false(pulls.areFlowing(pack, 'restore', unixMs(minutes(61))));
});

test('the same shard for two purposes is told apart by its place', (t) => {
  const pulls = new Pulls();
  const pull = { pack, index: 2, from: holder, sinceMs: unixMs(0) };
  pulls.start({ ...pull, place: 'scratch', purpose: 'part' });
  pulls.placeFor(holder, arrival);
  pulls.expire(unixMs(minutes(10)), () => true);
  pulls.start({ ...pull, place: 'held', purpose: 'slot' });
  pulls.placeFor(holder, arrival);
  const part = { ...arrival, place: 'scratch' } as const;
  t.is(pulls.waitingFor(holder, part), undefined, 'what is in scratch is not kept for anybody');
  t.is(pulls.letIn(holder, part)?.purpose, 'part');
  t.is(pulls.waitingFor(holder, arrival)?.purpose, 'slot');
  pulls.endFlow(holder, part);
  t.is(pulls.letIn(holder, part), undefined);
  t.is(pulls.letIn(holder, arrival)?.purpose, 'slot');
});

test('when the clock is set back what was asked for before is asked for again', (t) => {
  const pulls = new Pulls();
  const laterMs = unixMs(startMs + hours(5));
  const pull = { pack, index: 2, from: holder, place: 'held', sinceMs: laterMs, purpose: 'slot' } as const;
  pulls.start(pull);
  pulls.placeFor(holder, arrival);
  t.true(pulls.isFlowing(pull, laterMs));
  t.false(pulls.isFlowing(pull, startMs));
  t.is(pulls.expire(laterMs, () => true).length, 0);
  t.is(pulls.expire(startMs, () => true).length, 1);
});

test('a shard that a plan took away while it was on its way is refused, and asked for at once when it is given back', (t) => {
  const [self, source, other, owner] = machines;
  const descriptor = replicasOf(owner.peer, new Uint8Array(100).fill(7));
  const core = new AgentCore({ self: self.peer, fleet, fraction: () => 0.5 });
  const asked: unknown[] = [];
  const tell = (event: CoreEvent): void => {
    for (const effect of core.handle(event))
      if (effect.kind === 'send' && effect.message.kind === 'shardPull') asked.push(effect.to);
  };
  const follow = (epoch: number, members: readonly MachineKey[]): void => {
    const { classes, ...rest } = planOf(source, epoch);
    const groups = [{ ...classes[0]!.groups[0]!, members: members.map(({ peer }) => peer) }];
    const plan = { ...rest, classes: [{ ...classes[0]!, groups }] };
    tell({ kind: 'batchStored', batch: batchOf(source, [{ kind: 'plan', plan }], epoch), now: startMs });
  };
  tell({ kind: 'started', stored: [], staged: [], heard: [], now: startMs });
  const certificates = certificatesOf(machines);
  tell({ kind: 'batchStored', batch: batchOf(self, certificates), now: startMs });
  follow(1, [self, source, other]);
  tell({ kind: 'connected', peer: source.peer, now: startMs });
  const under = core.shelf.planName!;
  const held = [{ pack: descriptor.pack, indexes: [0] }];
  const message = { kind: 'inventory', group: 'g', scope: 'update', under, held } as const;
  tell({ kind: 'message', from: source.peer, message, now: startMs });
  t.deepEqual(asked, [source.peer]);
  follow(2, [other, source, owner]);
  t.is(core.placeFor(source.peer, { descriptor, index: 0 }), undefined);
  follow(3, [self, source, other]);
  t.deepEqual(asked, [source.peer, source.peer]);
});

// Whom a restore or a survey asks: each machine once, the connected ones at once and the others when they answer a call.

import test from 'ava';
import { Asking } from '../../../agent/core/asking.ts';
import { Membership } from '../../../agent/core/membership.ts';
import { shardRetryMs } from '../../../agent/limits.ts';
import { askingMsMax, asksAtOnce } from '../../../agent/mesh-limits.ts';
import { packId, type PackId, type PeerId, peerId } from '../../../agent/units.ts';
import { days, type UnixMs, unixMs } from '../../../datasets/index.ts';
import { fleet, startMs } from './fleet-of-four.ts';

const peers: readonly PeerId[] = Array.from({ length: 2 * asksAtOnce }, (_, at) =>
  peerId(`12D3KooWPretendMachineNumber${String(at).padStart(3, '0')}`),
);
const [first, second] = peers as [PeerId, PeerId];
const pack: PackId = packId('a'.repeat(64));
const after = (ms: number): UnixMs => unixMs(startMs + ms);

/** A machine outside of `peers`, in a fleet that is, or is not, too large for connections to all. */
function membershipOf(size: 'small' | 'large'): Membership {
  const membership = new Membership({ self: peerId('12D3KooWPretendMachineItself'), fleet });
  const dates = { notBeforeMs: startMs, notAfterMs: after(days(30)) };
  for (const peer of peers)
    membership.learn({ kind: 'certificate', peer, name: peer, roles: ['holder'], ...dates }, startMs);
  membership.setSparse(size === 'large');
  return membership;
}

const askAll = (membership: Membership): Asking =>
  new Asking(membership, new Map(peers.map((peer) => [peer, [pack]])), startMs);

const askedIn = (asking: Asking, now: UnixMs): readonly PeerId[] =>
  asking.work(now).map((effect) => (effect.kind === 'send' ? effect.to : ('' as PeerId)));

test('in a small fleet who is connected is asked once, and nobody is called', (t) => {
  const membership = membershipOf('small');
  membership.handle({ kind: 'connected', peer: first, now: startMs });
  const asking = askAll(membership);
  t.deepEqual(asking.work(startMs), [
    { kind: 'send', to: first, message: { kind: 'shardsAsk', packs: [pack] } },
  ]);
  t.deepEqual(askedIn(asking, after(1)), []);
  t.is(membership.takeCalls().size, 0);
  t.false(asking.isOver(after(1)));
  t.true(asking.end(first));
  t.false(asking.end(first), 'a second answer ends nothing');
  t.true(asking.isOver(after(1)));
});

test('who goes away with the question is not waited for, and asked again when it is back in time', (t) => {
  const membership = membershipOf('small');
  for (const peer of [first, second]) membership.handle({ kind: 'connected', peer, now: startMs });
  const asking = askAll(membership);
  asking.work(startMs);
  membership.handle({ kind: 'disconnected', peer: first, now: after(1) });
  t.true(asking.left(first));
  t.false(asking.isWaitingFor(first));
  t.deepEqual(askedIn(asking, after(2)), []);
  membership.handle({ kind: 'connected', peer: first, now: after(3) });
  t.deepEqual(askedIn(asking, after(3)), [first]);
  t.true(asking.end(second));
  t.false(asking.isOver(after(4)));
  t.true(asking.end(first));
  t.true(asking.isOver(after(4)));
});

test('in a large fleet a few are called at once, the next ones when those have answered or could not be reached', (t) => {
  const membership = membershipOf('large');
  const asking = askAll(membership);
  t.deepEqual(askedIn(asking, startMs), []);
  const called = membership.takeCalls();
  t.is(called.size, asksAtOnce);
  t.true([...called.values()].every((haste) => haste === 'now'));
  t.deepEqual(askedIn(asking, after(1)), []);
  t.is(membership.takeCalls().size, 0, 'nobody else before one of them is done');
  membership.handle({ kind: 'connected', peer: first, now: after(2) });
  membership.noteMissed(second, after(2));
  t.deepEqual(askedIn(asking, after(2)), [first]);
  t.is(membership.takeCalls().size, 1, 'one takes the place of the one that is not there');
  asking.end(first);
  t.deepEqual(askedIn(asking, after(3)), []);
  t.is(membership.takeCalls().size, 1);
});

test('who does not answer is given up, and all of it after a while', (t) => {
  const membership = membershipOf('small');
  membership.handle({ kind: 'connected', peer: first, now: startMs });
  const asking = askAll(membership);
  asking.work(startMs);
  t.true(asking.isWaitingFor(first));
  asking.work(after(shardRetryMs));
  t.false(asking.isWaitingFor(first));
  const large = askAll(membershipOf('large'));
  large.work(startMs);
  t.false(large.isOver(after(askingMsMax - 1)));
  t.true(large.isOver(after(askingMsMax)));
});

test('a machine that was called stays waited for while it may still answer', (t) => {
  const membership = membershipOf('large');
  const asking = askAll(membership);
  asking.work(startMs);
  t.true(asking.isWaitingFor(first));
  membership.noteMissed(first, after(1));
  asking.work(after(1));
  t.false(asking.isWaitingFor(first));
});

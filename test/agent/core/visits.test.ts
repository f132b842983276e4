// Whom a machine of a large fleet calls without a shard on its way: its partners once a day, and as the planner those that were silent.

import test from 'ava';
import { Membership } from '../../../agent/core/membership.ts';
import { Visits } from '../../../agent/core/visits.ts';
import {
  callMs,
  partnersEveryMs,
  soundEveryMs,
  visitEveryMs,
  visitsAtOnce,
  visitsEveryMs,
} from '../../../agent/mesh-limits.ts';
import { type PeerId, peerId } from '../../../agent/units.ts';
import { days, hours, minutes, type UnixMs, unixMs } from '../../../datasets/index.ts';
import { fleet, startMs } from './fleet-of-four.ts';

const nameOf = (at: number): PeerId => peerId(`12D3KooWPretendMachineNumber${String(at).padStart(3, '0')}`);
const peers = Array.from({ length: 2 * visitsAtOnce + 1 }, (_, at) => nameOf(at));
/** Lower ids than all others do not wait for the other side. */
const [self, ...others] = peers as [PeerId, ...PeerId[]];
const after = (ms: number): UnixMs => unixMs(startMs + ms);

function trialOf(own: PeerId, hearers: readonly PeerId[]) {
  const membership = new Membership({ self: own, fleet });
  const dates = { notBeforeMs: startMs, notAfterMs: after(days(300)) };
  for (const peer of peers)
    membership.learn({ kind: 'certificate', peer, name: peer, roles: ['holder'], ...dates }, startMs);
  membership.setSparse(true);
  const visits = new Visits(membership, () => new Set(hearers));
  /** Who is called at a time. */
  const visited = (ms: number): readonly PeerId[] => {
    visits.visit(after(ms));
    return [...membership.takeCalls().keys()];
  };
  return { membership, visits, visited };
}

test('under a new plan all partners are visited, a few at a time', (t) => {
  const { visits, visited } = trialOf(self, others);
  visits.planChanged(startMs);
  const called = new Set<PeerId>();
  for (let ms = 0; ms < minutes(1) && called.size < others.length; ms += 10_000) {
    const now = visited(ms);
    t.true(now.length <= visitsAtOnce);
    for (const peer of now) {
      t.false(called.has(peer));
      called.add(peer);
      visits.met(peer, after(ms + 1));
    }
  }
  t.is(called.size, others.length);
  t.deepEqual(visited(hours(1)), [], 'then nobody for a day');
});

test('who was met is visited again after a day, and nobody who is connected', (t) => {
  const [partner] = others as [PeerId];
  const { membership, visits, visited } = trialOf(self, [partner]);
  visits.planChanged(startMs);
  t.deepEqual(visited(0), [partner]);
  visits.met(partner, after(1000));
  t.deepEqual(visited(visitEveryMs), []);
  t.deepEqual(visited(visitEveryMs + visitsEveryMs), [partner]);
  membership.handle({ kind: 'connected', peer: partner, now: after(visitEveryMs + 2 * visitsEveryMs) });
  t.deepEqual(visited(3 * visitEveryMs), []);
});

test('of two the one with the lower id visits at once, the other only where that did not happen', (t) => {
  const [partner] = others as [PeerId];
  const { visits, visited } = trialOf(partner, [self]);
  visits.planChanged(startMs);
  t.deepEqual(visited(0), []);
  t.deepEqual(visited(callMs), [self]);
});

test('packs that come later bring partners, who are gone through once a minute', (t) => {
  const hearers: PeerId[] = [];
  const { visits, visited } = trialOf(self, hearers);
  visits.planChanged(startMs);
  visited(0);
  hearers.push(others[0]!);
  t.deepEqual(visited(2 * partnersEveryMs), [], 'nobody said that anything changed');
  visits.packsChanged();
  t.deepEqual(visited(3 * partnersEveryMs), [others[0]!]);
});

test('the planner hears of every holder within its time, and calls nobody of whom it has just heard', (t) => {
  const { membership, visits } = trialOf(self, []);
  const spoke = others[0]!;
  const called = new Set<PeerId>();
  for (let ms = 0; ms <= 2 * soundEveryMs; ms += minutes(1)) {
    membership.handle({ kind: 'connected', peer: spoke, now: after(ms) });
    membership.handle({ kind: 'disconnected', peer: spoke, now: after(ms) });
    visits.sound(after(ms));
    const now = membership.takeCalls();
    t.true(now.size <= Math.ceil(others.length / 60), 'evenly over time');
    for (const peer of now.keys()) called.add(peer);
  }
  t.is(called.size, others.length - 1);
  t.false(called.has(spoke));
});

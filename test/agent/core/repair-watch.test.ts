import test from 'ava';
import type { Membership } from '../../../agent/core/membership.ts';
import { RepairWatch } from '../../../agent/core/repair-watch.ts';
import type { PeerId } from '../../../agent/units.ts';
import { hours, machineId, unixMs } from '../../../datasets/index.ts';
import { baselineForecast, type PresenceForecast } from '../../../models/index.ts';
import { historyOf } from '../../optimizer/replay/traces.ts';
import { batchOf, certificatesOf, machines, membershipOf, planOf, startMs } from './fleet-of-four.ts';

const peers = machines.map(({ peer }) => peer) as [PeerId, PeerId, PeerId, PeerId];
const [, , , last] = peers;

/** Of a machine that knows who the others are, and has heard none of them. */
function knowingAll(): Membership {
  const membership = membershipOf(machines[0]);
  const batch = batchOf(machines[0], certificatesOf(machines));
  membership.handle({ kind: 'batchStored', batch, now: startMs });
  return membership;
}

/** The last one was away for so many hours when this was made, at the start. */
function forecast(hoursBefore: number): PresenceForecast {
  const history = historyOf(peers.map(() => '1'.repeat(336)));
  const named = peers.map((peer, at) => ({ ...history.machines[at]!, machine: machineId(peer) }));
  const { presence } = baselineForecast({ ...history, machines: named });
  return { ...presence!, hoursAway: Float64Array.from([0, 0, 0, hoursBefore]), madeMs: startMs };
}

/** What an optimizer says that started with the forecast, an hour later. */
function awayAfterAnHour(hoursBefore: number, met: readonly PeerId[]): readonly number[] {
  const membership = knowingAll();
  for (const peer of peers.slice(1, 3)) membership.handle({ kind: 'connected', peer, now: startMs });
  const leftMs = unixMs(startMs + hours(0.5));
  for (const peer of met) {
    membership.handle({ kind: 'connected', peer, now: startMs });
    membership.handle({ kind: 'disconnected', peer, now: leftMs });
  }
  const watch = new RepairWatch(membership);
  watch.learn(forecast(hoursBefore), startMs);
  return watch.look(planOf(machines[0], 1), peers, unixMs(startMs + hours(1)))!.hoursAway;
}

test('who was away before the optimizer started has been away all that time', (t) => {
  t.deepEqual(awayAfterAnHour(100, []), [0, 0, 0, 101]);
});

test('who was seen since is away since then, and who was not away before since the start', (t) => {
  t.deepEqual(awayAfterAnHour(100, [last]), [0, 0, 0, 0.5]);
  t.deepEqual(awayAfterAnHour(0, []), [0, 0, 0, 1]);
});

test('who was given up and is back may be planned with at once, though that was looked at an hour ago', (t) => {
  const membership = knowingAll();
  const eligible = () => membership.eligibleHolders(startMs, new Set([last]));
  t.false(eligible().includes(last));
  membership.handle({ kind: 'connected', peer: last, now: startMs });
  t.true(eligible().includes(last));
});

test('who joined and never said a word gets no shards by a plan after an hour, until it is there or its log is', (t) => {
  const membership = knowingAll();
  const isEligibleAfter = (hourCount: number, peer: PeerId = last): boolean =>
    membership.eligibleHolders(unixMs(startMs + hours(hourCount)), new Set()).includes(peer);
  t.true(isEligibleAfter(1));
  t.false(isEligibleAfter(1.1));
  t.true(isEligibleAfter(1.1, peers[0]), 'this machine itself says nothing to itself');
  const now = unixMs(startMs + hours(2));
  membership.handle({
    kind: 'batchStored',
    batch: batchOf(machines[1], [{ kind: 'addresses', addresses: [] }]),
    now,
  });
  t.true(isEligibleAfter(3, peers[1]));
  membership.handle({ kind: 'connected', peer: last, now });
  membership.handle({ kind: 'disconnected', peer: last, now });
  t.true(isEligibleAfter(3));
});

test('who was given up and is back is given up no more', (t) => {
  const membership = knowingAll();
  const watch = new RepairWatch(membership);
  watch.learn(forecast(1000), startMs);
  const look = (afterHours: number) => {
    watch.look(planOf(machines[0], 1), peers, unixMs(startMs + hours(afterHours)));
    return watch.givenUp?.has(last);
  };
  t.true(look(1));
  membership.handle({ kind: 'connected', peer: last, now: unixMs(startMs + hours(2)) });
  t.false(look(2));
});

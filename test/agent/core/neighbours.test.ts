// To whom an agent is connected: everybody in a small fleet; in a large one its neighbours, and whom work calls for as long as it does.

import test from 'ava';
import type { SignedBatch } from '../../../agent/codec/index.ts';
import { Membership } from '../../../agent/core/membership.ts';
import type { CoreEffect } from '../../../agent/core/effects.ts';
import type { CoreEvent } from '../../../agent/core/events.ts';
import { Neighbours } from '../../../agent/core/neighbours.ts';
import { fleetLookMs } from '../../../agent/mesh-limits.ts';
import { type PeerId, peerId } from '../../../agent/units.ts';
import { createRandom, days, hours, minutes, seconds, type UnixMs, unixMs } from '../../../datasets/index.ts';
import { fleet, startMs, tellMachines } from './fleet-of-four.ts';

const peers: readonly PeerId[] = Array.from({ length: 20 }, (_, at) =>
  peerId(`12D3KooWPretendMachineNumber${String(at).padStart(2, '0')}`),
);
const self = peers[7]!;

interface Trial {
  readonly membership: Membership;
  readonly neighbours: Neighbours;
  readonly busy: Set<PeerId>;
  tell(event: CoreEvent): readonly CoreEffect[];
  tick(afterMs: number): readonly CoreEffect[];
  now(): UnixMs;
}

function trialOf(meshMax: number, fraction = () => 0.5): Trial {
  const membership = new Membership({ self, fleet });
  for (const peer of peers)
    membership.learn(
      {
        kind: 'certificate',
        peer,
        name: peer.slice(-2),
        roles: ['holder', 'optimizer'],
        notBeforeMs: startMs,
        notAfterMs: unixMs(startMs + days(300)),
      },
      startMs,
    );
  const busy = new Set<PeerId>();
  const neighbours = new Neighbours({
    membership,
    fraction,
    shape: { meshMax, ringCount: 2 },
    isBusyWith: (peer) => busy.has(peer),
    hearers: () => new Set(),
  });
  let now = startMs;
  const tell = (event: CoreEvent): readonly CoreEffect[] => [
    ...tellMachines([membership, neighbours], event),
    ...neighbours.follow(event),
  ];
  const tick = (afterMs: number): readonly CoreEffect[] => {
    now = unixMs(now + afterMs);
    return tell({ kind: 'tick', now });
  };
  return { membership, neighbours, busy, tell, tick, now: () => now };
}

const dialled = (effects: readonly CoreEffect[]): readonly PeerId[] =>
  effects.flatMap((effect) => (effect.kind === 'connect' ? [effect.peer] : []));
const released = (effects: readonly CoreEffect[]): readonly PeerId[] =>
  effects.flatMap((effect) => (effect.kind === 'release' ? [effect.peer] : []));
const connect = (trial: Trial, peer: PeerId) => trial.tell({ kind: 'connected', peer, now: trial.now() });
const disconnect = (trial: Trial, peer: PeerId) =>
  trial.tell({ kind: 'disconnected', peer, now: trial.now() });

/** Everybody who is dialled answers, and who is let go of is gone, for some minutes. */
function settle(trial: Trial, isOn: (peer: PeerId) => boolean = () => true): void {
  for (let round = 0; round < 40; round++) {
    const effects = trial.tick(seconds(20));
    for (const peer of dialled(effects))
      if (isOn(peer) && !trial.membership.up.has(peer)) connect(trial, peer);
    for (const peer of released(effects)) disconnect(trial, peer);
  }
}

/** Whoever is dialled next. */
function untilDialled(trial: Trial): readonly PeerId[] {
  for (let second = 0; second < 3600; second++) {
    const found = dialled(trial.tick(seconds(1)));
    if (found.length > 0) return found;
  }
  return [];
}

const addresses = { kind: 'addresses', addresses: ['/ip4/10.0.0.1/tcp/4001'] } as const;
const hearOf = (
  trial: Trial,
  author: PeerId,
  { atMs, records }: Pick<SignedBatch, 'atMs' | 'records'>,
): readonly CoreEffect[] =>
  trial.tell({
    kind: 'batchStored',
    batch: {
      author,
      stream: 'facts',
      sequence: 0,
      previous: '',
      hash: author,
      atMs,
      records,
      bytes: new Uint8Array(0),
    },
    now: trial.now(),
  });
const tellAddresses = (trial: Trial, author: PeerId): readonly CoreEffect[] =>
  hearOf(trial, author, { atMs: startMs, records: [addresses] });

test('of two machines that hear of each other the lower one dials, and one that nobody knows the address of dials everybody', (t) => {
  const [lower, higher] = [peers[3]!, peers[11]!];
  const known = trialOf(peers.length);
  const fresh = trialOf(peers.length);
  tellAddresses(known, self);
  for (const trial of [known, fresh]) for (const peer of [lower, higher]) tellAddresses(trial, peer);
  t.deepEqual(dialled(known.tick(0)), [higher]);
  t.true(dialled(known.tick(seconds(2))).includes(lower));
  t.deepEqual(dialled(fresh.tick(0)), [lower, higher]);
});

test('whoever says where it stands while the agent runs is dialled at once', (t) => {
  const trial = trialOf(peers.length);
  tellAddresses(trial, self);
  trial.tick(0);
  t.deepEqual(dialled(tellAddresses(trial, peers[11]!)), [peers[11]]);
  t.deepEqual(dialled(tellAddresses(trial, peers[3]!)), [], 'the lower id dials first');
  t.true(dialled(trial.tick(seconds(2))).includes(peers[3]!));
});

test('a first dial that fails is tried again within seconds, and then ever more rarely', (t) => {
  const trial = trialOf(peers.length);
  tellAddresses(trial, self);
  trial.tick(0);
  tellAddresses(trial, peers[11]!);
  const dials: number[] = [];
  for (let second = 1; second <= 3600; second++)
    if (dialled(trial.tick(seconds(1))).includes(peers[11]!)) dials.push(second);
  t.deepEqual(dials.slice(0, 6), [2, 6, 14, 44, 194, 944]);
  t.true(dials.length <= 8, 'a night is not a flood of dials');
});

test('who is away for days is dialled each quarter of an hour as on the first one', (t) => {
  const trial = trialOf(peers.length);
  const [, other] = peers;
  connect(trial, other!);
  disconnect(trial, other!);
  const dials: number[] = [];
  for (let minute = 0; minute < 3 * 24 * 60; minute++)
    if (dialled(trial.tick(minutes(1))).includes(other!)) dials.push(minute);
  const gaps = dials.map((minute, at) => minute - (dials[at - 1] ?? 0));
  t.true(Math.max(...gaps) <= 16);
  t.true(dials.at(-1)! > 3 * 24 * 60 - 16);
});

test('after a cut of hours all are dialled as soon as one of them answers, and not where one comes back by itself', (t) => {
  const others = peers.filter((peer) => peer !== self);
  const apart = (): Trial => {
    const random = createRandom('cut');
    const trial = trialOf(peers.length, () => random.fraction());
    for (const peer of others) connect(trial, peer);
    for (const peer of others) disconnect(trial, peer);
    for (let minute = 0; minute < 5 * 60; minute++) trial.tick(minutes(1));
    return trial;
  };
  const dialledWithin = (trial: Trial, secondCount: number): ReadonlySet<PeerId> =>
    new Set(Array.from({ length: secondCount }, () => dialled(trial.tick(seconds(1)))).flat());
  const healed = apart();
  const [first] = untilDialled(healed);
  connect(healed, first!);
  const rest = others.filter((peer) => peer !== first);
  t.deepEqual([...dialledWithin(healed, 31)].toSorted(), rest.toSorted());

  const woken = apart();
  untilDialled(woken);
  woken.tick(seconds(40));
  const [back] = others;
  connect(woken, back!);
  t.true(dialledWithin(woken, 31).size < rest.length / 2, 'who dialled here was off');
});

test('in a small fleet whoever goes away is dialled again, and nobody is let go of', (t) => {
  const trial = trialOf(peers.length);
  for (const peer of peers) if (peer !== self) connect(trial, peer);
  disconnect(trial, peers[0]!);
  t.deepEqual(dialled(trial.tick(seconds(2))), [peers[0]]);
  t.deepEqual(released(trial.tick(days(3))), []);
  t.false(trial.membership.isSparse);
  t.true(trial.neighbours.wants(peers[0]!));
});

test('in a large fleet a machine has its neighbours alone, and lets go of all others when they are idle', (t) => {
  const trial = trialOf(5);
  for (const peer of peers) if (peer !== self) connect(trial, peer);
  const gone = new Set<PeerId>();
  for (let round = 0; round < 10; round++)
    for (const peer of released(trial.tick(minutes(1)))) {
      gone.add(peer);
      disconnect(trial, peer);
    }
  t.true(trial.membership.isSparse);
  t.true(trial.membership.up.size >= 2 && trial.membership.up.size <= 4, `${trial.membership.up.size}`);
  t.is(gone.size + trial.membership.up.size, peers.length - 1);
  t.deepEqual(dialled(trial.tick(hours(1))), [], 'who was let go of is not dialled again');
});

test('where the nearest neighbour is off the next one is dialled, until one is there', (t) => {
  const all = trialOf(5);
  settle(all);
  const nearest = new Set(all.membership.up);
  const trial = trialOf(5);
  settle(trial, (peer) => !nearest.has(peer));
  t.true(trial.membership.up.size >= 2);
  for (const peer of nearest) {
    t.true(trial.membership.isAway(peer));
    t.true(trial.neighbours.wants(peer), 'it takes its place again when it comes');
  }
});

test('a neighbour that others have had words of since is away all the same when it goes on not to answer', (t) => {
  const all = trialOf(5);
  settle(all);
  const lost = [...all.membership.up][0]!;
  const trial = trialOf(5);
  settle(trial, (peer) => peer !== lost);
  t.true(trial.membership.isAway(lost));
  hearOf(trial, lost, { atMs: trial.now(), records: [] });
  t.false(trial.membership.isAway(lost), 'whoever wrote was up');
  for (let minute = 0; minute < 60; minute++) trial.tick(minutes(1));
  t.true(trial.membership.isAway(lost));
});

test('a few of a large fleet dial whom nobody knows, each time it is found, and nobody whom all know', (t) => {
  const stranger = peerId('12D3KooWPretendStranger');
  const drawn = { fraction: 0 };
  const trial = trialOf(5, () => drawn.fraction);
  settle(trial);
  const far = peers.find(
    (peer) => peer !== self && !trial.membership.up.has(peer) && !trial.neighbours.wants(peer),
  );
  t.not(far, undefined, 'whoever is known and no neighbour is not wanted');
  let count = 0;
  for (let at = 0; at < peers.length; at++) {
    drawn.fraction = at / peers.length;
    if (trial.neighbours.wants(stranger)) count++;
  }
  t.true(count > 0 && count < peers.length / 2, `${count} of ${peers.length}`);
});

test('whom work calls is dialled at once, kept while it is called, and then let go of', (t) => {
  const trial = trialOf(5);
  settle(trial);
  const other = peers.find((peer) => peer !== self && !trial.membership.up.has(peer))!;
  trial.membership.call(other);
  t.deepEqual(dialled(trial.tick(0)), [other]);
  connect(trial, other);
  t.deepEqual(released(trial.tick(minutes(4))), []);
  t.deepEqual(released(trial.tick(minutes(2))), [other]);
});

test('a connection over which something is under way is not let go of', (t) => {
  const trial = trialOf(5);
  settle(trial);
  const other = peers.find((peer) => peer !== self && !trial.membership.up.has(peer))!;
  trial.membership.call(other);
  trial.tick(0);
  connect(trial, other);
  trial.busy.add(other);
  t.deepEqual(released(trial.tick(hours(1))), []);
  trial.busy.clear();
  t.deepEqual(released(trial.tick(seconds(1))), [other]);
});

test('who was found nearby while nobody was there is let go of when the neighbours are', (t) => {
  const settled = trialOf(5);
  settle(settled);
  const other = peers.find((peer) => peer !== self && !settled.membership.up.has(peer))!;
  const trial = trialOf(5);
  trial.tick(0);
  t.true(trial.neighbours.finds(other), 'it is alone');
  connect(trial, other);
  settle(trial);
  t.false(trial.membership.up.has(other));
  t.false(trial.neighbours.finds(other));
});

test('what another machine opened is left to it', (t) => {
  const trial = trialOf(5);
  settle(trial);
  const other = peers.find((peer) => peer !== self && !trial.membership.up.has(peer))!;
  connect(trial, other);
  t.deepEqual(released(trial.tick(hours(1))), []);
});

test('who was found in vain long ago and comes by itself is left to it', (t) => {
  const settled = trialOf(5);
  settle(settled);
  const other = peers.find((peer) => peer !== self && !settled.membership.up.has(peer))!;
  const trial = trialOf(5);
  t.true(trial.neighbours.finds(other), 'it is alone');
  for (let look = 0; look < 2; look++) trial.tick(fleetLookMs);
  settle(trial, (peer) => peer !== other);
  connect(trial, other);
  t.deepEqual(released(trial.tick(hours(1))), []);
});

test('nobody of a large fleet is away who was not called in vain', (t) => {
  const trial = trialOf(5);
  settle(trial);
  const other = peers.find((peer) => peer !== self && !trial.membership.up.has(peer))!;
  trial.tick(days(10));
  t.is(trial.membership.presenceOf(other, trial.now()), 'silent');
  t.is(trial.membership.awayMs(other, trial.now()), 0);
  trial.membership.call(other, 'now');
  trial.tick(0);
  t.true(trial.membership.isExpected(other));
  trial.tick(minutes(1));
  t.false(trial.membership.isExpected(other));
  t.is(trial.membership.presenceOf(other, trial.now()), 'silent', 'one call in vain is a restart');
  trial.tick(days(3));
  t.is(trial.membership.presenceOf(other, trial.now()), 'gone');
});

test('machines that were put out, or silent for a month, do not make a fleet large', (t) => {
  const trial = trialOf(12);
  trial.tick(0);
  t.true(trial.membership.isSparse);
  const [gone, here] = [peers.slice(0, 5), peers.slice(8)];
  for (const revoked of gone)
    trial.membership.learn({ kind: 'revocation', revoked, reason: 'lost', atMs: startMs }, startMs);
  trial.tick(0);
  t.true(trial.membership.isSparse, 'fifteen are left');
  for (let round = 0; round < 5; round++) {
    trial.tick(days(7));
    for (const peer of here.slice(0, 9)) connect(trial, peer);
  }
  const dials = dialled(trial.tick(hours(7)));
  t.false(trial.membership.isSparse);
  t.deepEqual(dials, [], 'all that are alive are connected');
});

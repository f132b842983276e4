// Laws of the rings over which words spread: symmetric, bounded, connected however many are off, and hardly moved by who joins or leaves.

import test from 'ava';
import { placeOn, ringSidesOf } from '../../../agent/core/rings.ts';
import { type PeerId, peerId } from '../../../agent/units.ts';
import { createRandom, type Random } from '../../../datasets/index.ts';

const ringCount = 6;
const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

const peersOf = (random: Random, count: number): readonly PeerId[] =>
  Array.from({ length: count }, () =>
    peerId(`12D3KooW${Array.from({ length: 44 }, () => alphabet[random.below(alphabet.length)]).join('')}`),
  );

/** Whom each names that is up: the nearest such one on each side. */
function neighboursOf(peers: readonly PeerId[], isUp: (peer: PeerId) => boolean) {
  const graph = new Map<PeerId, Set<PeerId>>();
  for (const self of peers.filter(isUp)) {
    const named = ringSidesOf(self, peers, { ringCount, sideLength: 16 }).map((side) => side.find(isUp));
    graph.set(self, new Set(named.filter((peer) => peer !== undefined)));
  }
  return graph;
}

function reachedFrom(graph: ReadonlyMap<PeerId, ReadonlySet<PeerId>>): {
  readonly count: number;
  readonly steps: number;
} {
  const [first] = graph.keys();
  const seen = new Set(first === undefined ? [] : [first]);
  let [edge, steps] = [[...seen], 0];
  for (; edge.length > 0; steps++) {
    edge = edge.flatMap((peer) => [...graph.get(peer)!]).filter((peer) => !seen.has(peer) && seen.add(peer));
  }
  return { count: seen.size, steps };
}

for (const upShare of [1, 0.35]) {
  test(`with ${upShare * 100} % up, who is named names back, nobody has more than two on a ring, and all hear of all`, (t) => {
    const random = createRandom(`rings ${upShare}`);
    for (const count of [2, 65, 200, 1000]) {
      const peers = peersOf(random, count);
      const up = new Set(peers.filter(() => random.fraction() < upShare));
      const graph = neighboursOf(peers, (peer) => up.has(peer));
      for (const [peer, named] of graph) {
        t.true(named.size <= 2 * ringCount);
        for (const other of named) t.true(graph.get(other)!.has(peer), `${count} machines`);
      }
      const { count: heardCount, steps } = reachedFrom(graph);
      t.is(heardCount, up.size);
      t.true(steps <= 8, `${steps} steps among ${count}`);
    }
  });
}

test('a machine that joins or leaves changes the neighbours of a few, and of each of them few', (t) => {
  const peers = peersOf(createRandom('joins'), 500);
  const before = neighboursOf(peers.slice(1), () => true);
  const after = neighboursOf(peers, () => true);
  const changed = [...before].filter(([peer, named]) => {
    const now = after.get(peer)!;
    const differing = [...named].filter((other) => !now.has(other)).length;
    t.true(differing <= 4);
    return differing > 0;
  });
  t.true(changed.length <= 2 * ringCount, `${changed.length} of 499 changed a neighbour`);
});

test('every machine finds the same places, and each ring has another order', (t) => {
  const [a, b] = peersOf(createRandom('places'), 2) as [PeerId, PeerId];
  t.deepEqual(placeOn(new Uint32Array(ringCount), a), placeOn(new Uint32Array(ringCount), a));
  t.is(new Set(placeOn(new Uint32Array(ringCount), a)).size, ringCount);
  t.notDeepEqual(placeOn(new Uint32Array(ringCount), a), placeOn(new Uint32Array(ringCount), b));
});

test('the sides are those that a plain sort finds, also where machines stand close together', (t) => {
  const random = createRandom('sides');
  for (const spread of [2 ** 32, 5000, 3]) {
    const members = peersOf(random, 300).map((peer) => ({
      peer,
      places: Uint32Array.of(random.below(spread), random.below(spread)),
    }));
    const placesOf = new Map(members.map(({ peer, places }) => [peer, places]));
    const placedOn = (places: Uint32Array, peer: PeerId): Uint32Array => {
      places.set(placesOf.get(peer)!);
      return places;
    };
    const [self] = members;
    const peers = members.map(({ peer }) => peer);
    const sides = ringSidesOf(self!.peer, peers, { ringCount: 2, sideLength: 16, placeOn: placedOn });
    for (const [at, side] of sides.entries()) {
      const [ring, direction] = [Math.floor(at / 2), at % 2 === 0 ? 1 : -1];
      const distanceOf = (places: Uint32Array): number =>
        (((direction * (places[ring]! - self!.places[ring]!)) % 2 ** 32) + 2 ** 32) % 2 ** 32;
      const sorted = members
        .slice(1)
        .toSorted((a, b) => distanceOf(a.places) - distanceOf(b.places) || (a.peer < b.peer ? -1 : 1));
      t.deepEqual(
        side,
        sorted.slice(0, 16).map(({ peer }) => peer),
      );
    }
  }
});

test('a machine alone has nobody beside it', (t) => {
  const [a] = peersOf(createRandom('alone'), 1) as [PeerId];
  t.true(ringSidesOf(a, [a], { ringCount, sideLength: 16 }).every((side) => side.length === 0));
});

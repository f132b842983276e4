// What the checks count as being there.

import test from 'ava';
import { Holdings } from '../../agent/simulation/holdings.ts';
import { Platters } from '../../agent/simulation/disk.ts';
import { packId } from '../../agent/units.ts';

const pack = packId('ab'.repeat(32));

/** A disk that has shard 0 of the pack. */
const keeper = (isRevoked: boolean): { platters: Platters; isRevoked: boolean } => {
  const platters = new Platters(1000);
  platters.intactIndexesOf = function* one() {
    yield 0;
  };
  return { platters, isRevoked };
};

test('shards on a machine that was put out are as good as gone', (t) => {
  const holdings = new Holdings();
  const [inside, outside] = [keeper(false), keeper(true)];
  holdings.note(pack, outside);
  t.is(holdings.intactOf(pack).size, 0);
  holdings.note(pack, inside);
  t.deepEqual(holdings.intactOf(pack).get(0), [inside]);
});

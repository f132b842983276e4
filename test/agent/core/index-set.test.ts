import test from 'ava';
import fc from 'fast-check';
import { countBits, IndexSet } from '../../../agent/core/index-set.ts';
import { ShardHolders } from '../../../agent/core/shard-holders.ts';
import { shardCountMax } from '../../../agent/limits.ts';
import type { PeerId } from '../../../agent/units.ts';

const index = fc.integer({ min: 0, max: shardCountMax - 1 });
const step = fc.record({ what: fc.constantFrom('add', 'delete', 'clear'), index });

test('an index set says what a Set of the same steps says, in order', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const [bits, plain] = [new IndexSet(), new Set<number>()];
      for (const { what, index: at } of steps) {
        if (what === 'add') [bits, plain].forEach((set) => set.add(at));
        else if (what === 'delete') t.is(bits.delete(at), plain.delete(at));
        else [bits, plain].forEach((set) => set.clear());
        t.is(bits.size, plain.size);
        t.is(bits.has(at), plain.has(at));
      }
      t.deepEqual(
        [...bits],
        [...plain].toSorted((a, b) => a - b),
      );
    }),
  );
});

test('what is no index of a shard is in no set, and none takes it', (t) => {
  const all = new IndexSet();
  for (let at = 0; at < shardCountMax; at++) all.add(at);
  t.is(all.size, shardCountMax);
  for (const wrong of [-1, shardCountMax, 0.5, Number.NaN]) {
    t.false(all.has(wrong));
    t.false(all.delete(wrong));
    t.throws(() => all.add(wrong), { instanceOf: RangeError });
  }
});

const peers = ['a', 'b', 'c'] as readonly string[] as readonly PeerId[];
const word = fc.record({
  what: fc.constantFrom('add', 'delete', 'delete all'),
  index: fc.integer({ min: 0, max: 5 }),
  peer: fc.constantFrom(...peers),
});

test('holders say what a list of words says', (t) => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 60 }), (words) => {
      const holders = new ShardHolders();
      let plain: { readonly index: number; readonly peer: PeerId }[] = [];
      const knows = (at: number, who: PeerId): boolean =>
        plain.some((one) => one.index === at && one.peer === who);
      for (const { what, index: at, peer } of words) {
        if (what === 'add') {
          t.is(holders.add(at, peer), !knows(at, peer));
          if (!knows(at, peer)) plain.push({ index: at, peer });
        } else {
          holders.delete(peer, what === 'delete' ? at : undefined);
          plain = plain.filter((one) => one.peer !== peer || (what === 'delete' && one.index !== at));
        }
        t.is(holders.has(at, peer), knows(at, peer));
        t.is(
          holders.hasPeer(peer),
          plain.some((one) => one.peer === peer),
        );
        t.is(holders.size, plain.length);
        t.deepEqual(
          holders.of(at),
          plain.filter((one) => one.index === at).map((one) => one.peer),
        );
        t.deepEqual(
          holders.indexesOf(peer),
          plain.filter((one) => one.peer === peer).map((one) => one.index),
        );
      }
      const isCounted = (who: PeerId): boolean => who !== 'b';
      t.is(
        countBits(holders.bitsOf(isCounted)),
        new Set(plain.filter((one) => isCounted(one.peer)).map((one) => one.index)).size,
      );
      t.deepEqual(
        [...holders],
        plain.map((one) => [one.index, one.peer] as const),
      );
    }),
  );
});

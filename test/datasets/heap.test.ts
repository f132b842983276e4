// A heap against a list that is sorted each time.

import test from 'ava';
import fc from 'fast-check';
import { Heap } from '../../datasets/index.ts';

test('what comes out is always what comes before all others', (t) => {
  const action = fc.option(fc.integer({ min: 0, max: 20 }), { nil: 'pop' as const });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const heap = new Heap<number>((a, b) => a < b);
      let listed: readonly number[] = [];
      for (const one of actions) {
        if (one === 'pop') {
          t.is(heap.pop(), listed[0]);
          listed = listed.slice(1);
        } else {
          heap.push(one);
          listed = [...listed, one].toSorted((a, b) => a - b);
        }
        t.is(heap.first, listed[0]);
        t.is(heap.size, listed.length);
      }
    }),
  );
});

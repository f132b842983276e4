// What people are told of the difference between two plans.

import test from 'ava';
import { repairCountOf } from '../../optimizer/index.ts';

test('a slot of a machine that may hold nothing any more is repaired, one of nobody or of a holder is not', (t) => {
  const changes = [
    { group: 'g', slot: 0, from: 'gone', to: 'b' },
    { group: 'g', slot: 1, from: 'a', to: 'b' },
    { group: 'h', slot: 0, to: 'b' },
    { group: 'h', slot: 1, from: 'gone' },
  ];
  t.is(repairCountOf(changes, new Set(['a', 'b'])), 2);
});

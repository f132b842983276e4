// What machines are taken to give when a plan is computed.

import test from 'ava';
import { giversFrom } from '../../agent/live/planner.ts';
import { peerId } from '../../agent/units.ts';
import { gibibyte } from '../../datasets/index.ts';

const machines = ['liar', 'small', 'usual', 'new'].map(peerId);
const [liar, small, usual, fresh] = machines as [
  ReturnType<typeof peerId>,
  ReturnType<typeof peerId>,
  ReturnType<typeof peerId>,
  ReturnType<typeof peerId>,
];
const gives = (quotaBytes: number) => ({ quotaBytes, freeBytes: gibibyte, attributes: {} });

test('what one machine claims to give says nothing about one that has said nothing', (t) => {
  const said = new Map([
    [liar, gives(Number.MAX_SAFE_INTEGER)],
    [small, gives(gibibyte)],
    [usual, gives(2 * gibibyte)],
  ]);
  const givers = new Map(giversFrom(machines, said).map(({ machine, quotaBytes }) => [machine, quotaBytes]));
  t.is(givers.get(fresh), 2 * gibibyte);
  t.is(givers.get(small), gibibyte);
  t.is(giversFrom([fresh], said)[0]?.quotaBytes, 1);
});

// Deletions, and machines that were off while they waited.

import test from 'ava';
import { bytesOfHex } from '../../../agent/codec/index.ts';
import { wipeWaitMsMin } from '../../../agent/limits.ts';
import { days, hours } from '../../../datasets/index.ts';
import { batchOf } from './fleet-of-four.ts';
import {
  adminTwo,
  adminOne,
  after,
  agreement,
  ask,
  asking,
  drive,
  first,
  founded,
  hear,
  owner,
  packOf,
  said,
  second,
  tickOnce,
  wipe,
  word,
} from './two-admins.ts';

test('a machine that was off while a deletion was stopped frees nothing before it can have heard of that', (t) => {
  const asleep = founded([packOf(1)]);
  hear(asleep, ask, 0);
  hear(asleep, agreement, 0);
  tickOnce(asleep, hours(1));
  // It wakes when the time is over, and hears the word an hour and a half later.
  const wakesMs = wipeWaitMsMin + days(2);
  for (const hour of [0, 1]) t.deepEqual(tickOnce(asleep, wakesMs + hours(hour)), []);
  t.is(asleep.wipes.viewOf(wipe, after(wakesMs))?.state, 'due');
  hear(asleep, batchOf(second, [said(adminTwo, word('stop'))], 2), wakesMs + hours(1.5));
  for (let hour = 2; hour < 30; hour++) t.deepEqual(tickOnce(asleep, wakesMs + hours(hour)), []);
});

test('a machine that is awake for two hours frees what nobody stopped', (t) => {
  const core = founded([packOf(1)]);
  hear(core, ask, 0);
  hear(core, agreement, 0);
  const wakesMs = wipeWaitMsMin + days(2);
  const freedAfter = Array.from({ length: 6 }, (_, hour) => tickOnce(core, wakesMs + hours(hour)).length);
  t.deepEqual(freedAfter, [0, 0, 1, 0, 0, 0]);
});

test('a machine that was off hastens nothing either before it can have heard that somebody stopped it', (t) => {
  const packs = bytesOfHex(packOf(1).pack);
  const core = founded([packOf(1), packOf(2)]);
  hear(core, batchOf(owner, [{ kind: 'forget', drive, snapshots: new Uint8Array(), packs }], 0), 0);
  hear(core, batchOf(first, [said(adminOne, asking('given up'))], 1), hours(1));
  hear(core, agreement, hours(1));
  tickOnce(core, hours(2));
  const wakesMs = wipeWaitMsMin + days(2);
  const freedAfter = Array.from({ length: 4 }, (_, hour) => tickOnce(core, wakesMs + hours(hour)).length);
  t.deepEqual(freedAfter, [0, 0, 1, 0]);

  const asleep = founded([packOf(1), packOf(2)]);
  hear(asleep, batchOf(owner, [{ kind: 'forget', drive, snapshots: new Uint8Array(), packs }], 0), 0);
  hear(asleep, batchOf(first, [said(adminOne, asking('given up'))], 1), hours(1));
  hear(asleep, agreement, hours(1));
  tickOnce(asleep, hours(2));
  for (const hour of [0, 1]) t.deepEqual(tickOnce(asleep, wakesMs + hours(hour)), []);
  hear(asleep, batchOf(second, [said(adminTwo, word('stop'))], 2), wakesMs + hours(1.5));
  for (let hour = 2; hour < 24; hour++) t.deepEqual(tickOnce(asleep, wakesMs + hours(hour)), []);
});

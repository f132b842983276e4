// What waits for a receiver: order, waits, what is given up.

import test from 'ava';
import fc from 'fast-check';
import { hours, minutes, type UnixMs, unixMs } from '../../../datasets/index.ts';
import { alertAgeMsMax, alertRetryMsMax, alertRetryMsMin, queuedAlertsMax } from '../../../agent/limits.ts';
import type { Alert } from '../../../agent/live/alerts/alert.ts';
import { AlertQueue } from '../../../agent/live/alerts/alert-queue.ts';

const start = unixMs(Date.UTC(2026, 10, 23, 12));
const after = (ms: number): UnixMs => unixMs(start + ms);
const alert = (id: string, atMs: UnixMs = start): Alert => ({
  id,
  kind: 'problems',
  atMs,
  fleet: 'f',
  machine: 'm',
  peer: 'p',
  changes: [],
});

test('an alert is tried at once, and what came after it waits for it', (t) => {
  const queue = new AlertQueue();
  queue.push(alert('one'), start);
  queue.push(alert('two'), start);
  t.is(queue.due(start)?.id, 'one');
  queue.failed('one', { reason: 'down', now: start, fraction: 0.5 });
  t.is(queue.due(start), undefined);
  t.is(queue.due(after(alertRetryMsMin))?.id, 'one');
  queue.delivered('one');
  t.is(queue.due(after(alertRetryMsMin))?.id, 'two');
});

test('waits double up to an hour, spread by a quarter', (t) => {
  fc.assert(
    fc.property(fc.nat(20), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, fraction) => {
      const queue = new AlertQueue();
      queue.push(alert('one'), start);
      for (let count = 0; count <= failures; count++)
        queue.failed('one', { reason: 'down', now: start, fraction });
      const wait = Math.min(alertRetryMsMax, alertRetryMsMin * 2 ** failures);
      const { nextMs } = queue.queued[0]!;
      return nextMs >= after(0.74 * wait) && nextMs <= after(1.26 * wait);
    }),
  );
  t.pass();
});

test('beyond its limit the oldest are given up and counted, until one comes through', (t) => {
  const queue = new AlertQueue();
  for (let count = 0; count < queuedAlertsMax + 7; count++) queue.push(alert(`${count}`), start);
  t.is(queue.queued.length, queuedAlertsMax);
  t.is(queue.lostCount, 7);
  t.is(queue.due(start)?.id, '7');
  queue.delivered('7');
  t.is(queue.lostCount, 0);
});

test('after a day an alert is no news and is given up', (t) => {
  const queue = new AlertQueue();
  queue.push(alert('old'), start);
  queue.push(alert('new', after(hours(20))), after(hours(20)));
  t.is(queue.due(after(alertAgeMsMax + 1))?.id, 'new');
  t.is(queue.lostCount, 1);
});

test('a receiver fails since its first failure, until it takes something', (t) => {
  const queue = new AlertQueue();
  queue.push(alert('one'), start);
  queue.failed('one', { reason: 'down', now: start, fraction: 0 });
  queue.failed('one', { reason: 'still down', now: after(minutes(9)), fraction: 0 });
  t.deepEqual(queue.failure, { reason: 'still down', sinceMs: start });
  queue.delivered('one');
  t.is(queue.failure, undefined);
});

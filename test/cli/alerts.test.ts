// What a test alert says when nobody gets it, and what is said of who is told when.

import test from 'ava';
import { alertsText, assertDelivered } from '../../cli/commands/alerts.ts';

test('a test that nobody is sent is a failure with advice, not a success', (t) => {
  t.throws(() => assertDelivered([]), { code: 'alert-nobody' });
  t.throws(() => assertDelivered([{ channel: 'mail', failure: 'refused' }]), { code: 'alert-undelivered' });
  t.notThrows(() => assertDelivered([{ channel: 'webhook' }]));
});

test('whoever sets a short span reads that machines may be off for a night', (t) => {
  const webhook = 'http://127.0.0.1:9001/…';
  const text = alertsText({ webhook, level: 'warning', settleMs: 20_000, receivers: [] });
  t.regex(
    text,
    /stood for 20\.0 s and once when it is over\. What cannot be restored only because .* after 26 h/u,
  );
});

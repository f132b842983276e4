// What a test alert says when nobody gets it.

import test from 'ava';
import { assertDelivered } from '../../cli/commands/alerts.ts';

test('a test that nobody is sent is a failure with advice, not a success', (t) => {
  t.throws(() => assertDelivered([]), { code: 'alert-nobody' });
  t.throws(() => assertDelivered([{ channel: 'mail', failure: 'refused' }]), { code: 'alert-undelivered' });
  t.notThrows(() => assertDelivered([{ channel: 'webhook' }]));
});

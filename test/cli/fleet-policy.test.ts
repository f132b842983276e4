// What the fleet's policy means, in words, and what it refuses.

import test from 'ava';
import { parseSilenceMs, policyText } from '../../cli/commands/fleet-policy.ts';
import { days, hours, seconds } from '../../datasets/index.ts';

const policy = {
  holderSilenceMs: hours(90),
  planMode: 'automatic',
  holdMoveShare: 0.5,
  target: { share: 0.999, hours: 'business' },
} as const;

test('the silence after which a holder is replaced is told as it was set', (t) => {
  t.regex(policyText(policy, 12), /after 90 h of silence/u);
  t.regex(policyText({ ...policy, holderSilenceMs: hours(72) }, 12), /after 3 days of silence/u);
});

test('a silence that every sleeping machine reaches is refused, with advice', (t) => {
  for (const text of ['1s', '0s', '59m'])
    t.regex(t.throws(() => parseSilenceMs(text), { code: 'policy-refused' })?.message ?? '', /sleeps/u);
  t.is(parseSilenceMs('1h'), hours(1));
});

test('a fleet on trial may wait for less, down to what it says', (t) => {
  t.is(parseSilenceMs('4s', seconds(1)), seconds(4));
  t.regex(t.throws(() => parseSilenceMs('0.5s', seconds(1)))?.message ?? '', /sleeps/u);
  t.throws(() => parseSilenceMs('100000d', seconds(1)), { code: 'policy-refused' });
});

test('a silence that no repair could wait for is refused, with advice', (t) => {
  for (const text of ['91d', '100000d'])
    t.regex(t.throws(() => parseSilenceMs(text), { code: 'policy-refused' })?.message ?? '', /no repair/u);
  t.is(parseSilenceMs('90d'), days(90));
});

test('which plans wait is told by the mode, with what does not count', (t) => {
  t.regex(policyText(policy, 12), /automatic mode.*more than 50 % .* at least 64\.0 GiB.*that is repair/u);
  t.notRegex(policyText({ ...policy, holdMoveShare: 0 }, 12), /at least/u);
  const review = policyText({ ...policy, planMode: 'review' }, 12);
  t.regex(review, /Every plan after the first waits/u);
  t.notRegex(review, /of all bytes/u);
});

test('a fleet that is too small for a target is told from when on it counts', (t) => {
  t.regex(policyText(policy, 12), /are chosen for 99\.9 % of packs within reach in business hours\./u);
  // Odds of a fleet that nobody has watched choose nothing.
  t.regex(
    policyText(policy, 12),
    /\. Until there are two weeks of history, the number of machines decides\./u,
  );
  const small = policyText(policy, 11);
  t.regex(
    small,
    /follow from the number of machines, 11: the target, 99\.9 % .* counts from 12 machines on/u,
  );
  t.notRegex(small, /are chosen for/u);
});

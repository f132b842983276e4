// With whom a holder draws a leaf, how often, and for how long it remembers that.

import test from 'ava';
import { OfferedDraws, sealOfPart } from '../../../agent/core/audit-draws.ts';
import { auditAnswerMsMax, auditDrawsMax } from '../../../agent/limits.ts';
import { packId } from '../../../agent/units.ts';
import { unixMs } from '../../../datasets/index.ts';
import { machines, startMs } from './fleet-of-four.ts';

const [, { peer: asker }] = machines;
const part = '1'.repeat(32);
const offer = { pack: packId('ab'.repeat(32)), index: 1, seal: sealOfPart(part) };
const own = (ms: number) => ({ holderPart: '2'.repeat(32), now: unixMs(startMs + ms) });

test('who draws again and again for one pack is not heard, until the first of it is forgotten', (t) => {
  const draws = new OfferedDraws();
  for (let count = 0; count < auditDrawsMax; count++) t.true(draws.take(asker, offer, own(count)));
  t.false(draws.take(asker, offer, own(auditAnswerMsMax - 1)));
  t.true(draws.take(asker, offer, own(auditAnswerMsMax)));
});

test('who asks once in a while is heard each time, also by a clock that was set back', (t) => {
  const draws = new OfferedDraws();
  for (let count = 0; count < 3 * auditDrawsMax; count++)
    t.true(draws.take(asker, offer, own(count * auditAnswerMsMax)));
  t.true(draws.take(asker, offer, own(0)));
});

test('the part of a holder is told once, to whoever shows what it had sealed', (t) => {
  const draws = new OfferedDraws();
  const opening = { pack: offer.pack, index: offer.index, part };
  draws.take(asker, offer, own(0));
  t.is(draws.open(asker, { ...opening, part: '3'.repeat(32) }), undefined);
  t.is(draws.open(asker, opening), '2'.repeat(32));
  t.is(draws.open(asker, opening), undefined);
});

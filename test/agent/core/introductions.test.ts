// A machine whose admin was lost before its log came anywhere is introduced by those that met it.

import test from 'ava';
import { type MachineKey, openStatement } from '../../../agent/codec/index.ts';
import type { Effects } from '../../../agent/core/index.ts';
import { Introductions } from '../../../agent/core/introductions.ts';
import { hours, minutes, unixMs } from '../../../datasets/index.ts';
import { batchOf, certificateOf, fleet, machines, membershipOf, startMs } from './fleet-of-four.ts';

const [self, admin, met, friend] = machines;
const shown = certificateOf(met);
const recordOf = (key: MachineKey) => ({ kind: 'statement', bytes: certificateOf(key) }) as const;
const record = recordOf(met);

/** A machine that knows the admin by its log, and another one by what it showed; that one is connected, if not others. */
function whoMetIt(first = self, connected: readonly MachineKey[] = [met]) {
  const membership = membershipOf(first);
  const introductions = new Introductions(membership, () => 0.5);
  const known = [recordOf(admin), recordOf(self)];
  membership.handle({ kind: 'batchStored', batch: batchOf(admin, known), now: startMs });
  const opened = openStatement(shown, fleet);
  if (opened.ok) membership.learnSigned(opened.value, startMs);
  for (const { peer } of connected) membership.handle({ kind: 'connected', peer, now: startMs });
  const ticksUntil = (ms: number): Effects => {
    const effects = [];
    for (let at = 0; at <= ms; at += minutes(1))
      effects.push(...introductions.handle({ kind: 'tick', now: unixMs(startMs + at) }));
    return effects;
  };
  return { membership, ticksUntil };
}

test('a certificate that no log tells of is written into the own log, after a while and once', (t) => {
  const { membership, ticksUntil } = whoMetIt();
  t.deepEqual(ticksUntil(minutes(25)), []);
  const effects = ticksUntil(hours(1));
  t.deepEqual(effects[0], { kind: 'appendRecords', stream: 'facts', records: [record] });
  membership.handle({ kind: 'batchStored', batch: batchOf(self, [record]), now: startMs });
  t.deepEqual(ticksUntil(hours(9)), []);
});

test('where the log of its admin comes in time nobody introduces it', (t) => {
  const { membership, ticksUntil } = whoMetIt();
  ticksUntil(minutes(10));
  membership.handle({ kind: 'batchStored', batch: batchOf(admin, [record]), now: startMs });
  t.deepEqual(ticksUntil(hours(9)), []);
});

test('who is alone waits, and nobody introduces itself', (t) => {
  t.deepEqual(whoMetIt(self, []).ticksUntil(hours(9)), []);
  t.deepEqual(whoMetIt(met, [admin]).ticksUntil(hours(9)), []);
});

test('two that only tell of each other are introduced, though both stand in a log', (t) => {
  const { membership, ticksUntil } = whoMetIt();
  for (const [author, told] of [[met, friend] as const, [friend, met] as const])
    membership.handle({ kind: 'batchStored', batch: batchOf(author, [recordOf(told)]), now: startMs });
  const introduced = ticksUntil(hours(1)).flatMap((effect) =>
    effect.kind === 'appendRecords' ? effect.records : [],
  );
  t.deepEqual(new Set(introduced), new Set([record, recordOf(friend)]));
  membership.handle({ kind: 'batchStored', batch: batchOf(self, [record]), now: startMs });
  t.deepEqual(ticksUntil(hours(9)), [], 'whoever stands in the log of one that is introduced is known by it');
});

test('who would not be known itself introduces nobody', (t) => {
  t.deepEqual(whoMetIt(friend).ticksUntil(hours(9)), []);
});

test('what a later batch of its own log says of a machine is read by those only who know it', (t) => {
  const { membership, ticksUntil } = whoMetIt();
  const later = { ...batchOf(met, [record]), sequence: 3 };
  membership.handle({ kind: 'batchStored', batch: later, now: startMs });
  t.is(ticksUntil(hours(1)).length, 1);
});

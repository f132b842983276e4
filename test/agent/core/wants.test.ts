import test from 'ava';
import { Wants } from '../../../agent/core/wants.ts';
import { packId } from '../../../agent/units.ts';
import { hours, minutes, seconds, unixMs } from '../../../datasets/index.ts';
import { startMs } from './fleet-of-four.ts';

test('when the clock is set back by hours what is wanted is due at once', (t) => {
  const wants = new Wants();
  const pack = packId('a'.repeat(64));
  const dueAt = (ms: number): number => wants.due(() => 1, unixMs(startMs + ms)).length;
  wants.begin(pack, unixMs(startMs + hours(5)));
  t.is(dueAt(hours(5)), 1);
  wants.get(pack)!.notBeforeMs = startMs + hours(5) + minutes(1);
  t.is(dueAt(hours(5) + seconds(1)), 0);
  t.is(dueAt(seconds(1)), 1);
});

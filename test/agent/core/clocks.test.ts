// Whose clock is said to be wrong, and by how much: another one's, or the one here.

import test from 'ava';
import { type MachineKey, noBatchHash, signBatch } from '../../../agent/codec/index.ts';
import { Clocks } from '../../../agent/core/clocks.ts';
import type { CoreEvent } from '../../../agent/core/events.ts';
import { days, hours, minutes, unixMs } from '../../../datasets/index.ts';
import { batchOf, certificatesOf, machines, membershipOf, startMs, tellMachines } from './fleet-of-four.ts';

const [self, second, third, fourth] = machines;
const others = [second, third, fourth];

const row = { kind: 'telemetry', origin: 'collected', rows: [] } as const;

/** Of `self`, with all others connected. */
function clocksOf() {
  const membership = membershipOf(self);
  const clocks = new Clocks(membership);
  const tellAll = (event: CoreEvent) => tellMachines([membership, clocks], event);
  tellAll({ kind: 'started', stored: [], staged: [], heard: [], now: startMs });
  tellAll({ kind: 'batchStored', batch: batchOf(self, certificatesOf(machines)), now: startMs });
  for (const { peer } of others) tellAll({ kind: 'connected', peer, now: startMs });
  let sequence = 1;
  /** A word that is heard so long after the start, with a date that is `leadMs` from then. */
  const say = (key: MachineKey, ms: number, leadMs: number): void => {
    const now = unixMs(startMs + ms);
    const batch = signBatch({
      key,
      stream: 'telemetry',
      sequence: sequence++,
      previous: noBatchHash,
      atMs: unixMs(now + leadMs),
      records: [row],
    });
    tellAll({ kind: 'batchStored', batch, now });
  };
  const tick = (ms: number): void => void tellAll({ kind: 'tick', now: unixMs(startMs + ms) });
  const wrongBy = (key: MachineKey, ms: number) => clocks.wrong(unixMs(startMs + ms)).get(key.peer);
  return { say, tick, wrongBy, tellAll };
}

/** Each hour up to `untilMs` a word of each of the others, and ticks between. */
function live(
  { say, tick }: ReturnType<typeof clocksOf>,
  untilMs: number,
  leadOf: (key: MachineKey) => number,
): void {
  for (let ms = 0; ms <= untilMs; ms += minutes(5)) {
    tick(ms);
    if (ms % hours(1) === 0) for (const key of others) say(key, ms, leadOf(key));
  }
}

test('clocks that are right within minutes are said of nobody', (t) => {
  const clocks = clocksOf();
  live(clocks, hours(6), (key) => (key === second ? minutes(9) : -minutes(50)));
  for (const key of machines) t.is(clocks.wrongBy(key, hours(6)), undefined);
});

test('a machine whose words come before they are written has a clock that is ahead, until it writes with another', (t) => {
  const clocks = clocksOf();
  live(clocks, hours(2), (key) => (key === third ? days(3) : -1000));
  t.is(clocks.wrongBy(third, hours(2)), days(3));
  for (const key of [self, second, fourth]) t.is(clocks.wrongBy(key, hours(2)), undefined);
  clocks.say(third, hours(2) + 1, -500);
  t.is(clocks.wrongBy(third, hours(2) + 1), undefined);
});

test('where one of two is ahead nobody takes its own clock for wrong', (t) => {
  const clocks = clocksOf();
  clocks.tick(0);
  clocks.say(second, 0, hours(2));
  clocks.say(third, 0, -1000);
  t.is(clocks.wrongBy(self, 1), undefined);
  t.is(clocks.wrongBy(second, 1), hours(2));
});

test('where most are ahead the clock here is behind, and nothing is said of them', (t) => {
  const clocks = clocksOf();
  live(clocks, hours(1), (key) => (key === fourth ? -1000 : hours(2)));
  t.is(clocks.wrongBy(self, hours(1)), -hours(2));
  for (const key of others) t.is(clocks.wrongBy(key, hours(1)), undefined);
});

test('where all words come late for hours the clock here is ahead', (t) => {
  const clocks = clocksOf();
  live(clocks, hours(1), () => -days(3));
  t.is(clocks.wrongBy(self, hours(1)), undefined, 'they may have been under way');
  live(clocks, hours(4), () => -days(3));
  t.is(clocks.wrongBy(self, hours(4)), days(3));
});

test('old words that come together, newest last, say nothing of any clock', (t) => {
  const clocks = clocksOf();
  for (let ms = 0; ms <= hours(5); ms += minutes(5)) {
    clocks.tick(ms);
    if (ms % hours(1) !== 0) continue;
    for (const key of others) for (const lateMs of [days(5), days(1), 1000]) clocks.say(key, ms, -lateMs);
    for (const key of machines) t.is(clocks.wrongBy(key, ms), undefined);
    // More of them later, of another stream.
    for (const key of others) clocks.say(key, ms, -days(2));
    for (const key of machines) t.is(clocks.wrongBy(key, ms), undefined);
  }
});

test('one other machine is no witness, nor are those that are not up', (t) => {
  const clocks = clocksOf();
  for (const { peer } of [third, fourth]) clocks.tellAll({ kind: 'disconnected', peer, now: startMs });
  live(clocks, hours(4), () => -days(3));
  t.is(clocks.wrongBy(self, hours(4)), undefined);
});

test('when the clock here was set, or the machine slept, what was heard before is forgotten', (t) => {
  const clocks = clocksOf();
  live(clocks, hours(1), () => hours(2));
  t.is(clocks.wrongBy(self, hours(1)), -hours(2));
  clocks.tick(hours(3));
  t.is(clocks.wrongBy(self, hours(3)), undefined);
});

test('what the own disk says of the past is no word that was heard now', (t) => {
  const clocks = clocksOf();
  clocks.tellAll({ kind: 'started', stored: [], staged: [], heard: [], now: startMs });
  clocks.say(second, 0, days(3));
  t.is(clocks.wrongBy(second, 0), undefined);
});

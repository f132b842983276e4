// Whom the others tell of: owners that fell silent, and owners that speak and save nothing.

import test from 'ava';
import { type AgentRecord, type MachineKey, noBatchHash, signBatch } from '../../../agent/codec/index.ts';
import { Catalogue } from '../../../agent/core/catalogue.ts';
import type { CoreEvent } from '../../../agent/core/events.ts';
import { Vigil } from '../../../agent/core/vigil.ts';
import { ownerSilenceMsMax, ownerSilenceMsMin, savedAgeMsMax, vigilSettleMs } from '../../../agent/limits.ts';
import { driveId } from '../../../agent/units.ts';
import { days, hours, minutes, unixMs } from '../../../datasets/index.ts';
import {
  batchOf,
  certificatesOf,
  headOf,
  machines,
  membershipOf,
  revocationOf,
  startMs,
  tellMachines,
} from './fleet-of-four.ts';

const [self, second, third, fourth] = machines;
const driveOf = (key: MachineKey) => driveId(String(machines.indexOf(key)).repeat(32));

const row = { kind: 'telemetry', origin: 'collected', rows: [] } as const;

function vigilOf() {
  const membership = membershipOf(self);
  const catalogue = new Catalogue();
  const vigil = new Vigil(membership, catalogue);
  const tellAll = (event: CoreEvent) => tellMachines([membership, catalogue, vigil], event);
  tellAll({ kind: 'started', stored: [], staged: [], heard: [], now: unixMs(startMs - vigilSettleMs) });
  const statements = certificatesOf(machines);
  tellAll({ kind: 'batchStored', batch: batchOf(self, statements), now: startMs });
  tellAll({ kind: 'tick', now: startMs });
  let sequence = 1;
  /** What a machine writes into its log, heard a little later. */
  const say = (key: MachineKey, ms: number, records: readonly AgentRecord[] = [row]) => {
    const stream = records.some(({ kind }) => kind === 'head' || kind === 'drive') ? 'facts' : 'telemetry';
    const atMs = unixMs(startMs + ms);
    const batch = signBatch({ key, stream, sequence: sequence++, previous: noBatchHash, atMs, records });
    tellAll({ kind: 'batchStored', batch, now: unixMs(atMs + minutes(1)) });
  };
  for (const key of machines)
    say(key, 0, [
      { kind: 'drive', drive: driveOf(key), keyEpoch: 1, sealedName: new Uint8Array(), wrappedKeys: [] },
      headOf(driveOf(key)),
    ]);
  /** What it writes while its clock is wrong by `aheadMs`, heard a little later. */
  const sayAhead = (key: MachineKey, ms: number, aheadMs: number): CoreEvent => {
    const atMs = unixMs(startMs + ms + aheadMs);
    const batch = signBatch({
      key,
      stream: 'telemetry',
      sequence: sequence++,
      previous: noBatchHash,
      atMs,
      records: [row],
    });
    const event: CoreEvent = { kind: 'batchStored', batch, now: unixMs(startMs + ms + minutes(1)) };
    tellAll(event);
    return event;
  };
  return { vigil, say, sayAhead, tellAll };
}

/** Everybody but these speaks each hour. */
function speak(say: ReturnType<typeof vigilOf>['say'], spans: readonly [MachineKey, number, number][]): void {
  const words = spans.flatMap(([key, fromMs, toMs]) =>
    Array.from({ length: Math.floor((toMs - fromMs) / hours(8)) + 1 }, (_, at) => ({
      key,
      ms: fromMs + at * hours(8),
    })),
  );
  for (const { key, ms } of words.toSorted((a, b) => a.ms - b.ms)) say(key, ms);
}

test('an owner that says nothing for more than a week is told, with its last word', (t) => {
  const { vigil, say } = vigilOf();
  const untilMs = days(9);
  speak(say, [
    [self, 0, untilMs],
    [second, 0, untilMs],
    [third, 0, untilMs],
    [fourth, 0, days(1)],
  ]);
  t.deepEqual(vigil.silences(unixMs(startMs + days(8) - hours(1))), []);
  const [silence, ...more] = vigil.silences(unixMs(startMs + days(8) + hours(1)));
  t.deepEqual(more, []);
  t.is(silence?.peer, fourth.peer);
  t.is(silence?.sinceMs, unixMs(startMs + days(1)));
  t.is(silence?.allowedMs, ownerSilenceMsMin);
  t.is(silence?.driveCount, 1);
});

test('who wrote while its clock was weeks ahead is missed from when that was heard', (t) => {
  const { vigil, say, sayAhead } = vigilOf();
  sayAhead(fourth, days(1), days(30));
  speak(say, [
    [self, 0, days(9)],
    [second, 0, days(9)],
    [third, 0, days(9)],
  ]);
  t.deepEqual(vigil.silences(unixMs(startMs + days(8) - hours(1))), []);
  const [silence] = vigil.silences(unixMs(startMs + days(8) + hours(1)));
  t.is(silence?.peer, fourth.peer);
  t.is(silence?.sinceMs, unixMs(startMs + days(1) + minutes(1)));
});

test('a word with a date weeks ahead is not heard anew by each start', (t) => {
  const { vigil, say, sayAhead, tellAll } = vigilOf();
  const ahead = sayAhead(fourth, days(1), days(30));
  say(fourth, days(1) + hours(1));
  speak(say, [
    [self, 0, days(9)],
    [second, 0, days(9)],
    [third, 0, days(9)],
  ]);
  const now = unixMs(startMs + days(9));
  tellAll({ kind: 'started', stored: [], staged: [], heard: [], now });
  tellAll({ ...ahead, now });
  tellAll({ kind: 'tick', now });
  const [silence] = vigil.silences(unixMs(now + vigilSettleMs));
  t.is(silence?.peer, fourth.peer);
  t.is(silence?.sinceMs, unixMs(startMs + days(1) + hours(1)));
});

test('an owner that saved while its clock was weeks ahead, and nothing since, is told as if it had saved when that was heard', (t) => {
  const { vigil, say } = vigilOf();
  const ahead = { ...headOf(driveOf(fourth)), atMs: unixMs(startMs + days(31)) };
  say(fourth, days(1), [ahead]);
  for (const key of machines.filter((one) => one !== fourth))
    say(key, days(8), [{ kind: 'saved', drive: driveOf(key), savedMs: unixMs(startMs + days(8)) }]);
  speak(say, [[fourth, days(1), days(8)]]);
  t.deepEqual(vigil.oldDrives(unixMs(startMs + days(8))), [
    { drive: driveOf(fourth), owner: fourth.peer, savedMs: unixMs(startMs + days(1) + minutes(1)) },
  ]);
});

test('that all is saved, said with a date weeks ahead, is not heard anew by each start', (t) => {
  const { vigil, say, tellAll } = vigilOf();
  const records: readonly AgentRecord[] = [
    { kind: 'saved', drive: driveOf(fourth), savedMs: unixMs(startMs + days(31)) },
  ];
  const atMs = unixMs(startMs + days(31));
  const batch = signBatch({
    key: fourth,
    stream: 'telemetry',
    sequence: 900,
    previous: noBatchHash,
    atMs,
    records,
  });
  const now = unixMs(startMs + days(9));
  tellAll({ kind: 'started', stored: [], staged: [], heard: [], now });
  tellAll({ kind: 'batchStored', batch, now });
  tellAll({ kind: 'tick', now });
  for (const key of machines.filter((one) => one !== fourth))
    say(key, days(9), [{ kind: 'saved', drive: driveOf(key), savedMs: unixMs(startMs + days(9)) }]);
  speak(say, [[fourth, days(8), days(9)]]);
  const told = vigil.oldDrives(unixMs(now + vigilSettleMs));
  t.deepEqual(
    told.map(({ owner }) => owner),
    [fourth.peer],
  );
});

test('of whom nothing but words with dates ahead is known, nobody tells right after a start', (t) => {
  const membership = membershipOf(self);
  const catalogue = new Catalogue();
  const vigil = new Vigil(membership, catalogue);
  const now = unixMs(startMs + days(9));
  const tellAll = (event: CoreEvent) => tellMachines([membership, catalogue, vigil], event);
  tellAll({ kind: 'started', stored: [], staged: [], heard: [], now });
  tellAll({ kind: 'batchStored', batch: batchOf(self, certificatesOf(machines)), now });
  for (const key of machines) {
    const atMs = unixMs(startMs + (key === fourth ? days(400) : days(9)));
    const records: readonly AgentRecord[] = [
      { kind: 'drive', drive: driveOf(key), keyEpoch: 1, sealedName: new Uint8Array(), wrappedKeys: [] },
    ];
    const batch = signBatch({ key, stream: 'facts', sequence: 1, previous: noBatchHash, atMs, records });
    tellAll({ kind: 'batchStored', batch, now });
  }
  tellAll({ kind: 'tick', now });
  t.deepEqual(vigil.silences(unixMs(now + vigilSettleMs)), []);
  t.is(vigil.silentSinceMs(fourth.peer, unixMs(now + days(8))), now);
});

test('who is usually away for long may be silent for longer, and not for ever', (t) => {
  const { vigil, say } = vigilOf();
  const pauses: [MachineKey, number, number][] = [
    [fourth, 0, days(1)],
    [fourth, days(11), days(12)],
  ];
  speak(say, [...pauses, [second, 0, days(60)], [third, 0, days(60)]]);
  t.deepEqual(vigil.silences(unixMs(startMs + days(12) + days(14))), [], 'ten days are usual');
  t.is(vigil.silences(unixMs(startMs + days(12) + days(16)))[0]?.peer, fourth.peer);
  t.is(vigil.silences(unixMs(startMs + days(12) + ownerSilenceMsMax + days(1)))[0]?.peer, fourth.peer);
});

test('nobody is told of where most owners are silent, nor right after a start, nor of who was put out', (t) => {
  const { vigil, say, tellAll } = vigilOf();
  speak(say, [[self, 0, days(20)]]);
  t.deepEqual(vigil.silences(unixMs(startMs + days(20))), [], 'a holiday');
  speak(say, [
    [second, days(20), days(30)],
    [third, days(20), days(30)],
  ]);
  const now = unixMs(startMs + days(30));
  t.is(vigil.silences(now).length, 1);
  tellAll({ kind: 'started', stored: [], staged: [], heard: [], now });
  t.deepEqual(vigil.silences(unixMs(now + vigilSettleMs - 1)), []);
  t.is(vigil.silences(unixMs(now + vigilSettleMs)).length, 1);
  const revocation = { kind: 'statement', bytes: revocationOf(fourth) } as const;
  tellAll({ kind: 'batchStored', batch: batchOf(self, [revocation], 900), now });
  t.deepEqual(vigil.silences(unixMs(now + vigilSettleMs)), []);
});

test('an owner that speaks and saves nothing is told; one that says that nothing changed is not', (t) => {
  const { vigil, say } = vigilOf();
  for (let day = 0; day <= 9; day++) {
    for (const key of machines) say(key, days(day));
    for (const key of [self, second, third])
      say(key, days(day), [{ kind: 'saved', drive: driveOf(key), savedMs: unixMs(startMs + days(day)) }]);
    // Nobody speaks for others' drives.
    say(third, days(day), [{ kind: 'saved', drive: driveOf(fourth), savedMs: unixMs(startMs + days(day)) }]);
    say(fourth, days(day) + hours(12));
  }
  const old = vigil.oldDrives(unixMs(startMs + days(9)));
  t.deepEqual(old, [{ drive: driveOf(fourth), owner: fourth.peer, savedMs: startMs }]);
  t.true(days(9) > savedAgeMsMax);
});

test('an owner that comes back after a holiday has some hours to save', (t) => {
  const { vigil, say } = vigilOf();
  speak(say, [[fourth, days(20), days(20) + hours(4)]]);
  t.deepEqual(vigil.oldDrives(unixMs(startMs + days(20) + hours(4))), []);
  speak(say, [[fourth, days(20) + hours(8), days(20) + hours(16)]]);
  t.is(vigil.oldDrives(unixMs(startMs + days(20) + hours(16)))[0]?.owner, fourth.peer);
});

test('an owner says that all is saved once a day, however often it looks', (t) => {
  const { vigil } = vigilOf();
  let said = 0;
  for (let ms = 0; ms < days(3); ms += minutes(30)) {
    const now = unixMs(startMs + ms);
    said += vigil.handle({ kind: 'driveSaved', drive: driveOf(self), savedMs: now, now }).length;
    t.is(vigil.savedMs(driveOf(self)), now);
  }
  t.is(said, 3);
});

test('the silence of a machine counts from its last word, whenever this agent started', (t) => {
  const { vigil, say, tellAll } = vigilOf();
  say(third, hours(1));
  const now = unixMs(startMs + days(5));
  tellAll({ kind: 'tick', now });
  t.is(vigil.silentSinceMs(third.peer, now), unixMs(startMs + hours(1)));
  const started = new Vigil(membershipOf(self), new Catalogue());
  started.handle({ kind: 'started', stored: [], staged: [], heard: [], now });
  t.is(started.silentSinceMs(third.peer, now), undefined, 'what it lacks may be on its way');
});

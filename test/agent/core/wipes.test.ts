import test from 'ava';
import {
  type AdminKey,
  bytesOfHex,
  createAdminKey,
  describePack,
  fleetRootFromSeed,
  type MachineKey,
  type PackDescriptor,
  type RootWord,
  sha256Hex,
  signStatement,
  type Statement,
  type Wipe,
  type WipeWord,
} from '../../../agent/codec/index.ts';
import { AgentCore, type CoreEvent, type Effects, type HeardForget } from '../../../agent/core/index.ts';
import { wipesPerLogMax } from '../../../agent/core/wipes.ts';
import { forgottenGraceMs, wipeWaitMsMin } from '../../../agent/limits.ts';
import { driveId, wipeId } from '../../../agent/units.ts';
import { createRandom, days, hours, type UnixMs, unixMs } from '../../../datasets/index.ts';
import { createStatementOpener } from '../../../agent/simulation/statements.ts';
import { batchOf, machines, startMs } from './fleet-of-four.ts';

const root = fleetRootFromSeed(new Uint8Array(32).fill(11));
const life = { notBeforeMs: startMs, forMs: days(60) };
const [holder, first, second, owner] = machines as [MachineKey, MachineKey, MachineKey, MachineKey];
const drive = driveId('ab'.repeat(16));
const other = driveId('cd'.repeat(16));
const wipe = wipeId('ef'.repeat(16));
const open = createStatementOpener();

const keyOf = (word?: RootWord): AdminKey => createAdminKey(root, life, word);
const said = (by: AdminKey, statement: Statement) => ({
  kind: 'statement' as const,
  bytes: signStatement(by, statement).bytes,
});
const asking = (scope: Wipe['scope'] = 'drive'): Statement => ({
  kind: 'wipe',
  wipe,
  drive,
  scope,
  reason: 'asked for by law',
  atMs: startMs,
});
const word = (which: 'agree' | 'stop', about?: WipeWord['about']): Statement => ({
  kind: 'wipeWord',
  wipe,
  word: which,
  ...(about === undefined ? {} : { about }),
  reason: 'seen',
  atMs: startMs,
});
const certificate = (key: MachineKey): Statement => ({
  kind: 'certificate',
  peer: key.peer,
  name: 'pc',
  roles: ['admin', 'holder'],
  notBeforeMs: startMs,
  notAfterMs: unixMs(startMs + days(50)),
});

const packOf = (byte: number, of = drive): PackDescriptor =>
  describePack(new Uint8Array(100).fill(byte), {
    owner: owner.peer,
    drive: of,
    placementClass: 'small',
    redundancy: { k: 1, n: 3 },
  }).descriptor;

/** A holder with shards of some packs, at the start or after a restart. */
function holderOf(packs: readonly PackDescriptor[], heard: readonly HeardForget[] = []): AgentCore {
  const core = new AgentCore({
    self: holder.peer,
    fleet: root.fleet,
    fraction: () => 0.5,
    openStatement: open,
  });
  const stored = packs.map((descriptor) => ({ place: 'held' as const, descriptor, index: 1 }));
  core.handle({ kind: 'started', stored, staged: [], heard, now: startMs });
  return core;
}

const after = (ms: number): UnixMs => unixMs(startMs + ms);
const tell = (core: AgentCore, event: CoreEvent) =>
  core.handle(event).filter(({ kind }) => kind === 'removeShard' || kind === 'noteForget');
const tickOnce = (core: AgentCore, ms: number) => tell(core, { kind: 'tick', now: after(ms) });
const tickedMs = new WeakMap<AgentCore, number>();

/** A machine that has been awake until then for long enough to free something. */
function tick(core: AgentCore, ms: number): Effects {
  const times = [2, 1, 0].map((hoursBefore) => ms - hours(hoursBefore));
  const left = times.filter((at) => at >= (tickedMs.get(core) ?? Number.NEGATIVE_INFINITY));
  tickedMs.set(core, ms);
  return left.flatMap((at) => tickOnce(core, at));
}

const hear = (core: AgentCore, batch: ReturnType<typeof batchOf>, ms: number) =>
  tell(core, { kind: 'batchStored', batch, now: after(ms) });

const adminOne = keyOf();
const adminTwo = keyOf();
const founding = [
  batchOf(first, [said(adminOne, certificate(first))], 0),
  batchOf(second, [said(adminTwo, certificate(second))], 0),
];
const ask = batchOf(first, [said(adminOne, asking())], 1);
const agreement = batchOf(second, [said(adminTwo, word('agree'))], 1);

function founded(packs: readonly PackDescriptor[], heard: readonly HeardForget[] = []): AgentCore {
  const core = holderOf(packs, heard);
  for (const batch of founding) hear(core, batch, 0);
  return core;
}

test('one admin of two deletes nothing, however long it waits', (t) => {
  const core = founded([packOf(1)]);
  hear(core, ask, 0);
  t.is(core.wipes.viewOf(wipe, startMs)?.state, 'asked');
  for (let day = 0; day < 40; day++) t.deepEqual(tick(core, days(day)), []);
});

test('what enough admins agreed to is freed when the time to stop it is over, and nothing else', (t) => {
  const core = founded([packOf(1), packOf(2, other)]);
  hear(core, ask, 0);
  t.is(hear(core, agreement, days(1))[0]?.kind, 'noteForget');
  const dueMs = days(1) + wipeWaitMsMin;
  t.is(core.wipes.viewOf(wipe, after(dueMs - 1))?.state, 'waiting');
  t.deepEqual(tick(core, dueMs - 1), []);
  t.deepEqual(tick(core, dueMs), [
    { kind: 'removeShard', shard: { place: 'held', pack: packOf(1).pack, index: 1 } },
  ]);
  t.is(core.shelf.heldShards, 1, "the other drive's shard stays");
  const arrival = { descriptor: packOf(3), index: 1 };
  core.shelf.take(packOf(3).pack);
  t.is(core.placeFor(owner.peer, arrival), undefined, 'nothing of the drive comes back');
});

test('any admin stops it until then, also the one who asked', (t) => {
  for (const [by, key] of [
    [first, adminOne],
    [second, adminTwo],
  ] as const) {
    const core = founded([packOf(1)]);
    hear(core, ask, 0);
    hear(core, agreement, 0);
    hear(core, batchOf(by, [said(key, word('stop'))], 2), wipeWaitMsMin - 1);
    t.deepEqual(tick(core, days(30)), []);
    t.is(core.wipes.viewOf(wipe, after(days(30)))?.stoppedBy, sha256Hex(key.key.publicKey));
  }
});

test('the time goes on over a restart from when the last word was heard, and begins anew where that note was lost', (t) => {
  const notes = [
    { author: first.peer, sequence: 1, heardMs: startMs },
    { author: second.peer, sequence: 1, heardMs: after(hours(1)) },
  ];
  for (const [heard, isFreed] of [
    [notes, true],
    [notes.slice(0, 1), false],
  ] as const) {
    const core = founded([packOf(1)], heard);
    const laterMs = wipeWaitMsMin + hours(2);
    for (const batch of [ask, agreement])
      t.deepEqual(hear(core, batch, laterMs).length, heard === notes ? 0 : batch === ask ? 0 : 1);
    t.is(tick(core, laterMs).length, isFreed ? 1 : 0);
  }
});

test('whoever puts the other admins out decides no more alone than before', (t) => {
  const core = founded([packOf(1)]);
  const out: Statement = {
    kind: 'adminRevocation',
    admin: sha256Hex(adminTwo.key.publicKey),
    log: second.peer,
    before: 1,
    reason: 'mine now',
    atMs: startMs,
  };
  hear(core, batchOf(first, [said(adminOne, out)], 1), 0);
  hear(core, batchOf(first, [said(adminOne, asking())], 2), 0);
  t.is(core.wipes.rule.adminCount, 2);
  t.deepEqual(tick(core, days(40)), []);
});

test('an agreement of a key that was put out does not count', (t) => {
  const core = founded([packOf(1)]);
  hear(core, ask, 0);
  hear(core, agreement, 0);
  const out: Statement = {
    kind: 'adminRevocation',
    admin: sha256Hex(adminTwo.key.publicKey),
    log: second.peer,
    before: 1,
    reason: 'stolen',
    atMs: startMs,
  };
  hear(core, batchOf(first, [said(adminOne, out)], 2), days(1));
  t.deepEqual(tick(core, days(40)), []);
});

test('who asks for another drive under an id that others agreed to has nothing freed, in whatever order logs are read', (t) => {
  const third = keyOf();
  const forged = batchOf(holder, [said(adminTwo, { ...(asking() as Wipe), drive: other })], 0);
  const agreed = batchOf(owner, [said(third, word('agree'))], 1);
  const logs = [batchOf(owner, [said(third, certificate(owner))], 0), ask, agreed];
  for (const order of [
    [...logs, forged],
    [forged, ...logs],
  ]) {
    const core = founded([packOf(1), packOf(2, other)]);
    for (const batch of order) hear(core, batch, 0);
    t.deepEqual(tick(core, days(40)), []);
    const view = core.wipes.viewOf(wipe, after(days(40)));
    t.deepEqual([view?.state, view?.agreed.length], ['contradicted', 2]);
    hear(core, batchOf(first, [said(adminOne, word('stop'))], 2), days(40));
    t.is(core.wipes.viewOf(wipe, after(days(40)))?.state, 'stopped');
  }
});

test('when the key that contradicted is put out, what the others agreed to is done', (t) => {
  const third = keyOf({ ended: [{ admin: sha256Hex(adminTwo.key.publicKey), log: second.peer, before: 1 }] });
  const core = founded([packOf(1)]);
  hear(core, batchOf(holder, [said(adminTwo, { ...(asking() as Wipe), drive: other })], 0), 0);
  hear(core, ask, 0);
  hear(core, batchOf(owner, [said(third, certificate(owner)), said(third, word('agree'))], 0), days(1));
  t.is(tick(core, days(1) + wipeWaitMsMin).length, 1);
});

test('a word counts for what it names alone, also where the wish that was meant never comes', (t) => {
  const about = { drive, scope: 'drive' } as const;
  const agreed = batchOf(second, [said(adminTwo, word('agree', about))], 1);
  const forged = batchOf(holder, [said(adminOne, { ...(asking() as Wipe), drive: other })], 0);
  const core = founded([packOf(1), packOf(2, other)]);
  for (const batch of [forged, agreed]) hear(core, batch, 0);
  t.deepEqual(tick(core, days(40)), []);
  t.is(core.wipes.viewOf(wipe, after(days(40)))?.state, 'asked');

  const honest = founded([packOf(1), packOf(2, other)]);
  for (const batch of [agreed, ask]) hear(honest, batch, 0);
  t.is(tick(honest, wipeWaitMsMin).length, 1);
});

test('a flood of wishes by one key keeps nobody else from a deletion, nor its owner from what was asked for before', (t) => {
  const wishes = (by: AdminKey, log: MachineKey) =>
    Array.from({ length: wipesPerLogMax / 64 }, (_, batch) =>
      batchOf(
        log,
        Array.from({ length: 64 }, (__, at) => {
          const id = wipeId((64 * batch + at).toString(16).padStart(32, log === holder ? 'a' : 'b'));
          return said(by, { ...(asking() as Wipe), wipe: id });
        }),
        2 + batch,
      ),
    );
  const core = founded([packOf(1)]);
  const flood = [...wishes(adminOne, holder), ...wishes(adminTwo, second), ...wishes(adminTwo, holder)];
  for (const batch of flood) hear(core, batch, 0);
  hear(core, ask, 0);
  hear(core, batchOf(owner, [said(adminTwo, word('agree'))], 0), 0);
  t.is(tick(core, wipeWaitMsMin).length, 1);
  t.true(core.wipes.views(startMs).length <= 3 * wipesPerLogMax + 1);
});

test('the only admin of a fleet is enough, after the same time', (t) => {
  const core = holderOf([packOf(1)]);
  hear(core, founding[0]!, 0);
  hear(core, ask, 0);
  t.deepEqual(tick(core, wipeWaitMsMin - 1), []);
  t.is(tick(core, wipeWaitMsMin).length, 1);
});

test('a rule of an admin raises how many and how long, and never lowers it; the root says what it raises', (t) => {
  const rule = (adminCount: number, waitMs: number): Statement => ({
    kind: 'wipeRule',
    adminCount,
    waitMs,
    atMs: startMs,
  });
  const core = founded([]);
  hear(core, batchOf(first, [said(adminOne, rule(1, 0))], 1), 0);
  t.deepEqual(core.wipes.rule, { adminCount: 2, wantedCount: 2, waitMs: wipeWaitMsMin });
  hear(core, batchOf(first, [said(adminOne, rule(9, days(7)))], 2), 0);
  t.deepEqual(core.wipes.rule, { adminCount: 2, wantedCount: 9, waitMs: days(7) }, 'no more than there are');
  const kit = keyOf({ ended: [], wipeRule: { adminCount: 3, waitMs: hours(1), atMs: startMs } });
  hear(core, batchOf(owner, [said(kit, certificate(owner))], 0), 0);
  t.deepEqual(core.wipes.rule, { adminCount: 3, wantedCount: 9, waitMs: days(7) });
});

test('what was carried out stays so, whoever becomes an admin afterwards and whatever rule is made, also over a restart', (t) => {
  const alone = keyOf();
  const wish = batchOf(first, [said(alone, asking())], 1);
  const dueMs = wipeWaitMsMin;
  const later = createAdminKey(root, { notBeforeMs: unixMs(startMs + dueMs), forMs: days(60) });
  const soon = createAdminKey(root, { notBeforeMs: unixMs(startMs + dueMs - days(2)), forMs: days(60) });
  const rule: Statement = {
    kind: 'wipeRule',
    adminCount: 1,
    waitMs: days(30),
    atMs: unixMs(startMs + dueMs + 1),
  };
  const words = (by: AdminKey) => [
    batchOf(second, [said(by, certificate(second))], 0),
    batchOf(first, [said(alone, rule)], 2),
  ];
  const core = holderOf([packOf(1)]);
  hear(core, batchOf(first, [said(alone, certificate(first))], 0), 0);
  hear(core, wish, 0);
  t.is(tick(core, dueMs).length, 1);
  for (const batch of words(later)) hear(core, batch, days(10));
  tick(core, days(11));
  t.is(core.wipes.viewOf(wipe, unixMs(startMs + days(11)))?.state, 'due');
  t.true(core.shelf.wiped.has(drive));

  const again = holderOf([]);
  for (const batch of [...words(later), batchOf(first, [said(alone, certificate(first))], 0), wish])
    hear(again, batch, 0);
  t.is(again.wipes.viewOf(wipe, unixMs(startMs + days(11)))?.state, 'due');

  const inTime = holderOf([packOf(1)]);
  hear(inTime, batchOf(first, [said(alone, certificate(first))], 0), 0);
  hear(inTime, wish, 0);
  for (const batch of words(soon)) hear(inTime, batch, days(1));
  t.deepEqual(tick(inTime, days(20)), [], 'there were two before its time was over');
});

test('what an owner gave up before is freed early by admins, and what it gives up later waits its week', (t) => {
  const core = founded([packOf(1), packOf(2), packOf(3)]);
  const giveUp = (pack: PackDescriptor, sequence: number) =>
    batchOf(
      owner,
      [{ kind: 'forget', drive, snapshots: new Uint8Array(), packs: bytesOfHex(pack.pack) }],
      sequence,
    );
  hear(core, giveUp(packOf(1), 0), 0);
  hear(core, batchOf(first, [said(adminOne, asking('given up'))], 1), hours(1));
  hear(core, agreement, hours(1));
  hear(core, giveUp(packOf(2), 1), hours(2));
  t.is(tick(core, hours(1) + wipeWaitMsMin).length, 1);
  t.deepEqual([...core.shelf.packs.keys()].toSorted(), [packOf(2).pack, packOf(3).pack].toSorted());
  t.deepEqual(tick(core, forgottenGraceMs), []);
  t.is(tick(core, forgottenGraceMs + hours(4)).length, 1);
  t.is(core.shelf.heldShards, 1, 'what nobody gave up stays');
});

test('whatever admins say and in whatever order it is heard, nothing is freed without a quorum that stood long enough', (t) => {
  const random = createRandom(3).fork('wipes');
  const pick = (count: number): number => Math.floor(random.fraction() * count);
  let freedCount = 0;
  for (let round = 0; round < 150; round++) {
    const core = founded([packOf(1)]);
    const seats = [first, second, owner];
    const keys = [adminOne, adminTwo, keyOf()];
    const next = [1, 1, 0];
    const say = (by: number, statement: Statement) =>
      batchOf(seats[by]!, [said(keys[by]!, statement)], next[by]!++);
    let [atMs, askedMs, completeMs] = [0, Infinity, Infinity];
    const [agreed, stopped] = [new Set<number>(), new Set<number>()];
    hear(core, say(2, certificate(owner)), 0);
    let isFreed = false;
    for (let step = 0; step < 12 && !isFreed; step++) {
      atMs += hours(1 + pick(60));
      const by = pick(3);
      const what = pick(8);
      // Whoever asks for the same agrees to it.
      if (what === 0 || what === 1) agreed.add(by);
      if (what === 0) askedMs = Math.min(askedMs, atMs);
      if (what === 2 && random.fraction() < 0.3) stopped.add(by);
      const statement =
        what === 0
          ? asking()
          : what === 1
            ? word('agree')
            : stopped.has(by) && what === 2
              ? word('stop')
              : undefined;
      if (statement !== undefined) hear(core, say(by, statement), atMs);
      if (agreed.size >= 2 && askedMs < Infinity && completeMs === Infinity) completeMs = atMs;
      isFreed = tick(core, atMs).some(({ kind }) => kind === 'removeShard');
      const mayBe = stopped.size === 0 && atMs - completeMs >= wipeWaitMsMin;
      t.is(isFreed, mayBe, `round ${round}, step ${step}`);
    }
    if (isFreed) freedCount++;
  }
  t.true(freedCount > 5, `${freedCount} of 150 were freed`);
});

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

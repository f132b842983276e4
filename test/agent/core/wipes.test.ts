import test from 'ava';
import {
  type AdminKey,
  bytesOfHex,
  createAdminKey,
  type MachineKey,
  type PackDescriptor,
  sha256Hex,
  type Statement,
  type Wipe,
} from '../../../agent/codec/index.ts';
import { isNoteNeeded } from '../../../agent/core/noted-times.ts';
import { wipesPerLogMax } from '../../../agent/core/wipes.ts';
import { forgottenGraceMs, wipeWaitMsMin } from '../../../agent/limits.ts';
import { wipeId } from '../../../agent/units.ts';
import { createRandom, days, hours, unixMs } from '../../../datasets/index.ts';
import { batchOf, startMs } from './fleet-of-four.ts';
import {
  adminOne,
  adminTwo,
  after,
  agreement,
  ask,
  asking,
  certificate,
  drive,
  first,
  founded,
  founding,
  hear,
  holder,
  holderOf,
  keyOf,
  other,
  owner,
  packOf,
  root,
  said,
  second,
  tick,
  wipe,
  word,
} from './two-admins.ts';

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

test('what was carried out stays so after the notes of that time that nobody needs are gone, for as many admins as there were', (t) => {
  const alone = keyOf();
  const logs = [
    batchOf(first, [said(alone, certificate(first))], 0),
    batchOf(first, [said(alone, asking())], 1),
    batchOf(owner, [
      { kind: 'forget', drive: other, snapshots: new Uint8Array(), packs: bytesOfHex(packOf(2, other).pack) },
    ]),
  ];
  const core = holderOf([packOf(1), packOf(2, other)]);
  const noted = logs
    .flatMap((batch) => hear(core, batch, 0))
    .flatMap((effect) => (effect.kind === 'noteForget' ? [effect.heard] : []));
  t.is(tick(core, wipeWaitMsMin).length, 1);

  const laterMs = 8 * forgottenGraceMs + days(1);
  const needed = noted.filter((one) => isNoteNeeded(one, after(laterMs)));
  t.deepEqual([noted.length, needed.map(({ author }) => author)], [2, [first.peer]]);
  const again = holderOf([], needed);
  const joined = createAdminKey(root, { notBeforeMs: after(days(30)), forMs: days(60) });
  for (const batch of [...logs, batchOf(second, [said(joined, certificate(second))], 0)])
    hear(again, batch, laterMs);
  tick(again, laterMs);
  t.is(again.wipes.viewOf(wipe, after(laterMs))?.state, 'due');
  t.true(again.shelf.wiped.has(drive));
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

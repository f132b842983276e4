// Whom an owner asks to keep a shard whose planned holder is away, whose receipts count for it, and which such wishes of others are taken on.

import test from 'ava';
import { describePack, machineKeyFromSeed, type WireMessage } from '../../../agent/codec/index.ts';
import { Keepers } from '../../../agent/core/keepers.ts';
import { Pulls } from '../../../agent/core/pulls.ts';
import { Shelf } from '../../../agent/core/shelf.ts';
import { StandIns } from '../../../agent/core/stand-ins.ts';
import type { Effects } from '../../../agent/core/index.ts';
import {
  standInAfterMs,
  standInForSilentMs,
  standInOvertakenMs,
  standInPatienceMs,
  standInTasksMax,
} from '../../../agent/limits.ts';
import { driveId, type PeerId, type PackId, packId } from '../../../agent/units.ts';
import type { PlacementGroup, Plan } from '../../../optimizer/index.ts';
import { minutes, type UnixMs, unixMs } from '../../../datasets/index.ts';
import {
  batchOf,
  certificateOf,
  membershipOf,
  planBatch,
  planOf,
  revocationOf,
  startMs,
} from './fleet-of-four.ts';

const keys = [1, 2, 3, 4, 5, 6, 7].map((seed) => machineKeyFromSeed(new Uint8Array(32).fill(seed)));
const [owner, first, second, third, ...rest] = keys.map(({ peer }) => peer) as [
  PeerId,
  PeerId,
  PeerId,
  PeerId,
  ...PeerId[],
];
const packOf = (fill: number, by = owner) =>
  describePack(new Uint8Array(100).fill(fill), {
    owner: by,
    drive: driveId('0'.repeat(32)),
    placementClass: 'small',
    redundancy: { k: 1, n: 3 },
  }).descriptor;
const descriptor = packOf(1);
const { pack } = descriptor;

/** All packs go to the first group; the machines of the second could stand in. */
function planWith(domains: Plan['domains'] = {}): Plan {
  const plan = planOf(keys[0]!, 5);
  const groupOf = (id: string, members: readonly PeerId[], weight: number): PlacementGroup => ({
    ...plan.classes[0]!.groups[0]!,
    id,
    members,
    weight,
  });
  const groups = [groupOf('g', [first, second, third], 1e9), groupOf('h', rest, 1e-9)];
  return { ...plan, domains, classes: [{ ...plan.classes[0]!, groups }] };
}

/** One machine's stand-ins; everybody else is connected but for `away`, which were never heard. */
function standInsOf(
  self: PeerId,
  { away = [], domains }: { readonly away?: readonly PeerId[]; readonly domains?: Plan['domains'] } = {},
) {
  const key = keys.find(({ peer }) => peer === self)!;
  const membership = membershipOf(key);
  const shelf = new Shelf();
  const pulls = new Pulls();
  const keepers = new Keepers(membership, shelf);
  const state = { isIdle: false, now: startMs };
  const standIns = new StandIns({ membership, shelf, pulls, keepers, isIdle: () => state.isIdle });
  const records = keys.map((one) => ({ kind: 'statement', bytes: certificateOf(one) }) as const);
  membership.handle({ kind: 'batchStored', batch: batchOf(key, records), now: startMs });
  for (const { peer } of keys)
    if (peer !== self && !away.includes(peer)) membership.handle({ kind: 'connected', peer, now: startMs });
  shelf.usePlan(planWith(domains), planBatch);
  const later = (ms: number): UnixMs => (state.now = unixMs(state.now + ms));
  const stage = (staged = descriptor): Effects => {
    shelf.describe(staged).isInOutbox = true;
    return standIns.handle({ kind: 'packStaged', descriptor: staged, now: state.now });
  };
  const tick = (ms: number): Effects => standIns.handle({ kind: 'tick', now: later(ms) });
  const sign = (holder: PeerId, index: number): void => {
    shelf.take(pack).signed.add(index, holder);
    const receipt = { holder, pack, index, atMs: state.now, bytes: new Uint8Array() };
    standIns.handle({ kind: 'receiptOpened', receipt, now: state.now });
  };
  const hear = (from: PeerId, message: WireMessage): Effects =>
    standIns.handle({ kind: 'message', from, message, now: state.now });
  const connect = (peer: PeerId): void => {
    membership.handle({ kind: 'connected', peer, now: state.now });
  };
  const putOut = (peer: PeerId): void => {
    const revoked = keys.find((one) => one.peer === peer)!;
    const statement = { kind: 'statement', bytes: revocationOf(revoked) } as const;
    membership.handle({ kind: 'batchStored', batch: batchOf(key, [statement], 1), now: state.now });
  };
  return { standIns, keepers, shelf, pulls, state, later, stage, tick, sign, hear, connect, putOut };
}

/** Who is asked to stand in, and for which index. */
const asksIn = (effects: Effects) =>
  effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === 'standIn'
      ? [{ to: effect.to, index: effect.message.index }]
      : [],
  );
const kindsTo = (effects: Effects, to: PeerId): readonly string[] =>
  effects.flatMap((effect) => (effect.kind === 'send' && effect.to === to ? [effect.message.kind] : []));

test('another machine is asked at once for the shard of a holder that is away when a pack is staged', (t) => {
  const { stage, later } = standInsOf(owner, { away: [second] });
  later(standInAfterMs);
  const asks = asksIn(stage());
  t.is(asks.length, 1);
  t.is(asks[0]!.index, 1);
  t.true(rest.includes(asks[0]!.to));
});

test('a holder that restarts is waited for', (t) => {
  const { stage, tick } = standInsOf(owner, { away: [second] });
  t.deepEqual(asksIn(stage()), []);
  t.deepEqual(asksIn(tick(standInAfterMs - 1)), []);
  t.is(asksIn(tick(standInAfterMs)).length, 1);
});

test('who is there and signs for nothing is waited for for an hour, and as long as it signs for others', (t) => {
  const { stage, tick, sign } = standInsOf(owner);
  stage();
  sign(first, 0);
  sign(third, 2);
  t.deepEqual(asksIn(tick(standInForSilentMs - 1)), []);
  sign(second, 0);
  t.deepEqual(asksIn(tick(standInForSilentMs - 1)), []);
  t.is(asksIn(tick(standInForSilentMs))[0]?.index, 1);
});

test('who signs for packs that nobody waits for, or for younger ones only, is not waited for longer', (t) => {
  const signs = (signed: PackId, { standIns, state }: ReturnType<typeof standInsOf>): void => {
    const receipt = { holder: second, pack: signed, index: 1, atMs: state.now, bytes: new Uint8Array() };
    standIns.handle({ kind: 'receiptOpened', receipt, now: state.now });
  };
  const idle = standInsOf(owner);
  idle.stage();
  idle.tick(standInForSilentMs - 1);
  signs(packId('e'.repeat(64)), idle);
  t.true(asksIn(idle.tick(minutes(1))).some(({ index }) => index === 1));

  const busy = standInsOf(owner);
  busy.stage();
  busy.later(1);
  const younger = packOf(9);
  busy.stage(younger);
  busy.sign(first, 0);
  busy.sign(third, 2);
  for (const [index, holder] of [first, second, third].entries())
    busy.shelf.take(younger.pack).signed.add(index, holder);
  for (let waitedMs = 0; waitedMs < standInOvertakenMs - minutes(1); waitedMs += minutes(1)) {
    signs(younger.pack, busy);
    t.deepEqual(
      asksIn(busy.tick(minutes(1))).filter(({ index }) => index === 1),
      [],
    );
  }
  t.true(asksIn(busy.tick(minutes(2))).some(({ index }) => index === 1));
});

test('an owner that has no room for its own slot has another machine keep it', (t) => {
  const { keepers, shelf, stage, tick } = standInsOf(first);
  const { classes, ...plan } = planWith();
  const [group, others] = classes[0]!.groups;
  // Every group has the owner, as in a fleet of few machines.
  const groups = [group!, { ...others!, members: [first, ...others!.members.slice(0, 2)] }];
  shelf.usePlan({ ...plan, classes: [{ ...classes[0]!, groups }] }, planBatch);
  const ownPack = packOf(1, first);
  stage(ownPack);
  t.deepEqual(asksIn(tick(standInForSilentMs - minutes(1))), [], 'it may be about to come');
  const asked = asksIn(tick(minutes(1))).filter(({ index }) => index === 0);
  t.is(asked.length, 1);
  const known = shelf.take(ownPack.pack);
  known.signed.add(0, asked[0]!.to);
  t.is(keepers.of(known)[0], asked[0]!.to);
  shelf.hold(ownPack, 0);
  t.is(keepers.of(known)[0], first);
});

test('a holder that says that it has no room is not waited for', (t) => {
  const { stage, hear } = standInsOf(owner);
  t.deepEqual(asksIn(stage()), []);
  t.is(asksIn(hear(second, { kind: 'shardRefused', pack, index: 1 }))[0]?.index, 1);
});

test('two shards of one pack go to two machines', (t) => {
  const { stage, later } = standInsOf(owner, { away: [first, second] });
  later(standInAfterMs);
  const asks = asksIn(stage());
  t.deepEqual(
    asks.map(({ index }) => index),
    [0, 1],
  );
  t.is(new Set(asks.map(({ to }) => to)).size, 2);
});

test('who refuses or does not answer is passed over, until nobody is left', (t) => {
  const { stage, later, tick, hear } = standInsOf(owner, { away: [second] });
  later(standInAfterMs);
  const asked = [asksIn(stage())[0]!.to];
  asked.push(asksIn(hear(asked[0]!, { kind: 'shardRefused', pack, index: 1 }))[0]!.to);
  t.deepEqual(asksIn(tick(standInPatienceMs - 1)), []);
  asked.push(asksIn(tick(standInPatienceMs))[0]!.to);
  t.is(new Set(asked).size, 3);
  t.deepEqual(asksIn(hear(asked[2]!, { kind: 'shardRefused', pack, index: 1 })), []);
});

test('who could sign for nothing, as the owner sends nothing, is not passed over', (t) => {
  const { standIns, state, stage, tick } = standInsOf(owner, { away: [third] });
  const [asked] = asksIn([...tick(standInAfterMs), ...stage()]);
  const event = { kind: 'shardSent', to: first, shard: { place: 'outbox', pack, index: 2 } } as const;
  for (let minute = 0; minute < 150; minute++) {
    standIns.handle({ ...event, outcome: 'resting', now: state.now });
    for (const { to } of asksIn(tick(minutes(1)))) t.is(to, asked!.to, 'only it, as it may have forgotten');
  }
});

test('the same machine is asked again by an owner that has forgotten', (t) => {
  const ask = (): PeerId => {
    const { stage, later } = standInsOf(owner, { away: [third] });
    later(standInAfterMs);
    return asksIn(stage())[0]!.to;
  };
  t.is(ask(), ask());
});

test('nobody stands in from a domain that another shard of the pack has, but from that of the absent', (t) => {
  const [fourth, fifth, sixth] = rest as [PeerId, PeerId, PeerId];
  const domains = { [first]: 'A', [second]: 'B', [third]: 'C', [fourth]: 'A', [fifth]: 'C', [sixth]: 'B' };
  const { stage, later, hear } = standInsOf(owner, { away: [second], domains });
  later(standInAfterMs);
  t.deepEqual(asksIn(stage()), [{ to: sixth, index: 1 }]);
  t.deepEqual(asksIn(hear(sixth, { kind: 'shardRefused', pack, index: 1 })), []);
});

test('who is of the absent one’s domain stands in before who could for anybody, and takes its place when it comes later', (t) => {
  const [fourth, fifth, sixth] = rest as [PeerId, PeerId, PeerId];
  // The sixth alone may stand in for the second; both it and the fifth may for the third.
  const domains = { [first]: 'A', [second]: 'B', [third]: 'C', [fourth]: 'A', [fifth]: 'C', [sixth]: 'D' };
  const away = [second, third];
  const { stage, later } = standInsOf(owner, { away, domains });
  later(standInAfterMs);
  t.deepEqual(asksIn(stage()), [
    { to: sixth, index: 1 },
    { to: fifth, index: 2 },
  ]);

  const late = standInsOf(owner, { away: [...away, fifth], domains: { ...domains, [second]: 'C' } });
  late.later(standInAfterMs);
  t.deepEqual(asksIn(late.stage()), [{ to: sixth, index: 1 }]);
  late.sign(sixth, 1);
  late.sign(first, 0);
  t.deepEqual(asksIn(late.tick(minutes(1))), [], 'nobody is left for the third');
  late.connect(fifth);
  t.deepEqual(asksIn(late.tick(minutes(1))), [{ to: fifth, index: 2 }]);
});

test('a stand-in of any domain is freed for a slot that nobody else may keep', (t) => {
  const [fourth, fifth, sixth] = rest as [PeerId, PeerId, PeerId];
  const domains = { [first]: 'A', [second]: 'B', [third]: 'C', [fourth]: 'A', [fifth]: 'C', [sixth]: 'D' };
  const { keepers, shelf, stage, later, tick, sign, connect } = standInsOf(owner, {
    away: [third, fifth],
    domains,
  });
  later(standInAfterMs);
  t.deepEqual(asksIn(stage()), [{ to: sixth, index: 2 }]);
  sign(sixth, 2);
  sign(first, 0);
  const known = shelf.take(pack);
  t.deepEqual(keepers.of(known), [first, undefined, sixth]);
  connect(fifth);
  // The second is there and signs for nothing.
  t.deepEqual(asksIn(tick(standInForSilentMs)), [{ to: fifth, index: 2 }]);
  sign(fifth, 2);
  t.deepEqual(keepers.of(known), [first, undefined, fifth]);
  t.deepEqual(asksIn(tick(minutes(1))), [{ to: sixth, index: 1 }]);
  sign(sixth, 1);
  t.deepEqual(keepers.of(known), [first, sixth, fifth]);
});

test('a receipt of a stand-in fills a slot; one machine fills one slot at most, and members only their own', (t) => {
  const { keepers, shelf, stage, sign } = standInsOf(owner, { away: [first, second] });
  stage();
  const known = shelf.take(pack);
  const [fourth, fifth] = rest as [PeerId, PeerId];
  sign(third, 0);
  sign(third, 2);
  t.deepEqual(keepers.of(known), [undefined, undefined, third]);
  sign(fourth, 0);
  sign(fourth, 1);
  t.deepEqual(keepers.of(known), [fourth, undefined, third]);
  sign(fifth, 1);
  t.deepEqual(keepers.of(known), [fourth, fifth, third]);
  sign(first, 0);
  t.deepEqual(keepers.of(known), [first, fourth, third]);
});

test('who signed and is put out while others are waited for keeps nothing: another machine stands in for it', (t) => {
  const { keepers, shelf, stage, tick, sign, putOut } = standInsOf(owner);
  stage();
  sign(first, 0);
  sign(second, 1);
  t.deepEqual(keepers.of(shelf.take(pack)), [first, second, undefined]);
  putOut(second);
  t.deepEqual(keepers.of(shelf.take(pack)), [first, undefined, undefined]);
  t.deepEqual(
    asksIn(tick(standInAfterMs)).map(({ index }) => index),
    [1],
  );
});

test('the owner does not stand in for anybody', (t) => {
  const { keepers, shelf, stage, sign } = standInsOf(owner);
  stage();
  sign(owner, 0);
  t.is(keepers.of(shelf.take(pack))[0], undefined);
});

test('a wish of the owner is taken on: the shard is asked for, and let in', (t) => {
  const [self] = rest as [PeerId];
  const { hear, pulls, standIns } = standInsOf(self, { away: [second] });
  t.deepEqual(kindsTo(hear(owner, { kind: 'standIn', descriptor, index: 1 }), owner), ['shardPull']);
  t.is(pulls.find(pack, 1)?.place, 'held');
  t.true(standIns.isTask(owner, pack, 1));
  t.false(standIns.isTask(first, pack, 1));
  t.false(standIns.isTask(owner, pack, 0));
});

test('nobody but the owner may ask, and only for a shard that there is', (t) => {
  const { hear } = standInsOf(rest[0]!);
  t.deepEqual(hear(first, { kind: 'standIn', descriptor, index: 1 }), []);
  t.deepEqual(hear(owner, { kind: 'standIn', descriptor, index: 3 }), []);
});

test('a wish is refused by a member of the group, by who fetches another shard of it, and by who takes nothing now', (t) => {
  const ask: WireMessage = { kind: 'standIn', descriptor, index: 1 };
  t.deepEqual(kindsTo(standInsOf(first).hear(owner, ask), owner), ['shardRefused']);
  const other = standInsOf(rest[0]!);
  t.deepEqual(kindsTo(other.hear(owner, ask), owner), ['shardPull']);
  t.deepEqual(kindsTo(other.hear(owner, { ...ask, index: 2 }), owner), ['shardRefused']);
  const idle = standInsOf(rest[0]!);
  idle.state.isIdle = true;
  t.deepEqual(kindsTo(idle.hear(owner, ask), owner), ['shardRefused']);
});

test('who stood in for a holder that came back may stand in for another', (t) => {
  const [self] = rest as [PeerId];
  const ask: WireMessage = { kind: 'standIn', descriptor, index: 1 };
  const standIn = standInsOf(self, { away: [second] });
  standIn.shelf.hold(descriptor, 2);
  t.deepEqual(kindsTo(standIn.hear(owner, ask), owner), ['shardPull'], 'the owner knows who else has it');

  const asking = standInsOf(owner, { away: [second, ...rest.slice(1)] });
  asking.later(standInAfterMs);
  asking.shelf.take(pack).others.add(2, self);
  t.deepEqual(asksIn(asking.stage()), []);
  asking.sign(third, 2);
  t.deepEqual(asksIn(asking.tick(minutes(1))), [{ to: self, index: 1 }]);
});

test('who has the shard already signs for it once more', (t) => {
  const { hear, shelf } = standInsOf(rest[0]!);
  shelf.hold(descriptor, 1);
  t.deepEqual(hear(owner, { kind: 'standIn', descriptor, index: 1 }), [
    { kind: 'sendReceipt', to: owner, shard: { pack, index: 1 } },
  ]);
});

test('what does not fit is refused, so that the owner asks somebody else', (t) => {
  const { hear, standIns, state } = standInsOf(rest[0]!);
  hear(owner, { kind: 'standIn', descriptor, index: 1 });
  const arrival = { descriptor, index: 1, place: 'held' } as const;
  const effects = standIns.handle({
    kind: 'shardArrived',
    from: owner,
    arrival,
    outcome: 'full',
    now: state.now,
  });
  t.deepEqual(kindsTo(effects, owner), ['shardRefused']);
  t.false(standIns.isTask(owner, pack, 1));
});

test('one machine takes on a bounded number of shards', (t) => {
  const { hear } = standInsOf(rest[0]!);
  const answers = Array.from({ length: standInTasksMax + 1 }, (_, at) =>
    kindsTo(hear(owner, { kind: 'standIn', descriptor: packOf(at + 2), index: 1 }), owner),
  );
  t.deepEqual(answers.at(-1), ['shardRefused']);
  t.false(answers.slice(0, -1).some((kinds) => kinds.includes('shardRefused')));
});

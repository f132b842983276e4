import test from 'ava';
import { describePack, type PackDescriptor, type WireMessage } from '../../../agent/codec/index.ts';
import { Election } from '../../../agent/core/election.ts';
import type { CoreEffect } from '../../../agent/core/index.ts';
import { Nearness } from '../../../agent/core/nearness.ts';
import { Shelf } from '../../../agent/core/shelf.ts';
import { Survey } from '../../../agent/core/survey.ts';
import { driveId, type PeerId } from '../../../agent/units.ts';
import { days, hours, unixMs } from '../../../datasets/index.ts';
import {
  batchOf,
  certificatesOf,
  machines,
  membershipOf,
  planBatch,
  planOf,
  startMs,
} from './fleet-of-four.ts';

const [self, a, b, c] = machines.map(({ peer }) => peer) as [PeerId, PeerId, PeerId, PeerId];

const smallPack = (byteCount: number, redundancy: PackDescriptor['redundancy']): PackDescriptor =>
  describePack(new Uint8Array(byteCount), {
    owner: self,
    drive: driveId('00'.repeat(16)),
    placementClass: 'small',
    redundancy,
  }).descriptor;
const descriptor = smallPack(100, { k: 2, n: 3 });

function surveyAmong(up: readonly PeerId[]): Survey {
  const membership = membershipOf(machines[0]);
  for (const peer of up) membership.handle({ kind: 'connected', peer, now: startMs });
  const shelf = new Shelf();
  shelf.usePlan(planOf(machines[0], 1), planBatch);
  return new Survey({ membership, shelf, election: new Election(membership), nearness: new Nearness(self) });
}

const asked = (effects: readonly CoreEffect[]): readonly PeerId[] =>
  effects
    .flatMap((effect) => (effect.kind === 'send' && effect.message.kind === 'shardsAsk' ? [effect.to] : []))
    .toSorted();
const counted = (effects: readonly CoreEffect[]): readonly (readonly number[])[] =>
  effects.flatMap((effect) =>
    effect.kind === 'packsCounted' ? [effect.counts.map(({ found }) => found)] : [],
  );
const answer = (indexes: readonly number[]): WireMessage => ({
  kind: 'shardsHeld',
  held: indexes.length === 0 ? [] : [{ descriptor, indexes }],
});
const seek = (survey: Survey, packs: readonly PackDescriptor[] = [descriptor]) =>
  survey.handle({ kind: 'packsSought', survey: 7, packs, now: startMs });
const hear = (survey: Survey, from: PeerId, indexes: readonly number[]) =>
  survey.handle({ kind: 'message', from, message: answer(indexes), now: startMs });

test('different shards are counted once when all have answered', (t) => {
  const survey = surveyAmong([a, b, c]);
  t.deepEqual(asked(seek(survey)), [a, b, c].toSorted());
  t.deepEqual(counted(hear(survey, a, [0])), []);
  t.deepEqual(counted(hear(survey, b, [0, 2])), []);
  t.deepEqual(counted(hear(survey, c, [])), [[2]]);
});

test('who goes away or stays silent holds nothing up', (t) => {
  const survey = surveyAmong([a, b, c]);
  seek(survey);
  hear(survey, a, [1]);
  t.deepEqual(counted(survey.handle({ kind: 'disconnected', peer: b, now: startMs })), []);
  t.deepEqual(counted(survey.handle({ kind: 'tick', now: unixMs(startMs + 9000) })), []);
  t.deepEqual(counted(survey.handle({ kind: 'tick', now: unixMs(startMs + 10_000) })), [[1]]);
});

test('with nobody to ask the answer comes at once, and the next wish gets its turn', (t) => {
  const alone = surveyAmong([]);
  t.deepEqual(counted(seek(alone)), [[0]]);
  const survey = surveyAmong([a]);
  seek(survey);
  t.deepEqual(seek(survey, []), [], 'it waits');
  const effects = hear(survey, a, [0, 1]);
  t.deepEqual(counted(effects), [[2], []]);
});

/** A survey a week after the others were last seen, but for those that are up now; all four are members. */
function weekLater(up: readonly PeerId[], wanted = descriptor) {
  const membership = membershipOf(machines[0]);
  const records = certificatesOf(machines);
  membership.handle({ kind: 'batchStored', batch: batchOf(machines[0], records), now: startMs });
  for (const peer of [a, b, c]) membership.handle({ kind: 'connected', peer, now: startMs });
  const shelf = new Shelf();
  shelf.describe(wanted);
  const survey = new Survey({
    membership,
    shelf,
    election: new Election(membership),
    nearness: new Nearness(self),
  });
  for (const peer of [a, b, c])
    if (!up.includes(peer)) membership.handle({ kind: 'disconnected', peer, now: startMs });
  const now = unixMs(startMs + days(7));
  const ask = (at = now): readonly CoreEffect[] =>
    survey.handle({ kind: 'packsSought', survey: 7, packs: [wanted], now: at });
  const say = (from: PeerId, indexes: readonly number[], at = now): readonly CoreEffect[] =>
    survey.handle({
      kind: 'message',
      from,
      message: { kind: 'shardsHeld', held: indexes.length === 0 ? [] : [{ descriptor: wanted, indexes }] },
      now: at,
    });
  const hold = (peer: PeerId, index: number): void => void shelf.get(wanted.pack)!.others.add(index, peer);
  return { survey, now, ask, say, hold };
}
const hoped = (effects: readonly CoreEffect[]): readonly number[] =>
  effects.flatMap((effect) =>
    effect.kind === 'packsCounted' ? effect.counts.map((count) => count.hoped) : [],
  );
const ofTwo = smallPack(100, { k: 2, n: 2 });

test('a shard of a machine that is away for a night may come back, of one that is gone it is lost', (t) => {
  for (const [at, expected] of [
    [unixMs(startMs + hours(12)), 2],
    [unixMs(startMs + days(7)), 1],
  ] as const) {
    const { ask, say, hold } = weekLater([b, c], ofTwo);
    hold(a, 0);
    hold(b, 1);
    ask(at);
    const effects = [...say(b, [1], at), ...say(c, [], at)];
    t.deepEqual(hoped(effects), [expected]);
  }
});

test('who is there and has not answered may have it still; who has answered that it has nothing has lost it', (t) => {
  const { survey, now, ask, say, hold } = weekLater([b, c], ofTwo);
  hold(b, 0);
  hold(c, 1);
  ask();
  say(b, []);
  const effects = survey.handle({ kind: 'tick', now: unixMs(now + 30_000) });
  t.deepEqual(hoped(effects), [1], 'c may be slow');
});

test('a machine that has joined and was never there is not hoped for, whatever a plan gives it', (t) => {
  const hopedWith = (others: readonly PeerId[]) => {
    const membership = membershipOf(machines[0]);
    const records = certificatesOf(machines);
    membership.handle({ kind: 'batchStored', batch: batchOf(machines[0], records), now: startMs });
    for (const peer of others) membership.handle({ kind: 'connected', peer, now: startMs });
    const shelf = new Shelf();
    shelf.describe(ofTwo);
    for (const [index, peer] of [a, b].entries()) shelf.get(ofTwo.pack)!.others.add(index, peer);
    const parts = { membership, shelf, election: new Election(membership), nearness: new Nearness(self) };
    const survey = new Survey(parts);
    for (const peer of others) membership.handle({ kind: 'disconnected', peer, now: startMs });
    for (const peer of [b, c]) membership.handle({ kind: 'connected', peer, now: startMs });
    survey.handle({ kind: 'packsSought', survey: 7, packs: [ofTwo], now: startMs });
    hear(survey, b, []);
    return hoped(hear(survey, c, []));
  };
  t.deepEqual(hopedWith([a]), [1]);
  t.deepEqual(hopedWith([]), [0]);
});

test('what this machine should have and does not is not hoped for', (t) => {
  const { ask, say, hold } = weekLater([b, c], ofTwo);
  hold(self, 0);
  hold(b, 1);
  ask();
  t.deepEqual(hoped([...say(b, [1]), ...say(c, [])]), [1]);
});

test('shards that a pack does not have count neither as there nor as hoped for', (t) => {
  const { ask, say } = weekLater([b, c], ofTwo);
  ask();
  const effects = [...say(b, [1, 2, 20]), ...say(c, [])];
  t.deepEqual(hoped(effects), [1]);
});

test('who is nearly alone has lost the others, and takes nothing for lost', (t) => {
  const { ask, say, hold } = weekLater([b], ofTwo);
  hold(a, 0);
  hold(c, 1);
  ask();
  t.deepEqual(hoped(say(b, [])), [2]);
});

test('a machine that was asked about another pack is asked about one that is short, too', (t) => {
  const other = smallPack(101, { k: 1, n: 2 });
  const membership = membershipOf(machines[0]);
  for (const peer of [a, b]) membership.handle({ kind: 'connected', peer, now: startMs });
  const shelf = new Shelf();
  shelf.describe(other).others.add(0, b);
  const survey = new Survey({
    membership,
    shelf,
    election: new Election(membership),
    nearness: new Nearness(self),
  });
  const asksOf = (effects: readonly CoreEffect[]): ReadonlySet<string> =>
    new Set(
      effects.flatMap((effect) =>
        effect.kind === 'send' && effect.message.kind === 'shardsAsk'
          ? effect.message.packs.map((pack) => `${pack} of ${effect.to}`)
          : [],
      ),
    );
  const first = survey.handle({ kind: 'packsSought', survey: 7, packs: [descriptor, other], now: startMs });
  t.deepEqual(asksOf(first), new Set([`${other.pack} of ${b}`]));
  const second = survey.handle({
    kind: 'message',
    from: b,
    message: { kind: 'shardsHeld', held: [{ descriptor: other, indexes: [0] }] },
    now: startMs,
  });
  t.deepEqual(asksOf(second), new Set([`${descriptor.pack} of ${a}`, `${descriptor.pack} of ${b}`]));
});

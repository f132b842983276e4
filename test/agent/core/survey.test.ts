import test from 'ava';
import { describePack, type PackDescriptor, type WireMessage } from '../../../agent/codec/index.ts';
import { Election } from '../../../agent/core/election.ts';
import type { CoreEffect } from '../../../agent/core/index.ts';
import { Shelf } from '../../../agent/core/shelf.ts';
import { Survey } from '../../../agent/core/survey.ts';
import { driveId, type PeerId } from '../../../agent/units.ts';
import { unixMs } from '../../../datasets/index.ts';
import { machines, membershipOf, planOf, startMs } from './fleet-of-four.ts';

const [self, a, b, c] = machines.map(({ peer }) => peer) as [PeerId, PeerId, PeerId, PeerId];

const { descriptor } = describePack(new Uint8Array(100), {
  owner: self,
  drive: driveId('00'.repeat(16)),
  placementClass: 'small',
  redundancy: { k: 2, n: 3 },
});

function surveyAmong(up: readonly PeerId[]): Survey {
  const membership = membershipOf(machines[0]!);
  for (const peer of up) membership.handle({ kind: 'connected', peer, now: startMs });
  const shelf = new Shelf();
  shelf.usePlan(planOf(machines[0]!, 1));
  return new Survey({ membership, shelf, election: new Election(membership) });
}

const asked = (effects: readonly CoreEffect[]): readonly PeerId[] =>
  effects
    .flatMap((effect) => (effect.kind === 'send' && effect.message.kind === 'shardsAsk' ? [effect.to] : []))
    .toSorted();
const counted = (effects: readonly CoreEffect[]): readonly (readonly number[])[] =>
  effects.flatMap((effect) => (effect.kind === 'packsCounted' ? [effect.found] : []));
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

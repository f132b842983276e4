// When a machine says of itself that it was put out.

import test from 'ava';
import { type Standing, putOutProblem } from '../../../agent/live/problems/put-out.ts';
import { type PeerId, peerId } from '../../../agent/units.ts';

const [self, first, second, stranger] = ['self', 'first', 'second', 'stranger'].map(peerId) as [
  PeerId,
  PeerId,
  PeerId,
  PeerId,
];

function standing(
  turnedAwayBy: readonly PeerId[],
  { up = [], revoked = [] }: { readonly up?: readonly PeerId[]; readonly revoked?: readonly PeerId[] } = {},
): Standing {
  const certificate = (peer: PeerId) => (peer === stranger ? undefined : { name: peer });
  const membership = {
    self,
    up: new Set(up),
    isRevoked: (id: string) => revoked.some((one) => one === id),
    certificateOf: certificate as unknown as Standing['core']['membership']['certificateOf'],
    nameOf: (peer: PeerId) => peer,
  };
  return { core: { membership }, turnedAwayBy: new Set(turnedAwayBy) };
}

test('a machine that everybody turns away seems to have been put out, and is told by whom', (t) => {
  const problem = putOutProblem(standing([first, second]));
  t.is(problem?.level, 'problem');
  t.regex(problem?.why ?? '', /seems to have been put out of the fleet: first, second turned it away/u);
});

test('nobody is out to whom some machine still speaks, or whom only strangers and machines that are out themselves turn away', (t) => {
  t.is(putOutProblem(standing([])), undefined);
  t.is(putOutProblem(standing([first], { up: [second] })), undefined);
  t.is(putOutProblem(standing([stranger])), undefined);
  t.is(putOutProblem(standing([first], { revoked: [first] })), undefined);
});

test('a machine that heard the word itself is out, whoever speaks to it', (t) => {
  t.regex(putOutProblem(standing([], { up: [first], revoked: [self] }))?.why ?? '', /An admin has put/u);
});

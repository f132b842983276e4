// What people are told of a machine that runs on two computers.

import test from 'ava';
import { findTwinProblems, type TwinParts } from '../../../agent/live/problems/twin-problems.ts';
import { createMachineKey } from '../../../agent/codec/index.ts';
import type { PeerId } from '../../../agent/units.ts';

const [self, first, second] = [createMachineKey().peer, createMachineKey().peer, createMachineKey().peer];
const names = new Map([
  [first, 'desk-1'],
  [second, 'desk-2'],
]);

interface Sightings {
  readonly seen?: readonly (readonly [PeerId, readonly string[]])[];
  readonly ofSelf?: readonly (readonly [PeerId, readonly string[]])[];
  readonly out?: PeerId;
}

const problemsOf = ({ seen = [], ofSelf = [], out }: Sightings): ReturnType<typeof findTwinProblems> => {
  const membership: TwinParts['core']['membership'] = {
    self,
    nameOf: (peer) => names.get(peer) ?? 'this machine',
    isRevoked: (id) => id === out,
  };
  return findTwinProblems({
    core: { membership },
    twins: { seen: new Map(seen), ofSelf: new Map(ofSelf) },
  });
};

test('nothing is said before the wire is open, or while every machine runs once', (t) => {
  const { core } = { core: { membership: { self, nameOf: String, isRevoked: () => false } } };
  t.deepEqual(findTwinProblems({ core, twins: undefined }), []);
  t.deepEqual(problemsOf({}), []);
});

test('a machine that was seen on two computers is told of with both addresses; one that is out is not', (t) => {
  const seen = [[first, ['192.0.2.1', '192.0.2.9']]] as const;
  const [problem, ...others] = problemsOf({ seen });
  t.deepEqual(others, []);
  t.like(problem, { kind: 'runs-twice', about: first, level: 'problem' });
  t.regex(problem!.why, /^Two computers at 192\.0\.2\.1, 192\.0\.2\.9 run as desk-1:/u);
  t.deepEqual(problemsOf({ seen, out: first }), []);
});

test('this machine is told who sees its twin, and where, as far as it is known', (t) => {
  const [problem] = problemsOf({
    ofSelf: [
      [first, ['192.0.2.9']],
      [second, ['192.0.2.9']],
    ],
  });
  t.like(problem, { kind: 'runs-twice', about: self });
  t.regex(problem!.why, /^Another computer at 192\.0\.2\.9 runs .* as desk-1, desk-2 can see\.$/u);
  t.regex(problemsOf({ ofSelf: [[first, []]] })[0]!.why, /^Another computer runs with the folder/u);
});

// Whose doubts count together, and how many of them it takes.

import test from 'ava';
import { machineKeyFromSeed, type MachineKey } from '../../../agent/codec/index.ts';
import { Auditors } from '../../../agent/core/auditors.ts';
import { Election } from '../../../agent/core/election.ts';
import type { Plan } from '../../../optimizer/index.ts';
import { batchOf, certificatesOf, membershipOf, planOf, startMs } from './fleet-of-four.ts';

const keys: readonly MachineKey[] = Array.from({ length: 30 }, (_, seed) =>
  machineKeyFromSeed(new Uint8Array(32).fill(100 + seed)),
);
const [self, accused] = keys as [MachineKey, MachineKey, ...MachineKey[]];

/** Each plan follows the one before it; its groups name machines by their places. */
function auditorsAfter(...plans: readonly (readonly (readonly number[])[])[]): Auditors {
  const membership = membershipOf(self);
  const election = new Election(membership);
  const tell = (batch: ReturnType<typeof batchOf>): void => {
    membership.handle({ kind: 'batchStored', batch, now: startMs });
    election.handle({ kind: 'batchStored', batch, now: startMs });
  };
  tell(batchOf(self, certificatesOf(keys)));
  for (const [at, groups] of plans.entries()) {
    const plan: Plan = {
      ...planOf(self, at + 1),
      classes: [
        {
          name: 'small',
          redundancy: { k: 1, n: groups[0]!.length },
          groups: groups.map((members, place) => ({
            ...planOf(self, 1).classes[0]!.groups[0]!,
            id: `g${place}`,
            members: members.map((member) => keys[member]!.peer),
          })),
        },
      ],
    };
    tell(batchOf(self, [{ kind: 'plan', plan }], at + 1));
  }
  return new Auditors(membership, election);
}

const sizesOf = (auditors: Auditors): readonly (readonly (number | undefined)[])[] =>
  auditors.panelsFor(accused.peer).map(({ entitled, quorum }) => [entitled?.size, quorum]);

test('most of those beside a machine must agree, of now or of all times that are remembered', (t) => {
  t.deepEqual(sizesOf(auditorsAfter([[1, 2, 3, 4]])), [
    [3, 2],
    [3, 2],
  ]);
  // Two that were beside it once are no majority of those that were.
  t.deepEqual(
    sizesOf(
      auditorsAfter(
        [[1, 2, 3, 5]],
        [
          [1, 6, 7, 8],
          [2, 3, 9, 10],
        ],
      ),
    ),
    [
      [3, 2],
      [6, 4],
    ],
  );
});

test('of many beside it over time it takes no more than the liars of a fleet cannot be, and where nobody was anybody counts', (t) => {
  const some = (from: number): readonly number[] => Array.from({ length: 14 }, (_, at) => from + at);
  t.deepEqual(sizesOf(auditorsAfter([[1, ...some(2)]], [[1, ...some(16)]])), [
    [14, 8],
    [28, 11],
  ]);
  const many = Array.from({ length: 28 }, (_, at) => at + 2);
  t.deepEqual(sizesOf(auditorsAfter([[1, ...many]])), [
    [28, 15],
    [28, 15],
  ]);
  t.deepEqual(sizesOf(auditorsAfter([[2, 3, 4]])), [[undefined, 5]]);
});

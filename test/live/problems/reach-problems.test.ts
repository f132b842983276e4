// What is said of own drives, and of groups, whose machines are off.

import test from 'ava';
import type { AgentCore, OwnReachCount } from '../../../agent/core/index.ts';
import {
  driveOutOfReach,
  findReachProblems,
  unseenReach,
} from '../../../agent/live/problems/reach-problems.ts';
import { type DriveId, driveId, type PeerId, peerId, snapshotId } from '../../../agent/units.ts';
import { unixMs } from '../../../datasets/index.ts';

const drive: DriveId = driveId('0'.repeat(32));
const [self, second, third, fourth] = ['self', 'pc-02', 'pc-03', 'pc-04'].map(peerId) as [
  PeerId,
  PeerId,
  PeerId,
  PeerId,
];
const others = [second, third, fourth];
const now = unixMs(Date.UTC(2026, 10, 23, 12));

const reachOf = (outOfReachCount: number, away: readonly PeerId[]): OwnReachCount => ({
  packCount: 3,
  outOfReachCount,
  holders: others,
  away,
  missingCount: 2,
});

interface Scene {
  readonly up: readonly PeerId[];
  readonly reach?: OwnReachCount;
  readonly isSettled?: boolean;
  readonly heldOutOfReach?: number;
}

/** A fleet of four with one group, of the three others; two of them are needed. */
function partsOf({ up, reach, isSettled = true, heldOutOfReach = 0 }: Scene) {
  const group = { id: 'g', members: others };
  const membership = {
    self,
    machines: [self, ...others],
    up: new Set(up),
    isRevoked: () => false,
    isAway: (peer: PeerId) => peer !== self && !up.includes(peer),
    nameOf: (peer: PeerId) => peer,
  };
  const core = {
    membership,
    election: { plan: { classes: [{ redundancy: { k: 2, n: 3 }, groups: [group] }] } },
    repair: { wantCount: 0, packsAtRisk: () => ({ thinCount: 0, outOfReachCount: heldOutOfReach }) },
    catalogue: { drives: new Map([[drive, { heads: [{ snapshot: snapshotId('a'.repeat(64)) }] }]]) },
    ownReach: { isSettled: () => isSettled, count: () => (isSettled ? reach : undefined) },
  } as unknown as AgentCore;
  const drives = { running: new Map([[drive, {}]]) };
  const operations = { ownPacks: { of: () => [] } };
  return { core, drives, operations, now } as unknown as Parameters<typeof findReachProblems>[0];
}

const kindsOf = (scene: Scene): readonly string[] =>
  findReachProblems(partsOf(scene)).map(({ kind }) => kind);

test('an own drive of which too few holders are on is a problem, with what is needed and who could be started', (t) => {
  const reach = reachOf(3, [second, third]);
  t.deepEqual(kindsOf({ up: [fourth], reach }), ['drive-out-of-reach']);
  const [problem] = findReachProblems(partsOf({ up: [fourth], reach }));
  t.like(problem, { about: drive, level: 'problem', advice: 'Start machines that are off: pc-02, pc-03.' });
  t.regex(problem!.risk, /Nothing of a drive .* can be restored now/u);
  t.is(problem!.why, '2 of the 3 machines that hold them are off now, and at least 2 more are needed.');
  const some = driveOutOfReach(partsOf({ up: [] }).core, drive, reachOf(1, others));
  t.regex(some.risk, /Of the 3 packs of a drive of this machine, 1 is out of reach: files in it cannot/u);
  t.regex(some.why, /None of the 3 machines that hold them is on now, and 2 of them are needed/u);
});

test('a machine that is connected to nobody is told that, and not that all is out of reach', (t) => {
  const scene = { up: [], reach: reachOf(3, others), heldOutOfReach: 7 };
  t.deepEqual(kindsOf(scene), ['not-connected']);
  const [problem] = findReachProblems(partsOf(scene));
  t.is(problem?.level, 'warning');
  t.regex(problem!.risk, /No other machine is connected: nothing can be restored/u);
  t.regex(problem!.why, /off the network, or all 3 other machines are off/u);
});

test('groups that cannot be restored from are told of where nothing of this machine is concerned', (t) => {
  t.deepEqual(kindsOf({ up: [second], reach: reachOf(0, []) }), ['groups-out-of-reach']);
  t.deepEqual(kindsOf({ up: [second, third], reach: reachOf(0, []) }), []);
  t.deepEqual(kindsOf({ up: [second], reach: reachOf(0, []), heldOutOfReach: 1 }), ['packs-out-of-reach']);
});

test('right after a start nothing new is said, and what was told before goes on', (t) => {
  const scene = { up: [], reach: reachOf(3, others), isSettled: false };
  t.deepEqual(kindsOf(scene), []);
  t.deepEqual(unseenReach(partsOf(scene)), [
    'not-connected',
    'groups-out-of-reach',
    `drive-out-of-reach ${drive}`,
  ]);
  t.deepEqual(unseenReach(partsOf({ up: [] })), []);
});

// What is said of a machine that is gone: what others miss, who takes its place, and how it is put out.

import test from 'ava';
import type { AgentCore } from '../../../agent/core/index.ts';
import { targetOf } from '../../../agent/live/machine-names.ts';
import { findMachineProblems } from '../../../agent/live/problems/machine-problems.ts';
import { driveId, type PeerId, peerId } from '../../../agent/units.ts';
import { days, hours, unixMs } from '../../../datasets/index.ts';
import type { Plan } from '../../../optimizer/index.ts';

const now = unixMs(Date.UTC(2026, 10, 23, 12));
const [self, gone] = ['self', 'gone'].map(peerId) as [PeerId, PeerId];

const planOf = (epoch: number, members: readonly PeerId[]) =>
  ({ epoch, classes: [{ groups: [{ members }] }] }) as unknown as Plan;

interface Scene {
  readonly members?: readonly PeerId[];
  readonly hasDrive?: boolean;
  readonly planMode?: 'automatic' | 'review';
  readonly waiting?: Plan;
}

function problemOf({ members, hasDrive = false, planMode = 'automatic', waiting }: Scene) {
  const core = {
    membership: {
      self,
      machines: [self, gone],
      policy: { planMode },
      holderSilenceMs: hours(90),
      presenceOf: (peer: PeerId) => (peer === gone ? 'gone' : 'up'),
      heardAt: () => unixMs(now - hours(100)),
      nameOf: (peer: PeerId) => (peer === gone ? 'pc-05' : 'pc-01'),
      certificateOf: () => undefined,
    },
    vigil: { silentSinceMs: () => undefined },
    clocks: { wrong: () => new Map() },
    trust: { viewOf: () => ({ standing: 'trusted' }) },
    audit: { countOf: () => ({}) },
    replication: { isForked: () => false, forkedInTelemetry: new Set() },
    election: {
      plan: members === undefined ? undefined : planOf(5, members),
      proposal: waiting === undefined ? undefined : { plan: waiting },
    },
    catalogue: { drives: new Map([[driveId('0'.repeat(32)), { owner: hasDrive ? gone : self }]]) },
  } as unknown as AgentCore;
  const [problem, ...rest] = findMachineProblems(core, now);
  if (problem?.kind !== 'machine-gone' || rest.length > 0) throw new Error('one machine is gone');
  return problem;
}

test('a gone machine is told to lack only what it has: slots of the plan, files of its own', (t) => {
  const both = problemOf({ members: [self, gone], hasDrive: true });
  t.is(both.risk, 'What pc-05 holds for others has fewer copies, and its own files are not backed up.');
  t.is(both.action, 'Shards of it that are needed are made again elsewhere.');
  t.is(both.advice, 'Start it again, or put it out with `drey fleet revoke pc-05`.');
  t.is(problemOf({ members: [self, gone] }).risk, 'What pc-05 holds for others has fewer copies.');
  const replaced = problemOf({ members: [self] });
  t.is(replaced.risk, 'pc-05 holds nothing for others now.');
  t.regex(replaced.action, /^It was replaced/u);
  t.regex(
    problemOf({ members: [self], hasDrive: true }).risk,
    /nothing .*; its own files are not backed up\.$/u,
  );
  t.notRegex(problemOf({}).action, /replaced/u);
});

test('in review mode nobody is said to take its place before a plan is approved', (t) => {
  const members = [self, gone];
  const waiting = planOf(6, [self]);
  t.regex(problemOf({ members, planMode: 'review', waiting }).action, /waits for plan 6 to be approved/u);
  t.regex(
    problemOf({ members, planMode: 'review' }).action,
    /before an admin has approved a plan without it/u,
  );
  t.regex(problemOf({ members, waiting }).action, /made again elsewhere/u);
});

test('a machine is named in a command by its id where its name is not one word, or not its alone', (t) => {
  const named = (names: Readonly<Record<string, string>>) =>
    targetOf({ membership: { machines: [self, gone], nameOf: (peer) => names[peer]! } }, gone);
  t.is(named({ self: 'pc-01', gone: 'pc-05' }), 'pc-05');
  t.is(named({ self: 'pc-05', gone: 'pc-05' }), gone);
  t.is(named({ self: 'pc-01', gone: 'front desk' }), gone);
  t.is(named({ self: 'pc-01', gone: '--all' }), gone);
});

test('a machine whose clock is before its own certificate reads that its clock is wrong, though it hears nobody', (t) => {
  const problemsAt = (notBeforeMs: number, wrongBy: ReadonlyMap<PeerId, number> = new Map()) => {
    const core = {
      membership: { self, machines: [], certificateOf: () => ({ notBeforeMs }) },
      clocks: { wrong: () => wrongBy },
      election: { plan: undefined },
      catalogue: { drives: new Map() },
    } as unknown as AgentCore;
    return findMachineProblems(core, now);
  };
  t.deepEqual(problemsAt(now - hours(1)), []);
  const [problem, ...none] = problemsAt(now + days(729));
  t.deepEqual(none, []);
  t.like(problem, { kind: 'clock-wrong', about: self, level: 'problem' });
  t.is(problem?.why, 'Its clock is at least 729 days behind: by it, its own certificate has not begun.');
  t.deepEqual(problemsAt(now + days(2), new Map([[self, -days(3)]])), [], 'others say it better');
});

test('a wrong clock is told of its machine, and on the machine itself as its own', (t) => {
  const problemsWith = (wrongBy: ReadonlyMap<PeerId, number>) => {
    const core = {
      membership: {
        self,
        machines: [self, gone],
        presenceOf: () => 'up',
        nameOf: (peer: PeerId) => (peer === gone ? 'pc-05' : 'pc-01'),
        certificateOf: () => undefined,
      },
      clocks: { wrong: () => wrongBy },
      vigil: { silentSinceMs: () => undefined },
      trust: { viewOf: () => ({ standing: 'trusted' }) },
      audit: { countOf: () => ({}) },
      replication: { isForked: () => false, forkedInTelemetry: new Set() },
      election: { plan: undefined },
      catalogue: { drives: new Map() },
    } as unknown as AgentCore;
    return findMachineProblems(core, now);
  };
  t.deepEqual(problemsWith(new Map()), []);
  const [other, ...none] = problemsWith(new Map([[gone, hours(80)]]));
  t.deepEqual(none, []);
  t.is(other?.kind, 'clock-wrong');
  t.is(other?.level, 'warning');
  t.is(other?.why, 'The clock of pc-05 is 80 h ahead, by the one of this machine.');
  const [own] = problemsWith(new Map([[self, -hours(2)]]));
  t.is(own?.about, self);
  t.is(own?.level, 'problem');
  t.is(own?.why, 'Its clock is 2 h behind, by those of most machines that it hears.');
  // The clock of an agent that runs never goes back (live/clock.ts): with the system's clock alone it would be wrong for days more.
  for (const { advice } of [other!, own!]) t.regex(advice ?? '', /start the agent there again/u);
});

// A plan that waits for an admin: what is said of it, and what becomes of it when the policy or the plan that holds changes.

import test, { type ExecutionContext } from 'ava';
import {
  createAdminKey,
  describePack,
  fleetRootFromSeed,
  type FleetPolicy,
  signStatement,
} from '../../agent/codec/index.ts';
import { AgentCore, type CoreEvent } from '../../agent/core/index.ts';
import type { PlanMade, Planner, PlanWish } from '../../agent/live/planner.ts';
import { Planning } from '../../agent/live/planning.ts';
import { driveId, type PeerId } from '../../agent/units.ts';
import { days, DreyError, unixMs } from '../../datasets/index.ts';
import { noLimits, type Plan } from '../../optimizer/index.ts';
import { batchOf, certificateOf, fleet, machines, planOf, startMs } from '../agent/core/fleet-of-four.ts';

const author = machines[0];
const [first, second, third, fourth] = machines.map(({ peer }) => peer) as [PeerId, PeerId, PeerId, PeerId];
const root = fleetRootFromSeed(new Uint8Array(32).fill(42));
const admin = createAdminKey(root, { notBeforeMs: startMs, forMs: days(30) });

function planWith(epoch: number, members: readonly PeerId[]): Plan {
  const plan = planOf(author, epoch);
  const [placementClass] = plan.classes;
  const [group] = placementClass!.groups;
  return { ...plan, classes: [{ ...placementClass!, groups: [{ ...group!, members }] }] };
}

const holding = planWith(5, [first, second, third]);
/** A third of all bytes changes places. */
const moving = planWith(6, [first, second, fourth]);

/** Nothing that may stay changes places. */
const repaired = planWith(6, [first, second, third]);

/** A machine that holds a pack, whose planner comes to this plan. */
function planningOf(t: ExecutionContext, made: Plan) {
  const core = new AgentCore({ self: author.peer, fleet, fraction: () => 0.5 });
  const { descriptor } = describePack(new Uint8Array(100).fill(1), {
    owner: fourth,
    drive: driveId('0'.repeat(32)),
    placementClass: 'small',
    redundancy: { k: 1, n: 3 },
  });
  const stored = [{ place: 'held', descriptor, index: 0 } as const];
  core.handle({ kind: 'started', isFirstLife: true, stored, staged: [], heard: [], now: startMs });
  let sequence = 0;
  const learn = (records: Parameters<typeof batchOf>[1]): void => {
    core.handle({ kind: 'batchStored', batch: batchOf(author, records, sequence++), now: startMs });
  };
  learn(machines.map((key) => ({ kind: 'statement', bytes: certificateOf(key) })));
  learn([{ kind: 'plan', plan: holding }]);
  const setPolicy = (policy: Pick<FleetPolicy, 'planMode' | 'holdMoveShare' | 'limits'>): void => {
    const atMs = unixMs(startMs + sequence);
    const words = { kind: 'policy', fleetName: 'f', holderSilenceMs: days(4), atMs, ...policy } as const;
    learn([{ kind: 'statement', bytes: signStatement(admin, words).bytes }]);
    planning.judgeAgain();
  };
  const told: CoreEvent[] = [];
  const wishes: PlanWish[] = [];
  /** What happens while the next plan is made. */
  let meanwhile = (): void => {};
  const make = async (wish: PlanWish): Promise<PlanMade> => {
    wishes.push(wish);
    const happens = meanwhile;
    meanwhile = () => {};
    happens();
    return { plan: made };
  };
  const planning = new Planning({
    core,
    planner: { make, repair: async () => repaired } as unknown as Planner,
    tell: (event) => {
      told.push(event);
      for (const effect of core.handle(event)) if (effect.kind === 'appendRecords') learn(effect.records);
    },
    append: async () => t.fail('nothing was trained'),
    report: () => {},
    changed: () => {},
    now: () => startMs,
  });
  const published = (): readonly number[] =>
    told.flatMap((event) =>
      event.kind === 'planComputed' && event.waits === undefined ? (event.plan?.epoch ?? []) : [],
    );
  const approve = (): void => {
    const { plan, at } = core.election.proposal!;
    const { author: log, sequence: place, hash } = at;
    const word = {
      kind: 'planApproval',
      log,
      sequence: place,
      hash,
      epoch: plan.epoch,
      atMs: startMs,
    } as const;
    learn([{ kind: 'statement', bytes: signStatement(admin, word).bytes }]);
    planning.judgeAgain();
  };
  const compute = () => planning.compute(() => {}, new AbortController().signal);
  const repair = () =>
    planning.computeForCore({
      machines: [],
      reason: 'a machine is gone',
      repair: { open: [], hoursAway: [], notes: [] },
    });
  const waiting = () => core.election.proposal;
  return {
    core,
    planning,
    compute,
    repair,
    setPolicy,
    learn,
    approve,
    told,
    wishes,
    published,
    waiting,
    while: (happens: () => void) => void (meanwhile = happens),
  };
}

test('who asks for a plan in review mode is told that it waits, and it is followed when an admin has approved it', async (t) => {
  const { core, compute, setPolicy, approve, published, waiting } = planningOf(t, moving);
  setPolicy({ planMode: 'review' });
  const { changed, waits } = await compute();
  t.true(changed);
  t.regex(waits ?? '', /review mode/u);
  t.is(waiting()?.waits?.moveShare, 1 / 3);
  t.deepEqual(published(), []);
  t.is(core.election.plan?.epoch, 5);
  approve();
  t.is(core.election.plan?.epoch, 6);
  t.is(waiting(), undefined);
});

test('a plan that waits already is not written down once more', async (t) => {
  const { compute, setPolicy, told, waiting } = planningOf(t, moving);
  setPolicy({ planMode: 'review' });
  await compute();
  const { plan, waits } = await compute();
  t.is(plan.epoch, 6);
  t.regex(waits ?? '', /review mode/u);
  t.is(waiting()?.plan.epoch, 6);
  t.is(told.filter((event) => event.kind === 'planComputed' && event.plan !== undefined).length, 1);
});

test('a policy that lets a waiting plan pass lets it out, and one that does not gives the true reason', async (t) => {
  const { core, compute, setPolicy, published, waiting } = planningOf(t, moving);
  setPolicy({ planMode: 'review' });
  await compute();
  setPolicy({ planMode: 'automatic', holdMoveShare: 0 });
  t.regex(waiting()?.waits?.reason ?? '', /33 % of all bytes.*0 %/u);
  t.deepEqual(published(), []);
  setPolicy({ planMode: 'automatic', holdMoveShare: 0.5 });
  t.is(waiting(), undefined);
  t.deepEqual(published(), [8]);
  t.deepEqual(core.election.plan?.classes, moving.classes);
});

test('a plan that waits is over when another one holds: it is not approved, and one is asked for anew', async (t) => {
  const { planning, compute, setPolicy, learn, told, published, waiting } = planningOf(t, moving);
  setPolicy({ planMode: 'automatic', holdMoveShare: 0 });
  await compute();
  learn([{ kind: 'plan', plan: planWith(7, [first, third, second]) }]);
  planning.judgeAgain();
  t.is(waiting(), undefined);
  t.is(told.filter(({ kind }) => kind === 'planWanted').length, 1);
  t.deepEqual(published(), []);
});

test('a whole plan that goes out takes the place of one that waits', async (t) => {
  const { compute, setPolicy, published, waiting } = planningOf(t, moving);
  setPolicy({ planMode: 'automatic', holdMoveShare: 0 });
  t.regex((await compute()).waits ?? '', /33 %/u);
  setPolicy({ planMode: 'automatic', holdMoveShare: 0.2 });
  // 300 bytes are moved without asking, whatever their share.
  t.deepEqual(published(), [7]);
  t.is((await compute()).waits, undefined);
  t.is(waiting(), undefined);
});

test('in review mode a repair waits too, and never in the place of a whole plan', async (t) => {
  const { compute, repair, setPolicy, published, waiting } = planningOf(t, moving);
  setPolicy({ planMode: 'review' });
  await repair();
  t.is(waiting()?.waits?.scope, 'repair');
  await compute();
  t.deepEqual(waiting()?.plan.classes, moving.classes);
  await repair();
  t.deepEqual(waiting()?.plan.classes, moving.classes);
  t.deepEqual(published(), []);
});

test('a plan that a person asks for holds also where the core sent one while it was made', async (t) => {
  const { planning, compute, published } = planningOf(t, repaired);
  const ordered = planning.computeForCore({ machines: [], reason: 'machines came or went' });
  const asked = compute();
  await ordered;
  t.is((await asked).plan.epoch, 7);
  t.deepEqual(published(), [6, 7]);
});

test('a plan that was made by an older policy is made once more, and not published', async (t) => {
  const { planning, compute, setPolicy, wishes, published, while: meanwhile } = planningOf(t, moving);
  const limits = { ...noLimits, vetoes: [second] };
  meanwhile(() => setPolicy({ planMode: 'automatic', limits }));
  await planning.computeForCore({ machines: [], reason: 'machines came or went' });
  t.deepEqual(
    wishes.map((wish) => wish.limits),
    [noLimits, limits],
  );
  t.deepEqual(published(), [6]);
  await compute();
  t.is(wishes.length, 3, 'once is enough where the policy stays');
});

test('why no plan could be made is told until one is made', async (t) => {
  const { planning, compute, learn, while: meanwhile } = planningOf(t, moving);
  const order = () => planning.computeForCore({ machines: [], reason: 'machines came or went' });
  const fail = (): never => {
    throw new DreyError({ code: 'limits-infeasible', message: 'no plan keeps to it', advice: 'Raise it.' });
  };
  meanwhile(fail);
  await order();
  t.deepEqual(planning.failure, { why: 'no plan keeps to it', advice: 'Raise it.', epoch: 5 });
  meanwhile(() => {
    throw new Error('a thread ended');
  });
  await t.throwsAsync(compute());
  t.deepEqual(planning.failure, { why: 'Error: a thread ended', epoch: 5 }, 'the newest reason');
  await compute();
  t.is(planning.failure, undefined);
  meanwhile(fail);
  await order();
  learn([{ kind: 'plan', plan: planWith(8, [second, third, fourth]) }]);
  t.not(planning.failure, undefined, 'a repair of its own is no whole plan');
});

// What an admin sets for the whole fleet holds when the command says so, here and with all others; else the command says why it does not.

import test from 'ava';
import {
  type AdminKey,
  type AgentRecord,
  createAdminKey,
  fleetRootFromSeed,
  machineKeyFromSeed,
  openBatch,
  type Statement,
} from '../../agent/codec/index.ts';
import type { CallAnswers, CallRequest } from '../../agent/control/index.ts';
import { Membership } from '../../agent/core/index.ts';
import { pinsMax, vetoesMax } from '../../agent/limits.ts';
import type { LiveAgent } from '../../agent/live/agent.ts';
import { signBelieved } from '../../agent/live/own-statements.ts';
import { changeLimits, changePolicy } from '../../agent/live/policy.ts';
import { days, unixMs } from '../../datasets/index.ts';
import type { PlacementLimits } from '../../optimizer/index.ts';
import { batchOf, certificateOf, fleet, machines, startMs } from '../agent/core/fleet-of-four.ts';

const root = fleetRootFromSeed(new Uint8Array(32).fill(42));
const admin = createAdminKey(root, { notBeforeMs: startMs, forMs: days(3650) });
const others = Array.from({ length: vetoesMax + 6 }, (_, at) =>
  machineKeyFromSeed(new Uint8Array(32).fill(100 + at)),
);
const peers = others.map(({ peer }) => peer);
/** Its name is as long as there may be. */
const group = { id: 'g'.repeat(32), members: peers };

interface Desk {
  readonly membership: Membership;
  nowMs: number;
  key: AdminKey;
  readonly policy: (change: CallRequest<'policy'>) => Promise<CallAnswers['policy']>;
  readonly limits: (change: CallRequest<'planLimits'>) => Promise<PlacementLimits>;
}

/** An admin's agent, as far as it sets policies: what it writes is learned as others learn it. */
function deskOf(): Desk {
  const membership = new Membership({ self: machines[0].peer, fleet });
  let sequence = 0;
  const learn = (records: readonly AgentRecord[]): void => {
    const opened = openBatch(batchOf(machines[0], records, sequence++).bytes);
    if (opened.ok) membership.handle({ kind: 'batchStored', batch: opened.value, now: startMs });
  };
  learn(others.map((key) => ({ kind: 'statement', bytes: certificateOf(key) })));
  const agent = {
    now: () => unixMs(desk.nowMs),
    planning: { judgeAgain: () => {} },
    core: { membership, election: { followed: undefined, plan: { classes: [{ groups: [group] }] } } },
    declare: async (...statements: readonly Statement[]) =>
      learn(
        statements.map((one) => ({ kind: 'statement', bytes: signBelieved(desk.key, one).bytes }) as const),
      ),
  } as unknown as LiveAgent;
  const desk: Desk = {
    membership,
    nowMs: startMs,
    key: admin,
    policy: (change) => changePolicy(agent, change),
    limits: (change) => changeLimits(agent, change),
  };
  return desk;
}

const pinsOf = (count: number) => peers.slice(0, count).map((machine) => ({ group: group.id, machine }));

test('as many vetoes and pins as there may be hold together', async (t) => {
  const { membership, limits } = deskOf();
  const set = await limits({ veto: peers.slice(0, vetoesMax), pin: pinsOf(pinsMax) });
  t.deepEqual(membership.policy?.limits, set);
  t.is(set.vetoes.length, vetoesMax);
  t.is(set.pins.length, pinsMax);
});

test('vetoes and pins beyond what a policy has room for are refused, with their number, and those before hold', async (t) => {
  const { membership, limits } = deskOf();
  await limits({ veto: peers.slice(0, vetoesMax - 4), pin: pinsOf(pinsMax - 4) });
  const before = membership.policy;
  const refused = { code: 'limits-too-many', message: /70 vetoes and 28 pins.*64 vetoes and 32 pins/u };
  await t.throwsAsync(limits({ veto: peers.slice(vetoesMax - 4) }), refused);
  await t.throwsAsync(limits({ pin: pinsOf(pinsMax + 1) }), { code: 'limits-too-many' });
  t.is(membership.policy, before);
  await limits({ lift: peers.slice(0, 6), veto: peers.slice(vetoesMax - 4) });
  t.is(membership.policy?.limits?.vetoes.length, vetoesMax);
});

test('a policy that was signed under a clock a year ahead gives way to the next one', async (t) => {
  const desk = deskOf();
  desk.nowMs += days(365);
  await desk.policy({ holdMoveShare: 0.3 });
  desk.nowMs = startMs + days(1);
  await desk.policy({ planMode: 'review' });
  t.is(desk.membership.policy?.planMode, 'review');
  await desk.policy({ holdMoveShare: 0.1 });
  t.is(desk.membership.policy?.holdMoveShare, 0.1);
  desk.nowMs += days(400);
  await desk.policy({ holdMoveShare: 0.2 });
  t.is(
    desk.membership.policy?.atMs,
    unixMs(desk.nowMs),
    'as soon as clocks have come so far they count again',
  );
});

test('what nobody would believe is an error that says why, and changes nothing', async (t) => {
  const desk = deskOf();
  await desk.policy({ holdMoveShare: 0.3 });
  desk.key = createAdminKey(root, { notBeforeMs: startMs, forMs: days(30) });
  desk.nowMs += days(31);
  await t.throwsAsync(desk.policy({ holdMoveShare: 0.1 }), { code: 'statement-refused', message: /life/u });
  t.is(desk.membership.policy?.holdMoveShare, 0.3);
});

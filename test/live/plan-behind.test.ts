// Whether review mode may begin under the plan that holds here, by what others say of theirs.

import test from 'ava';
import type { DreyError } from '../../datasets/index.ts';
import type { Statement } from '../../agent/codec/index.ts';
import { AgentCore } from '../../agent/core/index.ts';
import type { LiveAgent } from '../../agent/live/agent.ts';
import { changePolicy } from '../../agent/live/policy.ts';
import type { PeerId } from '../../agent/units.ts';
import { batchOf, certificateOf, fleet, machines, planOf, startMs } from '../agent/core/fleet-of-four.ts';

const [self, first, second, liar] = machines;

/** An admin's agent that follows plan 5. */
function deskOf(...connected: readonly PeerId[]) {
  const core = new AgentCore({ self: self.peer, fleet, fraction: () => 0.5 });
  const certificates = machines.map(
    (key) =>
      ({
        kind: 'statement',
        bytes: certificateOf(key, key === liar ? ['holder'] : undefined),
      }) as const,
  );
  const plan = { kind: 'plan', plan: planOf(first, 5) } as const;
  core.handle({ kind: 'started', stored: [], staged: [], heard: [], now: startMs });
  core.handle({ kind: 'batchStored', batch: batchOf(self, certificates), now: startMs });
  core.handle({ kind: 'batchStored', batch: batchOf(first, [plan]), now: startMs });
  for (const peer of connected) core.handle({ kind: 'connected', peer, now: startMs });
  const said: Statement[] = [];
  const agent = {
    core,
    now: () => startMs,
    planning: { judgeAgain: () => {} },
    declare: async (...statements: readonly Statement[]) => void said.push(...statements),
  } as unknown as LiveAgent;
  return {
    core,
    says: (from: PeerId, epoch: number): void => {
      const under = { epoch, author: first.peer };
      const message = { kind: 'inventory', group: 'g', scope: 'update', under, held: [] } as const;
      core.handle({ kind: 'message', from, message, now: startMs });
    },
    /** The epoch of the plan under which review mode began, or the error. */
    review: async (): Promise<number | DreyError> => {
      try {
        await changePolicy(agent, { planMode: 'review' });
      } catch (error) {
        return error as DreyError;
      }
      return said.flatMap((one) => (one.kind === 'planApproval' ? [one.epoch] : []))[0] ?? 0;
    },
  };
}

const codeOf = (outcome: number | DreyError): string | number =>
  typeof outcome === 'number' ? outcome : outcome.code;

test('one member that says again and again that there is a later plan keeps no admin from review mode', async (t) => {
  const desk = deskOf(first.peer, second.peer, liar.peer);
  desk.says(first.peer, 5);
  for (const epoch of [6, 1005, 7]) {
    desk.says(liar.peer, epoch);
    t.is(await desk.review(), 5);
  }
});

test('an agent that has not heard of the newest plan does not begin under an old one, and says who follows the new one', async (t) => {
  const desk = deskOf(first.peer, second.peer, liar.peer);
  for (const peer of [first.peer, second.peer]) desk.says(peer, 6);
  desk.says(liar.peer, 5);
  const refused = await desk.review();
  t.is(codeOf(refused), 'plan-behind');
  t.true(refused instanceof Error && refused.message.includes(`pc (${first.peer}), pc (${second.peer})`));
  t.false(String(refused).includes(liar.peer));
  const plan = { kind: 'plan', plan: planOf(first, 6) } as const;
  desk.core.handle({ kind: 'batchStored', batch: batchOf(first, [plan], 1), now: startMs });
  t.is(await desk.review(), 6);
});

test('where only one other machine is connected its word is enough, until it leaves or takes it back', async (t) => {
  const desk = deskOf(second.peer);
  desk.says(second.peer, 6);
  t.is(codeOf(await desk.review()), 'plan-behind');
  desk.core.handle({ kind: 'connected', peer: first.peer, now: startMs });
  desk.core.handle({ kind: 'disconnected', peer: second.peer, now: startMs });
  t.is(await desk.review(), 5);
  const another = deskOf(second.peer);
  another.says(second.peer, 6);
  another.says(second.peer, 5);
  t.is(await another.review(), 5);
});

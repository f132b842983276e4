// Real agents in review mode: a plan that any of them made waits in every admin's view, and is followed by all once it is approved.

import test from 'ava';
import type { ActsAnswer, PlanAnswer } from '../../agent/control/index.ts';
import type { FleetView } from '../../agent/index.ts';
import { askCommand, killAgent, runCommand, startAgentProcess } from '../../cli/demo/processes.ts';
import { failureOf, startFleet, statusOf } from '../helpers/agents.ts';
import { takeTime, waitUntil } from '../helpers/waiting.ts';

test('a plan that another machine made waits for the admin, who approves it for all; a restart forgets neither', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '1h' });
  const [admin] = fleet.agents;
  for (const name of ['pc-02', 'pc-03', 'pc-04', 'pc-05']) await fleet.add(name);
  const home = ['--home', admin!.home];
  const epochs = (views: readonly FleetView[]): readonly number[] =>
    views.map(({ plan }) => plan?.epoch ?? 0);
  await waitUntil({ what: 'one plan', agents: fleet.agents }, (views) => {
    const [first] = epochs(views);
    return first !== 0 && epochs(views).every((epoch) => epoch === first);
  });

  await askCommand(['fleet', 'policy', '--plan-mode', 'review', ...home]);
  const held = (await askCommand<FleetView>(['status', ...home])).plan!.epoch;
  const maker = fleet.agents[2]!;
  await fleet.add('pc-06');
  await askCommand<PlanAnswer>(['plan', 'compute', '--home', maker.home]);
  await waitUntil(
    { what: 'the plan that waits', agents: fleet.agents },
    (views) =>
      views.every(({ waitingPlan }) => waitingPlan !== undefined) &&
      new Set(views.map(({ waitingPlan }) => waitingPlan?.plan.epoch)).size === 1,
  );
  const { waitingPlan, plan } = await askCommand<FleetView>(['status', ...home]);
  t.is(plan?.epoch, held);
  const epoch = waitingPlan!.plan.epoch;
  t.true(epoch > held);
  t.regex(
    await statusOf(admin!.home),
    new RegExp(`Plan ${epoch} waits for approval: .*review mode.*plan-waits`, 'su'),
  );
  t.notRegex(
    await statusOf(
      fleet.agents.find(({ peer }) => peer !== admin!.peer && peer !== waitingPlan!.plan.author)!.home,
    ),
    /plan-waits/u,
  );
  t.regex(
    (await runCommand(['plan', 'show', '--waiting', ...home])).output,
    new RegExp(`drey plan approve ${epoch}`, 'u'),
  );

  t.is(await failureOf(['plan', 'approve', '--home', maker.home]), 'not-an-admin');
  t.is(await failureOf(['plan', 'approve', String(held), ...home]), 'other-proposal');
  await askCommand<PlanAnswer>(['plan', 'approve', String(epoch), ...home]);
  await waitUntil({ what: 'the plan that was approved', agents: fleet.agents }, (views) =>
    epochs(views).every((one) => one === epoch),
  );
  t.is(await failureOf(['plan', 'approve', ...home]), 'no-proposal');
  const { acts } = await askCommand<ActsAnswer>(['fleet', 'log', ...home]);
  t.deepEqual(
    acts.filter(({ act }) => act === 'plan-approved').map(({ detail }) => /plan (\d+)/u.exec(detail)?.[1]),
    [String(held), String(epoch)],
  );

  const other = fleet.agents[3]!;
  await killAgent(other);
  fleet.agents[3] = await startAgentProcess('pc-04', other.home);
  await waitUntil(
    { what: 'the same plan after a restart', agents: [fleet.agents[3]] },
    (views) => epochs(views)[0] === epoch,
  );

  await askCommand(['fleet', 'policy', '--plan-mode', 'automatic', ...home]);
  for (const one of fleet.agents.slice(1)) await killAgent(one);
  await waitUntil({ what: 'to be alone', agents: [admin!] }, ([view]) =>
    view!.machines.every(({ peer, state }) => peer === admin!.peer || state !== 'up'),
  );
  t.is(await failureOf(['fleet', 'policy', '--plan-mode', 'review', ...home]), 'plan-behind');
});

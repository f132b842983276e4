// What `drey plan` says of a plan that waits for an admin.

import test from 'ava';
import { computedText } from '../../cli/commands/plan.ts';
import { waitingLine, waitingPlanText } from '../../cli/commands/plan-text.ts';
import { fleetView } from '../helpers/fleet-view.ts';

const view = fleetView({ machineCount: 6 });
const plan = view.plan!;
const names = new Map(view.machines.map(({ peer, name }) => [peer as string, name]));

/** The same with another machine in the first slot of the first group. */
function another() {
  const [first, ...classes] = plan.classes;
  const [group, ...groups] = first!.groups;
  const [member, ...members] = group!.members;
  const newcomer = view.machines.find(({ peer }) => !group!.members.includes(peer))!;
  const changed = { ...group!, members: [newcomer.peer, ...members] };
  const next = {
    ...plan,
    epoch: plan.epoch + 1,
    classes: [{ ...first!, groups: [changed, ...groups] }, ...classes],
  };
  return { next, group: group!.id, from: names.get(member!)!, to: newcomer.name };
}

test('a plan that waits is shown with its reason and each slot that changes', (t) => {
  const { next, group, from, to } = another();
  const waiting = { plan: next, reason: 'the fleet is in review mode', moveShare: 0.04 };
  t.regex(
    waitingLine(plan, waiting),
    /^Plan \d+ waits for approval: the fleet is in review mode\. .* changes 1 of \d+ slots and moves about 4 % of all bytes\.$/u,
  );
  const lines = waitingPlanText(plan, waiting, names).split('\n');
  t.deepEqual(lines.at(-1)?.split(/ {2,}/u), [group, '1', from, to]);
  t.true(lines[0]?.startsWith(`Plan ${next.epoch} `));
});

test('a plan that was asked for is not said to be published when it waits', (t) => {
  t.is(computedText({ plan, changed: true }), 'A new plan is published.');
  t.regex(
    computedText({ plan, changed: true, waits: 'it would move much' }),
    /waits for approval: it would move much\./u,
  );
  t.regex(computedText({ plan, changed: false }), /stays as it is/u);
});

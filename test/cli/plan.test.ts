// What `drey plan` says of a plan that waits for an admin.

import test from 'ava';
import { computedText } from '../../cli/commands/plan.ts';
import { groupText, planText, waitingLine, waitingPlanText } from '../../cli/commands/plan-text.ts';
import { fleetView, withWaitingPlan } from '../helpers/fleet-view.ts';

const { plan, waitingPlan: waiting, machines } = withWaitingPlan(fleetView({ machineCount: 6 }));
const names = new Map(machines.map(({ peer, name }) => [peer as string, name]));

test('a plan that waits is shown with its reason and each slot that changes', (t) => {
  t.regex(
    waitingLine(plan, waiting),
    /^Plan \d+ waits for approval: the fleet is in review mode\. .* changes 1 of \d+ slots and moves about 4 % of all bytes, judged by what one machine holds\.$/u,
  );
  const lines = waitingPlanText(plan, waiting, names).split('\n');
  const { group, from = '', to = '' } = waiting.changes[0]!;
  t.deepEqual(lines.at(-2)?.split(/ {2,}/u), [group, '0', names.get(from), names.get(to)]);
  t.is(lines.at(-1), `An admin approves it with \`drey plan approve ${waiting.plan.epoch}\`.`);
  t.true(lines[0]?.startsWith(`Plan ${waiting.plan.epoch} `));
});

test('slots of machines that are gone are told apart from what moves', (t) => {
  t.regex(
    waitingLine(plan, { ...waiting, repairCount: 1, moveShare: 0 }),
    /changes 1 of \d+ slots, 1 of them to replace machines that are gone or put out, and moves about 0 % of all bytes beside that, /u,
  );
});

test('why a machine is in a group says that an admin pinned it there', (t) => {
  const [group, other] = plan.classes[0]!.groups;
  const [pinned, ...rest] = group!.members;
  const outside = machines.map(({ peer }) => peer).find((peer) => !group!.members.includes(peer))!;
  const pins = [
    { group: group!.id, machine: pinned! },
    { group: other!.id, machine: rest[0]! },
    { group: group!.id, machine: outside },
  ];
  const lines = groupText(plan, group!.id, { names, pins }).split('\n');
  t.deepEqual(
    lines.filter((line) => line.includes('Pinned')),
    [`Pinned by an admin: ${names.get(pinned!)} keeps its slot, whoever would do better.`],
  );
  t.notRegex(groupText(plan, group!.id, { names, pins: [] }), /Pinned/u);
});

test('a reason that comes from another machine stays one line', (t) => {
  const line = waitingLine(plan, { ...waiting, reason: 'first\nsecond\u001B[2J' });
  t.false(line.includes('\n') || line.includes('\u001B'));
});

test('a plan that was asked for is not said to be published when it waits', (t) => {
  t.is(computedText({ plan, changed: true }), 'A new plan is published.');
  t.regex(
    computedText({ plan, changed: true, waits: 'it would move much' }),
    /waits for approval: it would move much\./u,
  );
  t.regex(computedText({ plan, changed: false }), /stays as it is/u);
});

test('scores of policies say what they were judged on, and that a week without an outage decides nothing', (t) => {
  const text = planText(plan, names);
  t.regex(text, /judged on groups of 3 whole copies, any 1 of which serves:\n {2}random: 2\.120 %/u);
  t.notRegex(text, /decides nothing/u);
  const heldOut = plan.heldOut.map((score) => ({
    ...score,
    unavailableShare: 0,
    unavailableShareBusiness: 0,
  }));
  t.regex(
    planText({ ...plan, heldOut }, names),
    /learned: 0\.000 % of group-hours unavailable\n {2}No policy missed an hour: this week decides nothing\./u,
  );
});

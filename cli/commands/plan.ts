// `drey plan`: which machines form which groups, what that is worth, and why.

import type { Command } from 'commander';
import { askAgent } from '../../agent/control/index.ts';
import type { FleetView } from '../../agent/index.ts';
import { DreyError } from '../../datasets/index.ts';
import { copyReasonText, explainGroup, type Plan } from '../../optimizer/index.ts';
import { homeOf, show, withCommonOptions, type CommonOptions } from '../command.ts';
import { bytesText, survivalText, tableText, timeText } from '../print.ts';
import { trainingProgress } from '../training-progress.ts';
import { checkPlanFile } from './plan-check.ts';
import { addLimits } from './plan-limits.ts';
import { addWhatIf } from './plan-what-if.ts';

/** Names of machines by peer id. */
export type Naming = ReadonlyMap<string, string>;

const namesOf = (view: FleetView): Naming =>
  new Map(view.machines.map((machine) => [machine.peer, machine.name]));

const nameOf = (names: Naming, peer: string): string => names.get(peer) ?? peer.slice(-8);

function planText(plan: Plan, names: Naming): string {
  const rows = plan.classes.flatMap((placementClass) =>
    placementClass.groups.map((group) => [
      group.id,
      `${placementClass.name} ${placementClass.redundancy.k} of ${placementClass.redundancy.n}`,
      survivalText(group.unavailability),
      survivalText(group.unavailabilityAt['03:00'] ?? group.unavailability),
      group.members.map((member) => nameOf(names, member)).join(' '),
    ]),
  );
  const scores = plan.heldOut.map(
    (score) => `  ${score.policy}: ${(100 * score.unavailableShare).toFixed(3)} % of group-hours unavailable`,
  );
  return [
    `Plan ${plan.epoch} of ${timeText(plan.computedMs)} UTC by ${nameOf(names, plan.author)}, from ${plan.modelSource}`,
    tableText([['group', 'class', 'survival', 'at 03:00', 'holders, slot by slot'], ...rows]),
    ...copyLines(plan, names),
    ...(scores.length === 0 ? [] : ['On held-out history:', ...scores]),
    ...plan.notes,
  ].join('\n');
}

/** One line for each copy of a popular pack. */
const copyLines = (
  { popular }: Plan,
  names: Naming,
  isWanted: (pack: string) => boolean = () => true,
): readonly string[] =>
  (popular?.copies ?? [])
    .filter(({ pack }) => isWanted(pack))
    .map(
      ({ pack, machine, bytes, untilMs, reason }) =>
        `Pack ${pack.slice(0, 12)} has a whole copy on ${nameOf(names, machine)} (${bytesText(bytes)}) until ${timeText(untilMs)} UTC, because ${copyReasonText(reason)}.`,
    );

async function viewWithPlan(
  options: CommonOptions,
): Promise<{ readonly plan: Plan; readonly names: Naming }> {
  const view = await askAgent({ home: homeOf(options), call: 'view', request: {} });
  if (view.plan === undefined) {
    throw new DreyError({
      code: 'plan-missing',
      message: 'this fleet has no plan yet',
      advice: 'Start at least four machines, or ask for one with `drey plan compute`.',
      retry: 'retryable',
    });
  }
  return { plan: view.plan, names: namesOf(view) };
}

async function showPlan(options: CommonOptions): Promise<void> {
  const { plan, names } = await viewWithPlan(options);
  show(options, plan, () => planText(plan, names));
}

/** As many digits of a pack's id name it. */
const packDigitsMin = 6;

async function explain(groupId: string, options: CommonOptions): Promise<void> {
  const { plan, names } = await viewWithPlan(options);
  const group = plan.classes
    .flatMap((placementClass) => placementClass.groups)
    .find(({ id }) => id === groupId);
  const copies = copyLines(
    plan,
    names,
    (pack) => groupId.length >= packDigitsMin && pack.startsWith(groupId),
  );
  if (group === undefined && copies.length > 0) {
    show(options, plan.popular?.copies.filter(({ pack }) => pack.startsWith(groupId)) ?? [], () =>
      copies.join('\n'),
    );
    return;
  }
  if (group === undefined) {
    throw new DreyError({
      code: 'group-unknown',
      message: `the plan has no group "${groupId}", and no copy of a pack of that name`,
      advice: 'Take an id from `drey plan show`.',
    });
  }
  const named = (line: string): string =>
    [...names].reduce((text, [peer, name]) => text.replaceAll(peer, name), line);
  show(options, group, () => explainGroup(plan, groupId).map(named).join('\n'));
}

async function compute(options: CommonOptions): Promise<void> {
  const home = homeOf(options);
  const answer = await askAgent({ home, call: 'computePlan', request: {}, ...trainingProgress(options) });
  const names = namesOf(await askAgent({ home, call: 'view', request: {} }));
  show(options, answer, () =>
    [
      answer.changed ? 'A new plan is published.' : 'The plan stays as it is: nothing better was found.',
      planText(answer.plan, names),
    ].join('\n'),
  );
}

async function approve(options: CommonOptions): Promise<void> {
  const answer = await askAgent({ home: homeOf(options), call: 'approvePlan', request: {} });
  show(options, answer, () => `Plan ${answer.plan.epoch} is approved and published.`);
}

/** Adds `plan show | explain | compute | approve | limits | whatif | check`. */
export function addPlanCommands(program: Command): void {
  const plan = program.command('plan').description('which machines hold what together, and why');
  withCommonOptions(
    plan.command('show').description('print the plan that is carried out now'),
    'drey plan show',
  ).action(showPlan);
  withCommonOptions(
    plan
      .command('explain')
      .description('why these machines')
      .argument('<id>', 'id of a group, or of a pack that has a copy'),
    'drey plan explain s1.3-2',
  ).action(explain);
  withCommonOptions(
    plan.command('compute').description('train the models and compute a plan now'),
    'drey plan compute',
  ).action(compute);
  withCommonOptions(
    plan.command('approve').description('publish the plan that waits for approval (review mode)'),
    'drey plan approve',
  ).action(approve);
  const namesFor = async (home: string): Promise<Naming> =>
    namesOf(await askAgent({ home, call: 'view', request: {} }));
  addLimits(
    withCommonOptions(
      plan.command('limits').description('show or change what plans may not do'),
      'drey plan limits --veto anna-pc --apart subnet --moved-per-week 200GB',
    ),
    namesFor,
  );
  addWhatIf(
    withCommonOptions(
      plan.command('whatif').description('what would be out of reach if these machines were gone'),
      'drey plan whatif --lose site=hall-2 --lose "after 19:00"',
    ),
    namesFor,
  );
  withCommonOptions(
    plan
      .command('check')
      .description('compute the odds and bounds of a plan again, from its file alone')
      .argument('<file>', 'what `drey plan show --json` wrote')
      .option('--before <file>', 'the plan before it: is everything counted that moved?'),
    'drey plan check plan.json',
  ).action(checkPlanFile);
}

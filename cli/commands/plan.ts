// `drey plan`: which machines form which groups, what that is worth, and why.

import type { Command } from 'commander';
import { askAgent, type PlanAnswer } from '../../agent/control/index.ts';
import { type FleetView, shownName } from '../../agent/index.ts';
import { DreyError } from '../../datasets/index.ts';
import type { Plan } from '../../optimizer/index.ts';
import { homeOf, show, withCommonOptions, type CommonOptions } from '../command.ts';
import { parseCount } from '../quantities.ts';
import { trainingProgress } from '../training-progress.ts';
import type { CheckOptions } from './plan-check.ts';
import { addLimits } from './plan-limits.ts';
import type { Naming } from './plan-text.ts';
import { addWhatIf } from './plan-what-if.ts';

/** It needs the optimizer, which other commands need not wait for. */
const loadTexts = () => import('./plan-text.ts');

const namesOf = (view: FleetView): Naming =>
  new Map(view.machines.map((machine) => [machine.peer, shownName(machine)]));

interface Planned {
  readonly plan: Plan;
  readonly waiting: FleetView['waitingPlan'];
  readonly names: Naming;
}

async function viewWithPlan(options: CommonOptions): Promise<Planned> {
  const view = await askAgent({ home: homeOf(options), call: 'view', request: {} });
  if (view.plan === undefined) {
    throw new DreyError({
      code: 'plan-missing',
      message: 'this fleet has no plan yet',
      advice: 'Start at least four machines, or ask for one with `drey plan compute`.',
      retry: 'retryable',
    });
  }
  return { plan: view.plan, waiting: view.waitingPlan, names: namesOf(view) };
}

interface ShowOptions extends CommonOptions {
  readonly waiting?: boolean;
}

async function showPlan(options: ShowOptions): Promise<void> {
  const { plan, waiting, names } = await viewWithPlan(options);
  const { planText, waitingLine, waitingPlanText } = await loadTexts();
  if (options.waiting !== true) {
    const more =
      waiting === undefined ? [] : ['', waitingLine(plan, waiting), 'See `drey plan show --waiting`.'];
    show(options, plan, () => [planText(plan, names), ...more].join('\n'));
    return;
  }
  if (waiting === undefined)
    throw new DreyError({
      code: 'plan-not-waiting',
      message: 'no plan waits for approval, as far as this machine has heard',
      advice: 'See `drey status`. `drey plan compute` asks for a plan now.',
    });
  show(options, waiting.plan, () => waitingPlanText(plan, waiting, names));
}

/** As many digits of a pack's id name it. */
const packDigitsMin = 6;

async function explain(groupId: string, options: CommonOptions): Promise<void> {
  const { plan, names } = await viewWithPlan(options);
  const group = plan.classes
    .flatMap((placementClass) => placementClass.groups)
    .find(({ id }) => id === groupId);
  const { copyLines, groupText } = await loadTexts();
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
  const { pins } = await askAgent({ home: homeOf(options), call: 'planLimits', request: {} });
  show(options, group, () => groupText(plan, groupId, { names, pins }));
}

/** What became of a plan that was asked for. */
export function computedText({ plan, changed, waits }: PlanAnswer): string {
  if (!changed) return 'The plan stays as it is: nothing better was found.';
  return waits === undefined
    ? 'A new plan is published.'
    : `Plan ${plan.epoch} waits for approval: ${waits}. The old plan holds until an admin runs \`drey plan approve ${plan.epoch}\`.`;
}

async function compute(options: CommonOptions): Promise<void> {
  const home = homeOf(options);
  const answer = await askAgent({ home, call: 'computePlan', request: {}, ...trainingProgress(options) });
  const names = namesOf(await askAgent({ home, call: 'view', request: {} }));
  const { planText } = await loadTexts();
  show(options, answer, () => [computedText(answer), planText(answer.plan, names)].join('\n'));
}

async function approve(epochText: string | undefined, options: CommonOptions): Promise<void> {
  const request = epochText === undefined ? {} : { epoch: parseCount(epochText, { least: 1 }) };
  const answer = await askAgent({ home: homeOf(options), call: 'approvePlan', request });
  show(
    options,
    answer,
    () => `Plan ${answer.plan.epoch} is approved: each machine follows it as soon as it hears of that.`,
  );
}

/** Adds `plan show | explain | compute | approve | limits | whatif | check`. */
export function addPlanCommands(program: Command): void {
  const plan = program.command('plan').description('which machines hold what together, and why');
  withCommonOptions(
    plan.command('show').description('print the plan that is carried out now'),
    'drey plan show',
  )
    .option('--waiting', 'the plan that waits for approval, and how it differs')
    .action(showPlan);
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
    plan
      .command('approve')
      .description('let the fleet follow the plan that waits for approval (see `drey plan show --waiting`)')
      .argument('[epoch]', 'only if it is this plan that waits'),
    'drey plan approve 17',
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
  ).action(async (path: string, options: CheckOptions) => {
    const { checkPlanFile } = await import('./plan-check.ts');
    checkPlanFile(path, options);
  });
}

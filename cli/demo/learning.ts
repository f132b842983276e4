// Demo, second part: generated history goes in as signed telemetry, the elected agent learns, plans and publishes.

import { join } from 'node:path';
import { askAgent } from '../../agent/control/index.ts';
import type { FleetView } from '../../agent/index.ts';
import type { Plan } from '../../optimizer/index.ts';
import type { WrittenHistory } from '../generated-history.ts';
import { survivalText, tableText } from '../print.ts';
import { trainingProgress } from '../training-progress.ts';
import { askCommand } from './processes.ts';
import { adminOf, check, type DemoState } from './state.ts';
import { isSettled, viewOf, waitUntil } from './waiting.ts';

const weeks = 4;

/** Step: four weeks of history for every machine, signed by each of them and replicated to all. */
export async function giveHistory(state: DemoState): Promise<string> {
  const { root, seed } = state.options;
  const admin = adminOf(state);
  const history = await askCommand<WrittenHistory>([
    'telemetry',
    'generate',
    '--home',
    admin.home,
    '--seed',
    seed,
    '--weeks',
    String(weeks),
    '--out',
    join(root, 'history'),
  ]);
  state.history = history;
  for (const { machine, file } of history.files) {
    const agent = state.agents.find(({ peer }) => peer === machine);
    if (agent !== undefined) await askCommand(['telemetry', 'import', file, '--home', agent.home]);
  }
  const rowCount = history.files.reduce((sum, file) => sum + file.rowCount, 0);
  await waitUntil(
    { what: 'all telemetry arriving everywhere', agents: state.agents, secondsMax: 60 },
    (views) => views.every((view) => view.telemetryRows >= rowCount),
  );
  return `history is generated (seed ${seed}): ${rowCount} rows of ${weeks} weeks with ${history.domains.length} hidden domains, signed by each machine, received by all`;
}

/** A machine that stands alone is a domain of its own on both sides. */
const alone = (index: number): number => 1000 + index;

function domainLabels(state: DemoState, plan: Plan): { readonly truth: number[]; readonly found: number[] } {
  const hidden = new Map(
    state.history?.domains.flatMap(({ machines }, index) =>
      machines.map((machine) => [String(machine), index] as const),
    ),
  );
  const names = [...new Set(Object.values(plan.domains))];
  const peers = state.agents.map(({ peer }) => peer);
  return {
    truth: peers.map((peer, index) => hidden.get(peer) ?? alone(index)),
    found: peers.map((peer, index) =>
      plan.domains[peer] === undefined ? alone(index) : names.indexOf(plan.domains[peer]),
    ),
  };
}

/** Step: the elected agent trains on the telemetry that it received, computes the plan and publishes it. */
export async function learnAndPlan(state: DemoState): Promise<string> {
  const before = await viewOf(adminOf(state));
  const elected = state.agents.find(({ peer }) => peer === before.optimizer?.peer) ?? adminOf(state);
  const { plan } = await askAgent({
    home: elected.home,
    call: 'computePlan',
    request: {},
    ...trainingProgress({}),
  });
  state.plan = plan;
  const { adjustedRandIndex } = await import('../../models/index.ts');
  const labels = domainLabels(state, plan);
  state.domainMatch = adjustedRandIndex(labels.truth, labels.found);
  return `${elected.name} is the elected optimizer: trained, plan ${plan.epoch} published, from ${plan.modelSource}`;
}

/** Step: copy, verify, then remove, until every shard lies where the plan says. */
export async function carryOut(state: DemoState): Promise<string> {
  const epoch = state.plan?.epoch ?? 0;
  const views = await waitUntil(
    { what: 'the plan being carried out', agents: state.agents, secondsMax: 120 },
    (seen) => isSettled(seen) && (seen[0]?.plan?.epoch ?? 0) >= epoch,
  );
  state.view = views[0]!;
  check(state, 'the plan is carried out', { held: true, detail: `epoch ${state.view.plan?.epoch}` });
  const shards = views.reduce((sum, view) => sum + view.work.heldShards, 0);
  return `copied, verified, then removed: ${shards} shards lie where plan ${state.view.plan?.epoch} says`;
}

const namesOf = (view: FleetView): ReadonlyMap<string, string> =>
  new Map(view.machines.map(({ peer, name }) => [peer, name]));

/** Of each class: enough to see what a group is. */
const groupsShown = 3;

function groupTable(view: FleetView, plan: Plan): string {
  const names = namesOf(view);
  const rows = plan.classes.flatMap(({ name, redundancy, groups }) =>
    groups
      .slice(0, groupsShown)
      .map((group) => [
        group.id,
        `${name} ${redundancy.k} of ${redundancy.n}`,
        survivalText(group.unavailability),
        survivalText(group.unavailabilityAt['03:00'] ?? group.unavailability),
        group.members
          .map(
            (peer) =>
              `${names.get(peer) ?? peer}${plan.domains[peer] === undefined ? '' : `(${plan.domains[peer].replace(/^learned domain /u, 'd')})`}`,
          )
          .join(' '),
      ]),
  );
  const groupCount = plan.classes.reduce((sum, { groups }) => sum + groups.length, 0);
  return [
    tableText([['group', 'class', 'survival', 'at 03:00', 'holders (domain)'], ...rows]),
    ...(groupCount > rows.length ? [`… ${groupCount - rows.length} more groups: \`drey plan show\``] : []),
  ].join('\n');
}

/** Step: what was decided, and what it is worth. Returns several lines. */
export function showPlan(state: DemoState): string {
  const { plan, view } = state;
  if (plan === undefined || view === undefined) return 'there is no plan to show';
  const scores = plan.heldOut
    .map(({ policy, unavailableShare }) => `${policy} ${(100 * unavailableShare).toFixed(2)} %`)
    .join(', ');
  const match = state.domainMatch ?? 0;
  check(state, 'the comparison with baselines is there', { held: plan.heldOut.length >= 3, detail: scores });
  const joint = view.models?.summaries.find(({ model }) => model === 'joint failure');
  return [
    joint?.serves === 'baseline'
      ? `no learned domain serves: in the held-out week ${joint.reason}`
      : `hidden domains ${match > 0.99 ? 'all found' : match > 0.5 ? 'mostly found' : 'not found'} (adjusted Rand index ${match.toFixed(2)})`,
    `unavailable group-hours in the held-out last week: ${scores}`,
    groupTable(view, plan),
    ...plan.notes,
  ]
    .join('\n      ')
    .replaceAll('\n', '\n      ')
    .replaceAll(/\n {12}/gu, '\n      ');
}

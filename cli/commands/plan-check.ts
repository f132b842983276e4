// `drey plan check FILE`: computes again from the file alone what a plan claims. Needs no agent and no fleet.

import { readFileSync } from 'node:fs';
import { planSchema } from '../../agent/codec/index.ts';
import { DreyError } from '../../datasets/index.ts';
import { checkPlan, type ClassCheck, type Plan, type PlanCheck, shareBelow } from '../../optimizer/index.ts';
import { type CommonOptions, show } from '../command.ts';
import { bytesText, oneLine, tableText } from '../print.ts';

export interface CheckOptions extends CommonOptions {
  /** File of the plan before it. */
  readonly before?: string;
}

const unreadable = (message: string, cause?: unknown): DreyError =>
  new DreyError({
    code: 'plan-file-unreadable',
    message,
    advice: 'Write one with `drey plan show --json > plan.json`.',
    ...(cause === undefined ? {} : { cause }),
  });

/** The plan in what `drey plan show --json` or `drey plan compute --json` wrote. */
function planInFile(path: string, file = 'the file'): Plan {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw unreadable(`${file} cannot be read, or is no JSON`, error);
  }
  const parsed = planSchema.safeParse(planOf(value));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw unreadable(`${file} holds no plan: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim());
}

/** Of two files the wrong way round everything would seem to be counted. */
function planBefore(plan: Plan, path: string): Plan {
  const file = 'the file of --before';
  const before = planInFile(path, file);
  if (before.epoch < plan.epoch) return before;
  throw unreadable(`${file} holds plan ${before.epoch}, which does not come before plan ${plan.epoch}`);
}

/** An answer of `compute` holds the plan; one of `show` is the plan. */
const planOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'plan' in value ? value.plan : value;

/** How far the best possible odds may be below those of the groups. */
const gapText = (gap: number): string =>
  Number.isFinite(gap) ? `up to ${(100 * shareBelow(gap)).toFixed(2)} % less` : 'nothing proven';

function rowOf(check: ClassCheck, hasEvidence: boolean): readonly string[] {
  const { name, groupCount, distinctSetCount, slotsPerMachineMax, scatterWidthMin } = check;
  const { burstLossOddsMax, certificate } = check;
  const proven =
    certificate === undefined
      ? [hasEvidence ? 'no certificate' : 'no evidence', '', '']
      : [
          certificate.value.toExponential(3),
          certificate.lowerBound.toExponential(3),
          gapText(certificate.gap),
        ];
  return [
    name,
    String(groupCount),
    String(distinctSetCount),
    String(slotsPerMachineMax),
    String(scatterWidthMin),
    burstLossOddsMax.toExponential(1),
    ...proven,
  ];
}

/** Nothing where the plan has no copies. */
const copiesLines = ({ popular }: PlanCheck): readonly string[] =>
  popular === undefined
    ? []
    : [
        `${popular.copyCount} copies of ${popular.packCount} popular packs on ${popular.machineCount} machines take ${bytesText(popular.bytes)}, at most ${(100 * popular.roomShareMax).toFixed(0)} % of a machine's room for them.`,
      ];

/** Nothing where the plan counts no traffic by machine. */
function trafficLines({ traffic }: PlanCheck): readonly string[] {
  if (traffic === undefined) return [];
  const of = (bytes: number | undefined): string => (bytes === undefined ? '' : ` of ${bytesText(bytes)}`);
  const { takenBytesMost, takenBytesMax, givenBytesMost, givenBytesMax } = traffic;
  return [
    `In the week a machine takes in at most ${bytesText(takenBytesMost)}${of(takenBytesMax)} and gives out at most ${bytesText(givenBytesMost)}${of(givenBytesMax)}, popular copies included.`,
  ];
}

const verdict = (hasEvidence: boolean): string =>
  hasEvidence
    ? 'What can be computed from the file alone holds.'
    : 'What the plan says of its structure holds. Its odds are only claimed: it carries nothing that they could be computed from.';

function checkText(check: PlanCheck): string {
  const { problems, notChecked, classes, hasEvidence } = check;
  const head = [
    'class',
    'groups',
    'different',
    'most slots',
    'least neighbours',
    'loss in a burst',
    'odds',
    'bound',
    'the best may be',
  ];
  return [
    tableText([head, ...classes.map((one) => rowOf(one, hasEvidence))]),
    ...copiesLines(check),
    ...trafficLines(check),
    ...(problems.length === 0 ? [verdict(hasEvidence)] : problems),
    'Not checked, as nothing in the file proves it:',
    ...notChecked.map((part) => `  ${oneLine(part)}`),
  ].join('\n');
}

/** Prints the figures; throws `plan-check-failed` when the plan breaks a law or claims more than its evidence proves. */
export function checkPlanFile(path: string, options: CheckOptions): void {
  const { before } = options;
  const plan = planInFile(path);
  const check = checkPlan(plan, before === undefined ? undefined : planBefore(plan, before));
  show(options, check, () => checkText(check));
  if (check.problems.length === 0) return;
  throw new DreyError({
    code: 'plan-check-failed',
    message: `this plan breaks ${check.problems.length} of its claims or laws, the first: ${check.problems[0]}`,
    advice: 'Do not approve it; compute a new one with `drey plan compute`.',
  });
}

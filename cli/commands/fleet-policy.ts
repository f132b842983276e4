// `drey fleet policy`: what admins set for the whole fleet, and what it means for plans.

import { type Command, Option } from 'commander';
import { type FleetView, holderSilenceMsMin, holdMoveBytesMin } from '../../agent/index.ts';
import { askAgent, type CallAnswers } from '../../agent/control/index.ts';
import { DreyError } from '../../datasets/index.ts';
import { type AvailabilityTarget, targetedMachinesMin } from '../../optimizer/index.ts';
import { homeOf, show, withCommonOptions, type CommonOptions } from '../command.ts';
import { bytesText, setSpanText, shareText } from '../print.ts';
import { parseShare, parseSpanMs } from '../quantities.ts';

interface PolicyOptions extends CommonOptions {
  readonly holderSilence?: string;
  readonly planMode?: 'automatic' | 'review';
  readonly holdAbove?: string;
  readonly target?: string;
  readonly targetHours?: 'business' | 'all';
}

/** Whoever waits longer has no repair. */
const silenceMost = '90d';

/** `leastMs`: a trial may wait for less than a fleet. Throws `quantity-malformed` or `policy-refused`. */
export function parseSilenceMs(text: string, leastMs: number = holderSilenceMsMin): number {
  const ms = parseSpanMs(text);
  const refused = (message: string, bound: string): DreyError =>
    new DreyError({
      code: 'policy-refused',
      message,
      advice: `Give at ${bound}. 90h, the default, lasts over a long weekend.`,
    });
  if (ms > parseSpanMs(silenceMost))
    throw refused(
      `what a machine held that left for good would have fewer copies for ${text}: that is no repair`,
      `most ${silenceMost}`,
    );
  if (ms < leastMs)
    throw refused(
      `after ${text} of silence no machine may be replaced: every one that sleeps or restarts would be`,
      `least ${setSpanText(leastMs)}`,
    );
  return ms;
}

/** Less than half of all packs within reach is no target. */
const targetShareMin = 0.5;

/** "99.99 %", or with the hours that it is meant for: "99.99 % at business hours", "99.9% at all hours". */
function parseTarget(text = ''): Partial<AvailabilityTarget> {
  const [typed = '', hours] = text.split(/ (?:at|in) (?=(?:business|all) hours$)/u);
  const share = typed === '' ? undefined : parseShare(typed);
  if (share !== undefined && share < targetShareMin)
    throw new DreyError({
      code: 'policy-refused',
      message: `${shareText(share)} of packs within reach is no target`,
      advice: `Give at least ${shareText(targetShareMin)}; 99.9% is the default.`,
    });
  return {
    ...(share === undefined ? {} : { share }),
    ...(hours === undefined ? {} : { hours: hours.startsWith('all') ? 'all' : 'business' }),
  };
}

const targetText = ({ share, hours }: AvailabilityTarget): string =>
  `${Number((100 * share).toPrecision(9))} % of packs within reach ${hours === 'all' ? 'at all hours' : 'in business hours'}`;

/** Which plans wait for an admin. */
function plansText({ planMode, holdMoveShare }: CallAnswers['policy']): string {
  if (planMode === 'review')
    return "Every plan after the first waits for an admin's word (review mode), those that only replace machines too.";
  const least = holdMoveShare > 0 ? ` and at least ${bytesText(holdMoveBytesMin)} in all` : '';
  return `Plans are carried out by themselves (automatic mode), but wait for an admin when they would move more than ${shareText(holdMoveShare)} of all bytes${least}. What takes the place of machines that are gone or put out does not count: that is repair.`;
}

/** Machines that may hold shards: as many as a plan finds, but for those that it leaves out. */
const giverCountOf = ({ machines }: FleetView): number =>
  machines.filter(
    ({ roles, state, quotaBytes }) =>
      roles.includes('holder') && (state === 'up' || state === 'silent') && quotaBytes !== 0,
  ).length;

const choiceText = (target: AvailabilityTarget, giverCount: number): string =>
  giverCount >= targetedMachinesMin
    ? `Copies and codes are chosen for ${targetText(target)}. Until there are two weeks of history, the number of machines decides.`
    : `Copies and codes follow from the number of machines, ${giverCount}: the target, ${targetText(target)}, counts from ${targetedMachinesMin} machines on.`;

/** The policy in words; `giverCount`: machines that plans can use. */
export const policyText = (policy: CallAnswers['policy'], giverCount: number): string =>
  [
    `A holder is replaced after ${setSpanText(policy.holderSilenceMs)} of silence.`,
    plansText(policy),
    choiceText(policy.target, giverCount),
  ].join('\n');

async function showPolicy(options: PolicyOptions): Promise<void> {
  const { holderSilence, planMode, holdAbove } = options;
  const { share, hours = options.targetHours } = parseTarget(options.target);
  const target = { ...(share === undefined ? {} : { share }), ...(hours === undefined ? {} : { hours }) };
  const answer = await askAgent({
    home: homeOf(options),
    call: 'policy',
    request: {
      ...(holderSilence === undefined ? {} : { holderSilenceMs: parseSilenceMs(holderSilence) }),
      ...(planMode === undefined ? {} : { planMode }),
      ...(holdAbove === undefined ? {} : { holdMoveShare: parseShare(holdAbove) }),
      ...(Object.keys(target).length === 0 ? {} : { target }),
    },
  });
  const view = await askAgent({ home: homeOf(options), call: 'view', request: {} });
  show(options, answer, () => policyText(answer, giverCountOf(view)));
}

/** Adds `fleet policy`. */
export function addFleetPolicy(fleet: Command): void {
  withCommonOptions(
    fleet.command('policy').description('show or change what holds for the whole fleet'),
    'drey fleet policy --holder-silence 90h --plan-mode review',
  )
    .option('--holder-silence <span>', 'replace a holder that is silent for longer; at least 1h')
    .addOption(
      new Option(
        '--plan-mode <mode>',
        'plans are carried out by themselves, or an admin approves each',
      ).choices(['automatic', 'review']),
    )
    .option(
      '--hold-above <share>',
      'a plan that moves more of all bytes waits for an admin (default 50%); not what replaces machines that are gone, nor less than 64 GiB; 0%: whatever moves anything',
    )
    .option(
      '--target <share>',
      'share of packs that should be within reach: "99.99 % at business hours", 99.9% (the default)',
    )
    .addOption(
      new Option('--target-hours <hours>', 'when: business hours, or all').choices(['business', 'all']),
    )
    .action(showPolicy);
}

// `drey fleet delete | deletions`: what admins have deleted before its time, by several of them.

import type { Command } from 'commander';
import { askAgent, type CallRequest, type WipesAnswer } from '../../agent/control/index.ts';
import { DreyError } from '../../datasets/index.ts';
import { type CommonOptions, homeOf, show, withCommonOptions } from '../command.ts';
import { setSpanText, timeText } from '../print.ts';
import { parseCount, parseSpanMs } from '../quantities.ts';

const adminsText = (count: number): string => (count === 1 ? 'one admin' : `${count} admins`);

type Rule = WipesAnswer['rule'];

/** What an admin can do where too few are left. */
const makeAdmins =
  'make an admin of another machine with the recovery kit (`drey fleet admin --kit …`), or have the kit ask for fewer (`--delete-admins … --delete-wait …` there)';

function ruleText({ adminCount, wantedCount, waitMs, thereCount, saidBy }: Rule): string {
  const rule = `A deletion before its time needs the word of ${adminsText(adminCount)}, then waits ${setSpanText(waitMs)}: until then any admin can stop it.`;
  const more = [
    ...(wantedCount > adminCount
      ? [
          `${wantedCount} admins were asked for, and there have never been more than ${adminCount}: each further one counts as soon as it is made.`,
        ]
      : []),
    ...(adminCount === 1 && saidBy === 'nobody'
      ? [
          'One is enough as this fleet has never had a second admin: from the first moment that it has, two must agree.',
        ]
      : []),
    ...(thereCount < adminCount
      ? [
          `Only ${adminsText(thereCount)} ${thereCount === 1 ? 'is' : 'are'} left: keys that were put out go on counting, so that nobody who puts the others out decides alone. To have anything deleted early, ${makeAdmins}.`,
        ]
      : []),
  ];
  return [rule, ...more].join('\n');
}

function stateText(
  { state, agreed, adminCount, dueMs, stoppedBy }: WipesAnswer['wipes'][number],
  { thereCount }: Rule,
): string {
  switch (state) {
    case 'asked':
      return thereCount < adminCount
        ? `${agreed.length} of ${adminCount} admins agree, and nobody else can: only ${adminsText(thereCount)} ${thereCount === 1 ? 'is' : 'are'} left`
        : `${agreed.length} of ${adminCount} admins agree; more have to say \`drey fleet deletions --agree ID\``;
    case 'waiting':
      return `holders delete it at about ${timeText(dueMs ?? 0)}, each by its own clock, unless an admin says \`drey fleet deletions --stop ID\``;
    case 'stopped':
      return `stopped by the admin on ${stoppedBy ?? 'another machine'}`;
    case 'contradicted':
      return 'nobody deletes anything: admins asked for different things under this id, which a thief of an admin key can do; stop it, ask again, and see `drey fleet log`';
    case 'due':
      return 'deleted: each holder frees it when its own time is over';
  }
}

function wipeText(wipe: WipesAnswer['wipes'][number], rule: Rule): string {
  const { wipe: id, drive, owner, scope, reason, atMs, agreed } = wipe;
  const what = scope === 'drive' ? 'everything of drive' : 'what its owner gave up until then of drive';
  return [
    `${id.slice(0, 8)}  ${what} ${drive.slice(0, 8)}${owner === undefined ? '' : ` of ${owner}`}, asked for ${timeText(atMs)}: ${reason}`,
    `          ${wipe.state === 'contradicted' ? 'asked for by' : 'agreed'}: ${agreed.join(', ')}`,
    `          ${stateText(wipe, rule)}`,
  ].join('\n');
}

export const deletionsText = ({ rule, wipes }: WipesAnswer): string =>
  [
    ...(wipes.length === 0
      ? ['Nobody has asked for a deletion.']
      : wipes.map((wipe) => wipeText(wipe, rule))),
    '',
    ruleText(rule),
  ].join('\n');

interface DeleteOptions extends CommonOptions {
  readonly givenUp?: boolean;
  readonly reason: string;
}

async function askForDeletion(drive: string, options: DeleteOptions): Promise<void> {
  const scope = options.givenUp === true ? 'given up' : 'drive';
  const answer = await askAgent({
    home: homeOf(options),
    call: 'wipe',
    request: { action: 'ask', drive, scope, reason: options.reason },
  });
  show(options, answer, () => deletionsText(answer));
}

interface DeletionsOptions extends CommonOptions {
  readonly agree?: string;
  readonly stop?: string;
  readonly admins?: string;
  readonly wait?: string;
  readonly reason: string;
}

function wordOf({ agree, stop, admins, wait, reason }: DeletionsOptions): CallRequest<'wipe'> | undefined {
  const isRule = admins !== undefined || wait !== undefined;
  if ([agree !== undefined, stop !== undefined, isRule].filter(Boolean).length > 1)
    throw new DreyError({
      code: 'deletions-malformed',
      message: 'that says several things at once',
      advice: 'Give --agree, --stop, or --admins and --wait.',
    });
  if (agree !== undefined) return { action: 'agree', wipe: agree, reason };
  if (stop !== undefined) return { action: 'stop', wipe: stop, reason };
  if (!isRule) return undefined;
  return {
    action: 'rule',
    ...(admins === undefined ? {} : { adminCount: parseCount(admins) }),
    ...(wait === undefined ? {} : { waitMs: parseSpanMs(wait) }),
  };
}

async function deletions(options: DeletionsOptions): Promise<void> {
  const home = homeOf(options);
  const request = wordOf(options);
  const answer =
    request === undefined
      ? await askAgent({ home, call: 'wipes', request: {} })
      : await askAgent({ home, call: 'wipe', request });
  show(options, answer, () => deletionsText(answer));
}

/** Adds `fleet delete | deletions`. */
export function addFleetDeletions(fleet: Command): void {
  withCommonOptions(
    fleet
      .command('delete')
      .description(
        'ask for a drive to be deleted from all holders before its time; where there are other admins, they must agree',
      )
      .argument('<drive>', 'first digits of its id'),
    'drey fleet delete 7a3f --reason "asked for by law"',
  )
    .option('--given-up', 'only what its owner has given up until then, which holders keep for a week else')
    .requiredOption('--reason <text>', 'why, for the other admins and the log')
    .action(askForDeletion);
  withCommonOptions(
    fleet
      .command('deletions')
      .description('deletions that admins asked for: agree, stop one, or raise what they need'),
    'drey fleet deletions --agree 5c1e --reason "seen the court order"',
  )
    .option('--agree <id>', "this admin's word for it")
    .option('--stop <id>', 'it is not done')
    .option('--admins <count>', 'how many admins have to agree from now on; only more')
    .option('--wait <span>', 'how long a deletion waits when they do; only longer')
    .option('--reason <text>', 'why, for the other admins', 'no reason given')
    .action(deletions);
}

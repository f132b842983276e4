// `drey fleet invites | people | admins | rename | revoke`: who may come, who is there and how it is called, and how each is put out.

import type { Command } from 'commander';
import {
  type AdminsAnswer,
  askAgent,
  type InvitesAnswer,
  type PeopleAnswer,
  type RevokeAnswer,
} from '../../agent/control/index.ts';
import { type CommonOptions, homeOf, show, withCommonOptions } from '../command.ts';
import { countText, listText, tableText, timeText } from '../print.ts';
import { parseSinceMs } from '../quantities.ts';

function invitesText({ invites }: InvitesAnswer): string {
  if (invites.length === 0) return 'No invite was ever made. Make one with `drey fleet invite`.';
  const rows = invites.map(({ invite, madeBy, usesMax, notAfterMs, usedBy, state }) => [
    invite,
    madeBy ?? 'unknown',
    timeText(notAfterMs),
    `${usedBy.length} of ${usesMax}`,
    state,
    usedBy.join(' '),
  ]);
  return tableText([['invite', 'made on', 'good until', 'used', 'now', 'by'], ...rows]);
}

interface InvitesOptions extends CommonOptions {
  readonly takeBack?: string;
  readonly reason: string;
}

async function showInvites({ takeBack, reason, ...options }: InvitesOptions): Promise<void> {
  const home = homeOf(options);
  const taken =
    takeBack === undefined
      ? undefined
      : await askAgent({ home, call: 'revoke', request: { target: takeBack, what: 'invite', reason } });
  const answer = await askAgent({ home, call: 'invites', request: {} });
  show(options, answer, () =>
    [
      ...(taken === undefined
        ? []
        : [
            `Invite ${taken.revoked} lets nobody in any more. Machines that joined by it stay: put one out with \`drey fleet revoke\`.`,
            '',
          ]),
      invitesText(answer),
    ].join('\n'),
  );
}

function peopleText({ people }: PeopleAnswer): string {
  if (people.length === 0) return 'Nobody protects a folder yet.';
  const rows = people.map(({ person, machines, driveCount, isOut }) => [
    person.slice(0, 16),
    String(driveCount),
    isOut ? 'put out' : 'in',
    machines.map(({ name, isShared }) => (isShared ? `${name} (with others)` : name)).join(' '),
  ]);
  return [
    tableText([['person', 'drives', 'now', 'machines'], ...rows]),
    'A person is known by the key behind its 24 words; Drey knows no names of people.',
  ].join('\n');
}

async function showPeople(options: CommonOptions): Promise<void> {
  const answer = await askAgent({ home: homeOf(options), call: 'people', request: {} });
  show(options, answer, () => peopleText(answer));
}

const endedText = { admin: 'put out by an admin', kit: 'put out by the recovery kit' } as const;

function adminsText({ admins }: AdminsAnswer): string {
  const rows = admins.map(({ admin, machine, alsoOn = [], isHere, ended }) => [
    admin.slice(0, 16),
    `${[machine ?? 'unknown', ...alsoOn].join(', ')}${isHere ? ' (this machine)' : ''}`,
    ended === undefined ? 'in' : endedText[ended],
  ]);
  return tableText([['admin key', 'on', 'now'], ...rows]);
}

async function showAdmins(options: CommonOptions): Promise<void> {
  const answer = await askAgent({ home: homeOf(options), call: 'admins', request: {} });
  show(options, answer, () => adminsText(answer));
}

async function rename(machine: string, name: string, options: CommonOptions): Promise<void> {
  const answer = await askAgent({ home: homeOf(options), call: 'rename', request: { machine, name } });
  show(options, answer, () =>
    answer.changed
      ? `${answer.before} is called ${answer.name} from now on; other machines hear of it within minutes.`
      : `It was called ${answer.name} already.`,
  );
}

interface RevokeOptions extends CommonOptions {
  readonly person?: boolean;
  readonly adminKey?: boolean;
  readonly keep?: string;
  readonly since?: string;
  readonly withMachines?: boolean;
  readonly reason: string;
}

/** What `--with-machines` is for, here and where the recovery kit speaks. */
export const withMachinesHelp =
  'also when machines that were let in since then go with it; else it is refused, and names them';

/** Machines that only belonged to the fleet by what counts no more. */
export const outWithItText = (machines: readonly string[]): readonly string[] =>
  machines.length === 0
    ? []
    : [
        `Out with it: ${machines.join(', ')}. To come back each has to join with a new invite and a new folder.`,
      ];

const namesOf = (text: string): string[] => text.split(',').map((name) => name.trim());

function keysTextOf({ admins: keys, alsoOn, openInvites, isOwnKeyThere }: RevokeAnswer): readonly string[] {
  return [
    ...(keys.length === 0
      ? []
      : [`The admin key ${keys.join(', ')} is out: what it signs from now on counts nowhere.`]),
    ...(alsoOn.length === 0
      ? []
      : [
          `It was also used on ${alsoOn.join(', ')}: whose machine is the thief's cannot be told from logs. Put out those that you do not know, by their ids, and with --since the time of the theft.`,
        ]),
    ...(openInvites.length === 0
      ? []
      : [
          `${countText(openInvites.length, 'invite')} that it made before still ${openInvites.length === 1 ? 'lets' : 'let'} machines in: ${listText(openInvites, 5)}. If the key was stolen, take back those that you do not know: \`drey fleet invites --take-back ID\`.`,
        ]),
    ...(isOwnKeyThere === true
      ? [
          "This machine's own admin key was used there too: it was stolen. Have another admin put it out, or use the recovery kit on another machine with `drey fleet admin --kit … --end-others`.",
        ]
      : []),
  ];
}

/** What came of it, in words. */
export function revokeText(answer: RevokeAnswer): string {
  const { revoked, what, machines, kept, wasOut } = answer;
  const keysText = keysTextOf(answer);
  if (wasOut === true) return [`${revoked} was already put out.`, ...keysText].join('\n');
  switch (what) {
    case 'machine':
      return [
        `${revoked} is out: cut off everywhere, and its shards are being replaced.`,
        ...outWithItText(machines.slice(1)),
        ...keysText,
      ].join('\n');
    case 'invite':
      return `${revoked} is out: it lets nobody in any more. Machines that joined by it stay.`;
    case 'admin':
      return [
        ...keysText,
        ...outWithItText(machines),
        ...(machines.includes(revoked)
          ? []
          : [`${revoked} stays a machine of the fleet; put it out too if it was stolen.`]),
      ].join('\n');
    case 'person':
      return [
        `The person ${revoked.slice(0, 16)} is out.`,
        machines.length === 0
          ? 'No machine is out with it.'
          : `Out with it: ${machines.join(', ')}. ${machines.length === 1 ? 'It is cut off everywhere, and its' : 'They are cut off everywhere, and their'} shards are being replaced.`,
        ...(kept.length === 0
          ? []
          : [
              `${kept.join(', ')} ${kept.length === 1 ? 'stays' : 'stay'}. The person's drives there get new keys: what is saved from now on opens without the person's words, which open what was saved before.`,
              'Give each of these folders to somebody: `drey protect FOLDER --phrase-file` with the words of its new person.',
            ]),
        ...keysText,
      ].join('\n');
  }
}

async function revoke(target: string, options: RevokeOptions): Promise<void> {
  const { person, adminKey, keep, since, withMachines, reason } = options;
  const what = person === true ? 'person' : adminKey === true ? 'admin' : undefined;
  const answer = await askAgent({
    home: homeOf(options),
    call: 'revoke',
    request: {
      target,
      reason,
      ...(what === undefined ? {} : { what }),
      ...(keep === undefined ? {} : { keep: namesOf(keep) }),
      ...(since === undefined ? {} : { sinceMs: parseSinceMs(since, Date.now()) }),
      ...(withMachines === true ? { withMachines } : {}),
    },
  });
  show(options, answer, () => revokeText(answer));
}

/** Adds `fleet invites | people | admins | rename | revoke`. */
export function addFleetMembers(fleet: Command): void {
  withCommonOptions(
    fleet.command('invites').description('all invites: who made them, until when, who used them'),
    'drey fleet invites --take-back 3f0c…',
  )
    .option('--take-back <id>', 'this one lets nobody in any more (its first digits are enough)')
    .option('--reason <text>', 'why, for the other admins', 'no reason given')
    .action(showInvites);
  withCommonOptions(
    fleet.command('people').description('whose words open the drives, and on which machines those are'),
    'drey fleet people',
  ).action(showPeople);
  withCommonOptions(
    fleet.command('admins').description('admin keys, where they lie, and which were put out'),
    'drey fleet admins',
  ).action(showAdmins);
  withCommonOptions(
    fleet
      .command('rename')
      .description('give a machine another name')
      .argument('<machine>', 'by name or id, as in `drey status`')
      .argument('<name>', 'what it is called from now on'),
    'drey fleet rename vm reception-3',
  ).action(rename);
  withCommonOptions(
    fleet
      .command('revoke')
      .description('put a machine, an invite, a person or an admin key out, everywhere')
      .argument('<target>', 'machine by name or peer id; invite, person or admin key by id'),
    'drey fleet revoke reception-2 --reason "stolen"',
  )
    .option('--person', 'the person whose drives are on that machine, with all machines that it has alone')
    .option('--keep <machines>', 'machines of the person that stay, with commas')
    .option('--admin-key', 'only the admin key of that machine; putting a machine out puts its key out too')
    .option(
      '--since <moment>',
      'what its admin key signed since then does not count either ("2d", "2026-03-01 14:30")',
    )
    .option('--with-machines', withMachinesHelp)
    .option('--reason <text>', 'why, for the other admins', 'no reason given')
    .action(revoke);
}

// Deletions that admins asked for and that can still be stopped: everybody sees them, so that a thief's wish is seen in time.

import type { UnixMs } from '../../../datasets/index.ts';
import type { AgentCore } from '../../core/index.ts';
import type { ViewParts } from '../fleet-view.ts';
import type { FoundProblem } from './find-problems.ts';

export const findDeletionProblems = ({ core, drives, now }: ViewParts): readonly FoundProblem[] => [
  ...waiting(core, now),
  ...contradicted(core, now),
  ...ownDeleted(core, drives),
];

function waiting({ wipes, catalogue, membership }: AgentCore, now: UnixMs): readonly FoundProblem[] {
  const open = wipes.views(now).filter(({ state }) => state === 'asked' || state === 'waiting');
  return open.map(({ wipe, drive, scope, state, reason, agreed, adminCount, dueMs }): FoundProblem => {
    const owner = catalogue.drives.get(drive)?.owner;
    const isSelf = owner === membership.self;
    const name = owner === undefined ? 'an unknown machine' : membership.nameOf(owner);
    const what = scope === 'drive' ? 'All that was saved' : 'What was given up';
    return {
      kind: 'deletion-waits',
      about: wipe,
      level: state === 'waiting' ? 'problem' : 'warning',
      risk: `${what} of a drive of ${isSelf ? 'this machine' : name} is going to be deleted everywhere.`,
      why: `Admins asked for it: ${reason}. ${agreed.length} of ${adminCount} agree.`,
      action:
        state === 'waiting'
          ? `Holders wait until about ${new Date(dueMs ?? now).toISOString().slice(0, 16).replace('T', ' ')} UTC.`
          : 'Nothing is deleted before enough of them agree.',
      advice: `If that is not meant to be: an admin says \`drey fleet deletions --stop ${wipe.slice(0, 8)}\`.`,
    };
  });
}

/** A thief of an admin key can have a drive take the place of the one that the others agreed to. */
const contradicted = ({ wipes }: AgentCore, now: UnixMs): readonly FoundProblem[] =>
  wipes
    .views(now)
    .filter(({ state }) => state === 'contradicted')
    .map(({ wipe, agreed }) => ({
      kind: 'deletion-waits',
      about: wipe,
      level: 'problem',
      risk: `Admins asked for different things under the id of one deletion, ${wipe.slice(0, 8)}: one of their keys may be stolen.`,
      why: `${agreed.length} admin keys asked for it, for different drives or not for the same of one.`,
      action: 'Nothing is deleted by it.',
      advice: `An admin says \`drey fleet deletions --stop ${wipe.slice(0, 8)}\`, asks again, and looks at \`drey fleet log\` for who asked.`,
    }));

/** Its owner goes on with a new drive, or not at all. */
const ownDeleted = (core: AgentCore, drives: ViewParts['drives']): readonly FoundProblem[] =>
  [...drives.running.keys()]
    .filter((drive) => core.shelf.wiped.has(drive))
    .map((drive) => ({
      kind: 'drive-deleted',
      about: drive,
      level: 'problem',
      risk: 'A folder of this machine is not backed up any more.',
      why: 'Admins had all that was saved of its drive deleted.',
      action: 'Nothing more of it is saved.',
      advice: 'See `drey fleet log`. `drey protect FOLDER` makes a new drive of it.',
    }));

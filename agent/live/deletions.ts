// What admins say of deletions before their time: asking, agreeing, stopping, and how many of them it takes. Each holder counts the words itself.

import { randomBytes } from 'node:crypto';
import type { Statement } from '../codec/index.ts';
import type { CallAnswers, CallRequest, WipesAnswer } from '../control/index.ts';
import type { WipeView } from '../core/index.ts';
import { type DriveId, wipeId } from '../units.ts';
import type { LiveAgent } from './agent.ts';
import { wrong } from './wrong.ts';

export function listWipes(agent: LiveAgent): WipesAnswer {
  const { wipes, catalogue, membership } = agent.core;
  const adminName = (admin: string): string => {
    const machine = membership.authority.admins.find((known) => known.admin === admin)?.machines[0];
    return machine === undefined ? admin.slice(0, 8) : membership.nameOf(machine);
  };
  const { authority } = membership;
  return {
    rule: {
      ...wipes.rule,
      thereCount: authority.admins.filter(({ ended }) => ended === undefined).length,
      saidBy: authority.rootRuleAt(Number.POSITIVE_INFINITY) === undefined ? 'nobody' : 'kit',
    },
    wipes: wipes.views(agent.now()).map(({ stoppedBy, agreed, ...view }) => {
      const owner = catalogue.drives.get(view.drive)?.owner;
      return {
        ...view,
        agreed: agreed.map(adminName),
        ...(owner === undefined ? {} : { owner: membership.nameOf(owner) }),
        ...(stoppedBy === undefined ? {} : { stoppedBy: adminName(stoppedBy) }),
      };
    }),
  };
}

/** Throws `not-an-admin`, `drive-unknown`, `deletion-unknown`, `deletion-over`, `deletion-contradicted`. */
export async function changeWipes(agent: LiveAgent, wish: CallRequest<'wipe'>): Promise<CallAnswers['wipe']> {
  const statement = statementOf(agent, wish);
  await agent.declare(statement);
  return { ...listWipes(agent), ...('wipe' in statement ? { changed: statement.wipe } : {}) };
}

function statementOf(
  agent: LiveAgent,
  wish: CallRequest<'wipe'>,
): Extract<Statement, { kind: 'wipe' | 'wipeWord' | 'wipeRule' }> {
  const atMs = agent.now();
  if (wish.action === 'rule') {
    const { rule } = agent.core.wipes;
    const { adminCount = rule.adminCount, waitMs = rule.waitMs } = wish;
    if (adminCount < (wish.adminCount === undefined ? adminCount : rule.wantedCount) || waitMs < rule.waitMs)
      throw wrong(
        'rule-only-raised',
        `${rule.wantedCount} admins and ${Math.round(rule.waitMs / 3_600_000)} hours hold, and admins can only ask for more`,
        'Less can be said with the recovery kit alone: `drey fleet admin --kit … --delete-admins … --delete-wait …`.',
      );
    return { kind: 'wipeRule', adminCount, waitMs: Math.round(waitMs), atMs };
  }
  if (wish.action === 'ask')
    return {
      kind: 'wipe',
      wipe: wipeId(randomBytes(16).toString('hex')),
      drive: driveCalled(agent, wish.drive),
      scope: wish.scope,
      reason: wish.reason,
      atMs,
    };
  const { wipe, state, drive, scope } = wipeCalled(agent, wish.wipe);
  if (state === 'stopped' || state === 'due')
    throw wrong(
      'deletion-over',
      state === 'due' ? 'its time is over: holders free the packs' : 'it was stopped already',
      'See `drey fleet deletions`.',
    );
  if (state === 'contradicted' && wish.action === 'agree')
    throw wrong(
      'deletion-contradicted',
      'admins asked for different things under its id: nobody deletes anything',
      'Stop it with `drey fleet deletions --stop`, ask again with `drey fleet delete`, and see `drey fleet log` for who asked.',
    );
  const about = { drive, scope };
  return { kind: 'wipeWord', wipe, word: wish.action, about, reason: wish.reason, atMs };
}

function driveCalled({ core: { catalogue } }: LiveAgent, wanted: string): DriveId {
  const found = [...catalogue.drives.keys()].filter((drive) => drive.startsWith(wanted));
  const [drive] = found;
  if (drive !== undefined && found.length === 1) return drive;
  throw wrong(
    'drive-unknown',
    drive === undefined ? 'no drive begins so' : 'several drives begin so',
    'Take the id of a drive from `drey snapshots`.',
  );
}

function wipeCalled(agent: LiveAgent, wanted: string): WipeView {
  const found = agent.core.wipes.views(agent.now()).filter(({ wipe }) => wipe.startsWith(wanted));
  const [wipe] = found;
  if (wipe !== undefined && found.length === 1) return wipe;
  throw wrong(
    'deletion-unknown',
    wipe === undefined ? 'no deletion begins so' : 'several deletions begin so',
    'Take an id from `drey fleet deletions`.',
  );
}

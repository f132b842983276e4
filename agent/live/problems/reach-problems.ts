// What cannot be restored now, or could not after the loss of one more machine: what this machine saved, what it holds for others, what lies in
// groups of the plan. Of a machine that is connected to nobody only that is told.

import { countText, listText, type UnixMs } from '../../../datasets/index.ts';
import type { AgentCore, OwnReachCount } from '../../core/index.ts';
import { type ProblemKind, problemName } from '../../problem.ts';
import type { DriveId } from '../../units.ts';
import { groupsNow, ownReachOf, type ViewParts } from '../fleet-view.ts';
import type { FoundProblem } from './find-problems.ts';

type ReachParts = Pick<ViewParts, 'core' | 'drives' | 'operations' | 'now'>;

export function findReachProblems(parts: ReachParts): readonly FoundProblem[] {
  const alone = notConnected(parts.core, parts.now);
  if (alone !== undefined) return [alone];
  const found = [...findDrivesOutOfReach(parts), ...findPacksAtRisk(parts.core)];
  const isTold = found.some(({ kind }) => kind !== 'packs-thin');
  return isTold ? found : [...found, ...findGroupsOutOfReach(parts)];
}

/** Names of problems that cannot be told yet, in the first minutes after a start. */
export function unseenReach({
  core,
  drives,
  now,
}: Pick<ReachParts, 'core' | 'drives' | 'now'>): readonly string[] {
  if (core.ownReach.isSettled(now)) return [];
  const kinds: readonly ProblemKind[] = ['not-connected', 'groups-out-of-reach'];
  const ofDrives = [...drives.running.keys()].map((about) =>
    problemName({ kind: 'drive-out-of-reach', about }),
  );
  return [...kinds, ...ofDrives];
}

const othersOf = ({ membership }: AgentCore) =>
  membership.machines.filter((peer) => peer !== membership.self && !membership.isRevoked(peer));

function notConnected(core: AgentCore, now: UnixMs): FoundProblem | undefined {
  const others = othersOf(core);
  if (others.length === 0 || core.membership.up.size > 0 || !core.ownReach.isSettled(now)) return undefined;
  const off =
    others.length === 1 ? 'the only other machine is off' : `all ${others.length} other machines are off`;
  return {
    kind: 'not-connected',
    level: 'warning',
    risk: 'No other machine is connected: nothing can be restored from others now, and what changes is on this machine only.',
    why: `This machine is off the network, or ${off}.`,
    action: 'It calls them again and again; what was saved before stays with its holders.',
    advice: 'Look at the network of this machine, then start machines that are off.',
  };
}

const findDrivesOutOfReach = (parts: ReachParts): readonly FoundProblem[] =>
  [...parts.drives.running.keys()].flatMap((drive) => {
    const reach = ownReachOf(parts, drive);
    return reach === undefined || reach.outOfReachCount === 0
      ? []
      : [driveOutOfReach(parts.core, drive, reach)];
  });

/** Named at most; the rest are counted. */
const namedMax = 5;

export function driveOutOfReach(
  { membership }: Pick<AgentCore, 'membership'>,
  about: DriveId,
  { packCount, outOfReachCount, holders, away, missingCount }: OwnReachCount,
): FoundProblem {
  const names = away.map((peer) => membership.nameOf(peer));
  const isOrAre = missingCount === 1 ? 'is' : 'are';
  const why =
    away.length === holders.length
      ? `None of the ${countText(holders.length, 'machine')} that hold them is on now, and ${missingCount} of them ${isOrAre} needed.`
      : `${away.length} of the ${countText(holders.length, 'machine')} that hold them ${away.length === 1 ? 'is' : 'are'} off now, and at least ${missingCount} more ${isOrAre} needed.`;
  return {
    kind: 'drive-out-of-reach',
    about,
    level: 'problem',
    risk:
      outOfReachCount === packCount
        ? 'Nothing of a drive of this machine can be restored now: all of its packs are out of reach.'
        : `Of the ${countText(packCount, 'pack')} of a drive of this machine, ${outOfReachCount === 1 ? '1 is out of reach: files in it' : `${outOfReachCount} are out of reach: files in them`} cannot be restored now.`,
    why,
    action: 'They are in reach again as soon as enough of these machines are back; nothing was removed.',
    ...(names.length === 0 ? {} : { advice: `Start machines that are off: ${listText(names, namedMax)}.` }),
  };
}

const packsAre = (count: number): string => (count === 1 ? '1 pack is' : `${count} packs are`);

function awayText(core: AgentCore): string {
  const others = othersOf(core);
  const awayCount = others.filter((peer) => core.membership.isAway(peer)).length;
  return `${awayCount} of ${countText(others.length, 'other machine')} ${awayCount === 1 ? 'is' : 'are'} away.`;
}

/** What is one machine away from being out of reach, why, and what is done about it. */
function findPacksAtRisk(core: AgentCore): readonly FoundProblem[] {
  const { repair } = core;
  const { thinCount, outOfReachCount } = repair.packsAtRisk();
  const why = awayText(core);
  const action =
    repair.wantCount > 0
      ? `Copies of ${countText(repair.wantCount, 'shard')} are being made here.`
      : 'Copies are made as soon as that is worth more than waiting for them.';
  const found: FoundProblem[] = [];
  if (outOfReachCount > 0)
    found.push({
      kind: 'packs-out-of-reach',
      level: 'problem',
      risk: `Of the packs that this machine knows, ${packsAre(outOfReachCount)} out of reach: files in them cannot be restored now.`,
      why,
      action:
        'They are in reach again as soon as enough of their holders are back; nothing of them was removed.',
      advice: 'Start machines that are off.',
    });
  if (thinCount > 0)
    found.push({
      kind: 'packs-thin',
      level: 'warning',
      risk: `Of the packs that this machine knows, ${packsAre(thinCount)} one machine away from being out of reach.`,
      why,
      action,
    });
  return found;
}

/** Of whoever has packs there: this machine has none, as far as it knows, and whoever looks after the fleet may sit here. */
function findGroupsOutOfReach({ core, now }: ReachParts): readonly FoundProblem[] {
  const { plan } = core.election;
  if (plan === undefined || !core.ownReach.isSettled(now)) return [];
  const groups = groupsNow(core, plan);
  const lostCount = groups.filter(({ margin }) => margin < 0).length;
  if (lostCount === 0) return [];
  return [
    {
      kind: 'groups-out-of-reach',
      level: 'warning',
      risk: `${lostCount} of ${countText(groups.length, 'group')} cannot be restored from now: whoever has packs there has to wait for some of their files.`,
      why: awayText(core),
      action: 'They are in reach again as soon as enough of their machines are back; nothing was removed.',
      advice: 'Start machines that are off.',
    },
  ];
}

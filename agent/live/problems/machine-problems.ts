// Problems with single machines, as this agent knows them: silent for too long, doubted as a holder, failing audits, two histories. The
// owner of a doubted machine reads it there too.

import { dayMs, hourMs, minuteMs, secondMs, type UnixMs, unixMs } from '../../../datasets/index.ts';
import { plannedMachines } from '../../../optimizer/index.ts';
import { type AgentCore, trustText } from '../../core/index.ts';
import { sentence } from '../../problem.ts';
import type { PeerId } from '../../units.ts';
import { targetOf } from '../machine-names.ts';
import type { FoundProblem } from './find-problems.ts';

export function findMachineProblems(core: AgentCore, now: UnixMs): readonly FoundProblem[] {
  const holdings = holdingsOf(core);
  const wrongClocks = core.clocks.wrong(now);
  return [
    ...(wrongClocks.has(core.membership.self) ? [] : earlyClockOf(core, now)),
    ...core.membership.machines.flatMap((peer) => [
      ...silenceOf(core, { peer, ...holdings }, now),
      ...doubtsOf(core, peer, now),
      ...auditsOf(core, peer),
      ...forkOf(core, peer),
      ...clockOf(core, peer, wrongClocks.get(peer)),
    ]),
  ];
}

/** Who has something that others miss when it is gone. */
interface Holdings {
  readonly planned: ReadonlySet<string>;
  readonly owners: ReadonlySet<PeerId>;
}

const holdingsOf = ({ election: { plan }, catalogue }: AgentCore): Holdings => ({
  planned: plan === undefined ? new Set() : plannedMachines(plan),
  owners: new Set([...catalogue.drives.values()].map(({ owner }) => owner)),
});

/** Machines of which the silence cannot be told yet: they were not met since the agent started, and logs may be behind. */
export const unseenMachines = ({ membership, vigil }: AgentCore, now: UnixMs): readonly string[] =>
  membership.machines.filter((peer) => {
    const presence = membership.presenceOf(peer, now);
    const isUnknown = !membership.hasMet(peer) && vigil.silentSinceMs(peer, now) === undefined;
    return isUnknown && presence !== 'up' && presence !== 'revoked';
  });

function silenceOf(
  core: AgentCore,
  { peer, ...holdings }: Holdings & { readonly peer: PeerId },
  now: UnixMs,
): readonly FoundProblem[] {
  const { membership, vigil } = core;
  const presence = membership.presenceOf(peer, now);
  if (presence === 'up' || presence === 'revoked') return [];
  // Its last word in any log: this agent may have started yesterday.
  const wordMs = vigil.silentSinceMs(peer, now);
  const heardMs = Math.min(
    membership.heardAt(peer) ?? now,
    wordMs === undefined || wordMs === 0 ? now : wordMs,
  );
  if (presence !== 'gone' && now - heardMs <= membership.holderSilenceMs) return [];
  return [
    {
      kind: 'machine-gone',
      about: peer,
      level: 'warning',
      ...lackOf(core, peer, holdings),
      why: `It was silent for ${roundSpan(now - heardMs)}, longer than the ${roundSpan(membership.holderSilenceMs)} that are allowed.`,
      advice: `Start it again, or put it out with \`drey fleet revoke ${targetOf(core, peer)}\`.`,
      sinceMs: unixMs(heardMs + membership.holderSilenceMs),
    },
  ];
}

/** What is at risk while it is gone, and what is done about it. */
function lackOf(
  core: AgentCore,
  peer: PeerId,
  { planned, owners }: Holdings,
): Pick<FoundProblem, 'risk' | 'action'> {
  const name = core.membership.nameOf(peer);
  const own = owners.has(peer) ? 'its own files are not backed up' : undefined;
  if (planned.has(peer))
    return {
      risk: `What ${name} holds for others has fewer copies${own === undefined ? '' : `, and ${own}`}.`,
      action: replacementOf(core, peer),
    };
  return {
    risk: `${name} holds nothing for others now${own === undefined ? '' : `; ${own}`}.`,
    action:
      core.election.plan === undefined
        ? 'A plan is made as soon as enough machines are there.'
        : 'It was replaced: what it held is on other machines, or is being made there.',
  };
}

/** In review mode nobody takes its place before an admin has said so. */
function replacementOf({ membership, election }: AgentCore, peer: PeerId): string {
  if (membership.policy?.planMode !== 'review')
    return 'Shards of it that are needed are made again elsewhere.';
  const plan = election.proposal?.plan;
  return plan === undefined || plannedMachines(plan).has(peer)
    ? 'Nobody takes its place before an admin has approved a plan without it.'
    : `To make its shards again elsewhere waits for plan ${plan.epoch} to be approved.`;
}

/** In one unit that fits: a fleet may replace after minutes or after weeks. */
function roundSpan(ms: number): string {
  if (ms < 2 * minuteMs) return `${Math.round(ms / secondMs)} s`;
  if (ms < 2 * hourMs) return `${Math.round(ms / minuteMs)} min`;
  return ms < 4 * dayMs ? `${Math.round(ms / hourMs)} h` : `${Math.round(ms / dayMs)} days`;
}

/** Whoever is left out holds nothing that it could prove. */
const wayBack = {
  warned: 'Doubts end by themselves after a week without a fault in which it proved its shards',
  dropped: 'When those hours are over it is tried again by itself',
} as const;

function doubtsOf(core: AgentCore, peer: PeerId, now: UnixMs): readonly FoundProblem[] {
  const view = core.trust.viewOf(peer);
  if (view.standing === 'trusted') return [];
  const isSelf = peer === core.membership.self;
  const name = isSelf ? 'this machine' : core.membership.nameOf(peer);
  const action =
    view.standing === 'dropped'
      ? 'Its shards are kept elsewhere until it is trusted again.'
      : 'It is watched: it keeps its shards as long as not enough machines doubt it.';
  return [
    {
      kind: isSelf ? 'self-doubted' : 'machine-doubted',
      about: peer,
      level: isSelf ? 'problem' : 'warning',
      risk: `What ${name} holds for others may not be there when it is needed.`,
      why: sentence(trustText(name, view, now)),
      action,
      advice: isSelf
        ? `Look at its disk, its clock and what else writes into the agent's folder. ${wayBack[view.standing]}; an admin can say so at once with \`drey fleet trust\`.`
        : `Look at that machine. If it is mended: \`drey fleet trust ${targetOf(core, peer)}\`.`,
    },
  ];
}

function auditsOf(core: AgentCore, peer: PeerId): readonly FoundProblem[] {
  const { problem } = core.audit.countOf(peer);
  if (problem === undefined) return [];
  const name = core.membership.nameOf(peer);
  return [
    {
      kind: 'audit-failed',
      about: peer,
      level: 'warning',
      risk: `A shard that ${name} holds may be damaged or gone.`,
      why: `It was asked to prove it and ${problem}.`,
      action: 'A shard that was damaged is put back by itself, and it is asked again.',
      advice: 'Look at its disk if it happens again.',
    },
  ];
}

function forkOf({ replication, membership }: AgentCore, peer: PeerId): readonly FoundProblem[] {
  const isInFacts = replication.isForked(peer);
  if (!isInFacts && !replication.forkedInTelemetry.has(peer)) return [];
  const name = peer === membership.self ? 'this machine' : membership.nameOf(peer);
  const known = 'others know later words of it, or two machines speak with its key';
  return [
    {
      kind: 'log-forked',
      about: peer,
      level: 'problem',
      risk: isInFacts
        ? `Nothing that ${name} saves from now on counts as safe.`
        : `When ${name} is on is not known any more, and plans go by what was known before.`,
      why: sentence(`${name} was put back to an old image of its disk, or its folder was copied: ${known}`),
      action: 'What it saved before stays with its holders and can be restored.',
      advice: 'Stop the copy, if there is one, and join that machine again with a new folder.',
    },
  ];
}

function clockOf(
  { membership }: AgentCore,
  peer: PeerId,
  wrongBy: number | undefined,
): readonly FoundProblem[] {
  if (wrongBy === undefined) return [];
  const isSelf = peer === membership.self;
  const name = isSelf ? 'this machine' : membership.nameOf(peer);
  const far = `${roundSpan(Math.abs(wrongBy))} ${wrongBy > 0 ? 'ahead' : 'behind'}`;
  return [
    {
      kind: 'clock-wrong',
      about: peer,
      level: isSelf ? 'problem' : 'warning',
      risk: `What ${name} saves has wrong dates, and it may take certificates for over, or not begun.`,
      why: isSelf
        ? `Its clock is ${far}, by those of most machines that it hears.`
        : sentence(`the clock of ${name} is ${far}, by the one of this machine`),
      action: 'When what is given up is deleted goes by the clocks of those who hold it.',
      // A clock that was ahead goes on at half speed (live/clock.ts) until the agent is started anew.
      advice: `${isSelf ? 'Set its clock' : 'Look at both clocks, set the one that is wrong'}, have the system set it by itself (NTP), and start the agent there again: one that runs goes back to the right time only slowly.`,
    },
  ];
}

/** Whoever refuses all others, as their certificates have not begun, hears nobody's clock: its own certificate tells. It begins a day before it was made. */
function earlyClockOf({ membership }: AgentCore, now: UnixMs): readonly FoundProblem[] {
  const { self } = membership;
  const earlyMs = (membership.certificateOf(self)?.notBeforeMs ?? now) - now;
  if (earlyMs <= 0) return [];
  return [
    {
      kind: 'clock-wrong',
      about: self,
      level: 'problem',
      risk: 'No other machine and this one speak with each other, and nothing of it is backed up.',
      why: `Its clock is at least ${roundSpan(earlyMs)} behind: by it, its own certificate has not begun.`,
      action: 'What it saved before stays with the other machines.',
      advice:
        'Set its clock, and have the system set it by itself (NTP). If it is right, that of the admin who let this machine in was ahead: `drey join` with a new invite and another --home.',
    },
  ];
}

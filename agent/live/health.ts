// What is wrong or at risk on this agent, in plain words with advice. It reads, and changes nothing.

import { hourMs, type UnixMs } from '../../datasets/index.ts';
import { type AgentCore, trustText } from '../core/index.ts';
import type { HealthLine } from '../view.ts';
import type { Drives } from './drives.ts';
import type { ViewParts } from './fleet-view.ts';
import { heldText, massChangeText } from './mass-changes.ts';

/** One line for each thing that people should know of; one that says so when there is none. */
export function healthLines({ core, disk, drives, proposal, now }: ViewParts): readonly HealthLine[] {
  const lines: HealthLine[] = [];
  const { membership, election } = core;
  if (election.plan === undefined) {
    const count = membership.eligibleHolders(now).length;
    lines.push({
      level: 'warning',
      subject: 'plan',
      text: `There is no plan yet: of the four machines that it needs, ${count} can be used now.`,
      advice: 'Start more machines.',
    });
  }
  const gone = membership.machines.filter((peer) => membership.presenceOf(peer, now) === 'gone').length;
  if (gone > 0)
    lines.push({
      level: 'warning',
      subject: 'machines',
      text: `${gone} machines were silent for more than ${Math.round(membership.holderSilenceMs / hourMs)} hours; shards of theirs that are needed are made again elsewhere.`,
      advice: 'Start them again, or put them out with `drey fleet revoke`.',
    });
  if (proposal !== undefined)
    lines.push({
      level: 'warning',
      subject: 'plan',
      text: `Plan ${proposal.plan.epoch} waits for approval: ${proposal.reason}.`,
      advice: 'Look at it, then run `drey plan approve`.',
    });
  lines.push(...riskHealth(core), ...trustHealth(core, now), ...auditHealth(core), ...driveHealth(drives));
  const { heldBytes, quotaBytes, freeBytes } = disk.usage();
  if (heldBytes > 0.95 * quotaBytes || freeBytes === 0)
    lines.push({
      level: 'warning',
      subject: 'disk',
      text: "The space for others' shards is used up.",
      advice: 'Give more, or free some space.',
    });
  return lines.length === 0
    ? [{ level: 'ok', subject: 'agent', text: 'Everything is as it should be.' }]
    : lines;
}

const packsAre = (count: number): string => (count === 1 ? '1 pack is' : `${count} packs are`);

/** What is one machine away from being out of reach, why, and what is done about it. */
function riskHealth({ membership, repair }: AgentCore): readonly HealthLine[] {
  const { thinCount, outOfReachCount } = repair.packsAtRisk();
  if (thinCount + outOfReachCount === 0) return [];
  const others = membership.machines.filter(
    (peer) => peer !== membership.self && !membership.isRevoked(peer),
  );
  const away = others.filter((peer) => !membership.up.has(peer)).length;
  const done =
    repair.wantCount > 0
      ? `copies of ${repair.wantCount} shards are being made here`
      : 'copies are made as soon as that is worth more than waiting for them';
  const risks = [
    ...(outOfReachCount > 0 ? [`${packsAre(outOfReachCount)} out of reach`] : []),
    ...(thinCount > 0 ? [`${packsAre(thinCount)} one machine away from being out of reach`] : []),
  ];
  return [
    {
      level: 'warning',
      subject: 'packs',
      text: `Of the packs that this machine knows, ${risks.join(' and ')}, as ${away} of ${others.length} other machines are away; ${done}.`,
    },
  ];
}

/** The owner of a machine that is doubted reads it there too, as a problem of its own. */
function trustHealth({ membership, trust }: AgentCore, now: UnixMs): readonly HealthLine[] {
  return membership.machines.flatMap((peer): readonly HealthLine[] => {
    const view = trust.viewOf(peer);
    if (view.standing === 'trusted') return [];
    const isSelf = peer === membership.self;
    const name = isSelf ? 'this machine' : (membership.certificateOf(peer)?.name ?? peer);
    const sentence = trustText(name, view, now);
    return [
      {
        level: isSelf ? 'problem' : 'warning',
        subject: 'trust',
        text: `${sentence[0]!.toUpperCase()}${sentence.slice(1)}.`,
        advice: isSelf
          ? "Look at its disk, its clock and what else writes into the agent's folder. It comes back by itself when it proves its shards again; an admin can say so at once with `drey fleet trust`."
          : 'Look at that machine. If it is mended: `drey fleet trust MACHINE`.',
      },
    ];
  });
}

function auditHealth({ membership, audit }: AgentCore): readonly HealthLine[] {
  return membership.machines.flatMap((peer): readonly HealthLine[] => {
    const { problem } = audit.countOf(peer);
    if (problem === undefined) return [];
    const name = membership.certificateOf(peer)?.name ?? peer;
    return [
      {
        level: 'warning',
        subject: 'audit',
        text: `${name} was asked to prove a shard that it holds and ${problem}.`,
        advice: 'One that was damaged is put back by itself; look at its disk if it happens again.',
      },
    ];
  });
}

function driveHealth(drives: Drives): readonly HealthLine[] {
  const lines: HealthLine[] = [];
  for (const { failure, wait, watcher, lastOutcome } of drives.running.values()) {
    if (lastOutcome?.massChange !== undefined)
      lines.push({
        level: 'problem',
        subject: 'mass change',
        text: `${massChangeText(lastOutcome.massChange)}; ${heldText}.`,
        advice:
          'Was it you? Then `drey protect FOLDER --accept-change`. If not: take the machine off the network, and bring the files back with `drey restore --at`.',
      });
    if (failure !== undefined)
      lines.push({
        level: 'problem',
        subject: 'backup',
        text: failure,
        advice: 'It is tried again by itself.',
      });
    if (wait !== undefined)
      lines.push({
        level: 'warning',
        subject: 'backup',
        text: `Something changed, and the snapshot waits: ${wait}.`,
        advice: 'Plug the machine in; it then goes on by itself.',
      });
    const health = watcher?.health;
    if (health?.state === 'scanning only')
      lines.push({
        level: 'warning',
        subject: 'watcher',
        text: `Changes are found by scans only: ${health.reason}.`,
      });
    if (health?.state === 'stopped')
      lines.push({
        level: 'problem',
        subject: 'watcher',
        text: `The folder is not watched: ${health.reason}.`,
      });
  }
  return lines;
}

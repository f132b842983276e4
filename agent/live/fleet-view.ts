// What this agent knows of the fleet, put together for people from the core's state and the live parts. Decides nothing.

import { openSmall } from '../codec/index.ts';
import {
  type AgentCore,
  type AuditCount,
  type Membership,
  movementBetween,
  type OwnReachCount,
  type PendingCount,
  type ProofResult,
  reviewReason,
  trustText,
} from '../core/index.ts';
import { type Plan, repairCountOf, slotChanges } from '../../optimizer/index.ts';
import { type UnixMs, unixMs } from '../../datasets/index.ts';
import type { DriveId, PeerId } from '../units.ts';
import {
  type DriveView,
  type EventLine,
  type FleetView,
  type GroupNowView,
  type MachineView,
  type ProofView,
  type SnapshotView,
  shownName,
  type TrainingView,
  type WorkView,
} from '../view.ts';
import type { Drives } from './drives.ts';
import type { LiveDisk } from './disk/index.ts';
import { toldApart } from './machine-names.ts';
import { massChangeText } from './mass-changes.ts';
import type { Observations } from './observations.ts';
import type { PlanFailure } from './planning.ts';
import type { Operations } from './operations.ts';
import { packsOfDrive } from './own-packs.ts';
import type { Shell } from './shell.ts';
import type { LiveWire } from './wire/index.ts';

export interface ViewParts {
  readonly core: AgentCore;
  readonly disk: LiveDisk;
  readonly drives: Drives;
  readonly shell: Pick<Shell, 'traffic' | 'newerWords'>;
  readonly observations: Observations;
  readonly training: TrainingView | undefined;
  readonly planFailure: PlanFailure | undefined;
  readonly events: readonly EventLine[];
  /** Machines that say that this one was put out. */
  readonly turnedAwayBy: ReadonlySet<PeerId>;
  /** Machines that run on two computers at once; undefined before the wire is open. */
  readonly twins: LiveWire['twins'] | undefined;
  readonly operations: Operations;
  readonly now: UnixMs;
}

/** A plan that waits, as its author says; one of a fleet in review mode that says nothing is measured here. */
function waitingView({ core, now }: Pick<ViewParts, 'core' | 'now'>): Pick<FleetView, 'waitingPlan'> {
  const { proposal, plan: held } = core.election;
  if (proposal === undefined) return {};
  const { plan, waits } = proposal;
  const usable = core.membership.eligibleHolders(now);
  const { reason, moveShare } = waits ?? {
    reason: reviewReason,
    moveShare: held === undefined ? 0 : movementBetween(core, held, { after: plan, usable }).share,
  };
  const changes = held === undefined ? [] : slotChanges(held, plan);
  const repairCount = repairCountOf(changes, new Set(usable));
  return { waitingPlan: { plan, reason, moveShare, changes, repairCount } };
}

export function fleetView(parts: ViewParts): FleetView {
  const { core, now, training } = parts;
  const { models, telemetryRows } = parts.observations;
  const { membership, election } = core;
  const { plan } = election;
  const lease = election.leaseAt(now);
  const slots = slotCounts(plan);
  const machines = toldApart(membership.machines.map((peer) => machineView(parts, peer, slots)));
  return {
    atMs: now,
    fleet: membership.fleet,
    fleetName: membership.policy?.fleetName ?? membership.fleet.slice(0, 8),
    self: membership.self,
    ...(lease === undefined ? {} : { optimizer: lease }),
    machines,
    ...(plan === undefined ? {} : { plan }),
    ...waitingView(parts),
    groupsNow: plan === undefined ? [] : groupViews(core, plan),
    work: workView(parts),
    limits: parts.operations.pacing.view(),
    drives: driveViews(parts, new Map(machines.map((machine) => [machine.peer, shownName(machine)]))),
    ...(models === undefined
      ? {}
      : { models: { version: models.version, trainedMs: models.trainedMs, summaries: models.summaries } }),
    ...(training === undefined ? {} : { training }),
    problems: parts.operations.problemsOf(parts),
    events: parts.events,
    telemetryRows,
  };
}

/** Slots of each machine in all groups, counted once for all of them. */
function slotCounts(plan: Plan | undefined): ReadonlyMap<PeerId, number> {
  const counts = new Map<PeerId, number>();
  for (const { groups } of plan?.classes ?? [])
    for (const { members } of groups)
      for (const member of members) counts.set(member, (counts.get(member) ?? 0) + 1);
  return counts;
}

/** Undefined for whoever was not heard since this agent started: silence is counted from the start then, and nothing was heard at that moment. */
export function heardMsOf(membership: Membership, peer: PeerId, now: UnixMs): UnixMs | undefined {
  if (membership.isUp(peer)) return now;
  return membership.isSparse || membership.hasMet(peer) ? membership.heardAt(peer) : undefined;
}

function machineView(
  { core, disk, observations, now }: ViewParts,
  peer: PeerId,
  slots: ReadonlyMap<PeerId, number>,
): MachineView {
  const { membership, election } = core;
  const certificate = membership.certificateOf(peer);
  const heard = heardMsOf(membership, peer, now);
  const place = peer === membership.self ? disk.usage() : observations.locations.get(peer);
  const domain = election.plan?.domains[peer];
  return {
    peer,
    name: certificate?.name ?? peer.slice(-8),
    roles: certificate?.roles ?? [],
    state: membership.presenceOf(peer, now),
    ...(heard === undefined ? {} : { lastHeardMs: heard }),
    ...(place === undefined ? {} : { freeBytes: place.freeBytes, quotaBytes: place.quotaBytes }),
    slotCount: slots.get(peer) ?? 0,
    ...(domain === undefined ? {} : { domain }),
    ...trustIn(core, peer, now),
    ...auditsOf(core.audit.countOf(peer)),
  };
}

function trustIn({ membership, trust }: AgentCore, peer: PeerId, now: UnixMs): Pick<MachineView, 'trust'> {
  const view = trust.viewOf(peer);
  if (view.standing === 'trusted') return {};
  const name = peer === membership.self ? 'this machine' : membership.nameOf(peer);
  return { trust: { standing: view.standing, score: view.score, text: trustText(name, view, now) } };
}

function auditsOf({ proven, failed, provenMs, problem }: AuditCount): Pick<MachineView, 'audits'> {
  if (proven + failed === 0) return {};
  return {
    audits: {
      proven,
      failed,
      ...(provenMs === undefined ? {} : { provenMs }),
      ...(problem === undefined ? {} : { problem }),
    },
  };
}

/** What could be restored from each group, by whoever may have packs there; own packs are in groups without this machine only. */
export const groupsNow = (
  { membership }: Pick<AgentCore, 'membership'>,
  plan: Plan,
): readonly Omit<GroupNowView, 'packCount'>[] =>
  plan.classes.flatMap(({ redundancy, groups }) =>
    groups.map(({ id, members }) => {
      const upCount = members.filter((member) => !membership.isAway(member)).length;
      return { group: id, redundancy, upCount, margin: upCount - redundancy.k };
    }),
  );

/** With how many packs this machine knows in each: it looks through its whole shelf. */
function groupViews(core: AgentCore, plan: Plan): readonly GroupNowView[] {
  const packs = core.shelf.packCounts();
  return groupsNow(core, plan).map((group) => ({ ...group, packCount: packs.get(group.group) ?? 0 }));
}

function workView({ core, shell: { traffic } }: ViewParts): WorkView {
  const { shelf, backup, serving, repair, surplus, scrub } = core;
  const { copies, bytes: copyBytes, servedShards: servedCopyShards } = core.copies.counts;
  const { readShards, wholeMs } = scrub.counts;
  return {
    heldShards: shelf.heldShards,
    heldBytes: shelf.heldBytes,
    copies,
    copyBytes,
    servedCopyShards,
    outboxPacks: backup.outboxPacks,
    shardsToSend: serving.sendCount,
    shardsToRebuild: repair.wantCount,
    shardsToRemove: surplus.count(),
    ...traffic,
    readShards,
    rottenShards: repair.rottenShards,
    ...(wholeMs === undefined ? {} : { allReadMs: wholeMs }),
  };
}

/** Of a drive of this machine that has a snapshot; undefined where it cannot be told yet. */
export function ownReachOf(
  parts: Pick<ViewParts, 'core' | 'drives' | 'operations' | 'now'>,
  drive: DriveId,
): OwnReachCount | undefined {
  const packs = packsOfDrive(parts, drive);
  return packs === undefined ? undefined : parts.core.ownReach.count(packs, parts.now);
}

function reachIn(parts: ViewParts, drive: DriveId): Pick<DriveView, 'outOfReach'> {
  const { packCount, outOfReachCount } = ownReachOf(parts, drive) ?? { packCount: 0, outOfReachCount: 0 };
  return outOfReachCount === 0 ? {} : { outOfReach: { packCount, outOfReachCount } };
}

/** By peer id, as people are shown them. */
type Names = ReadonlyMap<PeerId, string>;

function driveViews(parts: ViewParts, names: Names): readonly DriveView[] {
  const { core, drives } = parts;
  const acknowledged = [...core.catalogue.drives].map(([drive, { owner, heads }]): DriveView => {
    const running = drives.running.get(drive);
    const pending = core.backup.pendingOf(drive);
    return {
      drive,
      owner,
      ...(running === undefined
        ? {}
        : {
            path: running.stored.folder,
            ...(running.stored.leftMs === undefined
              ? { watcher: running.watcher?.health.state ?? 'stopped' }
              : { leftMs: running.stored.leftMs as UnixMs }),
          }),
      ...(running?.lastOutcome?.massChange === undefined
        ? {}
        : { held: massChangeText(running.lastOutcome.massChange) }),
      ...reachIn(parts, drive),
      ...proofIn(core, drive),
      snapshots: heads.map(({ snapshot, atMs, fileCount, byteCount }): SnapshotView => ({
        snapshot,
        atMs,
        fileCount,
        byteCount,
      })),
      ...(pending === undefined ? {} : { pending: pendingView(pending, names) }),
    };
  });
  return acknowledged;
}

const pendingView = (
  { startedMs, waitsFor, ...counts }: PendingCount,
  names: Names,
): NonNullable<DriveView['pending']> => ({
  ...counts,
  startedMs: unixMs(startedMs),
  waitsFor: waitsFor.map((peer) => names.get(peer) ?? peer),
});

function proofIn({ proving }: AgentCore, drive: DriveId): Pick<DriveView, 'proof'> {
  const known = proving.proofOf(drive);
  if (known === undefined) return {};
  const { last, proven } = known;
  return {
    proof: { last: proofView(last), ...(proven === undefined ? {} : { proven: proofView(proven) }) },
  };
}

const proofView = ({
  atMs,
  verdict,
  fileCount,
  byteCount,
  machineCount,
  comparedCount,
  reasons,
}: ProofResult): ProofView => ({
  atMs,
  verdict,
  fileCount,
  byteCount,
  machineCount,
  comparedCount,
  reasons,
});

/** The name of a drive for those who can open it. */
export function driveName(key: Uint8Array, sealedName: Uint8Array): string | undefined {
  const opened = openSmall(key, 'name', sealedName);
  return opened.ok ? new TextDecoder().decode(opened.value) : undefined;
}

// What each agent believes, held against what is so: its own disk, who was put out by whom, what was given up by whom, what rotted. Looked at
// four times a day, in every honest machine that is up.

import { minutes } from '../../datasets/index.ts';
import { logName, type ShardKey } from '../codec/index.ts';
import type { KnownPack } from '../core/index.ts';
import type { DriveId, PeerId } from '../units.ts';
import { lookAtCertificates, lookAtRules } from './admin-words.ts';
import { lookAtDoubts } from './doubting.ts';
import type { Slot } from './disk.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import { shortOf } from './naming.ts';
import { lookAtOwnReach } from './own-reach.ts';
import { hasRestedSince } from './rests.ts';
import { lookAtReviews } from './reviews.ts';
import type { Shell } from './shell.ts';
import { lookAtStolenKeys } from './stolen-keys.ts';
import { lookAtHolders, lookAtLastWords } from './time-beliefs.ts';

/** Passes over the disk within which rot is found: what is read when it rots comes in the next, and what was missed is made up for. */
export const passesMax = 3;

/** A process has read its disk by then. */
const settledMs = minutes(10);

/** Looks into every honest machine that is up. */
export function lookInside(fleet: Fleet): void {
  for (const machine of fleet.machines) {
    const { shell } = machine;
    if (shell === undefined || machine.liar !== undefined || machine.isRevoked) continue;
    lookAtRoster(fleet, machine, shell);
    lookAtRules(fleet, machine, shell);
    lookAtCertificates(fleet, machine, shell);
    lookAtStolenKeys(fleet, machine, shell);
    lookAtHolders(fleet, machine, shell);
    lookAtLastWords(fleet, machine, shell);
    lookAtReviews(fleet, machine, shell);
    lookAtDisk(fleet, machine, shell);
    lookAtScratch(fleet, machine, shell);
    lookAtLogs(fleet, machine, shell);
    lookAtDrives(fleet, machine, shell);
    lookAtDoubts(fleet, machine, shell);
    lookAtPlan(fleet, machine, shell);
    for (const known of shell.core.shelf.packs.values()) lookAtPack(fleet, machine, known);
    lookForRot(fleet, machine);
    lookAtWants(fleet, machine, shell);
    lookAtFlows(fleet, machine, shell);
    lookAtOwnReach(fleet, machine, shell);
  }
}

/** Nobody is put out, and no rule is changed, but by an admin of this very fleet. */
function lookAtRoster(fleet: Fleet, machine: Machine, { core, clock }: Shell): void {
  const { checks, guards, options } = fleet;
  checks.counts.admins++;
  const optimizer = core.election.leaseAt(clock.now());
  if (optimizer !== undefined && fleet.machineOf(optimizer.peer)?.isLayman === true)
    guards.violate('plans', machine, 'waits for the plans of a machine that may make none');
  if (optimizer !== undefined && optimizer.untilMs <= clock.now())
    guards.violate('plans', machine, 'waits for the plans of a machine whose lease is over');
  const { membership } = core;
  for (const id of membership.outIds) {
    const other = fleet.machineOf(id);
    if (other?.isRevoked === false)
      guards.violate('admins', machine, `takes machine ${other.index} for put out, and no admin said so`);
  }
  const silenceMs = membership.holderSilenceMs;
  if (membership.policy !== undefined && silenceMs !== options.holderSilenceMs)
    guards.violate('admins', machine, `waits ${silenceMs} ms for the silent, and no admin said so`);
}

/** It places shards by the plan that it says it follows, and tells of nobody that is away that it follows a later one. */
function lookAtPlan({ checks, guards }: Fleet, machine: Machine, { core }: Shell): void {
  const { election, membership, shelf } = core;
  checks.counts.plans++;
  const absent = election.laterFollowers.find((peer) => !membership.up.has(peer));
  if (absent !== undefined)
    guards.violate(
      'plans',
      machine,
      `tells that ${membership.nameOf(absent)}, which is away, follows a later plan`,
    );
  if (shelf.plan !== undefined && shelf.plan !== election.plan && !election.isRecalling)
    guards.violate('plans', machine, 'places shards by another plan than the one that it follows');
}

/** Whoever has heard from a drive's owner takes it for nobody else's, and lists no snapshot that its owner did not make. */
function lookAtDrives({ checks, guards, ledger }: Fleet, machine: Machine, { core }: Shell): void {
  for (const [drive, known] of core.catalogue.drives) {
    checks.counts.drives++;
    const owner = ledger.driveOwner(drive);
    const isForeign = known.heads.some(({ snapshot }) => !ledger.promised.has(snapshot));
    if (known.owner === owner && !isForeign) {
      const isLost = owner !== undefined && lacksNewest(machine, { core, drive, owner });
      if (isLost)
        guards.violate('drives', machine, `has lost the newest snapshot of drive ${drive.slice(0, 8)}`);
      if (core.catalogue.isWiped(drive) && known.heads.length > 0)
        guards.violate('drives', machine, `lists snapshots of drive ${drive.slice(0, 8)}, which is deleted`);
      if (owner !== undefined && lacksKey(machine, { core, drive, owner }))
        guards.violate('keys', machine, `has forgotten an earlier key of drive ${drive.slice(0, 8)}`);
      continue;
    }
    const log = owner === undefined ? undefined : machine.shelves.logs.get(logName(owner, 'facts'));
    const isHeard = log?.batches.some(({ records }) =>
      records.some((record) => record.kind === 'drive' && record.drive === drive),
    );
    if (isHeard === true)
      guards.violate('drives', machine, `takes drive ${drive.slice(0, 8)} for another's than its owner's`);
  }
}

/** Whatever its owner gives up, the newest snapshot of a drive stays in every list. */
function lacksNewest(
  { shelves }: Machine,
  { core, drive, owner }: { readonly core: Shell['core']; readonly drive: DriveId; readonly owner: PeerId },
): boolean {
  if (core.catalogue.isWiped(drive) || core.replication.isForked(owner)) return false;
  const batches = shelves.logs.get(logName(owner, 'facts'))?.batches ?? [];
  const newest = batches
    .flatMap(({ records }) => records)
    .findLast((record) => record.kind === 'head' && record.drive === drive);
  const isTold = newest?.kind === 'head' && batches.at(-1)?.records.includes(newest) !== true;
  const heads = core.catalogue.drives.get(drive)?.heads ?? [];
  return isTold && heads.every(({ snapshot }) => snapshot !== newest.snapshot);
}

/** What was sealed by an earlier key opens elsewhere by that key's record alone. */
function lacksKey(
  { shelves }: Machine,
  { core, drive, owner }: { readonly core: Shell['core']; readonly drive: DriveId; readonly owner: PeerId },
): boolean {
  const known = core.catalogue.drives.get(drive);
  if (known === undefined || core.replication.isForked(owner)) return false;
  const epochs = new Set([...known.formerRecords, known.record].map(({ keyEpoch }) => keyEpoch));
  let highest = Number.NEGATIVE_INFINITY;
  // The last one may not be told yet.
  for (const { records } of shelves.logs.get(logName(owner, 'facts'))?.batches.slice(0, -1) ?? [])
    for (const record of records) {
      if (record.kind !== 'drive' || record.drive !== drive || record.keyEpoch <= highest) continue;
      highest = record.keyEpoch;
      if (!epochs.has(highest)) return true;
    }
  return false;
}

/** An agent that loses track of its own disk fills it with what nobody asks for, or promises what is not there. */
function lookAtDisk({ checks, guards }: Fleet, machine: Machine, { core }: Shell): void {
  checks.counts.shelf++;
  for (const { place, isFlushed, isLeaving, descriptor, index } of machine.platters.all()) {
    if (place !== 'held' || !isFlushed || isLeaving === true) continue;
    if (core.shelf.get(descriptor.pack)?.held.has(index) !== true)
      guards.violate(
        'shelf',
        machine,
        `does not know of shard ${index} of ${shortOf(descriptor)} on its disk`,
      );
  }
}

/** What nothing needs is gone by the next look: a disk fills up with what was fetched once. */
function lookAtScratch({ guards }: Fleet, machine: Machine, { core }: Shell): void {
  const left = new Set<Slot>();
  for (const slot of machine.platters.all()) {
    if (slot.place !== 'scratch' || !slot.isFlushed || slot.isLeaving === true) continue;
    const { index, descriptor } = slot;
    if (core.needsInScratch({ pack: descriptor.pack, index })) continue;
    if (machine.leftInScratch.has(slot))
      guards.violate('shelf', machine, `keeps part ${index} of ${shortOf(descriptor)}, which nothing needs`);
    left.add(slot);
  }
  machine.leftInScratch = left;
}

/** A batch that the disk did not take is not here: whoever takes it for read never asks for it again. What is being written is not looked at. */
function lookAtLogs(
  { checks, guards, machines, queue }: Fleet,
  machine: Machine,
  { core: { replication }, log }: Shell,
): void {
  if (queue.nowMs - (machine.ups.at(-1)?.fromMs ?? queue.nowMs) < settledMs) return;
  for (const { peer, index } of machines) {
    checks.counts.shelf++;
    const name = logName(peer, 'facts');
    const next = machine.shelves.logs.get(name)?.next ?? 0;
    const believed = replication.factsHere(peer);
    if (!log.isWriting(name) && believed !== next)
      guards.violate(
        'shelf',
        machine,
        `has ${next} batches of the log of machine ${index}, and believes in ${believed}`,
      );
  }
}

function lookAtPack(fleet: Fleet, machine: Machine, known: KnownPack): void {
  const { checks, guards, ledger } = fleet;
  for (const index of known.held) {
    const shard = { pack: known.pack, index };
    if (machine.platters.slot('held', shard) === undefined && !checks.wasHarmed(shard))
      guards.violate('shelf', machine, `believes that shard ${index} of ${shortOf(known)} is on its disk`);
  }
  const owner = ledger.ownerOf(known.pack);
  if (owner === undefined) return;
  checks.counts.kept++;
  if (known.isInOutbox && isLeftInOutbox(machine, known))
    guards.violate('outbox', machine, `waits for receipts of ${shortOf(known)}, which it has given up`);
  const core = machine.shell?.core;
  // Whoever has not heard that it was stolen believes what it says; the holders' time is longer than that.
  if (fleet.machineOf(owner)?.isPlundered === true && core?.membership.isRevoked(owner) === false) return;
  const isGivenUp = core?.shelf.givenUpMs(known) !== undefined;
  if (isGivenUp && !ledger.isGivenUp(known.pack) && !ledger.isToBeWiped(owner))
    guards.violate('kept', machine, `takes ${shortOf(known)} for given up, and its owner keeps it`);
}

/** No snapshot that waits needs it, and its owner's log says that it is given up. */
const isLeftInOutbox = ({ shell, peer, journal }: Machine, { pack }: KnownPack): boolean =>
  shell?.core.shelf.isGivenUpBy(pack, peer) === true && !journal.some(({ packs }) => packs.includes(pack));

/** Whoever was up for some passes over its disk has found what rotted before. */
function lookForRot({ checks, guards, queue, scrubPassMs }: Fleet, machine: Machine): void {
  const { platters } = machine;
  for (const [name, { shard, atMs }] of machine.rotten) {
    const slot = platters.slot('held', shard);
    if (slot === undefined || platters.hasIntact(shard)) {
      machine.rotten.delete(name);
      continue;
    }
    checks.counts.rot++;
    // What was not read in a rest is made up for.
    if (hasRestedSince(machine, queue.nowMs - scrubPassMs / 2)) continue;
    if (machine.upMsSince(atMs, queue.nowMs) < passesMax * scrubPassMs) continue;
    machine.rotten.delete(name);
    guards.violate('rot', machine, `has not noticed that shard ${shard.index} of ${shortOf(shard)} rotted`);
  }
}

/** Each shard that the plan gives to an agent, and that is not here, is one that it wants. */
function lookAtWants({ checks, guards }: Fleet, machine: Machine, { core }: Shell): void {
  checks.counts.mended++;
  let lackingCount = 0;
  for (const known of core.shelf.packs.values()) {
    const slot = core.repair.slotOf(known);
    if (slot !== undefined && !known.held.has(slot)) lackingCount++;
  }
  const { wantCount } = core.repair;
  if (lackingCount > wantCount)
    guards.violate('mended', machine, `lacks ${lackingCount} shards, and wants ${wantCount}`);
}

/** What has come, or never will, flows in no more. */
function lookAtFlows({ checks, guards }: Fleet, machine: Machine, { core, wire }: Shell): void {
  checks.counts.queues++;
  if (core.flowCount > wire.arrivalCount)
    guards.violate(
      'queues',
      machine,
      `believes that ${core.flowCount} shards flow in, and ${wire.arrivalCount} do`,
    );
}

/** A bit of it flipped. */
export interface Rotten {
  readonly shard: ShardKey;
  readonly atMs: number;
}

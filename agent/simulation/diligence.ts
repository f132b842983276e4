// What each agent must have done by now, whatever else is going on: asked others for proofs of their shards, restored some of its own files as a
// trial, mended packs that have no shard to spare, told of owners that are gone. An agent that quietly stops to look breaks no other promise
// before it is too late.

import { days, hours } from '../../datasets/index.ts';
import { ownerSilenceMsMin } from '../limits.ts';
import { visitEveryMs } from '../mesh-limits.ts';
import { logName } from '../codec/index.ts';
import type { KnownPack } from '../core/index.ts';
import type { PackId, PeerId } from '../units.ts';
import { lookAtApart } from './cuts.ts';
import type { Fleet } from './fleet.ts';
import { passesMax } from './inside.ts';
import { lookAtAbsent, lookAtLinks } from './link-diligence.ts';
import type { Machine } from './machine.ts';
import { lookAtGone, lookAtPlanning } from './planning-diligence.ts';
import { hasRestedSince } from './rests.ts';
import type { Shell } from './shell.ts';
import { Standing } from './standing.ts';
import { lookAtSurplus } from './surplus-diligence.ts';

/** Awake for so long in one life, and it has done once what it does each day; clocks may be set by hours meanwhile. */
const dueMs = days(3);
/** Who was awake for so long could be asked all the time. */
const thereMs = days(1);
/** A round of questions takes a day at least. */
const askedMsMax = days(1) + hours(6);
/** What a pack needs has been there at every look for so long, and nobody made the shard that is missing. */
const mendMsMax = hours(12);
/** Who was awake for so long has heard what the others have. */
const heardMs = hours(6);
/** Words are said once a day, and clocks are set by hours. */
const wordsMs = days(2);
/** Nobody calls an owner silent beside whom it was awake for an hour in this time. */
const spokeMs = days(4);
/** With so many silent it may be a holiday. */
const holidayShare = 1 / 3;

/** Looks at every honest machine that was awake for long, in fleets in which all are connected. */
export function lookAtDiligence(fleet: Fleet): void {
  for (const machine of fleet.machines) {
    const { shell } = machine;
    if (shell === undefined || machine.liar !== undefined || machine.isRevoked) continue;
    if (shell.core.membership.isSparse) {
      lookAtVisits(fleet, machine, shell);
      lookAtLinks(fleet, machine, shell);
      lookAtAbsent(fleet, machine, shell);
      lookAtGone(fleet, machine, shell);
      continue;
    }
    lookAtApart(fleet, machine, shell);
    lookAtPlanning(fleet, machine, shell);
    if (machine.awakeMs(fleet.queue.nowMs) >= heardMs) {
      lookAtThinPacks(fleet, machine, shell);
      lookAtSurplus(fleet, machine, { shell, awakeMs: (other) => other.awakeMs(fleet.queue.nowMs) });
    }
    if (machine.awakeMs(fleet.queue.nowMs) >= thereMs) lookAtVigil(fleet, machine, shell);
    if (machine.awakeMs(fleet.queue.nowMs) < dueMs) continue;
    lookAtKept(fleet, machine, shell);
    lookAtProofs(fleet, machine, shell);
  }
}

/** Packs of which a machine has lacked a shard that it could have had. */
const lacked = new Standing<PackId>();

/** A pack of which no shard may be lost any more is mended as soon as what it takes is there, whoever may come back. */
function lookAtThinPacks(fleet: Fleet, machine: Machine, shell: Shell): void {
  const { platters } = machine;
  const nowMs = fleet.queue.nowMs;
  const stands = lacked.look(shell, nowMs);
  if (hasRestedSince(machine, nowMs - mendMsMax)) return;
  // A disk that was full is asked again hours later.
  if (platters.isFull || platters.heldBytes + platters.copyBytes > platters.quotaBytes / 2) return;
  for (const known of shell.core.shelf.packs.values()) {
    const { facts, pack } = known;
    const slot = shell.core.repair.slotOf(known);
    if (facts === undefined || slot === undefined || known.held.has(slot)) continue;
    const isWanted = fleet.ledger.isPromised(pack, nowMs) && shell.core.shelf.givenUpMs(known) === undefined;
    if (!isWanted || fleet.ledger.isToBeWiped(facts.owner)) continue;
    fleet.checks.counts.mended++;
    const { k } = facts.redundancy;
    const inReach = new Set(known.held);
    const there = new Set(known.held);
    for (const [index, peer] of known.others) {
      if (!shell.core.membership.isAway(peer)) inReach.add(index);
      const other = fleet.machineOf(peer);
      const isThere =
        other !== undefined && other.liar === undefined && other.awakeMs(fleet.queue.nowMs) >= heardMs;
      if (isThere && shell.core.membership.up.has(peer) && other.platters.hasIntact({ pack, index }))
        there.add(index);
    }
    if (there.size < k || inReach.size > k) continue;
    const forMs = stands(pack);
    if (forMs < mendMsMax) continue;
    const hoursText = `${Math.round(forMs / hours(1))} hours`;
    fleet.guards.violate(
      'mended',
      machine,
      `has not made its shard of pack ${pack.slice(0, 8)} for ${hoursText}, of which ${there.size} of ${k} are there`,
    );
    return;
  }
}

/** Machines that one has not met though its packs concern them. */
const unmet = new Standing<PeerId>();

/** In a large fleet nobody is connected to all: who holds shards of the same packs speaks to each other once a day. */
function lookAtVisits(fleet: Fleet, machine: Machine, shell: Shell): void {
  const stands = unmet.look(shell, fleet.queue.nowMs);
  for (const peer of shell.core.placement.hearers()) {
    const other = fleet.machineOf(peer);
    const isHere = shell.core.membership.up.has(peer) || shell.core.membership.isRevoked(peer);
    if (other === undefined || isHere || other.hasLied || other.isRevoked) continue;
    if (other.awakeMs(fleet.queue.nowMs) < thereMs || machine.awakeMs(fleet.queue.nowMs) < thereMs) continue;
    fleet.checks.counts.visits++;
    const metMs = fleet.witness.lastMetMs(shell, peer);
    if (metMs !== undefined && shell.clock.now() - metMs < visitEveryMs + heardMs) continue;
    if (stands(peer) >= thereMs)
      fleet.guards.violate('visits', machine, `has not met machine ${other.index}, which its packs concern`);
  }
}

/** Peers raise the alarm for an owner that went silent, and for no other. */
function lookAtVigil(fleet: Fleet, machine: Machine, shell: Shell): void {
  const { core, clock } = shell;
  const told = new Set(core.vigil.silences(clock.now()).map(({ peer }) => peer));
  const owners = [...new Set([...core.catalogue.drives.values()].map(({ owner }) => owner))].flatMap(
    (peer) => fleet.machineOf(peer) ?? [],
  );
  const watched = owners.filter(
    ({ peer, isRevoked, hasLied, ups }) =>
      peer !== machine.peer && !isRevoked && !hasLied && ups.length > 0 && !core.membership.isRevoked(peer),
  );
  // Of whom it knows to be out it expects nothing.
  const inCount = owners.filter(({ peer }) => !core.membership.isRevoked(peer)).length;
  // Whoever lies is silent too, for an agent that knows no liar.
  const silent = owners.filter((owner) => !owner.isRevoked && owner.offMs(fleet.queue.nowMs) > wordsMs / 2);
  for (const owner of watched) {
    fleet.checks.counts.vigil++;
    // In the product everybody writes hourly; here whoever saved nothing said nothing to those who were off.
    if (told.has(owner.peer) && togetherMs(owner, machine, fleet.queue.nowMs) > hours(1))
      fleet.guards.violate('vigil', machine, `calls machine ${owner.index} silent, which is not`);
    // What it wrote with a wrong clock was said when it was heard.
    const isHeardLate = owner.hasDatedAhead && fleet.witness.hasHeard(shell, owner.peer);
    const hasDateCome = owner.firstAheadMs <= fleet.queue.nowMs + hours(12);
    if (silent.length > inCount * holidayShare || told.has(owner.peer)) continue;
    if (isHeardLate || hasDateCome) continue;
    if (owner.offMs(fleet.queue.nowMs) > allowedSilenceMs(owner))
      fleet.guards.violate('vigil', machine, `does not tell that machine ${owner.index} is silent`);
  }
}

/** How long `owner` was awake lately while the other was: in its last stretch, as a new start knows of no connection before it. */
function togetherMs(owner: Machine, { ups }: Machine, nowMs: number): number {
  const sinceMs = Math.max(ups.at(-1)?.fromMs ?? nowMs, nowMs - spokeMs);
  return owner.upMsSince(sinceMs, nowMs);
}

/** More than anybody allows who heard all that it said: words are days apart where it was awake in between. */
function allowedSilenceMs({ ups, peer, shelves }: Machine): number {
  const gaps = ups.map(({ fromMs }, at) => (at === 0 ? 0 : fromMs - ups[at - 1]!.toMs));
  // It may have been awake and had nothing to say: then nobody knows that it was there.
  const words = shelves.logs.get(logName(peer, 'telemetry'))?.batches ?? [];
  const pauses = words.map(({ atMs }, at) => (at === 0 ? 0 : atMs - words[at - 1]!.atMs));
  return Math.max(ownerSilenceMsMin, 1.5 * (Math.max(0, ...gaps, ...pauses) + wordsMs)) + wordsMs / 2;
}

/** Packs of which a machine has shards. */
const kept = new Standing<PackId>();

function lookAtKept(fleet: Fleet, machine: Machine, shell: Shell): void {
  const stands = kept.look(shell, fleet.queue.nowMs);
  const ages = new Map(
    [...shell.core.shelf.packs.values()]
      .filter(({ held }) => held.size > 0)
      .map((known) => [known, stands(known.pack)]),
  );
  lookAtAudits(fleet, machine, { shell, ages });
  lookAtScrub(fleet, machine, { shell, ages });
}

/** A machine, and for how long it has had shards of which packs. */
interface Keeping {
  readonly shell: Shell;
  readonly ages: ReadonlyMap<KnownPack, number>;
}

/** Who was awake for as many passes as rot may take to be found has ended one. */
function lookAtScrub(fleet: Fleet, machine: Machine, { shell: { core, clock }, ages }: Keeping): void {
  const { queue, scrubPassMs, checks, guards } = fleet;
  // Clocks are set by hours.
  const longMs = passesMax * scrubPassMs + hours(12);
  const isLong = machine.awakeMs(fleet.queue.nowMs) >= longMs && Math.max(0, ...ages.values()) >= longMs;
  if (!isLong || hasRestedSince(machine, queue.nowMs - longMs)) return;
  checks.counts.rot++;
  const { wholeMs } = core.scrub.counts;
  if (wholeMs === undefined || clock.now() - wholeMs > longMs)
    guards.violate('rot', machine, 'has not read all that lies on its disk for days');
}

/** Packs of which a machine has shards, and a slot by the plan: what a plan has taken away nobody proves to it. */
const placed = new Standing<PackId>();

function lookAtAudits(fleet: Fleet, machine: Machine, { shell, ages }: Keeping): void {
  fleet.checks.counts.audits++;
  const stands = placed.look(shell, fleet.queue.nowMs);
  const longKept = [...ages.keys()].filter(
    (known) => shell.core.repair.slotOf(known) !== undefined && stands(known.pack) >= askedMsMax,
  );
  const askedMs = fleet.witness.lastAskedMs(shell);
  if (askedMs !== undefined && shell.clock.now() - askedMs < dueMs) return;
  if (longKept.some((known) => areOthersAskable(fleet, machine, { shell, known })))
    fleet.guards.violate('audits', machine, 'has asked nobody for a proof in three days');
}

/** Whether all who have the other shards of a pack that was acknowledged long ago could be asked for them. */
function areOthersAskable(
  fleet: Fleet,
  machine: Machine,
  { shell, known }: { readonly shell: Shell; readonly known: KnownPack },
): boolean {
  const members = shell.core.shelf.groupOf(known)?.members ?? [];
  const savedMs = fleet.ledger.acknowledgedMsOf(known.pack);
  if (known.held.size === 0 || !members.includes(machine.peer) || members.length < 2) return false;
  if (savedMs === undefined || fleet.queue.nowMs - savedMs < dueMs) return false;
  return members.every((peer, index) => {
    const other = fleet.machineOf(peer);
    if (other === machine) return true;
    const isHeld = known.others.has(index, peer) && shell.core.membership.up.has(peer);
    return other !== undefined && isHeld && other.awakeMs(fleet.queue.nowMs) >= thereMs;
  });
}

function lookAtProofs(fleet: Fleet, machine: Machine, { core, clock }: Shell): void {
  if (core.membership.up.size === 0 || hasRestedSince(machine, fleet.queue.nowMs - thereMs)) return;
  const now = clock.now();
  for (const [drive, { owner, heads }] of core.catalogue.drives) {
    const [first] = heads;
    if (owner !== machine.peer || first === undefined || now - first.atMs < dueMs) continue;
    fleet.checks.counts.proofs++;
    const triedMs = machine.proofs.get(drive)?.last.atMs;
    if (triedMs === undefined || now - triedMs >= dueMs)
      fleet.guards.violate('proofs', machine, 'has restored nothing of its drive as a trial in three days');
  }
}

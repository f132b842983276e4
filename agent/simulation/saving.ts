// People save snapshots: the drive has a record by which it is known, its key is one that nobody knows who was put out, then packs are sealed and
// staged. Nothing happens while a machine is off, knows no plan, or may not write what has to be written first.

import { days, type UnixMs, unixMs } from '../../datasets/index.ts';
import type { ClassShape, Plan } from '../../optimizer/index.ts';
import type { Fleet } from './fleet.ts';
import { driveOf } from './ledger.ts';
import { firstLock, lockRecordOf, lookAtSealing, settleLock } from './locks.ts';
import type { Machine } from './machine.ts';
import type { Shell } from './shell.ts';

/** The person at the machine saves a snapshot. */
export function saveSnapshot(fleet: Fleet, machine: Machine): void {
  const { shell, peer, isUp } = machine;
  if (shell?.core.election.plan === undefined || !isUp) return;
  if (shell.core.shelf.wiped.has(driveOf(peer))) return;
  if (nameDrive(fleet, machine)) settleLock(fleet, machine, () => seal(fleet, machine));
}

/** A drive's first record, which its snapshots need to be known by; false where the log does not take it yet. */
function nameDrive(fleet: Fleet, machine: Machine): boolean {
  const { shell, peer } = machine;
  machine.lock ??= firstLock(fleet, machine);
  if (shell?.core.catalogue.drives.get(driveOf(peer))?.owner === peer) return true;
  if (shell?.mayPublish !== true) return false;
  shell.publish([lockRecordOf(machine, machine.lock)], () => {});
  return true;
}

function seal(fleet: Fleet, machine: Machine): void {
  const { shell, peer, lock } = machine;
  const plan = shell?.core.election.plan;
  if (shell === undefined || plan === undefined || lock === undefined) return;
  const now = unixMs(fleet.queue.nowMs);
  const shapes = shapesOf(plan);
  const made = fleet.ledger.make(peer, { ...lock, shapes, now, datedMs: dateOf(fleet, machine, shell) });
  lookAtSealing(fleet, machine, made.staged.head);
  let waiting = made.packs.length;
  for (const pack of made.packs) {
    shell.stagePack(pack, () => {
      if (--waiting === 0) shell.stageSnapshot(made.staged);
    });
  }
}

/** New packs are of the first class of each name; the others are those of older packs. */
const shapesOf = ({ classes }: Plan): readonly ClassShape[] =>
  classes.filter(({ name }, at) => classes.findIndex((one) => one.name === name) === at);

/** By the world's clock; where snapshots may be dated ahead by the owner's own one, which is weeks ahead for some. */
function dateOf({ options, queue, random }: Fleet, machine: Machine, { clock }: Shell): UnixMs {
  const { aheadSnapshotShare } = options.faults;
  if (aheadSnapshotShare === 0) return unixMs(Math.floor(queue.nowMs));
  const own = random.fork(`snapshot of ${machine.index} at ${queue.nowMs}`);
  const aheadMs = own.fraction() < aheadSnapshotShare ? days(7) + days(21) * own.fraction() : 0;
  return unixMs(Math.floor(clock.now() + aheadMs));
}

// A new machine restores others' snapshots with nothing but the fleet and the drives' keys, through the shipped core, and
// compares every byte (promises 1 and 2).

import { hours, minutes } from '../../datasets/index.ts';
import type { DriveKeys, HeadRecord, PackDescriptor } from '../codec/index.ts';
import type { PackId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import { driveOf, isAsMade, packsOfHead, type Promised } from './ledger.ts';
import { keysToRestore } from './locks.ts';
import type { Machine } from './machine.ts';

/** A restore of all samples ends within this. */
const restoreMsMax = hours(6);

/** Adds a machine, lets it join and restores up to `count` acknowledged snapshots; answers how many were whole. */
export function restoreOnNewMachine(fleet: Fleet, count: number): number {
  const machine = fleet.addMachine();
  machine.powerOn(fleet);
  fleet.queue.runUntil(fleet.queue.nowMs + minutes(30));
  const samples = sampleOf(fleet, count);
  let restored = 0;
  for (const promised of samples) if (restoreOne(fleet, machine, promised)) restored++;
  return restored;
}

function sampleOf(fleet: Fleet, count: number): readonly Promised[] {
  const { checks, ledger, queue } = fleet;
  const acknowledged = ledger
    .due(queue.nowMs)
    .filter(({ descriptors }) =>
      descriptors.every(
        (descriptor) => !checks.isBeyondRepair(descriptor, checks.intactOf(descriptor.pack), queue.nowMs),
      ),
    );
  const step = Math.max(1, acknowledged.length / count);
  return Array.from(
    { length: Math.min(count, acknowledged.length) },
    (_, at) => acknowledged[Math.floor(at * step)]!,
  );
}

function restoreOne(fleet: Fleet, machine: Machine, promised: Promised): boolean {
  const name = `snapshot ${promised.number} of machine ${fleet.machines.findIndex(({ peer }) => peer === promised.owner)}`;
  const head = headOf(machine, promised);
  if (head === undefined) {
    fleet.checks.violate('restored', `${name} is acknowledged, but its head did not reach a new machine`);
    return false;
  }
  const keys = keysToRestore(fleet, machine, promised);
  const descriptors = keys === undefined ? undefined : packsOfHead(keys, head);
  if (keys === undefined || descriptors === undefined) {
    fleet.checks.violate('restored', `${name} is acknowledged, but whoever may read it cannot open it`);
    return false;
  }
  if (!isListed(machine, promised))
    fleet.checks.violate('restored', `${name} is acknowledged, but a new machine does not list it`);
  let areSame = true;
  const missing = fetchPacks(fleet, machine, {
    descriptors,
    use: (pack, part) => {
      areSame = comparePack(fleet, { pack, part, promised, name, keys }) && areSame;
    },
  });
  if (missing !== undefined) fleet.checks.violate('restored', `${name} cannot be restored: ${missing}`);
  return missing === undefined && areSame;
}

/** What a person sees to choose from; also what was given up lately. */
function isListed({ shell }: Machine, { owner, snapshot }: Promised): boolean {
  const drive = shell?.core.catalogue.drives.get(driveOf(owner));
  if (drive === undefined) return false;
  const heads = [...drive.heads, ...drive.forgotten.map(({ head }) => head)];
  return heads.some((head) => head.snapshot === snapshot);
}

function headOf(machine: Machine, { owner, snapshot }: Promised): HeadRecord | undefined {
  for (const { author, records } of machine.shelves.order) {
    if (author !== owner) continue;
    for (const record of records) if (record.kind === 'head' && record.snapshot === snapshot) return record;
  }
  return undefined;
}

interface Fetching {
  readonly descriptors: readonly PackDescriptor[];
  /** Takes a sealed pack, and which of them it is. */
  readonly use: (pack: Uint8Array, part: number) => void;
}

/** Undefined when all packs came and were used; else what is missing. */
function fetchPacks(fleet: Fleet, machine: Machine, { descriptors, use }: Fetching): string | undefined {
  const { shell } = machine;
  if (shell === undefined) return 'the new machine is off';
  const waiting = new Set<PackId>(descriptors.map(({ pack }) => pack));
  let missing: string | undefined;
  shell.packListener = {
    packReady: (pack) => {
      const part = descriptors.findIndex((descriptor) => descriptor.pack === pack);
      const taken = shell.takePack(descriptors[part]!);
      if (taken === undefined) return;
      waiting.delete(pack);
      use(taken, part);
    },
    packLost: (pack, foundCount) => {
      waiting.delete(pack);
      missing = `${foundCount} shards of pack ${pack.slice(0, 8)} were found`;
    },
  };
  shell.tell({ kind: 'packsWanted', packs: descriptors });
  const untilMs = fleet.queue.nowMs + restoreMsMax;
  while (waiting.size > 0 && fleet.queue.nowMs < untilMs)
    fleet.queue.runUntil(fleet.queue.nowMs + fleet.tickMs);
  return waiting.size === 0 ? missing : `${waiting.size} packs neither came nor failed`;
}

interface Restored {
  readonly pack: Uint8Array;
  readonly part: number;
  readonly promised: Promised;
  readonly name: string;
  readonly keys: DriveKeys;
}

/** Promise 2: exactly what was backed up, or an error that says so. */
function comparePack(fleet: Fleet, { pack, part, promised, name, keys }: Restored): boolean {
  const isSame = isAsMade(promised, part, { pack, keys });
  if (!isSame) fleet.checks.violate('restored', `pack ${part} of ${name} came back different`);
  else fleet.checks.counts.restored++;
  return isSame;
}

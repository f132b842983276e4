// Popular copies without readers: packs that somebody chose by chance, on machines chosen by chance, for some hours or days. Valid, and
// they change all the time: the core must keep its promises under any. And where a simulated machine says that it stands.

import { days, hours, type LocationRow, type Random, type UnixMs, unixMs } from '../../datasets/index.ts';
import { copyBytesOf, type Plan, type PlannedCopy } from '../../optimizer/index.ts';
import type { PackDescriptor } from '../codec/index.ts';
import type { CoreEffect } from '../core/index.ts';
import type { PeerId } from '../units.ts';

export interface CopyWish {
  /** Packs that may have copies. */
  readonly packs: readonly PackDescriptor[];
  readonly machines: readonly PeerId[];
  /** Copies that one plan begins. */
  readonly count: number;
  /** Bytes that copies may take on each machine. */
  readonly roomBytes: number;
  readonly now: UnixMs;
  readonly random: Random;
}

/** Of copies whose time is not over, those that the next plan still wants. */
const stayShare = 0.8;

/** The plan with most of the copies of the one before, and `count` new ones as far as they have room. */
export function withRandomCopies(plan: Plan, previous: Plan | undefined, wish: CopyWish): Plan {
  const { packs, machines, count, roomBytes, now, random } = wish;
  const copies: PlannedCopy[] = [];
  const used = new Map<string, number>();
  const add = (copy: PlannedCopy): void => {
    const bytes = (used.get(copy.machine) ?? 0) + copy.bytes;
    const isThere = copies.some((one) => one.pack === copy.pack && one.machine === copy.machine);
    if (isThere || bytes > roomBytes) return;
    used.set(copy.machine, bytes);
    copies.push(copy);
  };
  for (const copy of previous?.popular?.copies ?? [])
    if (copy.untilMs > now && random.fraction() < stayShare) add(copy);
  for (let at = 0; at < count && packs.length > 0 && machines.length > 0; at++) {
    const { pack, owner, placementClass, redundancy, packBytes } = packs[random.below(packs.length)]!;
    add({
      pack,
      owner,
      packClass: placementClass,
      redundancy,
      machine: machines[random.below(machines.length)]!,
      bytes: copyBytesOf(packBytes, redundancy),
      untilMs: unixMs(Math.floor(now + hours(2) + random.fraction() * days(3))),
      reason: { site: 'simulated', reads: 1, farShare: 1 },
    });
  }
  const { popular: _before, ...rest } = plan;
  const rooms = [...used.keys()].map((machine) => ({ machine: machine as PeerId, bytes: roomBytes }));
  return copies.length === 0 ? rest : { ...rest, popular: { copies, rooms } };
}

const siteCount = 3;
/** In larger fleets about so many machines say where they stand: thousands of words that all of thousands read are the work of telemetry. */
const placesMax = 64;

/** Whether a machine of a fleet of that size says where it stands. */
export const saysPlace = (index: number, machineCount: number): boolean =>
  index % Math.ceil(machineCount / placesMax) === 0;

/** The order to write down where a machine stands: in one of three sites, by turns. */
export function placeOrder(
  { index, peer }: { readonly index: number; readonly peer: PeerId },
  now: UnixMs,
): Extract<CoreEffect, { kind: 'appendRecords' }> {
  const row: LocationRow = {
    kind: 'location',
    machine: peer,
    atMs: unixMs(Math.floor(now)),
    attributes: { site: `site ${index % siteCount}` },
    roundTripMs: {},
    freeBytes: 0,
    quotaBytes: 0,
  };
  const record = { kind: 'telemetry', origin: 'collected', rows: [row] } as const;
  return { kind: 'appendRecords', stream: 'telemetry', records: [record] };
}

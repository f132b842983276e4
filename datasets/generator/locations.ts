// Daily location rows of a generated fleet: attributes, round-trip times to a few peers, and free space that shrinks.

import type { Random } from '../random.ts';
import type { LocationRow } from '../rows.ts';
import { dayMs, gibibyte, hourMs, mebibyte, type MachineId, unixMs } from '../units.ts';
import type { Layout } from './layout.ts';
import { logNormal, pick } from './sampling.ts';

/** Peers measured a day; well under the 32 that a row may hold. */
const peersPerDay = 6;

export interface LocationPart {
  readonly layout: Layout;
  readonly machines: readonly MachineId[];
  readonly index: number;
  /** [fromMs, toMs) in which the machine exists and runs its agent. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** One row a day, the first a minute after the machine appears. */
export function locationRows(part: LocationPart, random: Random): readonly LocationRow[] {
  const rows: LocationRow[] = [];
  const attributes = part.layout.attributes[part.index]!;
  const diskBytes = pick(random, [256, 512, 512, 1024]) * gibibyte;
  let freeBytes = Math.floor(diskBytes * (0.2 + 0.6 * random.fraction()));
  const quotaBytes = Math.floor(diskBytes / 10);
  for (let atMs = part.fromMs + 60_000; atMs < part.toMs; atMs += dayMs + random.below(hourMs)) {
    rows.push({
      kind: 'location',
      machine: part.machines[part.index]!,
      atMs: unixMs(atMs),
      attributes,
      roundTripMs: roundTrips(part, random),
      freeBytes,
      quotaBytes,
    });
    const usedBytes = Math.floor(logNormal(random, 120 * mebibyte, 1)) - 60 * mebibyte;
    freeBytes = Math.min(diskBytes, Math.max(gibibyte, freeBytes - usedBytes));
  }
  return rows;
}

function roundTrips(part: LocationPart, random: Random): Readonly<Record<string, number>> {
  const measured: Record<string, number> = {};
  for (let i = 0; i < peersPerDay; i++) {
    const peer = random.below(part.machines.length);
    if (peer === part.index) continue;
    const meanMs = roundTripMs(part.layout, part.index, peer);
    measured[part.machines[peer]!] = Math.round(logNormal(random, meanMs, 0.2) * 100) / 100;
  }
  return measured;
}

function roundTripMs(layout: Layout, a: number, b: number): number {
  const siteA = layout.siteOfMachine[a]!;
  const siteB = layout.siteOfMachine[b]!;
  if (siteA !== siteB) {
    const [xA, yA] = layout.sitePositions[siteA]!;
    const [xB, yB] = layout.sitePositions[siteB]!;
    return 4 + Math.hypot(xA - xB, yA - yB);
  }
  return layout.attributes[a]!.subnet === layout.attributes[b]!.subnet ? 0.3 : 0.8;
}

// From a pack to its group with no lookup: weighted rendezvous hashing (Thaler & Ravishankar, 1998; weights after Schindelhauer
// & Schomaker, 2005). A changed group moves only its own packs; groups that contain the owner are passed over.

import type { MachineId } from '../datasets/index.ts';
import type { PlacementClass, PlacementGroup, Plan, Redundancy } from './plan.ts';

export interface PackPlace {
  /** 64 hex digits, uniformly distributed: a SHA-256. */
  readonly packId: string;
  readonly owner: MachineId;
  readonly placementClass: PlacementClass;
}

const hashes = new WeakMap<PlacementGroup, number>();

function hashOfGroup(group: PlacementGroup): number {
  const known = hashes.get(group);
  if (known !== undefined) return known;
  const mixed = hashOfName(group.id);
  hashes.set(group, mixed);
  return mixed;
}

/** FNV-1a of the name, finished by a 32-bit avalanche. */
export function hashOfName(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++)
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  return avalanche(hash);
}

/** The finaliser of MurmurHash3 (Appleby, public domain constants). */
function avalanche(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** Uniform in (0, 1), the same on every machine: 52 bits from two words of the pack id mixed with the group. */
function fractionOf(packWords: readonly [number, number], groupHash: number): number {
  const high = avalanche(packWords[0] ^ groupHash) >>> 0;
  const low = avalanche(packWords[1] ^ Math.imul(groupHash, 0x9e3779b1)) >>> 12;
  return (high * 2 ** 20 + low + 0.5) / 2 ** 52;
}

const wordsOf = (packId: string): readonly [number, number] => [
  Number.parseInt(packId.slice(0, 8), 16),
  Number.parseInt(packId.slice(8, 16), 16),
];

/**
 * Whoever ranks highest stands in first for a holder of the pack that is away: a function of its name's hash, in (0, 1), the same on every
 * machine.
 */
export function standInRanks(packId: string): (machineHash: number) => number {
  const words = wordsOf(packId);
  return (machineHash) => fractionOf(words, machineHash);
}

/** The group with the highest −weight / ln(u); undefined only when the class has no groups. */
export function groupForPack({ packId, owner, placementClass }: PackPlace): PlacementGroup | undefined {
  const words = wordsOf(packId);
  const { groups } = placementClass;
  return best(groups, words, owner) ?? best(groups, words, undefined);
}

/** What a plan has to know of a pack to say who holds it. */
export interface PlannedPack {
  /** 64 hex digits. */
  readonly pack: string;
  readonly owner: MachineId;
  readonly packClass: PlacementClass['name'];
  readonly redundancy: Redundancy;
}

/** The group of a pack under a plan: of the class with the pack's own redundancy, by rendezvous, off its owner. */
export function groupOfPack(
  { classes }: Plan,
  { pack, owner, packClass, redundancy }: PlannedPack,
): PlacementGroup | undefined {
  const fits = classes.filter(
    (candidate) =>
      candidate.redundancy.k === redundancy.k &&
      candidate.redundancy.n === redundancy.n &&
      candidate.groups.length > 0,
  );
  const chosen = fits.find(({ name }) => name === packClass) ?? fits[0];
  return chosen === undefined ? undefined : groupForPack({ packId: pack, owner, placementClass: chosen });
}

/** The machines that should hold the pack's shards, shard j on the j-th; empty when the class has no groups. */
export const holdersOf = (place: PackPlace): readonly MachineId[] => groupForPack(place)?.members ?? [];

function best(
  groups: readonly PlacementGroup[],
  words: readonly [number, number],
  avoided: MachineId | undefined,
): PlacementGroup | undefined {
  let found: PlacementGroup | undefined;
  let highest = Number.NEGATIVE_INFINITY;
  for (const group of groups) {
    if (avoided !== undefined && group.members.includes(avoided)) continue;
    const score = -group.weight / Math.log(fractionOf(words, hashOfGroup(group)));
    if (score > highest) [found, highest] = [group, score];
  }
  return found;
}

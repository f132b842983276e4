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
  const table = tableOf(placementClass.groups);
  return table.best(words, owner) ?? table.best(words, undefined);
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

const tables = new WeakMap<readonly PlacementGroup[], GroupTable>();

function tableOf(groups: readonly PlacementGroup[]): GroupTable {
  const table = tables.get(groups) ?? new GroupTable(groups);
  tables.set(groups, table);
  return table;
}

/** What is the same of the groups of a class for all packs: thousands of packs are looked up under one plan, each beside all groups. */
class GroupTable {
  readonly #groups: readonly PlacementGroup[];
  /** Places of the groups by falling weight: the sooner a high score is found, the fewer logarithms. */
  readonly #order: Uint32Array;
  /** In this order. */
  readonly #hashes: Int32Array;
  readonly #weights: Float64Array;

  constructor(groups: readonly PlacementGroup[]) {
    this.#groups = groups;
    this.#order = Uint32Array.from(groups.keys()).toSorted((a, b) => groups[b]!.weight - groups[a]!.weight);
    this.#hashes = Int32Array.from(this.#order, (at) => hashOfName(groups[at]!.id));
    this.#weights = Float64Array.from(this.#order, (at) => groups[at]!.weight);
  }

  /** The group with the highest score, of those without `avoided`; of two with the same the first. */
  best(words: readonly [number, number], avoided: MachineId | undefined): PlacementGroup | undefined {
    let found = -1;
    let highest = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < this.#hashes.length; index++) {
      const hash = this.#hashes[index]!;
      const weight = this.#weights[index]!;
      // As −ln(u) > 1 − u, no score reaches weight / (1 − u); u < (high + 1) / 2³².
      const high = avalanche(words[0] ^ hash) >>> 0;
      if (weight < highest * (1 - (high + 1) / 2 ** 32)) continue;
      const score = -weight / Math.log(fractionOf(words, hash));
      const at = this.#order[index]!;
      if (score < highest || (score === highest && at > found)) continue;
      if (avoided === undefined || !this.#groups[at]!.members.includes(avoided))
        [found, highest] = [at, score];
    }
    return this.#groups[found];
  }
}

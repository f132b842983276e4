// Systematic Reed–Solomon over GF(256): shards 0..k − 1 are slices of the pack, the others combine them. The parity rows
// form a Cauchy matrix, so any k shards restore the pack (Blömer et al., ICSI TR-95-048, 1995). k = 1 gives replicas.

import type { Redundancy } from '../../optimizer/index.ts';
import { packIdOf, shardBytesOf } from './descriptor.ts';
import { accept, type Decoded, reject } from './envelope.ts';
import { addScaled, invert, invertMatrix } from './galois.ts';
import { combineShards } from './galois-simd.ts';
import { shardHashOf } from './merkle.ts';
import { shardHashAt, shardHashesFrom } from './shard-hashes.ts';
import type { PackDescriptor } from './shard.ts';

/** Row of the encoding matrix: how shard `index` follows from the k slices. */
export function encodingRow(index: number, { k }: Redundancy): Uint8Array {
  const row = new Uint8Array(k);
  if (k === 1) row[0] = 1;
  else if (index < k) row[index] = 1;
  else for (let column = 0; column < k; column++) row[column] = invert(index ^ column);
  return row;
}

/** The k slices of a pack; the last ones may be short or empty, as if padded with zeros. */
function slicesOf(pack: Uint8Array, k: number): readonly Uint8Array[] {
  const shardBytes = shardBytesOf(pack.length, k);
  return Array.from({ length: k }, (_, index) => pack.subarray(index * shardBytes, (index + 1) * shardBytes));
}

function padded(slice: Uint8Array, shardBytes: number): Uint8Array {
  if (slice.length === shardBytes) return slice;
  const whole = new Uint8Array(shardBytes);
  whole.set(slice);
  return whole;
}

/** All n shards of a pack, each `shardBytesOf(pack.length, k)` long. For k = 1 all are the pack itself. */
export function encodeShards(pack: Uint8Array, redundancy: Redundancy): readonly Uint8Array[] {
  const { k, n } = redundancy;
  if (k === 1) return Array.from({ length: n }, () => pack);
  const shardBytes = shardBytesOf(pack.length, k);
  const slices = slicesOf(pack, k);
  const rows = Array.from({ length: n - k }, (_, index) => encodingRow(k + index, redundancy));
  return [
    ...slices.map((slice) => padded(slice, shardBytes)),
    ...combineShards({ slices, rows, shardBytes }),
  ];
}

export interface PackOrigin extends Pick<
  PackDescriptor,
  'owner' | 'drive' | 'placementClass' | 'redundancy'
> {}

/** Shards of a sealed pack and the descriptor that names it. */
export function describePack(
  pack: Uint8Array,
  origin: PackOrigin,
): { readonly descriptor: PackDescriptor; readonly shards: readonly Uint8Array[] } {
  const { owner, drive, placementClass, redundancy } = origin;
  const shards = encodeShards(pack, redundancy);
  const first = redundancy.k === 1 ? shardHashOf(pack) : undefined;
  const shardHashes = shardHashesFrom(shards.map((shard) => first ?? shardHashOf(shard)));
  const parts = { owner, drive, placementClass, redundancy, packBytes: pack.length, shardHashes };
  return {
    descriptor: { ...parts, pack: packIdOf(parts), shardBytes: shardBytesOf(pack.length, redundancy.k) },
    shards,
  };
}

/** Whether these bytes are shard `index` of the pack: right length, right hash. */
export const shardMatches = (descriptor: PackDescriptor, index: number, bytes: Uint8Array): boolean =>
  bytes.length === descriptor.shardBytes && shardHashOf(bytes) === shardHashAt(descriptor.shardHashes, index);

export type ShardSet = ReadonlyMap<number, Uint8Array>;

/** The k shards with the lowest indexes: slices of the pack first, they need no arithmetic. */
const lowest = (shards: ShardSet, k: number): readonly (readonly [number, Uint8Array])[] =>
  [...shards].toSorted(([a], [b]) => a - b).slice(0, k);

/** How shard `index` follows from the shards `from`: its encoding row times the inverse of theirs. */
function rebuildingRow(
  from: readonly number[],
  index: number,
  redundancy: Redundancy,
): Uint8Array | undefined {
  const inverse = invertMatrix(from.map((at) => encodingRow(at, redundancy)));
  if (inverse === undefined) return undefined;
  const row = new Uint8Array(redundancy.k);
  const wanted = encodingRow(index, redundancy);
  for (const [column, factors] of inverse.entries()) addScaled(row, factors, wanted[column]!);
  return row;
}

const tooFew = (descriptor: PackDescriptor, shards: ShardSet): Decoded<never> =>
  reject('too-few-shards', `${shards.size} shards of the ${descriptor.redundancy.k} that a pack needs`);

/** A place for the k slices of a pack, one after the other, with whatever was in it before. */
export const placeForSlices = ({ redundancy, shardBytes }: PackDescriptor): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.allocUnsafeSlow(redundancy.k * shardBytes).buffer);

/** Where shard `index` belongs in it; undefined for a shard that is no slice of the pack. */
export function sliceIn(
  place: Uint8Array,
  { redundancy: { k }, shardBytes }: PackDescriptor,
  index: number,
): Uint8Array | undefined {
  if (k === 1) return place;
  return index < k ? place.subarray(index * shardBytes, (index + 1) * shardBytes) : undefined;
}

/**
 * The sealed pack from any k of its shards. Slices that lie in `place` already stay there, the others are copied or computed into it.
 * Bytes are believed: check them with `shardMatches` on the way in.
 */
export function assemblePack(
  descriptor: PackDescriptor,
  shards: ShardSet,
  place?: Uint8Array,
): Decoded<Uint8Array> {
  const { redundancy, packBytes } = descriptor;
  if (redundancy.k === 1) {
    const [any] = shards.values();
    return any === undefined ? tooFew(descriptor, shards) : accept(any);
  }
  const chosen = lowest(shards, redundancy.k);
  if (chosen.length < redundancy.k) return tooFew(descriptor, shards);
  const pack = place ?? placeForSlices(descriptor);
  const slices = Array.from({ length: redundancy.k }, (_, index) => sliceIn(pack, descriptor, index)!);
  const absent = [...slices.keys()].filter((index) => !shards.has(index));
  const rebuilt = combined(descriptor, chosen, absent);
  if (rebuilt === undefined) return notDetermined(chosen);
  for (const [index, slice] of slices.entries()) {
    const bytes = shards.get(index) ?? rebuilt[absent.indexOf(index)]!;
    if (bytes.byteOffset !== slice.byteOffset || bytes.buffer !== slice.buffer) slice.set(bytes);
  }
  return accept(pack.subarray(0, packBytes));
}

type Chosen = readonly (readonly [number, Uint8Array])[];

/** The shards `wanted` from k others; undefined where these do not determine them. */
function combined(
  { redundancy, shardBytes }: PackDescriptor,
  chosen: Chosen,
  wanted: readonly number[],
): readonly Uint8Array[] | undefined {
  if (wanted.length === 0) return [];
  const from = chosen.map(([at]) => at);
  const rows = wanted.map((index) => rebuildingRow(from, index, redundancy));
  if (!rows.every((row) => row !== undefined)) return undefined;
  return combineShards({ slices: chosen.map(([, shard]) => shard), rows, shardBytes });
}

const notDetermined = (chosen: Chosen): Decoded<never> =>
  reject('wrong-shape', `shards ${chosen.map(([at]) => at).join(', ')} do not determine the pack`);

/** Shard `index` from any k others; verified against the descriptor. */
export function rebuildShard(
  descriptor: PackDescriptor,
  shards: ShardSet,
  index: number,
): Decoded<Uint8Array> {
  const { k } = descriptor.redundancy;
  const chosen = lowest(shards, k);
  if (chosen.length < k) return tooFew(descriptor, shards);
  const shard = combined(descriptor, chosen, [index])?.[0];
  if (shard === undefined) return notDetermined(chosen);
  return shardMatches(descriptor, index, shard)
    ? accept(shard)
    : reject('damaged', `shard ${index} does not match its pack`);
}

// Where the chunks of a drive lie, as a snapshot's index says it: the packs that one snapshot added, and what is in each.

import type { ChunkId } from '../units.ts';
import { decodeDescriptor, descriptorBytesMax, encodeDescriptor } from './descriptor.ts';
import { accept, concatBytes, type Decoded, reject } from './envelope.ts';
import { decodePackEntries, encodePackEntry, type PackEntry } from './pack.ts';
import type { PackDescriptor } from './shard.ts';

/** Which chunks lie in a pack, and how the pack is placed. */
export interface IndexedPack {
  readonly descriptor: PackDescriptor;
  readonly entries: readonly PackEntry[];
}

const indexHead = Uint8Array.of(0x44, 0x52, 0x49, 0x58, 1);

/** One index segment: the packs that one snapshot added. */
export function encodeIndexSegment(packs: readonly IndexedPack[]): Uint8Array {
  const parts = packs.flatMap(({ descriptor, entries }) => {
    const described = encodeDescriptor(descriptor);
    const lengths = new Uint8Array(8);
    const view = new DataView(lengths.buffer);
    view.setUint32(0, described.length);
    view.setUint32(4, entries.length);
    return [lengths, described, ...entries.map(encodePackEntry)];
  });
  return concatBytes(indexHead, ...parts);
}

/** Only with entries of wanted chunks, where it is said which. */
export function decodeIndexSegment(
  bytes: Uint8Array,
  isWanted?: (chunk: ChunkId) => boolean,
): Decoded<readonly IndexedPack[]> {
  const packs: IndexedPack[] = [];
  for (const decoded of packsOfSegment(bytes, isWanted)) {
    if (!decoded.ok) return decoded;
    packs.push(decoded.value);
  }
  return accept(packs);
}

/** The same pack by pack, for segments too large to be objects all at once; a rejection is the last that comes. */
export function* packsOfSegment(
  bytes: Uint8Array,
  isWanted?: (chunk: ChunkId) => boolean,
): Generator<Decoded<IndexedPack>> {
  if (!indexHead.every((byte, index) => bytes[index] === byte)) {
    yield reject('wrong-magic', 'not an index segment');
    return;
  }
  let at = indexHead.length;
  while (at < bytes.length) {
    const decoded = packAt(bytes, at, isWanted);
    if (!decoded.ok) {
      yield decoded;
      return;
    }
    const { end, ...pack } = decoded.value;
    yield accept(pack);
    at = end;
  }
}

function packAt(
  bytes: Uint8Array,
  at: number,
  isWanted: ((chunk: ChunkId) => boolean) | undefined,
): Decoded<IndexedPack & { readonly end: number }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (at + 8 > bytes.length) return reject('truncated', 'an index segment ends early');
  const [described, count] = [view.getUint32(at), view.getUint32(at + 4)];
  const end = at + 8 + described + 44 * count;
  if (described > descriptorBytesMax || end > bytes.length)
    return reject('truncated', 'an index segment ends early');
  const descriptor = decodeDescriptor(bytes.subarray(at + 8, at + 8 + described));
  if (!descriptor.ok) return descriptor;
  const entries = decodePackEntries(bytes.subarray(at + 8 + described, end), isWanted);
  return accept({ descriptor: descriptor.value, entries, end });
}

// Where the chunks of a drive lie, as a snapshot's index says it: the packs that one snapshot added, and what is in each.

import type { ChunkId } from '../units.ts';
import { decodeDescriptor, descriptorBytesMax, encodeDescriptor } from './descriptor.ts';
import { accept, type Decoded, reject } from './envelope.ts';
import { decodePackEntries, encodePackEntries, packEntryBytes, type PackEntry } from './pack.ts';
import type { PackDescriptor } from './shard.ts';

/** Which chunks lie in a pack, and how the pack is placed. */
export interface IndexedPack {
  readonly descriptor: PackDescriptor;
  readonly entries: readonly PackEntry[];
}

const indexHead = Uint8Array.of(0x44, 0x52, 0x49, 0x58, 1);

/** Lengths of the descriptor and of the entries, in front of both. */
const packHeadBytes = 8;

/** One index segment: the packs that one snapshot added. A drive of a million files has as many entries. */
export function encodeIndexSegment(packs: readonly IndexedPack[]): Uint8Array {
  const described = packs.map(({ descriptor }) => encodeDescriptor(descriptor));
  const byteCount = packs.reduce(
    (sum, { entries }, index) =>
      sum + packHeadBytes + described[index]!.length + packEntryBytes * entries.length,
    indexHead.length,
  );
  const segment = new Uint8Array(byteCount);
  const view = new DataView(segment.buffer);
  segment.set(indexHead);
  let at = indexHead.length;
  for (const [index, { entries }] of packs.entries()) {
    const descriptor = described[index]!;
    view.setUint32(at, descriptor.length);
    view.setUint32(at + 4, entries.length);
    segment.set(descriptor, at + packHeadBytes);
    at += packHeadBytes + descriptor.length;
    segment.set(encodePackEntries(entries), at);
    at += packEntryBytes * entries.length;
  }
  return segment;
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
  if (at + packHeadBytes > bytes.length) return reject('truncated', 'an index segment ends early');
  const [described, count] = [view.getUint32(at), view.getUint32(at + 4)];
  const start = at + packHeadBytes;
  const end = start + described + packEntryBytes * count;
  if (described > descriptorBytesMax || end > bytes.length)
    return reject('truncated', 'an index segment ends early');
  const descriptor = decodeDescriptor(bytes.subarray(start, start + described));
  if (!descriptor.ok) return descriptor;
  const entries = decodePackEntries(bytes.subarray(start + described, end), isWanted);
  return accept({ descriptor: descriptor.value, entries, end });
}

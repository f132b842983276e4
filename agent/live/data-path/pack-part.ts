// A pack of which only a few blobs are wanted: its ends, then those blobs, each where it lies in a pack that is empty otherwise. Every seal is
// checked at once, so whoever gets nothing here has lost nothing by it: the pack is fetched whole then.

import type { OpenPack, PackDescriptor, PackEntry, PackRange } from '../../codec/index.ts';
import { directoryRange, packHeaderBytes } from '../../codec/opening.ts';
import { blobBytesTarget, packBytesMax } from '../../limits.ts';

/** Asks for some bytes of a pack; undefined where it must be fetched whole. */
export type FetchRange = (range: PackRange) => Promise<Uint8Array | undefined>;
export type WantedEntry = Pick<PackEntry, 'blob' | 'offset' | 'length'>;

/** As far as directories mostly reach, with 44 bytes a chunk. */
const tailBytes = 65_536;
/** More of a pack than this share comes quicker whole, from several machines at once. */
const partShareMax = 1 / 4;

/** Whether so little of a pack is wanted that it is worth a second question. */
export function isSmallPart({ packBytes }: PackDescriptor, wanted: readonly WantedEntry[]): boolean {
  const plainBytes = new Map<number, number>();
  for (const { blob, offset, length } of wanted)
    plainBytes.set(blob, Math.max(plainBytes.get(blob) ?? blobBytesTarget, offset + length));
  const wantedBytes = plainBytes.values().reduce((sum, bytes) => sum + bytes, packHeaderBytes + tailBytes);
  return packBytes <= packBytesMax && wantedBytes <= packBytes * partShareMax;
}

/** `open` finds the key. Undefined where it cannot be had in parts, or a seal does not hold. */
export async function fetchPart(
  { packBytes }: PackDescriptor,
  wanted: readonly WantedEntry[],
  steps: { readonly fetchRange: FetchRange; readonly open: (pack: Uint8Array) => OpenPack | undefined },
): Promise<OpenPack | undefined> {
  const bytes = new Uint8Array(packBytes);
  const place = async (range: PackRange): Promise<boolean> => {
    const fetched = await steps.fetchRange(range);
    if (fetched?.length !== range.length) return false;
    bytes.set(fetched, range.offset);
    return true;
  };
  const placeAll = async (ranges: readonly PackRange[]): Promise<boolean> =>
    (await Promise.all(ranges.map(place))).every(Boolean);
  const tail = { offset: packBytes - tailBytes, length: tailBytes };
  if (!(await placeAll([{ offset: 0, length: packHeaderBytes }, tail]))) return undefined;
  const directory = directoryRange(bytes);
  if (directory === undefined) return undefined;
  const length = tail.offset - directory.offset;
  if (length > 0 && !(await place({ offset: directory.offset, length }))) return undefined;
  const pack = steps.open(bytes);
  if (pack === undefined) return undefined;
  const blobs = [...new Set(wanted.map(({ blob }) => blob))];
  const ranges = blobs.flatMap((blob) => pack.rangeOf(blob) ?? []);
  if (ranges.length < blobs.length || !(await placeAll(ranges))) return undefined;
  return blobs.every((blob) => pack.read({ blob, offset: 0, length: 0 }).ok) ? pack : undefined;
}

// A pack: chunks bundled into blobs, compressed, sealed one by one, with a sealed directory at the end. Layout and limits
// are in FORMATS.md "Pack". Whoever lacks the drive key sees sizes only; one altered bit anywhere is noticed.

import { blobBytesTarget, chunkBytesMax, packBytesMax } from '../limits.ts';
import { type ChunkId, chunkId, type DriveId, driveId, type PackId } from '../units.ts';
import { compressedBytesMax, tagBytes } from './blocks.ts';
import { Bundle, looksRandom } from './bundle.ts';
import { type PackVersion, packVersionNow, packVersions } from './chunk-ids.ts';
import { accept, concatBytes, type Decoded, reject } from './envelope.ts';
import { bytesOfHex, deriveKey, hexOf } from './keys.ts';
import { blocks } from './native-blocks.ts';
import { nonceBytes, unseal } from './secrets.ts';

/** Where a chunk lies inside a pack: blob, then offset and length in that blob's plain bytes. */
export interface PackEntry {
  readonly chunk: ChunkId;
  readonly blob: number;
  readonly offset: number;
  readonly length: number;
}

/** A chunk and the pack that holds it. */
export interface ChunkLocator extends PackEntry {
  readonly pack: PackId;
}

const magic = Uint8Array.of(0x44, 0x52, 0x50, 0x4b);
const versionBytes = 4;
const saltBytes = 16;
export const packHeaderBytes = magic.length + versionBytes + 16 + 4 + saltBytes;
const footer = Uint8Array.of(0x44, 0x52, 0x50, 0x45);
const directoryNonce = 0xffff_ffff;
/** Bytes of an encoded entry. */
export const packEntryBytes = 32 + 12;
/** zstd must save more than 3 %, else the bytes are kept as they are. */
const worthwhileShare = 0.97;
const methodRaw = 0;
const methodZstd = 1;
const blobPlainBytesMax = blobBytesTarget + chunkBytesMax;

export interface PackKeying {
  /** 32 bytes. */
  readonly driveKey: Uint8Array;
  readonly drive: DriveId;
  readonly keyEpoch: number;
  /** 16 random bytes, never twice with one drive key: the pack's own key comes from it. */
  readonly salt: Uint8Array;
  /** How its chunks are named; absent: as all new ones are. */
  readonly version?: PackVersion;
}

const packKey = (driveKey: Uint8Array, salt: Uint8Array): Uint8Array =>
  deriveKey(driveKey, 'drey pack v1', salt);

function nonceOf(blob: number): Uint8Array {
  const nonce = new Uint8Array(nonceBytes);
  new DataView(nonce.buffer).setUint32(nonceBytes - 4, blob);
  return nonce;
}

function headerOf({ drive, keyEpoch, salt, version = packVersionNow }: PackKeying): Uint8Array {
  const epoch = new Uint8Array(4);
  new DataView(epoch.buffer).setUint32(0, keyEpoch);
  return concatBytes(magic, Uint8Array.of(version, 0, 0, 0), bytesOfHex(drive), epoch, salt);
}

/** Method and length in front of a blob's bytes. */
const blobHeadBytes = 5;

function blobHead(method: number, plainBytes: number): Uint8Array {
  const head = new Uint8Array(blobHeadBytes);
  head[0] = method;
  new DataView(head.buffer).setUint32(1, plainBytes);
  return head;
}

/** Made when first needed, then used for blob after blob: garbage of this size has the collector run all the time. */
class Scratch {
  readonly #length: number;
  #bytes: Uint8Array | undefined;

  constructor(length: number) {
    this.#length = length;
  }

  get bytes(): Uint8Array {
    return (this.#bytes ??= new Uint8Array(this.#length));
  }
}

const compressed = new Scratch(compressedBytesMax(blobPlainBytesMax));
const openedBlob = new Scratch(blobHeadBytes + compressedBytesMax(blobPlainBytesMax));
const plainBlob = new Scratch(blobPlainBytesMax);
const memoryBytesMin = 65_536;

/** Collects chunks into one pack. Give it chunks until `byteCount` reaches the target, then `finish`. */
export class PackWriter {
  readonly #header: Uint8Array;
  readonly #key: Uint8Array;
  readonly #blobLengths: number[] = [];
  readonly #entries: PackEntry[] = [];
  readonly #bundles = { plain: new Bundle(), random: new Bundle() };
  /** Everything that is written so far, at the start of a larger buffer. */
  #out: Uint8Array;
  #outBytes = 0;

  /** `memory`: where the pack is written; it moves to a larger place when it does not fit. */
  constructor(keying: PackKeying, memory: Uint8Array = new Uint8Array(memoryBytesMin)) {
    this.#header = headerOf(keying);
    this.#key = packKey(keying.driveKey, keying.salt);
    this.#out = memory;
    this.#append(this.#header);
  }

  /** Sealed bytes so far, and the open bundles as if they would not shrink. */
  get byteCount(): number {
    const { plain, random } = this.#bundles;
    return this.#outBytes - packHeaderBytes + plain.byteCount + random.byteCount;
  }

  /** Takes a chunk of at most `chunkBytesMax`; `bytes` may be used again afterwards. */
  add(chunk: ChunkId, bytes: Uint8Array): void {
    const kind = looksRandom(bytes) ? 'random' : 'plain';
    if (bytes.length >= blobBytesTarget) {
      this.#entries.push({ chunk, blob: this.#blobLengths.length, offset: 0, length: bytes.length });
      this.#sealBlob(bytes, kind === 'random');
      return;
    }
    if (!this.#bundles[kind].hasRoomFor(bytes.length)) this.#sealBundle(kind);
    this.#bundles[kind].add(chunk, bytes);
  }

  /** The whole pack and where its chunks lie. The writer is used up. */
  finish(): { readonly bytes: Uint8Array; readonly entries: readonly PackEntry[] } {
    for (const kind of ['plain', 'random'] as const) {
      if (this.#bundles[kind].chunks.length > 0) this.#sealBundle(kind);
      this.#bundles[kind].dispose();
    }
    const directory = this.#seal(directoryNonce, this.#directory());
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, directory);
    this.#append(length);
    this.#append(footer);
    return { bytes: this.#out.subarray(0, this.#outBytes), entries: this.#entries };
  }

  #sealBundle(kind: 'plain' | 'random'): void {
    const bundle = this.#bundles[kind];
    const blob = this.#blobLengths.length;
    for (const chunk of bundle.chunks) this.#entries.push({ ...chunk, blob });
    this.#sealBlob(bundle.plain, kind === 'random');
    bundle.clear();
  }

  #sealBlob(plain: Uint8Array, isRandom: boolean): void {
    const worthwhileMax = Math.ceil(plain.length * worthwhileShare) - 1;
    const length = isRandom ? undefined : blocks.compress(plain, compressed.bytes, worthwhileMax);
    const head = blobHead(length === undefined ? methodRaw : methodZstd, plain.length);
    const body = length === undefined ? plain : compressed.bytes.subarray(0, length);
    this.#blobLengths.push(this.#seal(this.#blobLengths.length, head, body));
  }

  /** Seals the parts, one after another, right into the pack; answers how many bytes that took. */
  #seal(nonce: number, ...parts: readonly Uint8Array[]): number {
    this.#makeRoom(parts.reduce((sum, part) => sum + part.length, tagBytes));
    const sealing = { key: this.#key, nonce: nonceOf(nonce), associated: this.#header };
    const length = blocks.seal(parts, sealing, this.#out.subarray(this.#outBytes));
    this.#outBytes += length;
    return length;
  }

  #append(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length);
    this.#out.set(bytes, this.#outBytes);
    this.#outBytes += bytes.length;
  }

  #makeRoom(length: number): void {
    const wanted = this.#outBytes + length;
    if (wanted <= this.#out.length) return;
    const larger = new Uint8Array(Math.max(wanted, 2 * this.#out.length));
    larger.set(this.#out.subarray(0, this.#outBytes));
    this.#out = larger;
  }

  #directory(): Uint8Array {
    const bytes = new Uint8Array(8 + 4 * this.#blobLengths.length + packEntryBytes * this.#entries.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, this.#blobLengths.length);
    view.setUint32(4, this.#entries.length);
    let at = 8;
    for (const length of this.#blobLengths) {
      view.setUint32(at, length);
      at += 4;
    }
    bytes.set(encodePackEntries(this.#entries), at);
    return bytes;
  }
}

/** Entries in a row, 44 bytes each: chunk id, then blob, offset and length as 32-bit numbers. */
export function encodePackEntries(entries: readonly PackEntry[]): Uint8Array {
  const bytes = new Uint8Array(packEntryBytes * entries.length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { chunk, blob, offset, length } of entries) {
    bytes.set(bytesOfHex(chunk), at);
    view.setUint32(at + 32, blob);
    view.setUint32(at + 36, offset);
    view.setUint32(at + 40, length);
    at += packEntryBytes;
  }
  return bytes;
}

/** Entries in a row; only those of wanted chunks, where it is said which. */
export function decodePackEntries(
  bytes: Uint8Array,
  isWanted?: (chunk: ChunkId) => boolean,
): readonly PackEntry[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: PackEntry[] = [];
  for (let at = 0; at + packEntryBytes <= bytes.length; at += packEntryBytes) {
    const chunk = chunkId(view.toString('hex', at, at + 32));
    if (isWanted?.(chunk) === false) continue;
    entries.push({
      chunk,
      blob: view.readUInt32BE(at + 32),
      offset: view.readUInt32BE(at + 36),
      length: view.readUInt32BE(at + 40),
    });
  }
  return entries;
}

interface PackParts {
  readonly key: Uint8Array;
  readonly header: Uint8Array;
  /** Sealed bytes of each blob. */
  readonly blobs: readonly Uint8Array[];
  /** The directory's entries, as they are stored. */
  readonly entries: Uint8Array;
}

/** Undefined where it is none that this Drey knows. */
function versionOf(pack: Uint8Array): PackVersion | undefined {
  const [version, ...rest] = pack.subarray(magic.length, magic.length + versionBytes);
  return rest.some((byte) => byte !== 0) ? undefined : packVersions.find((known) => known === version);
}

/** Which drive and key epoch a pack says it belongs to; needs no key. */
export function readPackHeader(
  pack: Uint8Array,
): Decoded<{ readonly drive: DriveId; readonly keyEpoch: number }> {
  const isPack = pack.length > packHeaderBytes && magic.every((byte, index) => pack[index] === byte);
  if (!isPack) return reject('wrong-magic', 'not a pack');
  if (versionOf(pack) === undefined)
    return reject('wrong-version', `version ${pack[magic.length]}, known are ${packVersions.join(' and ')}`);
  const keyEpoch = new DataView(pack.buffer, pack.byteOffset).getUint32(24);
  return accept({ drive: driveId(hexOf(pack.subarray(8, 24))), keyEpoch });
}

/** Some bytes of a pack, from its first. */
export interface PackRange {
  readonly offset: number;
  readonly length: number;
}

const endBytes = 8;

/** Where the sealed directory lies, of which the last bytes of the pack tell; undefined where they are not those of a pack. */
export function directoryRange(pack: Uint8Array): PackRange | undefined {
  const end = pack.length - endBytes;
  if (end < packHeaderBytes || !footer.every((byte, index) => pack[end + 4 + index] === byte))
    return undefined;
  const length = new DataView(pack.buffer, pack.byteOffset + end).getUint32(0);
  return length <= end - packHeaderBytes ? { offset: end - length, length } : undefined;
}

/** Splits the plain directory; undefined when its lengths do not add up. */
function splitPack(
  pack: Uint8Array,
  directory: Uint8Array,
  sealedBytes: number,
): Pick<PackParts, 'blobs' | 'entries'> | undefined {
  const view = new DataView(directory.buffer, directory.byteOffset, directory.length);
  if (directory.length < 8) return undefined;
  const [blobCount, entryCount] = [view.getUint32(0), view.getUint32(4)];
  if (directory.length !== 8 + 4 * blobCount + packEntryBytes * entryCount) return undefined;
  const blobs: Uint8Array[] = [];
  let at = packHeaderBytes;
  for (let index = 0; index < blobCount; index++) {
    const length = view.getUint32(8 + 4 * index);
    blobs.push(pack.subarray(at, at + length));
    at += length;
  }
  if (at !== pack.length - endBytes - sealedBytes) return undefined;
  return { blobs, entries: directory.subarray(8 + 4 * blobCount) };
}

/** The blob that was opened last in this thread, of whichever pack: its plain bytes lie in memory that all packs share. */
let lastBlob: { readonly pack: OpenPack; readonly blob: number; readonly plain: Uint8Array } | undefined;

/**
 * A pack opened with its drive key: its directory, and chunks on demand. It is enough that the header, the directory and those blobs that
 * will be read are in place, also later than it was opened.
 */
export class OpenPack {
  /** How its chunks are named. */
  readonly version: PackVersion;
  readonly #parts: PackParts;
  #entries: readonly PackEntry[] | undefined;

  private constructor(parts: PackParts) {
    this.#parts = parts;
    this.version = versionOf(parts.header) ?? packVersionNow;
  }

  /** Checks the directory's seal; each blob's seal is checked when it is read. */
  static open(pack: Uint8Array, driveKey: Uint8Array): Decoded<OpenPack> {
    if (pack.length > packBytesMax) return reject('too-long', `a pack of ${pack.length} bytes`);
    const head = readPackHeader(pack);
    if (!head.ok) return head;
    const header = pack.subarray(0, packHeaderBytes);
    const key = packKey(driveKey, header.subarray(packHeaderBytes - saltBytes));
    const range = directoryRange(pack);
    if (range === undefined) return reject('truncated', 'the pack has no directory');
    const sealed = pack.subarray(range.offset, range.offset + range.length);
    const directory = unseal(sealed, { key, nonce: nonceOf(directoryNonce), associated: header });
    if (directory === undefined) return reject('wrong-key', 'another drive key, or altered bytes');
    const parts = splitPack(pack, directory, sealed.length);
    if (parts === undefined) return reject('wrong-shape', 'the directory does not fit the pack');
    return accept(new OpenPack({ key, header, ...parts }));
  }

  /** What is in it; decoded when first asked for, as whoever knows an index needs none of it. */
  get entries(): readonly PackEntry[] {
    return (this.#entries ??= decodePackEntries(this.#parts.entries));
  }

  /** Where the sealed bytes of a blob lie; undefined where there is none of that number. */
  rangeOf(blob: number): PackRange | undefined {
    const { blobs, header } = this.#parts;
    const sealed = blobs[blob];
    return sealed && { offset: sealed.byteOffset - header.byteOffset, length: sealed.length };
  }

  /** The plain bytes of a chunk; a view into its blob, valid until a chunk of another blob or pack is read. */
  read(entry: Omit<PackEntry, 'chunk'>): Decoded<Uint8Array> {
    if (lastBlob?.pack !== this || lastBlob.blob !== entry.blob) {
      lastBlob = undefined;
      const plain = this.#openBlob(entry.blob);
      if (!plain.ok) return plain;
      lastBlob = { pack: this, blob: entry.blob, plain: plain.value };
    }
    const end = entry.offset + entry.length;
    if (end > lastBlob.plain.length)
      return reject('wrong-shape', `a chunk beyond the end of blob ${entry.blob}`);
    return accept(lastBlob.plain.subarray(entry.offset, end));
  }

  #openBlob(blob: number): Decoded<Uint8Array> {
    const sealed = this.#parts.blobs[blob];
    if (sealed === undefined) return reject('wrong-shape', `the pack has no blob ${blob}`);
    const { key, header } = this.#parts;
    const target = openedBlob.bytes;
    if (sealed.length - tagBytes > target.length) return reject('too-long', `blob ${blob} is sealed`);
    const opened = blocks.open(sealed, { key, nonce: nonceOf(blob), associated: header }, target);
    if (opened === undefined || opened < blobHeadBytes) return reject('damaged', `blob ${blob} was altered`);
    const length = new DataView(target.buffer).getUint32(1);
    if (length > blobPlainBytesMax) return reject('too-long', `blob ${blob} says ${length} bytes`);
    const body = target.subarray(blobHeadBytes, opened);
    if (target[0] === methodRaw)
      return body.length === length ? accept(body) : reject('wrong-shape', `blob ${blob}`);
    const plain = plainBlob.bytes.subarray(0, length);
    return blocks.decompress(body, plain)
      ? accept(plain)
      : reject('damaged', `blob ${blob} does not decompress to what it says`);
  }
}

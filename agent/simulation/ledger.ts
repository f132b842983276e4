// What was promised to whom: every snapshot that simulated people made, when it was acknowledged, and what its packs
// contain. The contents follow from owner and number, so nothing needs to be kept to compare a restore with.

import { hours, type UnixMs } from '../../datasets/index.ts';
import type { ClassShape } from '../../optimizer/index.ts';
import {
  chunkIdOf,
  decodeDescriptor,
  describePack,
  driveIdOf,
  type DriveKeys,
  type DriveRecord,
  encodeDescriptor,
  type HeadRecord,
  keyOfEpoch,
  namingKey,
  OpenPack,
  openSmall,
  type PackDescriptor,
  PackWriter,
  sealSmall,
  sha256,
  sha256Hex,
} from '../codec/index.ts';
import type { StagedSnapshot } from '../core/index.ts';
import { forgottenGraceMs, wipeWaitMsMin } from '../limits.ts';
import { type DriveId, type PackId, type PeerId, snapshotId, type SnapshotId } from '../units.ts';

/** No frame, hint or shard on the wire may contain these bytes. */
export const plainCanary = Buffer.from('the plain text of a simulated file');

export interface Promised {
  readonly owner: PeerId;
  readonly number: number;
  readonly snapshot: SnapshotId;
  readonly keyEpoch: number;
  readonly descriptors: readonly PackDescriptor[];
  readonly madeMs: number;
  /** By its owner's clock. */
  readonly datedMs: UnixMs;
  acknowledgedMs: number | undefined;
  /** When its owner began to give it up: a crash may hide from the ledger that it was written. */
  givingUpMs: number | undefined;
  /** When its owner gave it up; the promise ends when the holders' time is over. */
  givenUpMs: number | undefined;
}

export interface MadePack {
  readonly descriptor: PackDescriptor;
  readonly bytes: Uint8Array;
}

export interface MadeSnapshot {
  readonly packs: readonly MadePack[];
  readonly staged: StagedSnapshot;
}

/** Holders wait by their own clocks, which may be set forwards meanwhile. */
const wrongClocksMs = hours(12);

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** What anybody can say of a simulated owner's drive. Its name is empty, and its key is nobody's. */
export function driveRecordOf(owner: PeerId): DriveRecord {
  const sealedName = new Uint8Array();
  const drive = driveIdOf(owner, { sealedName });
  return { kind: 'drive', drive, keyEpoch: 0, sealedName, wrappedKeys: [] };
}

/** The drive of a simulated owner, and its first key. */
export const driveOf = (owner: PeerId): DriveId => driveRecordOf(owner).drive;
export const firstKeyOf = (owner: PeerId): Uint8Array => sha256(bytesOf(`drive key ${owner}`));

const rootPurpose = 'simulated root';

/** What a snapshot is sealed with. */
export interface SealedWith {
  readonly keyEpoch: number;
  readonly keys: DriveKeys;
}

/** What pack `part` of snapshot `number` contains before sealing: 50 to about 900 bytes. */
export function plainOf(owner: PeerId, number: number, part: number): Uint8Array {
  const line = `${plainCanary.toString()} ${owner} ${number} ${part}; `;
  const noise = sha256Hex(bytesOf(line));
  return bytesOf(line + noise.repeat(1 + (Number.parseInt(noise.slice(0, 4), 16) % 12)));
}

/** On which machine's disk a word stands, and since when. */
export interface Written {
  readonly by: PeerId;
  readonly atMs: number;
}

export class Ledger {
  readonly promised = new Map<SnapshotId, Promised>();
  readonly #snapshotOf = new Map<PackId, Promised>();
  readonly #nextNumber = new Map<PeerId, number>();
  readonly #ownerOfDrive = new Map<DriveId, PeerId>();
  /** From when holders may free all of a drive, by the word of admins. */
  readonly #wipeableMs = new Map<DriveId, number>();
  /** From when holders may free sooner what the owner of a drive gave up, by the word of admins. */
  readonly #hastenedMs = new Map<DriveId, number>();
  /** The two words of each such agreement, as they stand in logs. */
  readonly #hastening = new Map<DriveId, (readonly [string, string])[]>();
  /** When that word was written for good. */
  readonly #wiped = new Map<DriveId, readonly Written[]>();

  /** Seals the owner's next snapshot: one pack of each class of the fleet's plan. */
  make(
    owner: PeerId,
    {
      keyEpoch,
      keys,
      shapes,
      now,
      datedMs,
    }: SealedWith & {
      readonly shapes: readonly ClassShape[];
      readonly now: UnixMs;
      /** By its owner's clock. */
      readonly datedMs: UnixMs;
    },
  ): MadeSnapshot {
    const number = this.#nextNumber.get(owner) ?? 0;
    this.#nextNumber.set(owner, number + 1);
    const packs = shapes.map((shape, part) => sealedPack(owner, { number, part, shape, keyEpoch, keys }));
    const descriptors = packs.map(({ descriptor }) => descriptor);
    const drive = driveOf(owner);
    this.#ownerOfDrive.set(drive, owner);
    const sealedRoot = sealSmall(keys.driveKey, rootPurpose, joined(descriptors.map(encodeDescriptor)));
    const snapshot = snapshotId(sha256Hex(bytesOf(`${owner} ${number}`)));
    const head = {
      kind: 'head',
      drive,
      snapshot,
      atMs: datedMs,
      keyEpoch,
      sealedRoot,
      fileCount: packs.length,
      byteCount: packs.reduce((sum, { bytes }) => sum + bytes.length, 0),
      packCount: packs.length,
    } as const;
    const promised = {
      owner,
      number,
      snapshot,
      keyEpoch,
      descriptors,
      madeMs: now,
      datedMs,
      acknowledgedMs: undefined,
      givingUpMs: undefined,
      givenUpMs: undefined,
    };
    this.promised.set(snapshot, promised);
    for (const { pack } of descriptors) this.#snapshotOf.set(pack, promised);
    return {
      packs,
      staged: { snapshot, drive, startedMs: now, packs: descriptors.map(({ pack }) => pack), head },
    };
  }

  acknowledge(snapshot: SnapshotId, nowMs: number): void {
    const promised = this.promised.get(snapshot);
    if (promised !== undefined) promised.acknowledgedMs ??= nowMs;
  }

  /** Who made a pack; undefined for one that nobody here made. */
  ownerOf(pack: PackId): PeerId | undefined {
    return this.#snapshotOf.get(pack)?.owner;
  }

  /** Undefined for a pack that nobody here made. */
  descriptorOf(pack: PackId): PackDescriptor | undefined {
    return this.#snapshotOf.get(pack)?.descriptors.find((descriptor) => descriptor.pack === pack);
  }

  /** Whose drive it is; undefined before its first snapshot. */
  driveOwner(drive: DriveId): PeerId | undefined {
    return this.#ownerOfDrive.get(drive);
  }

  /** When the snapshot was acknowledged to which a pack belongs. */
  acknowledgedMsOf(pack: PackId): number | undefined {
    return this.#snapshotOf.get(pack)?.acknowledgedMs;
  }

  /** Whether its owner gives a pack up, or began to. */
  isGivenUp(pack: PackId): boolean {
    return this.#snapshotOf.get(pack)?.givingUpMs !== undefined;
  }

  /** Whether a pack belongs to a snapshot that must be restorable now. */
  isPromised(pack: PackId, nowMs: number): boolean {
    const promised = this.#snapshotOf.get(pack);
    return promised !== undefined && this.#isDue(promised, nowMs);
  }

  #isDue(promised: Promised, nowMs: number): boolean {
    const drive = driveOf(promised.owner);
    if (this.isWipeable(drive, nowMs)) return false;
    if (!isDue(promised, nowMs)) return false;
    const agreedMs = this.#hastenedMs.get(drive);
    if (agreedMs === undefined || promised.givingUpMs === undefined) return true;
    // Who hears both words late counts what was given up meanwhile too, from then on.
    return nowMs - Math.max(promised.givingUpMs, agreedMs) < wipeWaitMsMin - wrongClocksMs;
  }

  /** Admins agreed: what the drive's owner gave up may go sooner. */
  mayHasten(drive: DriveId, agreedMs: number): void {
    if (!this.#hastenedMs.has(drive)) this.#hastenedMs.set(drive, agreedMs);
  }

  isHastened(owner: PeerId): boolean {
    return this.#hastenedMs.has(driveOf(owner));
  }

  /** Before they are said: whoever hears both may free sooner what it had heard to be given up by then. */
  noteHastening(drive: DriveId, words: readonly [string, string]): void {
    this.#hastening.set(drive, [...(this.#hastening.get(drive) ?? []), words]);
  }

  hasteningOf(owner: PeerId): readonly (readonly [string, string])[] {
    return this.#hastening.get(driveOf(owner)) ?? [];
  }

  /** Admins agreed: all of the drive may go from then on. */
  mayWipe(drive: DriveId, fromMs: number): void {
    this.#wipeableMs.set(drive, Math.min(fromMs, this.#wipeableMs.get(drive) ?? fromMs));
  }

  /** Their words are on disks: holders that hear all of them have to free it. */
  noteWiped(drive: DriveId, words: readonly Written[]): void {
    if (!this.#wiped.has(drive)) this.#wiped.set(drive, words);
  }

  isWipeable(drive: DriveId, nowMs: number): boolean {
    return nowMs >= (this.#wipeableMs.get(drive) ?? Number.POSITIVE_INFINITY);
  }

  /** Whether admins agreed, also where nothing may be freed yet. */
  isToBeWiped(owner: PeerId): boolean {
    return this.#wipeableMs.has(driveOf(owner));
  }

  /** What was made before its drive was to be wiped, and the words that say so. */
  get wiped(): readonly { readonly promised: Promised; readonly words: readonly Written[] }[] {
    return [...this.promised.values()].flatMap((promised) => {
      const words = this.#wiped.get(driveOf(promised.owner));
      return words === undefined ? [] : [{ promised, words }];
    });
  }

  /** Snapshots that must be restorable now: acknowledged, and not given up so long ago that their holders may free them. */
  due(nowMs: number): readonly Promised[] {
    return [...this.promised.values()].filter((promised) => this.#isDue(promised, nowMs));
  }

  /** Those that are promised: acknowledged, and not given up. */
  get acknowledged(): readonly Promised[] {
    return [...this.promised.values()].filter(
      ({ acknowledgedMs, givenUpMs }) => acknowledgedMs !== undefined && givenUpMs === undefined,
    );
  }

  get givenUp(): readonly Promised[] {
    return [...this.promised.values()].filter(({ givenUpMs }) => givenUpMs !== undefined);
  }

  /** What an owner who keeps its newest `keepLast` snapshots gives up now. */
  surplusOf(owner: PeerId, keepLast: number): readonly Promised[] {
    const own = this.acknowledged.filter((promised) => promised.owner === owner);
    return own.slice(0, Math.max(0, own.length - keepLast));
  }
}

const isDue = ({ acknowledgedMs, givingUpMs }: Promised, nowMs: number): boolean =>
  acknowledgedMs !== undefined && nowMs - (givingUpMs ?? nowMs) < forgottenGraceMs - wrongClocksMs;

function sealedPack(
  owner: PeerId,
  {
    number,
    part,
    shape,
    keyEpoch,
    keys,
  }: SealedWith & { readonly number: number; readonly part: number; readonly shape: ClassShape },
): MadePack {
  const { driveKey } = keys;
  const salt = sha256(bytesOf(`salt ${number} ${part}`)).subarray(0, 16);
  const writer = new PackWriter({ driveKey, drive: driveOf(owner), keyEpoch, salt });
  const plain = plainOf(owner, number, part);
  writer.add(chunkIdOf(namingKey(keys), plain), plain);
  const { bytes } = writer.finish();
  const { name: placementClass, redundancy } = shape;
  const { descriptor } = describePack(bytes, { owner, drive: driveOf(owner), placementClass, redundancy });
  return { descriptor, bytes };
}

/** Descriptors behind each other, each after its length (u16). */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(parts.flatMap((part) => [Uint8Array.of(part.length >> 8, part.length & 255), part])),
  );
}

/** Whether a key opens what a snapshot says of itself. */
export const opensRoot = (driveKey: Uint8Array, { sealedRoot }: Pick<HeadRecord, 'sealedRoot'>): boolean =>
  openSmall(driveKey, rootPurpose, sealedRoot).ok;

/** The packs that a head names, opened with nothing but the drive's keys; undefined when it does not open. */
export function packsOfHead(keys: DriveKeys, head: HeadRecord): readonly PackDescriptor[] | undefined {
  const root = openSmall(keyOfEpoch(keys, head.keyEpoch), rootPurpose, head.sealedRoot);
  if (!root.ok) return undefined;
  const found: PackDescriptor[] = [];
  for (let at = 0; at < root.value.length;) {
    const length = (root.value[at]! << 8) | root.value[at + 1]!;
    const descriptor = decodeDescriptor(root.value.subarray(at + 2, at + 2 + length));
    if (!descriptor.ok) return undefined;
    found.push(descriptor.value);
    at += 2 + length;
  }
  return found;
}

/** Whether a restored pack opens and holds exactly what its owner put in. */
export function isAsMade(
  promised: Promised,
  part: number,
  { pack, keys }: { readonly pack: Uint8Array; readonly keys: DriveKeys },
): boolean {
  const opened = OpenPack.open(pack, keyOfEpoch(keys, promised.keyEpoch));
  const [entry] = opened.ok ? opened.value.entries : [];
  const plain = opened.ok && entry !== undefined ? opened.value.read(entry) : undefined;
  return (
    plain?.ok === true && Buffer.compare(plain.value, plainOf(promised.owner, promised.number, part)) === 0
  );
}

/** Acknowledged packs by id, for the checks. */
export function packsOf(promised: readonly Promised[]): ReadonlyMap<PackId, PackDescriptor> {
  return new Map(
    promised.flatMap(({ descriptors }) => descriptors.map((descriptor) => [descriptor.pack, descriptor])),
  );
}

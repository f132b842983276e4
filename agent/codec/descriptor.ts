// The fixed layout of a pack's descriptor, and the pack id that is its hash (FORMATS.md "Pack descriptor").

import { shardCountMax } from '../limits.ts';
import { SharedValues } from '../shared-values.ts';
import { driveId, packId, type PackId } from '../units.ts';
import { accept, concatBytes, type Decoded, headBytes, reject } from './envelope.ts';
import { bytesOfHex, hexOf, machinePeer, publicKeyOfPeer, sha256Hex } from './keys.ts';
import { bytesOfShardHashes, shardHashesIn } from './shard-hashes.ts';
import type { PackDescriptor } from './shard.ts';

/** Magic, version, owner key, drive, class, k, n, pack length; then n hashes of 32 bytes. */
const fixedBytes = headBytes + 32 + 16 + 1 + 1 + 1 + 8;
export const descriptorBytesMax = fixedBytes + 32 * shardCountMax;
const head = Uint8Array.of(0x44, 0x52, 0x50, 0x44, 1);

/** Length of each shard of a pack: ceil(packBytes / k). */
export const shardBytesOf = (packBytes: number, k: number): number => Math.ceil(packBytes / k);

export function encodeDescriptor(descriptor: Omit<PackDescriptor, 'pack' | 'shardBytes'>): Uint8Array {
  const { redundancy, packBytes } = descriptor;
  const numbers = new Uint8Array(11);
  numbers[0] = descriptor.placementClass === 'small' ? 0 : 1;
  numbers[1] = redundancy.k;
  numbers[2] = redundancy.n;
  new DataView(numbers.buffer).setBigUint64(3, BigInt(packBytes));
  const owner = publicKeyOfPeer(descriptor.owner) ?? new Uint8Array(32);
  const hashes = bytesOfShardHashes(descriptor.shardHashes);
  return concatBytes(head, owner, bytesOfHex(descriptor.drive), numbers, hashes);
}

/** The pack id of a descriptor. */
export const packIdOf = (descriptor: Omit<PackDescriptor, 'pack' | 'shardBytes'>): PackId =>
  packId(sha256Hex(encodeDescriptor(descriptor)));

/** Largest sealed pack that a descriptor may speak of; far above `packBytesMax`, so that limits can grow. */
const packBytesLimit = 2 ** 40;

/** Whether all hashes are the first one. */
const areAllEqual = (hashes: Uint8Array): boolean =>
  hashes.subarray(32).every((byte, at) => byte === hashes[at]);

const owners = new SharedValues<PackDescriptor['owner']>();
const drives = new SharedValues<PackDescriptor['drive']>();
const redundancies = new SharedValues<PackDescriptor['redundancy']>();

/** Decodes and checks a descriptor; its pack id is computed, so it cannot lie. */
export function decodeDescriptor(bytes: Uint8Array): Decoded<PackDescriptor> {
  if (bytes.length < fixedBytes || !head.every((byte, index) => bytes[index] === byte)) {
    return reject('wrong-magic', 'not a pack descriptor');
  }
  const [placement, k, n] = [bytes[53]!, bytes[54]!, bytes[55]!];
  if (placement > 1 || k < 1 || k > n || n > shardCountMax)
    return reject('wrong-shape', `class ${placement}, ${k} of ${n}`);
  if (bytes.length !== fixedBytes + 32 * n)
    return reject('wrong-length', `${bytes.length} bytes for n = ${n}`);
  const packBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(56));
  if (packBytes < 1 || packBytes > packBytesLimit)
    return reject('wrong-shape', `a pack of ${packBytes} bytes`);
  const hashes = bytes.subarray(fixedBytes);
  // With k = 1 every shard is the pack itself, so different hashes would promise two contents under one name.
  if (k === 1 && !areAllEqual(hashes)) return reject('wrong-shape', 'replicas of different hashes');
  return accept({
    pack: packId(sha256Hex(bytes)),
    owner: owners.of(hexOf(bytes.subarray(5, 37)), () => machinePeer(bytes.subarray(5, 37))),
    drive: drives.of(hexOf(bytes.subarray(37, 53)), driveId),
    placementClass: placement === 0 ? 'small' : 'bulk',
    redundancy: redundancies.of(`${k} of ${n}`, () => ({ k, n })),
    packBytes,
    shardBytes: shardBytesOf(packBytes, k),
    shardHashes: shardHashesIn(hashes),
  });
}

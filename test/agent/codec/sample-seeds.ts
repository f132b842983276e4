// What all samples are made of: seeds, noise, keys of machines and of the fleet.

import { createHash } from 'node:crypto';
import {
  type AdminKey,
  createAdminKey,
  type FleetRoot,
  fleetRootFromSeed,
  type MachineKey,
  machineKeyFromSeed,
  type RootWord,
} from '../../../agent/codec/index.ts';
import { unixMs } from '../../../datasets/index.ts';

/** 32 bytes that are the same in every run. */
export const seedOf = (label: string): Uint8Array =>
  new Uint8Array(createHash('sha256').update(label).digest());

/** Bytes that no compressor shrinks, the same in every run: SHA-256 in counter mode. */
export function noise(label: string, byteCount: number): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  for (let at = 0; at < byteCount; at += 32)
    bytes.set(seedOf(`${label} ${at}`).subarray(0, byteCount - at), at);
  return bytes;
}

export const hexId = (label: string): string => createHash('sha256').update(label).digest('hex');

export const atMs = unixMs(1_790_000_000_000);
export const owner: MachineKey = machineKeyFromSeed(seedOf('owner'));
export const holder: MachineKey = machineKeyFromSeed(seedOf('holder'));

export const root: FleetRoot = fleetRootFromSeed(seedOf('root'));

/** A new admin key of the fleet: each call draws another one. */
export const createAdmin = (word?: RootWord): AdminKey =>
  createAdminKey(root, { notBeforeMs: atMs, forMs: 31_536_000_000 }, word);

// The agent's own ids. Casts to them live only here; times and machines come from datasets/units.ts.

import type { MachineId } from '../datasets/index.ts';

declare const unit: unique symbol;
type Unit<Name extends string> = string & { readonly [unit]: Name };

/** An agent: its libp2p peer id in base58 ("12D3Koo…"). The same value is the machine's id in telemetry and plans. */
export type PeerId = MachineId;
/** 64 hex digits: SHA-256 of the fleet root's public key. */
export type FleetId = Unit<'FleetId'>;
/** 64 hex digits: SHA-256 over a pack's descriptor; it fixes k, n, lengths and every shard's hash. */
export type PackId = Unit<'PackId'>;
/** 32 hex digits, random. */
export type DriveId = Unit<'DriveId'>;
/** 64 hex digits: SHA-256 of the sealed snapshot root. */
export type SnapshotId = Unit<'SnapshotId'>;
/** 64 hex digits: HMAC-SHA-256 of the plaintext under a drive key. */
export type ChunkId = Unit<'ChunkId'>;
/** 32 hex digits, random. */
export type InviteId = Unit<'InviteId'>;

export const peerId = (value: string): PeerId => value as PeerId;
/** The end of a peer id, by which people tell machines of one name apart; all begin alike. */
export const shortIdOf = (peer: PeerId): string => peer.slice(-8);
export const fleetId = (value: string): FleetId => value as FleetId;
export const packId = (value: string): PackId => value as PackId;
export const driveId = (value: string): DriveId => value as DriveId;
export const snapshotId = (value: string): SnapshotId => value as SnapshotId;
export const chunkId = (value: string): ChunkId => value as ChunkId;
/** Names a wish of admins to delete before its time: 32 hex digits. */
export type WipeId = Unit<'WipeId'>;
export const wipeId = (value: string): WipeId => value as WipeId;
export const inviteId = (value: string): InviteId => value as InviteId;

// What admins say and sign: who is a machine of the fleet, who may join, who is out, and by what policy the fleet
// lives. Each statement is signed by an admin key that the fleet root certified, so anyone may carry it.

import type { UnixMs } from '../../datasets/index.ts';
import type { AvailabilityTarget, PlacementLimits } from '../../optimizer/index.ts';
import type { DriveId, FleetId, InviteId, PeerId, WipeId } from '../units.ts';

export type Role = 'admin' | 'holder' | 'optimizer';

export interface MachineCertificate {
  readonly kind: 'certificate';
  readonly peer: PeerId;
  /** A name for people, 1 to 64 characters. */
  readonly name: string;
  readonly roles: readonly Role[];
  readonly notBeforeMs: UnixMs;
  readonly notAfterMs: UnixMs;
  /** The invite that it was issued for; absent for the fleet's first machine. */
  readonly invite?: InviteId;
}

export interface InviteStatement {
  readonly kind: 'invite';
  readonly invite: InviteId;
  /** Ed25519 public key (hex); the invite's holder proves the secret by signing with its private half. */
  readonly publicKey: string;
  readonly usesMax: number;
  readonly notAfterMs: UnixMs;
}

export interface Revocation {
  readonly kind: 'revocation';
  /** A machine or an invite. */
  readonly revoked: PeerId | InviteId;
  readonly reason: string;
  readonly atMs: UnixMs;
}

/** What an admin may set for everybody. The newest by `atMs` wins. */
export interface FleetPolicy {
  readonly kind: 'policy';
  readonly fleetName: string;
  readonly atMs: UnixMs;
  /** A holder that is silent for longer is replaced. */
  readonly holderSilenceMs: number;
  readonly planMode: 'automatic' | 'review';
  /** A plan that would move more than this share of all bytes waits for an admin, in 0..1; `holdMoveShareDefault` when absent. */
  readonly holdMoveShare?: number;
  /** Share of packs that should be within reach in these hours: the optimizer chooses (k, n) by it; `targetDefault` when absent. */
  readonly target?: AvailabilityTarget;
  /** Hard limits on every plan; none when absent. */
  readonly limits?: PlacementLimits;
}

/** An admin's word for a machine: what was held against it before does not count any more. */
export interface Pardon {
  readonly kind: 'pardon';
  readonly machine: PeerId;
  readonly reason: string;
  readonly atMs: UnixMs;
}

/** Up to where what a key signed in one machine's log still holds. */
export interface LogEnd {
  /** The machine on which the key was used, and the number of the first batch of its facts that counts no more. */
  readonly log: PeerId;
  readonly before: number;
  /** Hash of the batch just before that one, 64 hex digits: of a log with another one nothing counts. Absent in older words. */
  readonly hash?: string;
}

/** Of what an admin's key signed only that still holds which stands in these logs before their ends. */
export interface AdminEnd extends LogEnd {
  /** SHA-256 of the admin's public key, 64 hex digits. */
  readonly admin: string;
  /** Further logs, where the key was used on several machines and nobody can tell which one is its own. */
  readonly more?: readonly LogEnd[];
}

/** An admin's key is put out by another one. */
export interface AdminRevocation extends AdminEnd {
  readonly kind: 'adminRevocation';
  readonly reason: string;
  readonly atMs: UnixMs;
}

/** A person is put out: drives get new keys that are not wrapped to it. */
export interface PersonRevocation {
  readonly kind: 'personRevocation';
  /** The X25519 public key behind the person's 24 words, 64 hex digits. */
  readonly person: string;
  readonly reason: string;
  readonly atMs: UnixMs;
}

/** The wish to free a drive's packs before the holders' time is over: all of them, or those that its owner has given up. */
export interface Wipe {
  readonly kind: 'wipe';
  readonly wipe: WipeId;
  readonly drive: DriveId;
  readonly scope: 'drive' | 'given up';
  readonly reason: string;
  readonly atMs: UnixMs;
}

/** An admin's word for a wipe: `agree` adds to its quorum, `stop` ends it for good. */
export interface WipeWord {
  readonly kind: 'wipeWord';
  readonly wipe: WipeId;
  readonly word: 'agree' | 'stop';
  /** What the admin agreed to: its word counts for no other wish of the same id. Absent in older words. */
  readonly about?: Pick<Wipe, 'drive' | 'scope'>;
  readonly reason: string;
  readonly atMs: UnixMs;
}

/** How many admins have to agree to a wipe, and how long it waits then: both can be raised by it, never lowered. */
export interface WipeRule {
  readonly kind: 'wipeRule';
  readonly adminCount: number;
  readonly waitMs: number;
  readonly atMs: UnixMs;
}

/** An admin's word for a plan: whoever waits for one follows it from now on, until there is a later one. */
export interface PlanApproval {
  readonly kind: 'planApproval';
  /** Where the plan stands: in which machine's facts, in which batch; and that batch's hash, 64 hex digits, so that no other plan can take its place. */
  readonly log: PeerId;
  readonly sequence: number;
  readonly hash: string;
  /** The plan's: of several that are approved the highest one is followed. */
  readonly epoch: number;
  readonly atMs: UnixMs;
}

export type Statement =
  | MachineCertificate
  | InviteStatement
  | Revocation
  | Pardon
  | FleetPolicy
  | AdminRevocation
  | PersonRevocation
  | Wipe
  | WipeWord
  | WipeRule
  | PlanApproval;

/** What the fleet's root says in an admin's certificate: nobody can take it back but the root. */
export interface RootWord {
  readonly ended: readonly AdminEnd[];
  /** The newest one by `atMs` is what admins can raise. */
  readonly wipeRule?: Omit<WipeRule, 'kind'>;
}

/** A statement that was checked: signed by an admin key of this fleet. */
export interface SignedStatement {
  readonly fleet: FleetId;
  readonly statement: Statement;
  /** SHA-256 of the admin's public key, 64 hex digits. */
  readonly admin: string;
  /** From when on the root lets that key sign. */
  readonly adminSinceMs: UnixMs;
  /** The whole signed object, ready to be sent on or stored. */
  readonly bytes: Uint8Array;
  /** What the root said with the admin's certificate. */
  readonly word?: RootWord;
}

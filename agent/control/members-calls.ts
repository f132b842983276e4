// The calls about who belongs to the fleet: invites, machines, persons and admins that are put out, and deletions before their time.

import { z } from 'zod';
import { wipeAdminsMax, wipeWaitMsMax } from '../limits.ts';
import type { DriveId, InviteId, PeerId, WipeId } from '../units.ts';

const name = z.string().min(1).max(128);
const reason = z.string().min(1).max(256);

export const membersSchemas = {
  /** All invites that were ever made. */
  invites: z.strictObject({}),
  /**
   * Machines by name or id, invites by the first digits of theirs; with `what` an invite and nothing else, a person (by a machine of it, or the first
   * digits of its id) or an admin's key.
   */
  revoke: z.strictObject({
    target: name,
    what: z.enum(['invite', 'person', 'admin']).exactOptional(),
    /** Machines of a person that stay, for somebody else. */
    keep: z.array(name).max(64).exactOptional(),
    /** What an admin's key signed since then does not count either; absent: from now on. */
    sinceMs: z.number().exactOptional(),
    /** Also where machines belong to the fleet only by what it signed since then. */
    withMachines: z.literal(true).exactOptional(),
    reason,
  }),
  /** A machine by name or id, and what it is called from now on. */
  rename: z.strictObject({ machine: name, name }),
  /** Persons by the drives that their words open. */
  people: z.strictObject({}),
  admins: z.strictObject({}),
  /** Deletions before their time, and what they need. */
  wipes: z.strictObject({}),
  wipe: z.discriminatedUnion('action', [
    z.strictObject({
      action: z.literal('ask'),
      drive: name,
      scope: z.enum(['drive', 'given up']),
      reason,
    }),
    z.strictObject({ action: z.enum(['agree', 'stop']), wipe: name, reason }),
    z.strictObject({
      action: z.literal('rule'),
      adminCount: z.int().min(1).max(wipeAdminsMax).exactOptional(),
      waitMs: z.number().min(0).max(wipeWaitMsMax).exactOptional(),
    }),
  ]),
} as const;

export interface InvitesAnswer {
  /** Oldest first. */
  readonly invites: readonly {
    readonly invite: InviteId;
    /** The machine whose admin made it; absent where its log is not here. */
    readonly madeBy?: string;
    readonly usesMax: number;
    readonly notAfterMs: number;
    /** Names of machines that joined by it. */
    readonly usedBy: readonly string[];
    readonly state: 'open' | 'used up' | 'expired' | 'taken back';
  }[];
}

export interface RevokeAnswer {
  /** What was put out, as it was named. */
  readonly revoked: string;
  readonly what: 'machine' | 'invite' | 'person' | 'admin';
  /** Names of machines that are out now. */
  readonly machines: readonly string[];
  /** Admin keys that are out now, by their first digits. */
  readonly admins: readonly string[];
  /** Machines of the person that stay; their drives get new keys. */
  readonly kept: readonly string[];
  /** Machines that use a key that is out now as theirs, and are not out: one of them may be the thief's. */
  readonly alsoOn: readonly string[];
  /** Ids of invites that such a key made, and that still let machines in. */
  readonly openInvites: readonly string[];
  /** The admin key of the machine that was asked is used there too. */
  readonly isOwnKeyThere?: true;
  /** The machine or invite was put out before: it is not said again. */
  readonly wasOut?: true;
}

export interface RenameAnswer {
  readonly peer: PeerId;
  readonly before: string;
  readonly name: string;
  /** False where it was called so already. */
  readonly changed: boolean;
}

export interface PeopleAnswer {
  readonly people: readonly {
    /** The public key behind the 24 words, 64 hex digits. */
    readonly person: string;
    readonly machines: readonly { readonly name: string; readonly isShared: boolean }[];
    readonly driveCount: number;
    readonly isOut: boolean;
  }[];
}

export interface AdminsAnswer {
  readonly admins: readonly {
    readonly admin: string;
    /** The machine on which it lies. */
    readonly machine?: string;
    /** Further machines that use it as theirs: it was copied there. */
    readonly alsoOn?: readonly string[];
    readonly isHere: boolean;
    /** Who put it out. */
    readonly ended?: 'admin' | 'kit';
  }[];
}

export interface WipesAnswer {
  readonly rule: {
    readonly adminCount: number;
    /** As many admins as were asked for; all there are count where they are fewer. */
    readonly wantedCount: number;
    readonly waitMs: number;
    /** Admins that are believed now: those that were put out count for the rule, and agree to nothing. */
    readonly thereCount: number;
    /** Who says how many it takes: the recovery kit, or nobody, and then it is two as soon as there were two. */
    readonly saidBy: 'kit' | 'nobody';
  };
  /** Oldest first. */
  readonly wipes: readonly {
    readonly wipe: WipeId;
    readonly drive: DriveId;
    readonly owner?: string;
    readonly scope: 'drive' | 'given up';
    readonly reason: string;
    readonly atMs: number;
    /** `contradicted`: admins asked for different things under its id, and nobody deletes anything. */
    readonly state: 'asked' | 'waiting' | 'stopped' | 'due' | 'contradicted';
    /** Machines of the admins that agree; of those that asked where they contradict each other. */
    readonly agreed: readonly string[];
    readonly adminCount: number;
    readonly stoppedBy?: string;
    readonly dueMs?: number;
  }[];
}

export interface MembersAnswers {
  readonly invites: InvitesAnswer;
  readonly revoke: RevokeAnswer;
  readonly rename: RenameAnswer;
  readonly people: PeopleAnswer;
  readonly admins: AdminsAnswer;
  readonly wipes: WipesAnswer;
  readonly wipe: WipesAnswer & { readonly changed?: WipeId };
}

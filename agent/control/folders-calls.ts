// What a person may ask about the folders of their machine: protect one, stop protecting it, say that a mass change was meant.

import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { DriveId } from '../units.ts';

/** As long as a tree's paths may be (codec/tree-row-reader.ts): of no more characters than bytes. */
export const path = z.string().min(1).max(16_384);
/** A file or folder of this machine: the agent stands elsewhere than who asks, so it is said from the root on. */
export const place = path.refine(isAbsolute, 'a place is named from the root on');
export const phrase = z.string().max(1024);

export const foldersSchemas = {
  protect: z.strictObject({
    path: place,
    /** Empty, and without `defaultIgnores`: a drive that is there leaves out the same as before. */
    ignore: z.array(z.string().min(1).max(256)).max(256),
    /** `none`: not even caches and trash of a home folder are left out. */
    defaultIgnores: z.literal('none').exactOptional(),
    phrase: phrase.exactOptional(),
  }),
  /** The words that `protect` answered were shown to their person. */
  phraseSeen: z.strictObject({}),
  /** No more snapshots of a folder of this machine, named by itself, its drive's first digits, or a link to it. */
  unprotect: z.strictObject({ folder: path }),
  /** What happened in a protected folder until now was its person's wish. */
  acceptChange: z.strictObject({ path: place }),
} as const;

export interface ProtectAnswer {
  readonly drive: DriveId;
  /** Made by this call. */
  readonly isNew: boolean;
  /** This call began a snapshot: of a new drive, of one that goes on, or of one that leaves out something else. */
  readonly hasBegun: boolean;
  /** Patterns of what a drive that was there leaves out from now on; absent where they are as before. */
  readonly ignore?: readonly string[];
  /** Where it really lies, without links on the way. */
  readonly folder: string;
  /** A protected folder that contains it: its files are saved twice. */
  readonly inside?: string;
  /** Protected folders in it: their files are saved twice. */
  readonly around?: readonly string[];
  /** A new person's 24 words, again with each call until `phraseSeen`. */
  readonly phrase?: string;
}

export interface UnprotectAnswer {
  readonly drive: DriveId;
  readonly folder: string;
  /** Snapshots that stay. */
  readonly snapshotCount: number;
}

export interface AcceptAnswer {
  readonly drive: string;
  /** Files that were removed or looked encrypted, of those before; absent when nothing was held for it. */
  readonly accepted?: { readonly before: number; readonly harmed: number };
}

export interface FoldersAnswers {
  readonly protect: ProtectAnswer;
  readonly phraseSeen: { readonly seen: true };
  readonly unprotect: UnprotectAnswer;
  readonly acceptChange: AcceptAnswer;
}

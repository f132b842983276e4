// The file that names the protected folders of this machine, and what holds for each. Keys in it are wrapped to the machine.

import { z } from 'zod';
import { type Home, readJson, writeJson } from './home.ts';

const ruleCount = z.int().min(0).exactOptional();
const driveSchema = z.strictObject({
  drive: z.string(),
  folder: z.string(),
  ignore: z.array(z.string()),
  keyEpoch: z.int(),
  wrappedKey: z.string(),
  retention: z
    .strictObject({
      last: ruleCount,
      hourly: ruleCount,
      daily: ruleCount,
      weekly: ruleCount,
      monthly: ruleCount,
      yearly: ruleCount,
    })
    .exactOptional(),
  /** Of the epochs before, from the first on, each wrapped like `wrappedKey`. */
  formerKeys: z.array(z.string()).exactOptional(),
  /** Whose words open it since its last new key, by public key; empty for nobody's. */
  person: z.string().exactOptional(),
  /** Who was put out when its key was made. */
  answered: z.array(z.string()).exactOptional(),
  /** Since when no snapshots of it are taken any more. */
  leftMs: z.int().min(0).exactOptional(),
  /** Packs that were lost, here before others had them or by the others, until a snapshot without them is acknowledged. */
  lost: z
    .strictObject({
      sinceMs: z.int().min(0),
      packCount: z.int().min(0),
      /** How many of them the others lost. */
      elsewhereCount: z.int().min(0).exactOptional(),
      /** Those that the drive's state still counts on. */
      counted: z.array(z.string()),
    })
    .optional(),
  /** Lost packs that the drive's state counts on no more, until they are given up: an older snapshot may still hope for one. */
  gone: z
    .strictObject({
      /** Since when there are as many. */
      sinceMs: z.int().min(0),
      packs: z.array(z.string()),
      /** Whether all of them were judged since. */
      isJudged: z.boolean(),
    })
    .optional(),
  /** The newest mass change that a snapshot told of; it stands until it is accepted. */
  heldChange: z
    .strictObject({ before: z.number(), harmed: z.number(), sinceMs: z.number(), atMs: z.number() })
    .exactOptional(),
  /** Until when mass changes were a person's wish. */
  acceptedMs: z.int().min(0).exactOptional(),
});
const schema = z.strictObject({
  version: z.literal(1),
  person: z.string().optional(),
  /** The new person's words, until they were shown; they open nothing yet that this machine's own key does not. */
  unseen: z.string().optional(),
  drives: z.array(driveSchema),
});
export type StoredDrive = z.output<typeof driveSchema>;
export type StoredLoss = NonNullable<StoredDrive['lost']>;

type StoredDrives = Omit<z.output<typeof schema>, 'version'>;

/** Undefined before the first folder. Throws `home-file-damaged`. */
export const readDrives = ({ drivesFile }: Home): StoredDrives | undefined => readJson(drivesFile, schema);

/** Written whole and flushed when this returns. */
export const writeDrives = ({ drivesFile }: Home, drives: StoredDrives): void =>
  writeJson(drivesFile, { version: 1, ...drives });

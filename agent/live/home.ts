// The agent's own folder: where everything lies, and its small files of JSON. Knows names and bytes, not meanings.

import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { DreyError, makeFolders } from '../../datasets/index.ts';
import { homeNotYours, identityFile, isHidden } from '../control/index.ts';
import { isFullError, nameDiskError } from './disk-full.ts';
import { writeWhole } from './whole-files.ts';

export interface Home {
  readonly folder: string;
  /** Machine key, certificate, fleet root's public key: who this machine is. Mode 0600. */
  readonly identityFile: string;
  /** Admin key; only on admin machines. Mode 0600. */
  readonly adminFile: string;
  readonly settingsFile: string;
  /** Protected folders of this machine. */
  readonly drivesFile: string;
  readonly pendingFile: string;
  /** Of older versions: when this machine heard that packs were given up. */
  readonly heardForgetsFile: string;
  readonly database: string;
  readonly shards: string;
  readonly drives: string;
  readonly models: string;
  readonly uptimeJournal: string;
  readonly logFile: string;
  /** Since when each problem stands, and which were told. */
  readonly problemsFile: string;
  /** Who is told of problems. Mode 0600. */
  readonly alertsFile: string;
  readonly alertQueueFile: string;
  /** What this machine's person allows. */
  readonly limitsFile: string;
  /** What Prometheus shows to read the metrics. Mode 0600. */
  readonly metricsTokenFile: string;
  /** On which port it listened when it was free to choose. */
  readonly portFile: string;
  /** Bytes for a start on a full disk. */
  readonly reserveFile: string;
}

/** Names of everything in an agent's folder. */
export function homeAt(folder: string): Home {
  return {
    folder,
    identityFile: join(folder, identityFile),
    adminFile: join(folder, 'admin.json'),
    settingsFile: join(folder, 'settings.json'),
    drivesFile: join(folder, 'drives.json'),
    pendingFile: join(folder, 'pending.json'),
    heardForgetsFile: join(folder, 'heard-forgets.json'),
    database: join(folder, 'database'),
    shards: join(folder, 'shards'),
    drives: join(folder, 'drives'),
    models: join(folder, 'models'),
    uptimeJournal: join(folder, 'uptime.journal'),
    logFile: join(folder, 'agent.log'),
    metricsTokenFile: join(folder, 'metrics-token'),
    alertsFile: join(folder, 'alerts.json'),
    alertQueueFile: join(folder, 'alert-queue.json'),
    limitsFile: join(folder, 'limits.json'),
    problemsFile: join(folder, 'problems.json'),
    portFile: join(folder, 'port.json'),
    reserveFile: join(folder, 'reserve'),
  };
}

/** Folders that are the agent's alone. Each may lie on another disk, behind a link. */
export const ownFolders = ({ folder, shards, database, drives, models }: Home): readonly string[] => [
  folder,
  shards,
  database,
  drives,
  models,
];

/** Makes the agent's folder where there is none, for its owner alone. Throws `home-unusable`. */
export function makeHome({ folder }: Home): void {
  try {
    makeFolders(folder, 0o700);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new DreyError({
      code: 'home-unusable',
      message: `the agent's folder ${folder} cannot be made, or is none that can be written (${why})`,
      advice: 'Name a folder of your own with --home.',
      cause: error,
    });
  }
}

export const writeJson = (file: string, value: unknown): void =>
  writeWhole(file, JSON.stringify(value, undefined, 2));

/** The same of what a person has just set. Throws `disk-full`, and the file is as it was. */
export function keepSettings(file: string, settings: unknown): void {
  try {
    writeJson(file, settings);
  } catch (error) {
    throw nameDiskError(error);
  }
}

/** A secret of this folder's own, made when it is first asked for; one line without an end. On a full disk it is not kept. */
export function settleToken(file: string): string {
  const stored = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (stored !== '') return stored;
  const token = randomBytes(32).toString('base64url');
  try {
    writeWhole(file, token);
  } catch (error) {
    if (!isFullError(error)) throw error;
  }
  return token;
}

/** The same of notes that are made again by themselves: a damaged file is worth as much as none. */
export function readNotes<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
): z.output<Schema> | undefined {
  try {
    return readJson(file, schema);
  } catch (error) {
    if (error instanceof DreyError && error.code === 'home-file-damaged') return undefined;
    throw error;
  }
}

const joinAgain =
  'Restore that file from a copy, or join the fleet again with a new folder: nothing is lost, the shards are elsewhere too.';

/** The checked contents of a JSON file; undefined when there is none. Throws `home-file-damaged` or `home-not-yours`. */
export function readJson<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
  advice = joinAgain,
): z.output<Schema> | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw isHidden(error) ? homeNotYours(file, error) : error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new DreyError({
      code: 'home-file-damaged',
      message: `${file} is not what this version of drey writes`,
      advice,
      cause: error,
    });
  }
}
